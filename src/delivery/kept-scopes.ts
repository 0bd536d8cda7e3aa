/**
 * What narrowed scopes left of the type of a Subscription when it was written (smart SM-38): a record beside it, because a
 * Subscription goes on telling when the token is long gone.
 */
import type { Ref } from '../fhir/types.ts';
import type { Clause } from '../ports/query.ts';
import type { RecordWrite, StoredRecord } from '../ports/record.ts';

/** Kind of the record; its key is the Subscription. */
export const KEPT_SCOPES = 'subscription-scopes';

export interface KeptScopes {
  /** The type that the criteria select. */
  readonly type: string;
  /** What a resource of that type must satisfy to be told of. */
  readonly where: Clause;
  /** The scopes as they were granted, and to whom: for people. */
  readonly scopes: readonly string[];
  readonly client: string;
}

export const writeKeptScopes = (subscription: Ref, body: KeptScopes): RecordWrite => ({
  kind: KEPT_SCOPES,
  key: subscription,
  expect: 'any',
  body,
});

export const scopesInRecord = (record: StoredRecord | undefined): KeptScopes | undefined =>
  record?.body as KeptScopes | undefined; // written by `writeKeptScopes` alone
