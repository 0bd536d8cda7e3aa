/** Random worlds, small enough that everything meets everything, and random searches over them. */
import * as fc from '../chance.ts';
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, PartClause, Prefix, Query, SearchValue, Sight } from '../../src/ports/query.ts';
import type { Put } from './search-world.ts';

const TYPES = ['Task', 'ServiceRequest', 'Patient'] as const;
const ORGS: readonly Ref[] = ['Organization/1', 'Organization/2', 'Organization/3'];
const REFS: readonly Ref[] = TYPES.flatMap((type) => ['1', '2', '3', '4'].map((id): Ref => `${type}/${id}`));
const CODES = ['a', 'b', 'c'];
const SYSTEMS = ['', 'urn:1', 'urn:2'];
const TEXTS = ['an', 'anna', 'annab', 'b', 'ba', ''];
const URIS = ['http://x', 'http://x/', 'http://x/y', 'http://x/y/z', 'http://xy', 'urn:x'];

/** The clock of these worlds goes on by this, in milliseconds, whenever it is looked at. */
export const TICK = 500;

/** Bounds of intervals: short ones, and ones longer than a day. */
const INSTANTS = [0, 1000, 2000, 86_400_000, 86_401_000, 200_000_000, 400_000_000];

/** Words of which some are the beginning of others. */
const WORDS = ['sea', 'seal', 'seals', 'bay', 'ba'];

const ref = fc.constantFrom(...REFS);
const interval = fc
  .tuple(fc.constantFrom(...INSTANTS), fc.constantFrom(...INSTANTS))
  .map(([one, other]) => ({ low: Math.min(one, other), high: Math.max(one, other) }));

/** Decimals whose text and number must meet. */
const NUMBERS = [-1.7976931348623157e308, -2.25, 0, 0.1, 5.35, 5.4, 100, 1e21, 1.7976931348623157e308];
const DEGREES = [-80, -10, 0, 0.5, 10, 80];
const UNITS = ['', ':|mg', ':urn:1|mg'];

const number = fc
  .tuple(fc.constantFrom(...NUMBERS), fc.constantFrom(...NUMBERS))
  .map(([one, other]) => ({ low: Math.min(one, other), high: Math.max(one, other) }));

/** A component's values as they would stand alone, and clauses for them. */
const coded = fc
  .tuple(fc.constantFrom(...CODES), fc.constantFrom(...SYSTEMS))
  .map(([code, system]) => ['', code, system] as const);
/** Composites by the kind of their second component: its values, and clauses for them. */
const measured = fc
  .tuple(fc.constantFrom(...UNITS), number)
  .map(([unit, { low, high }]) => [unit, low, high] as const);
const said = fc.constantFrom(...TEXTS).map((text) => ['', text, text.toUpperCase()] as const);
const held = ref.map((low) => ['', low, ''] as const);

const COMPOSITES: ReadonlySet<string> = new Set(['measured', 'said', 'held']);

const tuple: fc.Arbitrary<SearchValue> = fc
  .oneof(
    fc.tuple(fc.constant('measured'), several(coded), several(measured)),
    fc.tuple(fc.constant('said'), several(coded), several(said)),
    fc.tuple(fc.constant('held'), several(coded), several(held)),
  )
  .map(([param, codes, parts]) => ({
    param,
    low: codes[0]?.[1] ?? '',
    high: JSON.stringify([codes, parts]),
  }));

function several<T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(one, { minLength: 1, maxLength: 3 });
}

