/** Contracts as they were at a moment: found by their parties of today, which nothing changes once they were offered. */
import { principalOf } from '../../agreements/contract.ts';
import type { StoredContract } from '../../agreements/pair.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { EVERYTHING, type Clause, type Query } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { parseStored, resourceOf } from '../../ports/stored-resource.ts';

/** Today, and the moment that is asked about. */
export interface TwoTimes {
  readonly now: Snapshot;
  readonly past: Snapshot;
}

/** Resources of one type that a register looks at, for one organization. */
const FOUND_MAX = 2000;
const PAGE = 500;

/** A resource as it was then. */
interface ResourceThen {
  readonly ref: Ref;
  readonly seq: number;
  readonly custodian: Ref | '';
  readonly text: string;
}

/**
 * What a search finds today, as it was then; without what was not there yet, or had been deleted.
 *
 * @param most resources that are looked at
 * @throws OperationOutcomeError `search-too-costly` where there are more
 */
export async function findThen(
  { now, past }: TwoTimes,
  type: string,
  where: Clause,
  most = FOUND_MAX,
): Promise<readonly ResourceThen[]> {
  const found: ResourceThen[] = [];
  for (let offset = 0; offset < most; offset += PAGE) {
    const { matches, more } = await now.search(queryOf(type, where, offset));
    for (const { ref } of matches) {
      const version = await past.read(ref, EVERYTHING);
      if (version?.text !== undefined) found.push({ ...version, text: version.text });
    }
    if (!more) return found;
  }
  throw new OperationOutcomeError('search-too-costly', {
    retryAfter: 60,
    diagnostics: `more than ${most} resources of type ${type} are about it`,
  });
}

const queryOf = (type: string, where: Clause, offset: number): Query => ({
  type,
  where,
  sort: [],
  sight: EVERYTHING,
  count: PAGE,
  offset,
  total: false,
});

/** Contracts as of a moment, for the gate to read; one that its principal does not keep is nobody's word. */
export const contractsThen =
  (times: TwoTimes): ((query: Pick<Query, 'where'>) => Promise<readonly StoredContract[]>) =>
  async ({ where }) => {
    const found = await findThen(times, 'Contract', where);
    return found.flatMap(({ ref, seq, text, custodian }) => {
      const contract = parseStored(text);
      return principalOf(contract) === custodian ? [{ ref, seq, contract }] : [];
    });
  };

/** The name of an organization as it was then. */
export async function nameAt(past: Snapshot, organization: Ref): Promise<string> {
  const name = resourceOf(await past.read(organization, EVERYTHING))?.['name'];
  return typeof name === 'string' ? name : '';
}
