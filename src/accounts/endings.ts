/**
 * What ends with an account, with its sittings or with its factors (identity ID-17, ID-19): the records that are found by the
 * account, taken away in the commit that ends it.
 */
import type { Ref } from '../fhir/types.ts';
import { ACCOUNT_MOVES, type AccountMove } from '../identity/account.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../ports/record.ts';
import type { AccountSource } from './accounts.ts';

/** Every kind of record that belongs to an account by its index `account`, and with what it ends. */
export const ENDING_KINDS = {
  session: 'sittings',
  tab: 'sittings',
  launch: 'sittings',
  interaction: 'sittings',
  code: 'sittings',
  'access-token': 'sittings',
  'refresh-token': 'sittings',
  'app-grant': 'sittings',
  'ws-token': 'sittings',
  'outside-session': 'sittings',
  invitation: 'factors',
  credential: 'factors',
  device: 'factors',
  throttle: 'factors',
  'factor-pending': 'factors',
} as const satisfies Readonly<Record<string, 'sittings' | 'factors'>>;

/** What a move ends, as removals of records. */
export async function endingsOf(
  source: AccountSource,
  account: string,
  move: AccountMove,
): Promise<readonly RecordWrite[]> {
  const { ends } = ACCOUNT_MOVES[move];
  if (ends === 'nothing') return [];
  const kinds = Object.entries(ENDING_KINDS).filter(
    ([, with_]) => ends !== 'sittings' || with_ === 'sittings',
  );
  return removalsOf(
    source,
    account,
    kinds.map(([kind]) => kind),
  );
}

/** The sittings of an account in one organization, as removals: what ends with a membership. */
export async function sittingsIn(
  source: AccountSource,
  account: string,
  organization: Ref,
): Promise<readonly RecordWrite[]> {
  const kinds = Object.entries(ENDING_KINDS).filter(([, with_]) => with_ === 'sittings');
  return removalsOf(
    source,
    account,
    kinds.map(([kind]) => kind),
    ({ body }) => (body as { readonly organization?: unknown }).organization === organization, // any record of these kinds
  );
}

/** The records of these kinds that belong to an account, as removals. */
export async function removalsOf(
  source: AccountSource,
  account: string,
  kinds: readonly string[],
  concerned: (record: StoredRecord) => boolean = () => true,
): Promise<readonly RecordWrite[]> {
  const found = await Promise.all(kinds.map((kind) => allRecords(source, kind, 'account', account)));
  return found
    .flat()
    .filter(concerned)
    .map(({ kind, key }): RecordWrite => ({ kind, key, expect: 'any', body: undefined }));
}
