/** What a draft is about to create, by its codes: of thousands of entries, each may have a condition of its own. */
import type { Ref } from '../../fhir/types.ts';
import type { Clause } from '../../ports/query.ts';
import { typeOf } from '../../resources/element.ts';
import type { Draft, Planned } from './draft.ts';
import { valuesOf } from '../values.ts';

interface Index {
  /** How many planned changes it knows; further ones come after them. */
  known: number;
  /** By type, parameter and code. */
  readonly refs: Map<string, Ref[]>;
}

const indexes = new WeakMap<Draft['planned'], Index>();

/**
 * The planned changes among which a clause can be satisfied, all of them unless it asks for a code. To be asked while
 * entries are planned and their references resolved, for neither changes the codes of what was planned before.
 */
export function plannedFor({ planned }: Draft, type: string, where: Clause): Iterable<Planned> {
  const must = where.kind === 'all' ? where.of : [where];
  const coded = must.find((clause) => clause.kind === 'token' && clause.code !== undefined);
  if (coded?.kind !== 'token') return planned.values();
  const refs = indexOf(planned).refs.get(`${type} ${coded.param} ${coded.code}`) ?? [];
  return refs.flatMap((ref) => planned.get(ref) ?? []);
}

function indexOf(planned: Draft['planned']): Index {
  const index = indexes.get(planned) ?? { known: 0, refs: new Map<string, Ref[]>() };
  indexes.set(planned, index);
  if (index.known === planned.size) return index;
  let at = 0;
  for (const { ref, after } of planned.values()) {
    at += 1;
    if (at > index.known && after !== undefined) add(index, ref, new Set(codesOf(ref, after.plain)));
  }
  index.known = planned.size;
  return index;
}

const codesOf = (ref: Ref, resource: Parameters<typeof valuesOf>[0]): readonly string[] =>
  valuesOf(resource).map(({ param, low }) => `${typeOf(ref)} ${param} ${low}`);

function add({ refs }: Index, ref: Ref, keys: Iterable<string>): void {
  for (const key of keys) {
    const known = refs.get(key);
    if (known === undefined) refs.set(key, [ref]);
    else known.push(ref);
  }
}
