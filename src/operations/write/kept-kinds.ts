/**
 * The kinds of parties that a draft changes, for the store to keep (compliance D1, P1): guards turn on them. Only what is
 * something else than a provider is kept.
 */
import { NPI } from '../../fhir/identifier.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { kindsOf, type PartyKind, type PartyKindDefault } from '../../policies/party-kind.ts';
import type { KindWrite } from '../../ports/denial.ts';
import type { Snapshot } from '../../ports/store.ts';
import { typeOf } from '../../resources/element.ts';
import { identitiesIn } from '../../resources/parties/identity-systems.ts';
import { kindFactsIn } from '../../resources/parties/kinds.ts';
import { isProgramUnit, mayBeUnit } from '../../resources/parties/program-unit.ts';
import { findRow, keyOf, type RegisterRow } from '../../resources/parties/register.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import type { Draft } from './draft.ts';

/** A record that says what a party without a kind counts as: the setting `partyKindDefault` when the kinds were kept. */
export const KINDS_KEPT = { kind: 'upgrade', key: 'party-kinds' } as const;

export interface KindsKept {
  readonly fallback: PartyKindDefault;
}

/** What a party without a kind counts as. Where nothing is recorded, as a provider. */
export const fallbackIn = async (snapshot: Snapshot): Promise<PartyKindDefault> =>
  ((await snapshot.record(KINDS_KEPT.kind, KINDS_KEPT.key))?.body as KindsKept | undefined)?.fallback ??
  'provider'; // written below

const mayHaveKinds = (ref: string): boolean => typeOf(ref) === 'Organization' || mayBeUnit(ref);

/** What of a draft's parties is another kind than before. */
export async function kindsIn(draft: Draft): Promise<readonly KindWrite[]> {
  const writes: KindWrite[] = [];
  for (const { ref } of draft.planned.values()) {
    if (!mayHaveKinds(ref)) continue;
    const [before, after] = [await draft.snapshot.kindsOf(ref), await kindsInDraft(draft, ref)];
    if (before?.join() !== after?.join()) writes.push({ party: ref, kinds: after });
  }
  return writes;
}

/** The kinds of a party as they will be; undefined: a provider and nothing else. */
export async function kindsInDraft(draft: Draft, party: Ref): Promise<readonly PartyKind[] | undefined> {
  const planned = draft.planned.get(party);
  if (planned === undefined) return draft.snapshot.kindsOf(party);
  const resource = planned.after?.plain;
  if (resource === undefined) return undefined;
  return keptKinds(resource, await fallbackIn(draft.snapshot), (npi) => verifiesAddress(draft, party, npi));
}

/** The kinds of a party as they are kept, by its text; undefined: a provider and nothing else. */
export async function keptKinds(
  resource: Resource,
  fallback: PartyKindDefault,
  bears: (npi: { readonly system: string; readonly value: string }) => Promise<boolean>,
): Promise<readonly PartyKind[] | undefined> {
  if (resource.resourceType !== 'Organization')
    return isProgramUnit(resource) ? ['part2-program'] : undefined;
  let listedNpi = false;
  if (standingOf(resource) === 'listed')
    for (const npi of identitiesIn(resource['identifier'], ({ system }) => system === NPI))
      listedNpi ||= await bears(npi);
  // Who keeps a private record is the only one that discloses to the party by it.
  const kinds = [
    ...kindsOf(kindFactsIn(resource, { listedNpi, keeperDiscloses: true }), fallback),
  ].toSorted();
  return kinds.join() === 'provider' ? undefined : kinds;
}

async function verifiesAddress(
  { snapshot, records }: Draft,
  party: Ref,
  npi: { readonly system: string; readonly value: string },
): Promise<boolean> {
  const written = records.find(({ kind, key }) => kind === 'register' && key === keyOf(npi));
  const row =
    written === undefined
      ? await findRow(snapshot, 'register', npi)
      : (written.body as RegisterRow | undefined); // the register writes no other
  return row?.state === 'verified' && row.holder === party;
}
