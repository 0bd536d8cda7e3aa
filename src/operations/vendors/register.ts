/**
 * The register of vendors of an organization (baa-messaging VR1–VR5): everybody who works for it, or for whom it works, and
 * everybody whom it tells things for payment or operations, whether or not there is an agreement. It is computed at the
 * question, as of any moment.
 */
import { associateOf, principalOf } from '../../agreements/contract.ts';
import { unusualDay, riskOf, type VendorFacts, type VendorRisk } from '../../agreements/risk.ts';
import type { StoredContract } from '../../agreements/pair.ts';
import type { VendorPaper } from '../../agreements/papers.ts';
import { standingOfAgreement, type AgreementStanding } from '../../agreements/state.ts';
import { readAgreement } from '../../delivery/agreements.ts';
import { readKinds } from '../../delivery/party-facts.ts';
import type { Ref } from '../../fhir/types.ts';
import type { PartyKindDefault } from '../../policies/party-kind.ts';
import type { Snapshot, Store } from '../../ports/store.ts';
import { scanAudit } from '../audit/scan.ts';
import { countActivity, type ActivityCounting, type VendorActivity } from './activity.ts';
import { contractTextOf, type ContractText } from './contract-text.ts';
import { contractsThen, nameAt, type TwoTimes } from './contracts.ts';
import { openIncidents } from './incidents.ts';
import { carriersOf } from './carriers.ts';
import { papersOf } from './papers.ts';
import { subcontractorsOf, type Subcontractor } from './subcontractors.ts';

/** A line of the register. Milliseconds since 1970. */
export interface VendorLine {
  readonly vendor: Ref;
  readonly name: string;
  /** What the other one is in the agreement, or would be. */
  readonly side: 'associate' | 'principal';
  readonly standing: AgreementStanding;
  readonly text: ContractText;
  readonly subcontractors: readonly Subcontractor[];
  /** Connection types of the organization's Endpoints that it operates. */
  readonly carries: readonly string[];
  readonly activity: VendorActivity;
  readonly papers: readonly VendorPaper[];
  readonly incidents: readonly Ref[];
  readonly risk: VendorRisk;
}

interface RegisterAsked {
  readonly organization: Ref;
  /** Milliseconds since 1970: as of then. */
  readonly at: number;
  readonly partyKindDefault: PartyKindDefault;
}

const DAY = 86_400_000;
const KINDS: readonly string[] = ['business-associate', 'intermediary'];

/** What every line is made from. */
interface Known extends TwoTimes {
  readonly asked: RegisterAsked;
  readonly contracts: readonly StoredContract[];
  readonly activity: ActivityCounting;
  readonly papers: readonly VendorPaper[];
  readonly carriers: ReadonlyMap<Ref, readonly string[]>;
  readonly incidents: Awaited<ReturnType<typeof openIncidents>>;
}

/**
 * The lines, the highest risk first.
 *
 * @throws OperationOutcomeError `search-too-costly`
 */
export async function readRegister(
  store: Pick<Store, 'snapshot'>,
  asked: RegisterAsked,
  signal: AbortSignal,
): Promise<readonly VendorLine[]> {
  const { organization, at } = asked;
  const now = store.snapshot();
  const times = { now, past: await snapshotAt(store, now, at) };
  const activity = countActivity(organization, at);
  for await (const row of scanAudit(now, { viewer: organization, from: at - 365 * DAY, to: at }, signal))
    activity.take(row);
  const contracts = await contractsThen(times)({
    where: {
      kind: 'any',
      of: ['authority', 'subject'].map((param) => ({ kind: 'reference', param, to: [organization] })),
    },
  });
  const known: Known = {
    ...times,
    asked,
    contracts,
    activity,
    papers: await papersOf(times, organization, contracts),
    carriers: await carriersOf(times, organization),
    incidents: await openIncidents(times, organization),
  };
  const lines: VendorLine[] = [];
  for (const vendor of await vendorsOf(known)) lines.push(await lineOf(known, vendor));
  return lines.toSorted((a, b) => b.risk.score - a.risk.score || (a.vendor < b.vendor ? -1 : 1));
}

