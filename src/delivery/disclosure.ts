/**
 * The policies, asked about one delivery as of now: what would be told to whom, on whose account, about which patient,
 * and what that patient has said about it since.
 */
import { EVERYTHING } from '../ports/query.ts';
import type { Ref } from '../fhir/types.ts';
import { decide, REFERRAL_PURPOSE, type Disclosure } from '../policies/index.ts';
import { BASES, type Basis } from '../policies/basis.ts';
import type { PartyKindDefault } from '../policies/party-kind.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClaimedEntry, Snapshot, Version } from '../ports/store.ts';
import { parseStored, resourceOf } from '../ports/stored-resource.ts';
import { typeOf } from '../resources/element.ts';
import { isDirectory } from '../resources/index.ts';
import { partyWorldOf } from '../resources/party-world.ts';
import { claimedBasis } from '../resources/referral-rules/basis.ts';
import { focusOf } from '../resources/referral-rules/consequences.ts';
import { agreementsOf, contractsUnder } from './agreements.ts';
import { readConsents } from './consents.ts';
import { findActors, withNotedActors } from './denials.ts';
import type { Gate } from './gates.ts';
import { readKinds, readSameEntity } from './party-facts.ts';
import { compartmentPatientsIn } from './subject.ts';

/** The gate that asks the policies. */
export function createPolicyGate({
  clock,
  partyKindDefault,
}: {
  readonly clock: Clock;
  readonly partyKindDefault: PartyKindDefault;
}): Gate {
  return async (entry, now, asOf) => {
    const { sight, subject } = entry;
    if (sight.everything) return { permitted: true, policy: 'administrator' };
    const version = await asOf.read(subject, EVERYTHING);
    if (version?.text === undefined)
      return { permitted: false, policy: 'subject-gone', why: 'it was expunged' };
    const from = version.custodian;
    const to = sight.organization;
    if (from === '') return { permitted: true, policy: 'own' };
    const claimed = await claimedFor(entry, asOf);
    const purpose = claimed === undefined ? REFERRAL_PURPOSE : BASES[claimed].purpose;
    if (from === to) return { permitted: true, policy: 'own', ground: 'own', purpose };
    const patients = await patientsOf(entry, version.text, asOf);
    const parties = {
      discloserKinds: await readKinds(now, from, from, partyKindDefault),
      recipientKinds: await readKinds(now, to, from, partyKindDefault),
      sameEntity: await readSameEntity(now, from, to),
    };
    const disclosures = await buildDisclosures({
      version,
      patients,
      from,
      to,
      parties: { ...parties, claimed, purpose },
      now,
      at: clock.now(),
    });
    const decisions = disclosures.map((disclosure) => decide(disclosure));
    const deciding = decisions.find(({ permitted }) => !permitted) ?? decisions[0];
    if (deciding === undefined) throw new Error('a delivery is at least one disclosure');
    const { permitted, policy, basis, ground } = deciding;
    return {
      permitted,
      policy,
      purpose,
      ...(ground !== undefined && { ground }),
      ...(!permitted && { why: basis }),
    };
  };
}

/** The basis that the order of the entry's referral claims (compliance D3). */
async function claimedFor({ orderingKey }: ClaimedEntry, asOf: Snapshot): Promise<Basis | undefined> {
  const root = resourceOf(await asOf.read(orderingKey, EVERYTHING));
  if (root?.resourceType !== 'Task') return claimedBasis(root);
  const order = focusOf(root);
  return order === undefined ? undefined : claimedBasis(resourceOf(await asOf.read(order, EVERYTHING)));
}

/** Whom an entry is about: its subject, and the referral that it is told with. */
async function patientsOf(
  { subject, orderingKey }: ClaimedEntry,
  text: string,
  asOf: Snapshot,
): Promise<readonly Ref[]> {
  const patients = compartmentPatientsIn(subject, parseStored(text));
  if (orderingKey === subject) return patients;
  const referral = await asOf.read(orderingKey, EVERYTHING);
  const others =
    referral?.text === undefined ? [] : compartmentPatientsIn(orderingKey, parseStored(referral.text));
  return [...new Set([...patients, ...others])];
}

interface DisclosureRequest {
  readonly version: Version;
  readonly patients: readonly Ref[];
  readonly from: Ref;
  readonly to: Ref;
  readonly parties: Pick<
    Disclosure,
    'discloserKinds' | 'recipientKinds' | 'sameEntity' | 'claimed' | 'purpose'
  >;
  readonly now: Snapshot;
  readonly at: number;
}

/** One for each patient that the subject is about, so that each one's word counts. */
async function buildDisclosures(request: DisclosureRequest): Promise<readonly Disclosure[]> {
  const { patients } = request;
  const about: readonly (Ref | undefined)[] = patients.length === 0 ? [undefined] : patients;
  return Promise.all(about.map((patient) => buildDisclosure(request, patient)));
}

/** Who sees a subject that it does not keep and that is no directory entry is a party: sight was asked before. */
async function buildDisclosure(
  { version: { ref }, from, to, parties, now, at }: DisclosureRequest,
  patient: Ref | undefined,
): Promise<Disclosure> {
  const consents = patient === undefined ? [] : (await readConsents(now, patient, from)).map(withNotedActors);
  const { matches: contracts } = await now.search(contractsUnder(from, to));
  return {
    what: { type: typeOf(ref), ref },
    from,
    to,
    ...parties,
    patient,
    consents,
    consentActors: await findActors(consents, partyWorldOf(now)),
    agreements: agreementsOf(contracts, from, to),
    parties: !isDirectory(typeOf(ref)),
    now: at,
  };
}