const value: fc.Arbitrary<SearchValue> = fc.oneof(
  tuple,
  fc
    .tuple(fc.constantFrom(...DEGREES), fc.constantFrom(...DEGREES))
    .map(([low, high]) => ({ param: 'near', low, high })),
  fc.tuple(fc.constantFrom(...UNITS), number).map(([unit, when]) => ({ param: `amount${unit}`, ...when })),
  fc.record({
    param: fc.constantFrom('code', 'status'),
    low: fc.constantFrom(...CODES),
    high: fc.constantFrom(...SYSTEMS),
  }),
  fc.constantFrom(...TEXTS).map((text) => ({ param: 'name', low: text, high: text.toUpperCase() })),
  ref.map((low) => ({ param: 'link', low, high: '' })),
  fc.constantFrom(...URIS).map((low) => ({ param: 'url', low, high: '' })),
  interval.map((when) => ({ param: 'when', ...when })),
  fc.constantFrom('Patient/1', 'Patient/2').map((low) => ({ param: ':patient', low, high: '' })),
);

/** A tuple stands under each code of its first component. */
function underEachCode(one: SearchValue): readonly SearchValue[] {
  if (!COMPOSITES.has(one.param)) return [one];
  const [codes = []] = JSON.parse(String(one.high)) as (readonly [string, string, string])[][];
  return [...new Set(codes.map(([, code]) => code))].map((low) => ({ ...one, low }));
}

/** Custodian and directory belong to the resource, whatever is written to it. */
const fixed = (of: Ref): Pick<Put, 'custodian' | 'everyone'> => {
  const n = REFS.indexOf(of);
  return { custodian: ['', ...ORGS][n % 4] as Ref | '', everyone: n === 5 };
};

function wordsUpTo(maxLength: number): fc.Arbitrary<readonly string[]> {
  return fc.array(fc.constantFrom(...WORDS), { maxLength });
}

const put: fc.Arbitrary<Put> = fc
  .record({
    ref,
    values: fc.uniqueArray(value, { minLength: 2, maxLength: 8, selector: (one) => JSON.stringify(one) }),
    parties: fc.subarray([...ORGS], { maxLength: 2 }),
    outward: fc.uniqueArray(ref, { maxLength: 2 }),
    gone: fc.nat(5).map((n) => n === 0),
    texts: fc.record({ narrative: wordsUpTo(4), others: fc.array(wordsUpTo(3), { maxLength: 3 }) }),
  })
  .map((one) => ({ ...one, values: one.values.flatMap(underEachCode), ...fixed(one.ref) }));

/** Commits of writes, at most one per resource; a resource is deleted only while it lives. */
export const worlds: fc.Arbitrary<readonly (readonly Put[])[]> = fc
  .array(fc.uniqueArray(put, { minLength: 2, maxLength: 6, selector: (one) => one.ref }), {
    minLength: 4,
    maxLength: 12,
  })
  .map((commits) => {
    const living = new Set<Ref>();
    return commits.map((puts) =>
      puts.map((one) => {
        const gone = one.gone === true && living.has(one.ref);
        if (gone) living.delete(one.ref);
        else living.add(one.ref);
        return { ...one, gone };
      }),
    );
  });

const prefix = fc.constantFrom<Prefix>('eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap');

const range = fc
  .tuple(prefix, interval)
  .map(([one, when]): Clause => ({ kind: 'range', param: 'when', prefix: one, ...when }));

const amount = fc
  .tuple(prefix, fc.constantFrom(...UNITS), number)
  .map(([one, unit, when]): PartClause => ({ kind: 'range', param: unit, prefix: one, ...when }));

const codePart: fc.Arbitrary<PartClause> = fc
  .tuple(
    fc.option(fc.constantFrom(...CODES), { nil: undefined }),
    fc.option(fc.constantFrom(...SYSTEMS), { nil: undefined }),
  )
  .map(([code, system]) => ({
    kind: 'token',
    param: '',
    ...(code !== undefined && { code }),
    ...(system !== undefined && { system }),
  }));

const saying = fc
  .tuple(fc.constantFrom('starts' as const, 'contains' as const), fc.constantFrom(...TEXTS))
  .map(([match, text]): PartClause => ({ kind: 'string', param: '', match, value: text }));
const holding = fc
  .uniqueArray(ref, { maxLength: 3 })
  .map((to): PartClause => ({ kind: 'reference', param: '', to }));