/** The store as of an instant: every commit has a row in the audit. */
async function snapshotAt(store: Pick<Store, 'snapshot'>, now: Snapshot, at: number): Promise<Snapshot> {
  const [last] = await now.audit({ viewer: undefined, names: [], to: at, count: 1 });
  return store.snapshot(last?.seq ?? 0);
}

async function vendorsOf({ asked, contracts, activity, carriers, past }: Known): Promise<readonly Ref[]> {
  const { organization, partyKindDefault } = asked;
  const found = new Set<Ref>(carriers.keys());
  for (const { contract } of contracts)
    for (const party of [associateOf(contract), principalOf(contract)])
      if (party !== undefined) found.add(party);
  for (const party of activity.parties()) {
    if (found.has(party)) continue;
    const kinds: ReadonlySet<string> = await readKinds(past, party, organization, partyKindDefault);
    if (KINDS.some((kind) => kinds.has(kind)) || activity.of(party).isForOperations) found.add(party);
  }
  found.delete(organization);
  return [...found];
}

async function lineOf(known: Known, vendor: Ref): Promise<VendorLine> {
  const { asked, contracts, activity: counting } = known;
  const { organization, at } = asked;
  const {
    qualified: _,
    broken: __,
    ...standing
  } = await readAgreement(contractsThen(known), organization, vendor, at);
  const own = contracts.find(({ ref }) => ref === standing.contract)?.contract;
  const text = contractTextOf(own);
  const side = standing.principal === vendor ? 'principal' : 'associate';
  const subcontractors =
    side === 'principal' ? [] : await subcontractorsOf(known, { organization, vendor, at, contracts });
  const papers = known.papers.filter(({ about }) => about.includes(vendor));
  const incidents = known.incidents.filter(({ names }) => names.has(vendor)).map(({ ref }) => ref);
  const activity = counting.of(vendor);
  const successor = successorOf(contracts, standing, vendor);
  const unusual = unusualDay(activity.watched, at);
  const facts: VendorFacts = {
    now: at,
    state: standing.state,
    ...(standing.contract !== undefined && { contract: standing.contract }),
    ...(standing.until !== undefined && { until: standing.until }),
    ...(successor !== undefined && { successor }),
    gaps: standing.gaps,
    ...(text.breachNoticeHours !== undefined && { breachNoticeHours: text.breachNoticeHours }),
    broken: subcontractors.filter(({ state }) => state !== 'active').map(({ contract }) => contract),
    declared: subcontractors.map(({ contract }) => contract),
    papers,
    sent: activity.sent,
    tried: activity.tried,
    triedLately: activity.triedLately,
    incidents,
    quarantined: activity.quarantined,
    ...(unusual !== undefined && { unusual }),
  };
  return {
    vendor,
    name: await nameAt(known.past, vendor),
    side,
    standing,
    text,
    subcontractors,
    carries: known.carriers.get(vendor) ?? [],
    activity,
    papers,
    incidents,
    // Of whom it works for, an organization asks no papers.
    risk: side === 'principal' ? NO_RISK : riskOf(facts),
  };
}

const NO_RISK: VendorRisk = { score: 0, level: 'low', rows: [] };

/** Another Contract of the two that is signed and holds longer. */
function successorOf(
  contracts: readonly StoredContract[],
  { contract: deciding, until }: AgreementStanding,
  vendor: Ref,
): Ref | undefined {
  if (until === undefined) return undefined;
  return contracts.find(
    ({ ref, contract }) =>
      ref !== deciding &&
      associateOf(contract) === vendor &&
      standingOfAgreement(contract, until).state === 'active',
  )?.ref;
}
