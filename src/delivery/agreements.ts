/**
 * The agreement between two organizations as of a moment (baa-messaging BA4, BA5, BA7): the Contracts that name them, and
 * those above a subcontractor. Nothing is remembered between two questions, so that the state is as the Contracts and the
 * clock have it now.
 */
import { CHAIN_LINKS_MAX, chainOf, openEnds } from '../agreements/chain.ts';
import { principalOf } from '../agreements/contract.ts';
import { standingOfPair, type PairStanding, type StoredContract } from '../agreements/pair.ts';
import { isQualified } from '../agreements/qso.ts';
import type { Ref } from '../fhir/types.ts';
import { EVERYTHING, type Clause, type Match, type Query } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';

/** How two organizations stand. */
export interface AgreementBetween extends PairStanding {
  /** The first link of a chain that is not in force, where the two stand by a chain. */
  readonly broken?: PairStanding;
  /** The second serves the first as a qualified service organization (42 CFR 2.11). */
  readonly qualified: boolean;
}

/** Finds the Contracts that a query selects. */
type FindContracts = (query: Query) => Promise<readonly StoredContract[]>;

/** Contracts of one question that are looked at, the newest first. What lies beyond them counts as not there. */
const CONTRACTS_MAX = 200;

/** How two organizations stand, for one service or for any. `now`: the time of the store, in milliseconds since 1970. */
export async function readAgreement(
  find: FindContracts,
  one: Ref,
  other: Ref,
  now: number,
  service?: string,
): Promise<AgreementBetween> {
  const contracts = await allOf([
    contractsAbove(find, new Set([one, other]), NOT_CONCLUDED),
    // What others write about one of the two keeps nothing of these out of sight.
    find(contractsWhere(refersTo('subject', one), refersTo('authority', other))),
    find(contractsWhere(refersTo('subject', other), refersTo('authority', one))),
  ]);
  const qualified = isQualified(contracts, one, other, now);
  const chain = chainOf(contracts, one, other, now, service);
  const [last] = chain.links.slice(-1);
  if (chain.state === 'active' && last !== undefined) return { ...last, qualified };
  const pair = standingOfPair(contracts, one, other, now, service);
  // A pair whose own agreement is in force stands by the chain above it, and a pair without one by the chain alone.
  const { broken } = chain;
  if (broken !== undefined && (pair.state === 'active' || pair.state === 'none'))
    return { ...broken, broken, qualified };
  return { ...(pair.state === 'active' ? withoutUpper(pair) : pair), qualified };
}

/** An agreement of a subcontractor with nothing above it is not in force (BA7). */
function withoutUpper(own: PairStanding): PairStanding {
  const { since: _, until: __, ...pair } = own;
  return { ...pair, state: 'pending', why: 'incomplete', gaps: ['agreement above'] };
}

/** The organizations with which one has an agreement in force, itself or by a chain. */
export async function openAssociations(
  find: FindContracts,
  organization: Ref,
  now: number,
): Promise<ReadonlySet<Ref>> {
  const below = refersTo('authority', organization);
  const contracts = await allOf([
    contractsAbove(find, new Set([organization]), REVOKED),
    find(contractsWhere(below, CONCLUDED)),
    find(contractsWhere(below, REVOKED)),
  ]);
  return openEnds(contracts, organization, now);
}

/** Each Contract once. */
async function allOf(
  found: readonly Promise<readonly StoredContract[]>[],
): Promise<readonly StoredContract[]> {
  const contracts = (await Promise.all(found)).flat();
  return [...new Map(contracts.map((one) => [one.ref, one])).values()];
}

/**
 * The Contracts whose subject is one of these organizations, and those above them, level by level. What may be in force, which
 * both sides have signed, is found by itself: anybody can prepare and offer any number of agreements to somebody else.
 */
async function contractsAbove(
  find: FindContracts,
  organizations: ReadonlySet<Ref>,
  others: Clause,
): Promise<readonly StoredContract[]> {
  const found: StoredContract[] = [];
  const asked = new Set<Ref>();
  let subjects: readonly Ref[] = [...organizations];
  for (let level = 0; level < CHAIN_LINKS_MAX && subjects.length > 0; level += 1) {
    for (const subject of subjects) asked.add(subject);
    const ofThem = refersTo('subject', ...subjects);
    const contracts = await allOf([
      find(contractsWhere(ofThem, CONCLUDED)),
      find(contractsWhere(ofThem, others)),
    ]);
    found.push(...contracts);
    const above = contracts.flatMap(({ contract }) => principalOf(contract) ?? []);
    subjects = [...new Set(above)].filter((principal) => !asked.has(principal)).slice(0, CONTRACTS_MAX);
  }
  return found;
}

const statusIn = (codes: readonly string[]): Clause => ({
  kind: 'any',
  of: codes.map((code) => ({ kind: 'token', param: 'status', code })),
});

/** Statuses that no principal writes alone, and those of a revocation, which may take effect later. */
const CONCLUDED = statusIn(['executed', 'amended', 'appended', 'resolved']);
const REVOKED = statusIn(['revoked']);
const NOT_CONCLUDED: Clause = { kind: 'not', clause: CONCLUDED };

const refersTo = (param: 'authority' | 'subject', ...to: readonly Ref[]): Clause => ({
  kind: 'reference',
  param,
  to,
});

const contractsWhere = (...of: readonly Clause[]): Query => ({
  type: 'Contract',
  where: { kind: 'all', of },
  sort: [],
  sight: EVERYTHING,
  count: CONTRACTS_MAX,
  offset: 0,
  total: false,
});

/** Finds Contracts as they are stored. */
export const storedContracts =
  (snapshot: Pick<Snapshot, 'search'>): FindContracts =>
  async (query) =>
    contractsOf((await snapshot.search(query)).matches);

/** Contracts that were found; one that is not kept by its principal is nobody's word. */
export const contractsOf = (matches: readonly Match[]): readonly StoredContract[] =>
  matches.flatMap(({ ref, seq, text, custodian }) => {
    const contract = parseStored(text);
    return principalOf(contract) === custodian ? [{ ref, seq, contract }] : [];
  });
