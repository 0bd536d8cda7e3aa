/**
 * What a search must find, by brute force over a world from which everything invisible was deleted first (rules 2.6).
 * Written from the port's words alone; it shares no code with any engine.
 */
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, Prefix, Query, SearchValue, Sight } from '../../src/ports/query.ts';

/** A version of a resource, as the writes of a test declared it. */
export interface Declared {
  readonly ref: Ref;
  readonly type: string;
  readonly seq: number;
  /** Position in the order of writing. */
  readonly order: number;
  /** Milliseconds of its commit. */
  readonly at: number;
  readonly custodian: Ref | '';
  readonly values: readonly SearchValue[];
  readonly parties: readonly Ref[];
  readonly outward: readonly Ref[];
  readonly everyone: boolean;
  /** Words of its narrative, and of each of its other values. */
  readonly texts: { readonly narrative: readonly string[]; readonly others: readonly (readonly string[])[] };
}

/** Everything live at one moment. */
export type Moment = ReadonlyMap<Ref, Declared>;

/** The references that a query finds, in order, of all pages together. */
export function bruteForce(moment: Moment, query: Query): readonly Ref[] {
  const visible = onlyVisible(moment, query.sight);
  const found = [...visible.values()].filter(
    (one) => one.type === query.type && holds(query.where, one, visible),
  );
  return found.toSorted((a, b) => compareBy(query, a, b)).map(({ ref }) => ref);
}

function onlyVisible(moment: Moment, sight: Sight): Moment {
  if (sight.everything) return moment;
  const { organization, patient, narrow = {} } = sight;
  const reached = reachedBy(moment, organization);
  return new Map(
    [...moment].filter(([ref, one]) => {
      const { custodian, everyone, values, type } = one;
      const left = narrow[type];
      const inReach = everyone || custodian === organization || reached.has(ref);
      const inCompartment =
        patient === undefined ||
        everyone ||
        ref === patient ||
        values.some(({ param, low }) => param === ':patient' && low === patient);
      // A clause of a scope looks at nothing but the version.
      return inReach && inCompartment && (left === undefined || holds(left, one, moment));
    }),
  );
}

function reachedBy(moment: Moment, organization: Ref): ReadonlySet<Ref> {
  const reached = new Set<Ref>();
  const enter = (ref: Ref): void => {
    if (reached.has(ref)) return;
    reached.add(ref);
    for (const next of moment.get(ref)?.outward ?? []) enter(next);
  };
  for (const [ref, { parties }] of moment) if (parties.includes(organization)) enter(ref);
  return reached;
}

function holds(clause: Clause, one: Declared, world: Moment): boolean {
  const valuesOf = (param: string): readonly SearchValue[] =>
    one.values.filter((value) => value.param === param);
  switch (clause.kind) {
    case 'all':
      return clause.of.every((part) => holds(part, one, world));
    case 'any':
      return clause.of.some((part) => holds(part, one, world));
    case 'not':
      return !holds(clause.clause, one, world);
    case 'missing':
      return (valuesOf(clause.param).length === 0) === clause.missing;
    case 'token':
      return valuesOf(clause.param).some(
        ({ low, high }) =>
          (clause.code === undefined || clause.code === low) &&
          (clause.system === undefined || clause.system === high),
      );
    case 'string':
      return valuesOf(clause.param).some(({ low, high }) => hasText(clause, String(low), String(high)));
    case 'other':
      return one.values.some(
        (value) =>
          value.param === clause.clause.param && !holds(clause.clause, { ...one, values: [value] }, world),
      );
    case 'reference':
      return valuesOf(clause.param).some(({ low }) => clause.to.includes(String(low)));
    case 'uri':
      return valuesOf(clause.param).some(({ low }) => {
        if (clause.match === 'exact') return low === clause.value;
        const [inner, outer] =
          clause.match === 'below' ? [String(low), clause.value] : [clause.value, String(low)];
        return inner === outer || inner.startsWith(outer.replace(/\/?$/, '/'));
      });
    case 'range':
      return valuesOf(clause.param).some(({ low, high }) =>
        compares(clause.prefix, { low: Number(low), high: Number(high) }, clause),
      );
    case 'codes':
      return valuesOf(clause.param).some(
        ({ low, high }) => high === clause.system && clause.codes.includes(String(low)),
      );
    case 'tuple':
      // One value of the composite, read as a small resource of its own: each component is a parameter `place`.
      return valuesOf(clause.param).some(({ high }) => {
        const components = JSON.parse(String(high)) as [string, string | number, string | number][][];
        const values = components.flatMap((parts, place) =>
          parts.map(([suffix, from, to]) => ({ param: `${place}${suffix}`, low: from, high: to })),
        );
        return clause.of.every((part, place) =>
          holds({ ...part, param: `${place}${part.param}` }, { ...one, values }, world),
        );
      });
    case 'near':
      return valuesOf(clause.param).some(
        ({ low, high }) =>
          kilometres([clause.latitude, clause.longitude], [Number(low), Number(high)]) <= clause.km,
      );
    case 'updated':
      return compares(clause.prefix, { low: one.at, high: one.at }, clause);
    case 'id':
      return clause.ids.includes(one.ref.slice(one.type.length + 1));
    case 'chain':
      return valuesOf(clause.param).some(({ low }) => {
        const far = world.get(String(low) as Ref);
        return far !== undefined && clause.types.includes(far.type) && holds(clause.where, far, world);
      });
    case 'text': {
      const { narrative, others } = one.texts;
      return (clause.within === 'narrative' ? [narrative] : [narrative, ...others]).some((words) =>
        isSaid(words, clause.words, clause.starts),
      );
    }
    case 'keeper':
      return clause.of.includes(one.custodian);
    case 'inside':
      return (
        one.everyone ||
        one.ref === clause.patient ||
        valuesOf(':patient').some(({ low }) => low === clause.patient)
      );
    case 'display':
      throw new Error('search-display.ts asks this of real resources');
    default:
      return [...world.values()].some(
        (far) =>
          far.type === clause.type &&
          far.values.some(({ param, low }) => param === clause.param && low === one.ref) &&
          holds(clause.where, far, world),
      );
  }
}

