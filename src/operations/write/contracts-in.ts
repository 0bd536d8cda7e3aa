/** The Contracts of a draft: as they are stored, and as they will be. What was relied on has to hold at the commit. */
import type { StoredContract } from '../../agreements/pair.ts';
import { contractsOf } from '../../delivery/agreements.ts';
import type { Query } from '../../ports/query.ts';
import { typeOf } from '../../resources/element.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { keepVersion, type Draft } from './draft.ts';

/** The stored Contracts that a query selects, save those that the draft changes, and all that it writes. */
export async function contractsIn(draft: Draft, query: Query): Promise<readonly StoredContract[]> {
  const { matches } = await draft.snapshot.search(query).catch(searchRefusal);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  const stored = matches.filter(({ ref }) => !draft.planned.has(ref));
  for (const { ref, seq } of stored) keepVersion(draft, ref, seq);
  const planned = [...draft.planned.values()].flatMap(({ ref, after }): readonly StoredContract[] =>
    typeOf(ref) === 'Contract' && after !== undefined
      ? [{ ref, seq: Number.MAX_SAFE_INTEGER, contract: after.plain }]
      : [],
  );
  return [...contractsOf(stored), ...planned];
}
