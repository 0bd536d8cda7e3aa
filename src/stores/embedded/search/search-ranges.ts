/**
 * The part of the index in which intervals can satisfy a range clause (R4 search, prefixes). The index is by the lower
 * bound. An interval that is not long begins at most {@link LONG} before it ends; long ones have an index by their end.
 */
import { WIDE, type Clause, type Prefix, type SearchValue } from '../../../ports/query.ts';
import { LONG } from '../folder/schema.ts';

/** Bounds of a value's `low`, and the least `high` of an interval that is longer than {@link LONG}. */
export interface Bounds {
  readonly from: number;
  readonly to: number;
  readonly reach?: number;
}

type Range = Extract<Clause, { kind: 'range' }>;

/** The window of the intervals that can satisfy a clause; undefined: anywhere. For points, wide ones are elsewhere. */
export function boundsOfRange({ prefix, low, high, points = false }: Range): Bounds | undefined {
  const bounds = BOUNDS[prefix](low, high, points ? 0 : LONG);
  return points && bounds !== undefined ? { from: bounds.from, to: bounds.to } : bounds;
}

/** By prefix; `longest` is the longest interval that does not count as long. */
const BOUNDS: {
  readonly [P in Prefix]: (from: number, to: number, longest: number) => Bounds | undefined;
} = {
  eq: (from, to) => ({ from, to }),
  ne: () => undefined,
  gt: (_from, to, longest) => ({ from: to - longest, to: Infinity, reach: to }),
  lt: (from) => ({ from: -Infinity, to: from }),
  ge: (from, to, longest) => ({ from: Math.min(from, to - longest), to: Infinity, reach: to }),
  le: (_from, to) => ({ from: -Infinity, to }),
  sa: (_from, to) => ({ from: to, to: Infinity }),
  eb: (from) => ({ from: -Infinity, to: from }),
  ap: (from, to, longest) => ({ from: from - longest, to, reach: from }),
};

/**
 * The window of the intervals that can satisfy all range clauses on a parameter by themselves; undefined when none of
 * the clauses bounds it. A version with several intervals may satisfy each clause by another one: it is marked under
 * {@link several}.
 */
export function windowOf(param: string, must: readonly Clause[]): Bounds | undefined {
  let window: Bounds | undefined;
  for (const clause of must) {
    if (clause.kind !== 'range' || clause.param !== param) continue;
    const bounds = boundsOfRange(clause);
    if (bounds !== undefined) window = window === undefined ? bounds : intersect(window, bounds);
  }
  return window;
}

function intersect(one: Bounds, other: Bounds): Bounds {
  const [from, to] = [Math.max(one.from, other.from), Math.min(one.to, other.to)];
  // A long interval lies outside of at least one of them, so that one reaches it.
  const reach = Math.min(one.reach ?? Infinity, other.reach ?? Infinity);
  return { from, to, ...(reach < Infinity && { reach }) };
}

/** The parameters under which versions are marked that {@link windowOf} alone does not find, by the clauses. */
export function notedBeside(param: string, must: readonly Clause[]): readonly string[] {
  const ofPoints = must.some((one) => one.kind === 'range' && one.param === param && one.points === true);
  return [several(param), ...(ofPoints ? [wide(param)] : [])];
}

/** The parameter under which a writer of points marks intervals (ports/query.ts). */
export const wide = (param: string): string => `${param}${WIDE}`;

/** The parameter under which versions with several intervals under `param` are marked; the value is 0 to 0. */
export const several = (param: string): string => `${param}:several`;

/** The marks that belong to the search values of one version. */
export function notesOn(values: readonly SearchValue[]): readonly SearchValue[] {
  const once = new Set<string>();
  const more = new Set<string>();
  for (const { param, low } of values)
    if (typeof low === 'number') (once.has(param) ? more : once).add(param);
  return [...more].map((param) => ({ param: several(param), low: 0, high: 0 }));
}
