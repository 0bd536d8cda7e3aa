/** What an accounting asks of the store beside the audit: what referrals rest on, and which suspensions are in force. */
import type { DocumentReference, Ref, Resource } from '../../fhir/types.ts';
import { isBasis } from '../../policies/basis.ts';
import { EVERYTHING, type Clause } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { parseStored, resourceOf } from '../../ports/stored-resource.ts';
import { addressedParty } from '../../resources/party.ts';
import { partyWorldOf } from '../../resources/party-world.ts';
import { claimedBasis } from '../../resources/referral-rules/basis.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import type { BasisOfReader } from './disclosures.ts';
import { suspensionsAt, SUSPENSION_SYSTEM, type Suspension } from './suspension.ts';

/** Referrals of one patient that are looked at for what they rest on. */
const REFERRALS_MAX = 1000;

const ofPatient = (patient: Ref): Clause => ({ kind: 'reference', param: 'patient', to: [patient] });

async function searchAll(snapshot: Snapshot, type: string, where: Clause): Promise<readonly Resource[]> {
  const query = { type, where, sort: [], sight: EVERYTHING, count: REFERRALS_MAX, offset: 0, total: false };
  const { matches } = await snapshot.search(query);
  return matches.map(({ text }) => parseStored(text));
}

/** On what each recipient of a referral about the patient was told of it, for what it reads by itself. */
export async function readReferralBases(snapshot: Snapshot, patient: Ref): Promise<BasisOfReader> {
  const world = partyWorldOf(snapshot);
  const bases = new Map<Ref, ReturnType<BasisOfReader>>();
  for (const task of await searchAll(snapshot, 'Task', ofPatient(patient))) {
    const owner = await addressedParty(task['owner'] as never, world); // a Reference, validated
    const order = focusOf(task);
    const claimed = order && claimedBasis(resourceOf(await snapshot.read(order, EVERYTHING)));
    if (owner === undefined || !isBasis(claimed)) continue;
    // Of several the one that is owed counts: it must not be missing.
    const known = bases.get(owner);
    if (known === undefined || known === 'treatment') bases.set(owner, claimed);
  }
  return (reader) => bases.get(reader) ?? 'treatment';
}

/** What agencies have asked for, about this patient and in force now. */
export async function readSuspensions(
  snapshot: Snapshot,
  { patient, keeper }: { readonly patient: Ref; readonly keeper: Ref },
  now: number,
): Promise<readonly Suspension[]> {
  const documents = await searchAll(snapshot, 'DocumentReference', {
    kind: 'all',
    of: [ofPatient(patient), { kind: 'token', param: 'type', system: SUSPENSION_SYSTEM }],
  });
  const kept: DocumentReference[] = [];
  for (const document of documents) {
    const version = await snapshot.read(`DocumentReference/${document.id ?? ''}`, EVERYTHING);
    if (version?.custodian === keeper) kept.push(document as unknown as DocumentReference); // by its type
  }
  return suspensionsAt(kept, now);
}
