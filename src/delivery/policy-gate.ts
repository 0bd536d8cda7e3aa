/** The policies, asked about one delivery as of now; what is delivered is as of its commit (compliance L7). */
import type { Ref, Resource } from '../fhir/types.ts';
import { mayRead } from '../agreements/told.ts';
import { carrierWords } from '../agreements/words.ts';
import { BASES } from '../policies/basis.ts';
import { decide, REFERRAL_PURPOSE, type Decision, type Disclosure } from '../policies/index.ts';
import { missingNeed } from '../policies/need.ts';
import type { PartyKindDefault } from '../policies/party-kind.ts';
import type { Clock } from '../ports/clock.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { ClaimedEntry, Snapshot } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { isDirectory } from '../resources/index.ts';
import { typeOf } from '../resources/element.ts';
import { readPartyName } from '../resources/parties/party-names.ts';
import { partyWorldOf } from '../resources/party-world.ts';
import { claimedBasis } from '../resources/referral-rules/basis.ts';
import { focusOf } from '../resources/referral-rules/consequences.ts';
import { readAgreement, storedContracts } from './agreements.ts';
import { readWay, type CarriersOfRails } from './carriers.ts';
import { readActive } from './consents.ts';
import { readCreated } from './created.ts';
import {
  buildDisclosures,
  type DisclosureSettings,
  type DisclosureSource,
  type Disclosing,
} from './disclosure.ts';
import { ADMITTED_BEFORE, isRelatedTo } from './evidence.ts';
import type { Gate, GateDecision } from './gates.ts';
import { readKinds, readSameArrangement, readSameEntity } from './party-facts.ts';
import { compartmentPatientsIn } from './subject.ts';

interface PolicyGateParts extends DisclosureSettings {
  readonly clock: Clock;
  readonly partyKindDefault: PartyKindDefault;
  /** Who operates which rail; absent: conduits alone. */
  readonly carriers?: CarriersOfRails;
}

/** The gate that asks the policies. */
export function createPolicyGate({
  clock,
  partyKindDefault,
  carriers = new Map(),
  ...settings
}: PolicyGateParts): Gate {
  return async (entry, now, asOf) => {
    const { sight, subject } = entry;
    if (sight.everything) return { permitted: true, policy: 'administrator' };
    const version = await asOf.read(subject, EVERYTHING);
    const content = resourceOf(version);
    if (version === undefined || content === undefined)
      return { permitted: false, policy: 'subject-gone', why: 'it was expunged' };
    const from = version.custodian;
    if (from === '') return { permitted: true, policy: 'own' };
    const order = await readOrder(entry, asOf);
    const own = order?.custodian === from ? order.resource : undefined;
    if (from === sight.organization) {
      const claimed = claimedBasis(own);
      const purpose = claimed === undefined ? REFERRAL_PURPOSE : BASES[claimed].purpose;
      return { permitted: true, policy: 'own', basis: 'own', purpose };
    }
    const told: Disclosing = {
      ref: subject,
      content,
      from,
      to: sight.organization,
      patients: await patientsOf(entry, content, asOf),
      order: own,
      // Who sees a subject that it does not keep and that is no directory entry is a party: sight was asked before.
      parties: !isDirectory(typeOf(subject)),
      claimant: ADMITTED_BEFORE,
    };
    const source = storedSource(now, partyKindDefault);
    const decided = await decideAll(await buildDisclosures(source, settings, told, clock.now()), now);
    return decided.permitted ? carried(entry, now, { from, carriers, at: clock.now() }, decided) : decided;
  };
}

/** What decided where whoever operates the way out may not have it: another way may be taken. */
export const CARRIER_POLICY = 'carrier-agreement';

interface Carrying {
  readonly from: Ref;
  readonly carriers: CarriersOfRails;
  readonly at: number;
}