const tuples = fc.oneof(
  fc.tuple(fc.constant('measured'), codePart, amount),
  fc.tuple(fc.constant('said'), codePart, saying),
  fc.tuple(fc.constant('held'), codePart, holding),
);

const leaf = fc.oneof<fc.Arbitrary<Clause>[]>(
  fc.record({
    kind: fc.constant('token' as const),
    param: fc.constantFrom('code', 'status'),
    code: fc.constantFrom(...CODES),
  }),
  fc.record({
    kind: fc.constant('token' as const),
    param: fc.constantFrom('code', 'status'),
    code: fc.constantFrom(...CODES),
    system: fc.constantFrom(...SYSTEMS),
  }),
  fc.record({
    kind: fc.constant('token' as const),
    param: fc.constant('code'),
    system: fc.constantFrom(...SYSTEMS),
  }),
  fc.record({
    kind: fc.constant('missing' as const),
    param: fc.constantFrom('code', 'name', 'when'),
    missing: fc.boolean(),
  }),
  fc
    .record({
      match: fc.constantFrom(
        'starts' as const,
        'contains' as const,
        'ends' as const,
        'equals' as const,
        'exact' as const,
      ),
      text: fc.constantFrom(...TEXTS),
    })
    .map(({ match, text }) => ({
      kind: 'string',
      param: 'name',
      match,
      value: match === 'exact' ? text.toUpperCase() : text,
    })),
  fc.record({
    kind: fc.constant('reference' as const),
    param: fc.constant('link'),
    to: fc.uniqueArray(ref, { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('uri' as const),
    param: fc.constant('url'),
    match: fc.constantFrom('exact' as const, 'below' as const, 'above' as const),
    value: fc.constantFrom(...URIS),
  }),
  range,
  amount.map((one): Clause => ({ ...one, param: `amount${one.param}` })),
  tuples.map(([param, ...of]): Clause => ({ kind: 'tuple', param, of })),
  fc.record({
    kind: fc.constant('codes' as const),
    param: fc.constantFrom('code', 'status'),
    system: fc.constantFrom(...SYSTEMS),
    codes: fc.subarray([...CODES, 'd']),
  }),
  fc.record({
    kind: fc.constant('near' as const),
    param: fc.constant('near'),
    latitude: fc.constantFrom(...DEGREES),
    longitude: fc.constantFrom(...DEGREES),
    km: fc.constantFrom(1, 100, 1500, 12_000, 30_000),
  }),
  fc.record({ prefix, low: fc.nat(40), high: fc.nat(40) }).map(({ low, high, ...one }) => ({
    kind: 'updated',
    ...one,
    low: TICK * Math.min(low, high),
    high: TICK * Math.max(low, high),
  })),
  fc
    .oneof(
      fc.record({
        kind: fc.constant('token' as const),
        param: fc.constant('code'),
        code: fc.constantFrom(...CODES),
      }),
      fc.record({
        kind: fc.constant('string' as const),
        param: fc.constant('name'),
        match: fc.constant('equals' as const),
        value: fc.constantFrom(...TEXTS),
      }),
      fc.record({ kind: fc.constant('reference' as const), param: fc.constant('link'), to: fc.tuple(ref) }),
    )
    .map((clause): Clause => ({ kind: 'other', clause })),
  fc.record({
    kind: fc.constant('text' as const),
    within: fc.constantFrom('narrative' as const, 'content' as const),
    words: fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 2 }),
    starts: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('id' as const), ids: fc.subarray(['1', '2', '3', '4', '5']) }),
);

/** One hop more in front: a reference, or back along one. */
const onward = (where: Clause, [back, type]: readonly [boolean, string]): Clause =>
  back ? { kind: 'has', type, param: 'link', where } : { kind: 'chain', param: 'link', types: [type], where };

