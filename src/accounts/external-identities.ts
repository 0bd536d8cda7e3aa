/** Whose account a subject of an issuer is, as records (identity ID-44). */
import { externalIdentityKey } from '../identity/external.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../ports/record.ts';
import type { AccountSource } from './accounts.ts';

const EXTERNAL_IDENTITY_KIND = 'external-identity';

interface ExternalIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** The id of the account. */
  readonly account: string;
  /** The key of the provider's record by which it was linked. */
  readonly provider: string;
  /** Milliseconds since 1970. */
  readonly linkedAt: number;
  /** `own-login`: its owner logged in; `first-login`: the account was made for it. */
  readonly how: 'own-login' | 'invitation' | 'administrator' | 'first-login';
}

const identityOf = ({ body }: StoredRecord): ExternalIdentity => body as ExternalIdentity; // this file writes nothing else

export async function findExternalIdentity(
  source: Pick<AccountSource, 'record'>,
  issuer: string,
  subject: string,
): Promise<ExternalIdentity | undefined> {
  const found = await source.record(EXTERNAL_IDENTITY_KIND, externalIdentityKey(issuer, subject));
  return found && identityOf(found);
}

/** The subjects that are linked to an account. */
export const externalIdentitiesOf = async (
  source: AccountSource,
  account: string,
): Promise<readonly ExternalIdentity[]> =>
  (await allRecords(source, EXTERNAL_IDENTITY_KIND, 'account', account)).map(identityOf);

/** Links a subject to an account: refused by the store when the subject is somebody's already. */
export const identityLinked = (identity: ExternalIdentity): RecordWrite => ({
  kind: EXTERNAL_IDENTITY_KIND,
  key: externalIdentityKey(identity.issuer, identity.subject),
  expect: 'absent',
  body: identity,
  index: [
    ['account', identity.account],
    ['provider', identity.provider],
  ],
});