type Degrees = readonly [latitude: number, longitude: number];

/** The angle between two vectors from the middle of the Earth. */
function kilometres(one: Degrees, other: Degrees): number {
  const [a, b] = [one, other].map(([latitude, longitude]) => {
    const [north, east] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
    return [Math.cos(north) * Math.cos(east), Math.cos(north) * Math.sin(east), Math.sin(north)];
  });
  const dot = a!.reduce((sum, part, at) => sum + part * b![at]!, 0);
  return 6371.0088 * Math.acos(Math.max(-1, Math.min(1, dot)));
}

function hasText({ match, value }: Extract<Clause, { kind: 'string' }>, low: string, high: string): boolean {
  if (match === 'exact') return high === value;
  if (match === 'starts') return low.startsWith(value);
  if (match === 'ends') return low.endsWith(value);
  return match === 'equals' ? low === value : low.includes(value);
}

/** Whether the words are said one after the other, the last of them only begun. */
function isSaid(text: readonly string[], words: readonly string[], starts: boolean): boolean {
  return text.some((_word, at) =>
    words.every((word, i) =>
      starts && i === words.length - 1 ? text[at + i]?.startsWith(word) === true : text[at + i] === word,
    ),
  );
}

interface Interval {
  readonly low: number;
  readonly high: number;
}

/** http://hl7.org/fhir/R4/search.html#prefix, sentence by sentence. */
function compares(prefix: Prefix, value: Interval, search: Interval): boolean {
  const contained = search.low <= value.low && value.high <= search.high;
  const reachesAbove = value.high > search.high;
  const reachesBelow = value.low < search.low;
  const overlaps = value.low <= search.high && value.high >= search.low;
  const says: Record<Prefix, boolean> = {
    eq: contained,
    ne: !contained,
    gt: reachesAbove,
    lt: reachesBelow,
    ge: reachesAbove || contained,
    le: reachesBelow || contained,
    sa: !overlaps && value.low > search.high,
    eb: !overlaps && value.high < search.low,
    ap: overlaps,
  };
  return says[prefix];
}

type Key = string | number | undefined;

function compareBy({ sort }: Query, a: Declared, b: Declared): number {
  for (const { param, descending } of sort) {
    const [one, other] = [keyOf(a, param, descending), keyOf(b, param, descending)];
    if (one === undefined || other === undefined) {
      if (one !== other) return one === undefined ? 1 : -1;
      continue;
    }
    const order = compareKeys(one, other);
    if (order !== 0) return descending ? -order : order;
  }
  return (sort.at(-1)?.descending ?? true) ? b.order - a.order : a.order - b.order;
}

/** "The item in the set of multiple parameters that comes earliest in the specified sort order." */
function keyOf(one: Declared, param: string, descending: boolean): Key {
  if (param === '_id') return one.ref;
  if (param === '_lastUpdated') return one.at;
  const keys = one.values.filter((value) => value.param === param).map(({ low }) => low);
  return keys.toSorted((x, y) => (descending ? compareKeys(y, x) : compareKeys(x, y)))[0];
}

/** Numbers by size, texts by code point. */
function compareKeys(one: string | number, other: string | number): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}
