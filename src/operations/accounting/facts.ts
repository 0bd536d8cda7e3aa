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
import type { AuditRow } from '../../ports/store.ts';
import { disclosedBy, type BasisOfReader, type Disclosed } from './disclosures.ts';
import { SUSPENSION_SYSTEM } from '../../policies/accounting.ts';
import { isSuspended, suspensionsAt, type NameOf } from './suspension.ts';

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

/** Whether an agency has asked that a disclosure about this patient is not told now. */
export async function findSuspended(
  snapshot: Snapshot,
  { patient, keeper }: { readonly patient: Ref; readonly keeper: Ref },
  now: number,
): Promise<(disclosed: Disclosed) => Promise<boolean>> {
  const documents = await searchAll(snapshot, 'DocumentReference', {
    kind: 'all',
    of: [ofPatient(patient), { kind: 'token', param: 'type', system: SUSPENSION_SYSTEM }],
  });
  const kept: DocumentReference[] = [];
  for (const document of documents) {
    const version = await snapshot.read(`DocumentReference/${document.id ?? ''}`, EVERYTHING);
    if (version?.custodian === keeper) kept.push(document as unknown as DocumentReference); // by its type
  }
  const known = new Map<Ref, Promise<string | undefined>>();
  const nameOf: NameOf = (ref) => {
    const name = known.get(ref) ?? readName(snapshot, ref);
    known.set(ref, name);
    return name;
  };
  const suspensions = await suspensionsAt(kept, now, nameOf);
  return (disclosed) => isSuspended(disclosed, suspensions, nameOf);
}

async function readName(snapshot: Snapshot, ref: Ref): Promise<string | undefined> {
  const name = resourceOf(await snapshot.read(ref, EVERYTHING))?.['name'];
  return typeof name === 'string' ? name : undefined;
}

/** Whether a row of the audit is of a disclosure that the patient is not told of now. */
export async function findSuspendedRows(
  snapshot: Snapshot,
  patient: Ref,
  now: number,
): Promise<(row: AuditRow) => Promise<boolean>> {
  const keeper = (await snapshot.read(patient, EVERYTHING))?.custodian;
  if (keeper === undefined || keeper === '') return async () => false;
  const isHeld = await findSuspended(snapshot, { patient, keeper }, now);
  const basisOf = await readReferralBases(snapshot, patient);
  return async (row) => {
    const disclosed = disclosedBy(row, keeper, basisOf);
    return disclosed !== undefined && isHeld(disclosed);
  };
}
