/** Clauses and narrowings of a sight, put together: the same two make the same one, so that verdicts about it are remembered. */
import type { Clause, Narrowing } from '../ports/query.ts';

const joins = {
  any: new WeakMap<Clause, WeakMap<Clause, Clause>>(),
  all: new WeakMap<Clause, WeakMap<Clause, Clause>>(),
};

/** Either of two clauses, or both. */
export function joinedClause(one: Clause, other: Clause, kind: 'any' | 'all'): Clause {
  const known = joins[kind].get(one) ?? new WeakMap<Clause, Clause>();
  joins[kind].set(one, known);
  const clause = known.get(other) ?? { kind, of: [one, other] };
  known.set(other, clause);
  return clause;
}

/** What both clauses leave; undefined is all. */
export function narrowedTogether(one: Clause | undefined, other: Clause | undefined): Clause | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one === other ? one : joinedClause(one, other, 'all');
}

/** What both narrowings leave of every type; undefined is all. */
export function narrowedBy(one: Narrowing | undefined, other: Narrowing | undefined): Narrowing | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const both: Record<string, Clause> = { ...one };
  for (const [type, clause] of Object.entries(other))
    both[type] = narrowedTogether(one[type], clause) ?? clause;
  return both;
}
