/** The kinds of parties that are kept again outside of a FHIR write: when the register changes, and when the server starts. */
import type { Ref } from '../fhir/types.ts';
import type { PartyKindDefault } from '../policies/party-kind.ts';
import type { KindWrite } from '../ports/denial.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { Commit, Snapshot, Store } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { typeOf } from '../resources/element.ts';
import { findRow, type RegisterRow } from '../resources/parties/register.ts';
import { findAll, upgradeCommit } from './upgrade.ts';
import { commitPlanned } from './write/commit.ts';
import { fallbackIn, keptKinds, KINDS_KEPT, type KindsKept } from './write/kept-kinds.ts';

/** Parties of one commit. */
const AT_ONCE = 200;

/** Keeps the kinds again of the organizations that a commit which was no draft's writes, or says something of. */
export async function renewKinds(
  { store }: { readonly store: Store },
  { writes, records = [] }: Pick<Commit, 'writes' | 'records'>,
): Promise<void> {
  const held = records.flatMap(
    ({ kind, body }) => (kind === 'register' && body !== undefined ? [(body as RegisterRow).holder] : []), // the register writes no other
  );
  const parties = new Set(
    [...writes.map(({ ref }) => ref), ...held].filter((ref) => typeOf(ref) === 'Organization'),
  );
  if (parties.size > 0) await keep(store, [...parties], await fallbackIn(store.snapshot()));
}

/**
 * Keeps the kinds of all parties where they were never kept (`isOld`), or while the setting `partyKindDefault` was another. A
 * start that was interrupted begins again.
 */
export async function keepAllKinds(store: Store, fallback: PartyKindDefault, isOld: boolean): Promise<void> {
  const snapshot = store.snapshot();
  const kept = (await snapshot.record(KINDS_KEPT.kind, KINDS_KEPT.key))?.body as KindsKept | undefined; // written here
  if ((kept?.fallback ?? (isOld ? undefined : 'provider')) === fallback) return;
  for (const type of ['Organization', 'HealthcareService', 'PractitionerRole']) {
    const parties = (await findAll(snapshot, type)).map(({ ref }) => ref);
    for (let at = 0; at < parties.length; at += AT_ONCE)
      await keep(store, parties.slice(at, at + AT_ONCE), fallback);
  }
  const body: KindsKept = { fallback };
  await store.commit(upgradeCommit([], [{ ...KINDS_KEPT, expect: 'any', body }], []));
}

async function keep(store: Store, parties: readonly Ref[], fallback: PartyKindDefault): Promise<void> {
  await commitPlanned({ store }, async (snapshot) => {
    const kinds: KindWrite[] = [];
    const preconditions: Commit['preconditions'][number][] = [];
    for (const party of parties) {
      const version = await snapshot.read(party, EVERYTHING);
      const now = await kindsNow(snapshot, party, fallback);
      if (version !== undefined) preconditions.push({ ref: party, version: version.seq });
      if ((await snapshot.kindsOf(party))?.join() !== now?.join()) kinds.push({ party, kinds: now });
    }
    return { commit: { ...upgradeCommit([], [], []), preconditions, kinds }, templates: new Map() };
  });
}

async function kindsNow(snapshot: Snapshot, party: Ref, fallback: PartyKindDefault) {
  const resource = resourceOf(await snapshot.read(party, EVERYTHING));
  if (resource === undefined) return undefined;
  return keptKinds(resource, fallback, async (npi) => {
    const row = await findRow(snapshot, 'register', npi);
    return row?.state === 'verified' && row.holder === party;
  });
}