export const { clauses } = fc.letrec<{ clauses: Clause }>((tie) => ({
  clauses: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: leaf },
    {
      weight: 2,
      arbitrary: fc.array(tie('clauses'), { maxLength: 3 }).map((of): Clause => ({ kind: 'all', of })),
    },
    {
      weight: 2,
      arbitrary: fc.array(tie('clauses'), { maxLength: 3 }).map((of): Clause => ({ kind: 'any', of })),
    },
    { weight: 1, arbitrary: tie('clauses').map((clause): Clause => ({ kind: 'not', clause })) },
    { weight: 2, arbitrary: fc.tuple(range, range).map((of): Clause => ({ kind: 'all', of })) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.subarray([...TYPES], { minLength: 1 }), tie('clauses'))
        .map(([types, where]): Clause => ({ kind: 'chain', param: 'link', types, where })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.array(fc.tuple(fc.boolean(), fc.constantFrom(...TYPES)), { minLength: 2, maxLength: 5 }),
          leaf,
        )
        .map(([hops, where]) => hops.reduce(onward, where)),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...TYPES), tie('clauses'))
        .map(([type, where]): Clause => ({ kind: 'has', type, param: 'link', where })),
    },
  ),
}));

/** What scopes may narrow: values of the version itself, of which it has one or another (smart 4.4). */
const scope: fc.Arbitrary<Clause> = fc.oneof(
  fc.record({
    kind: fc.constant('token' as const),
    param: fc.constantFrom('code', 'status'),
    code: fc.constantFrom(...CODES),
  }),
  fc.record({ kind: fc.constant('reference' as const), param: fc.constant('link'), to: fc.tuple(ref, ref) }),
  range,
  fc.constantFrom<Ref>('Patient/1', 'Patient/2').map((patient): Clause => ({ kind: 'inside', patient })),
  fc.subarray<Ref | ''>(['', ...ORGS]).map((of): Clause => ({ kind: 'keeper', of })),
);

const narrow = fc.dictionary(
  fc.constantFrom(...TYPES),
  fc.array(scope, { maxLength: 3 }).map((of): Clause => ({ kind: 'any', of })),
  { maxKeys: 2 },
);

const sight: fc.Arbitrary<Sight> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...ORGS), narrow)
    .map(([organization, left]): Sight => ({ everything: false, organization, narrow: left })),
  fc.constant<Sight>({ everything: true }),
  fc.constantFrom(...ORGS).map((organization): Sight => ({ everything: false, organization })),
  fc
    .tuple(fc.constantFrom(...ORGS), fc.constantFrom<Ref>('Patient/1', 'Patient/2'))
    .map(([organization, patient]): Sight => ({ everything: false, organization, patient })),
);

const sort = fc.array(
  fc.record({
    param: fc.constantFrom('code', 'name', 'when', 'link', '_id', '_lastUpdated', 'unheard'),
    descending: fc.boolean(),
  }),
  { maxLength: 3 },
);

/** A search, and how many commits before the last it looks. */
export const queries: fc.Arbitrary<{ readonly query: Query; readonly back: number }> = fc.record({
  query: fc.record({
    type: fc.constantFrom(...TYPES),
    where: clauses,
    sort,
    sight,
    count: fc.nat(4),
    offset: fc.nat(3),
    total: fc.constant(true),
  }),
  back: fc.nat(8),
});

/** A query whose `_lastUpdated` counts from an instant. */
export function after(instant: number, query: Query): Query {
  return { ...query, where: shift(query.where, instant) };
}

function shift(clause: Clause, by: number): Clause {
  if (clause.kind === 'updated') return { ...clause, low: clause.low + by, high: clause.high + by };
  if (clause.kind === 'all' || clause.kind === 'any')
    return { ...clause, of: clause.of.map((one) => shift(one, by)) };
  if (clause.kind === 'not') return { ...clause, clause: shift(clause.clause, by) };
  return 'where' in clause ? { ...clause, where: shift(clause.where, by) } : clause;
}