/** The decision, where whoever carries it may: a carrier sees what it carries (baa-messaging BA18). */
async function carried(
  { rail, receiver }: ClaimedEntry,
  now: Snapshot,
  { from, carriers, at }: Carrying,
  decided: GateDecision,
): Promise<GateDecision> {
  if (typeOf(receiver) !== 'Endpoint') return decided;
  const endpoint = resourceOf(await now.read(receiver, EVERYTHING));
  const { closed } = await readWay(now, { rail, endpoint }, carriers, from, at);
  if (closed === undefined) return decided;
  const purpose = decided.purpose === undefined ? {} : { purpose: decided.purpose };
  const refusal = { permitted: false, policy: CARRIER_POLICY, ...purpose, exception: 'privacy-precondition' };
  const need = (to: Ref, existing?: Ref) =>
    missingNeed('agreement', { from, to, patient: undefined, existing });
  if (closed === 'nobody') {
    const refused = { code: 'agreement-not-active', needs: [], lacks: [] } as const;
    return { ...refusal, why: `nobody is named who runs ${rail}, which is no mere conduit`, refused };
  }
  const { carrier, standing } = closed;
  const name = await readPartyName(carrier, async (ref) => resourceOf(await now.read(ref, EVERYTHING)));
  const link = mayRead(standing, from) ? (standing.contract ?? 'Contract') : 'Contract';
  return {
    ...refusal,
    why: carrierWords(rail, name, link),
    refused: { code: 'agreement-not-active', needs: [need(carrier, standing.contract)], lacks: [] },
    agreement: standing,
  };
}

/** The facts as they are stored now. */
const storedSource = (now: Snapshot, partyKindDefault: PartyKindDefault): DisclosureSource => ({
  read: async (ref) => resourceOf(await now.read(ref, EVERYTHING)),
  kindsOf: (organization, discloser) => readKinds(now, organization, discloser, partyKindDefault),
  isSameEntity: (one, other) => readSameEntity(now, one, other),
  consentsAbout: (patient) => readActive(now, patient),
  isSameArrangement: (one, other) => readSameArrangement(now, one, other),
  agreementOf: (one, other, at) => readAgreement(storedContracts(now), one, other, at),
  isRelated: (organization, patient, order) => isRelatedTo(now, organization, patient, order),
  createdAt: (ref) => readCreated(now, ref),
  parties: partyWorldOf(now),
});

interface KeptOrder {
  readonly resource: Resource;
  readonly custodian: Ref | '';
}

/** The order of the entry's referral, and who keeps it. */
async function readOrder({ orderingKey }: ClaimedEntry, asOf: Snapshot): Promise<KeptOrder | undefined> {
  const root = await readWithKeeper(asOf, orderingKey);
  if (root?.resource.resourceType !== 'Task') return root;
  const order = focusOf(root.resource);
  return order === undefined ? undefined : readWithKeeper(asOf, order);
}

async function readWithKeeper(asOf: Snapshot, ref: Ref): Promise<KeptOrder | undefined> {
  const version = await asOf.read(ref, EVERYTHING);
  const resource = resourceOf(version);
  return version === undefined || resource === undefined
    ? undefined
    : { resource, custodian: version.custodian };
}

/** Whom an entry is about: its subject, and the referral that it is told with. */
async function patientsOf(
  { subject, orderingKey }: ClaimedEntry,
  content: Resource,
  asOf: Snapshot,
): Promise<readonly Ref[]> {
  const patients = compartmentPatientsIn(subject, content);
  if (orderingKey === subject) return patients;
  const referral = resourceOf(await asOf.read(orderingKey, EVERYTHING));
  const others = referral === undefined ? [] : compartmentPatientsIn(orderingKey, referral);
  return [...new Set([...patients, ...others])];
}

/** The answer for all patients: any no is one. */
async function decideAll(disclosures: readonly Disclosure[], now: Snapshot): Promise<GateDecision> {
  const [first] = disclosures;
  const decisions = disclosures.map((disclosure) => decide(disclosure));
  const deciding = decisions.find(({ permitted }) => !permitted) ?? decisions[0];
  if (first === undefined || deciding === undefined) throw new Error('a delivery is at least one disclosure');
  const { permitted, policy, basis, exception, needs = [], code, agreement } = deciding;
  return {
    permitted,
    policy,
    purpose: first.purpose,
    ...(basis !== undefined && { basis }),
    ...(await decidingIn(deciding, now)),
    ...(!permitted && { why: deciding.law, refused: { needs, code, lacks: deciding.lacks ?? [] } }),
    ...(exception !== undefined && { exception }),
    ...(agreement !== undefined && { agreement }),
  };
}

/** Which versions decided, as of now. */
async function decidingIn(
  { deciding = [] }: Decision,
  now: Snapshot,
): Promise<Pick<GateDecision, 'deciding'>> {
  const versions: string[] = [];
  for (const ref of deciding) {
    const version = await now.read(ref, EVERYTHING);
    if (version !== undefined) versions.push(`${ref}/_history/${version.seq}`);
  }
  return versions.length === 0 ? {} : { deciding: versions };
}
