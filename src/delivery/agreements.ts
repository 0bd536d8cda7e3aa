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
  const contracts = await contractsAbove(find, new Set([one, other]));
  const qualified = isQualified(contracts, one, other, now);
  const chain = chainOf(contracts, one, other, now, service);
  const [last] = chain.links.slice(-1);
  if (chain.state === 'active' && last !== undefined) return { ...last, qualified };
  const pair = standingOfPair(contracts, one, other, now, service);
  // A pair whose own agreement is in force stands by the chain above it, and a pair without one by the chain alone.
  const { broken } = chain;
  if (broken === undefined || (pair.state !== 'active' && pair.state !== 'none'))
    return { ...pair, qualified };
  return { ...broken, broken, qualified };
}

/** The organizations with which one has an agreement in force, itself or by a chain. */
export async function openAssociations(
  find: FindContracts,
  organization: Ref,
  now: number,
): Promise<ReadonlySet<Ref>> {
  const above = await contractsAbove(find, new Set([organization]));
  const below = await find(contractsWhere({ kind: 'reference', param: 'authority', to: [organization] }));
  const contracts = [...new Map([...above, ...below].map((one) => [one.ref, one])).values()];
  return openEnds(contracts, organization, now);
}

/** The Contracts whose subject is one of these organizations, and those above them, level by level. */
async function contractsAbove(
  find: FindContracts,
  organizations: ReadonlySet<Ref>,
): Promise<readonly StoredContract[]> {
  const found = new Map<Ref, StoredContract>();
  const asked = new Set<Ref>();
  let subjects: readonly Ref[] = [...organizations];
  for (
    let level = 0;
    level < CHAIN_LINKS_MAX && subjects.length > 0 && found.size < CONTRACTS_MAX;
    level += 1
  ) {
    for (const subject of subjects) asked.add(subject);
    const contracts = await find(contractsWhere({ kind: 'reference', param: 'subject', to: subjects }));
    for (const one of contracts) found.set(one.ref, one);
    const above = contracts.flatMap(({ contract }) => principalOf(contract) ?? []);
    subjects = [...new Set(above)].filter((principal) => !asked.has(principal));
  }
  return [...found.values()];
}

const contractsWhere = (where: Clause): Query => ({
  type: 'Contract',
  where,
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
