/** Search: what each kind of clause finds, alone and together. */
import { describe, expect, test } from '@jest/globals';
import type { Clause, Prefix } from '../../src/ports/query.ts';
import {
  all,
  any,
  chain,
  find,
  has,
  id,
  missing,
  not,
  openOnce,
  PREFIXES,
  text,
  to,
  token,
  uri,
  v,
} from './search-words.ts';
import type { SearchEngine } from './search-words.ts';
import { ask } from './search-world.ts';
import type { Put } from './search-world.ts';

const CLAUSES: readonly Put[] = [
  { ref: 'Patient/p', values: [v('family', 'muller', 'Müller'), v('identifier', '1', 'urn:mrn')] },
  { ref: 'Practitioner/p', values: [v('family', 'muller', 'Muller')] },
  { ref: 'ServiceRequest/s', values: [v('identifier', 'x', 'urn:a'), v('subject', 'Patient/p')] },
  {
    ref: 'Task/a',
    values: [
      v('status', 'requested', 'urn:s'),
      v('name', 'muller hans', 'Müller, Hans'),
      v('url', 'http://a/b/c'),
      v('focus', 'ServiceRequest/s'),
      v('subject', 'Patient/p'),
    ],
  },
  {
    ref: 'Task/b',
    values: [
      v('status', 'requested'),
      v('status', 'urgent', 'urn:t'),
      v('name', 'mull', 'MULL'),
      v('name', 'zebra\u{10ffff}', 'Zebra\u{10ffff}'),
      v('url', 'http://a/bc'),
      v('subject', 'Practitioner/p'),
      v('subject', 'https://elsewhere/Patient/p'),
    ],
  },
  { ref: 'Task/c', values: [v('status', 'urgent', 'urn:s'), v('url', 'http://a/b/')] },
];

export function describeClauses(open: () => Promise<SearchEngine>): void {
  const world = openOnce(open, async (one) => {
    for (const put of CLAUSES) await one.put(put);
  });
  const cases: readonly [says: string, where: Clause, found: string][] = [
    ['no condition', all(), 'c b a'],
    ['no alternative', any(), ''],
    ['token, any system', token('status', 'requested'), 'b a'],
    ['token of a system', token('status', 'requested', 'urn:s'), 'a'],
    ['token of no system', token('status', 'requested', ''), 'b'],
    ['token, any code of a system', token('status', undefined, 'urn:s'), 'c a'],
    ['token, any at all', token('status'), 'c b a'],
    ['token of another value of the same resource', token('status', 'requested', 'urn:t'), ''],
    ['an unknown parameter', token('unheard', 'x'), ''],
    ['not: no value satisfies', not(token('status', 'requested')), 'c'],
    ['not: without any value', not(token('focus', 'x')), 'c b a'],
    ['not a conjunction', not(all(token('status', 'urgent'), token('status', 'requested'))), 'c a'],
    ['missing', missing('name', true), 'c'],
    ['not missing', missing('name', false), 'b a'],
    ['missing, never named', missing('unheard', true), 'c b a'],
    ['string that starts', text('starts', 'mull'), 'b a'],
    ['string that starts, at the end of the alphabet', text('starts', 'zebra\u{10ffff}'), 'b'],
    ['string that starts with nothing', text('starts', ''), 'b a'],
    ['string that contains', text('contains', 'er h'), 'a'],
    ['string that contains a wildcard', text('contains', '%'), ''],
    ['string as written', text('exact', 'MULL'), 'b'],
    ['string as written otherwise', text('exact', 'mull'), ''],
    ['uri', uri('exact', 'http://a/b/c'), 'a'],
    ['uri below', uri('below', 'http://a/b'), 'c a'],
    ['uri below a folder', uri('below', 'http://a/b/'), 'c a'],
    ['uri above', uri('above', 'http://a/b/c/d'), 'c a'],
    ['reference', to('subject', 'Patient/p'), 'a'],
    ['reference to any of', to('subject', 'Patient/p', 'https://elsewhere/Patient/p'), 'b a'],
    [
      'reference to one of many',
      to('subject', ...Array.from({ length: 40 }, (_, i) => `Patient/${i}`), 'Practitioner/p'),
      'b',
    ],
    ['reference to none', to('subject'), ''],
    ['id', id('c', 'a', 'never'), 'c a'],
    ['all', all(token('status', 'urgent'), token('status', undefined, 'urn:s')), 'c'],
    ['any', any(uri('exact', 'http://a/bc'), id('c')), 'c b'],
    [
      'any of all',
      any(all(id('a'), token('status', 'urgent')), all(id('b'), token('status', 'urgent'))),
      'b',
    ],
    [
      'a bound and nothing',
      all({ kind: 'range', param: 'when', prefix: 'ge', low: 1, high: 1 }, to('subject')),
      '',
    ],
    ['chain', chain('focus', ['ServiceRequest'], token('identifier', 'x')), 'a'],
    ['chain to nothing', chain('focus', ['ServiceRequest'], token('identifier', 'y')), ''],
    ['chain to other types', chain('focus', ['Patient'], all()), ''],
    [
      'chain of several types',
      chain('subject', ['Patient', 'Practitioner'], {
        kind: 'string',
        param: 'family',
        match: 'starts',
        value: 'm',
      }),
      'b a',
    ],
    [
      'chain of two hops',
      chain('focus', ['ServiceRequest'], chain('subject', ['Patient'], token('identifier', '1'))),
      'a',
    ],
    ['chain, negated', not(chain('focus', ['ServiceRequest'], token('identifier', 'x'))), 'c b'],
    ['chain to any', chain('subject', ['Patient', 'Practitioner'], all()), 'b a'],
    ['chain to a negation', chain('focus', ['ServiceRequest'], not(token('identifier', 'y'))), 'a'],
  ];
  test.each(cases)('%s', async (_says, where, found) => {
    expect((await find(world(), ask(where))).join(' ')).toBe(found);
  });

  test.each<[string, Clause, string]>([
    ['has', has('Task', 'subject', token('status', 'requested')), 'p'],
    ['has, nobody', has('Task', 'subject', token('status', 'urgent')), ''],
    ['has, anybody', has('Task', 'subject', all()), 'p'],
    [
      'has within has',
      has('ServiceRequest', 'subject', has('Task', 'focus', token('status', 'requested'))),
      'p',
    ],
    ['has and chain back', has('Task', 'subject', chain('focus', ['ServiceRequest'], all())), 'p'],
  ])('%s', async (_says, where, found) => {
    expect((await find(world(), ask(where, { type: 'Patient' }))).join(' ')).toBe(found);
  });

  describe('ranges (R4 search, prefixes)', () => {
    describeRanges(open);
  });
}

const DAY = 86_400_000;

/** Around a searched interval from day 100 to day 200: every way in which two intervals can lie. */
const INTERVALS: Readonly<Record<string, readonly [number, number]>> = {
  before: [10, 20],
  touchingBelow: [90, 100],
  acrossBelow: [90, 110],
  inside: [120, 130],
  same: [100, 200],
  instant: [150, 150],
  around: [90, 210],
  acrossAbove: [190, 210],
  touchingAbove: [200, 210],
  acrossAboveBriefly: [199.6, 200.4],
  after: [300, 300.5],
};

function describeRanges(open: () => Promise<SearchEngine>): void {
  const world = openOnce(open, async (one) => {
    const puts = Object.entries(INTERVALS).map(([name, [low, high]]): Put => {
      return { ref: `Task/${name}`, values: [v('when', low * DAY, high * DAY)] };
    });
    await one.put(...puts);
  });
  const expected: Readonly<Record<Prefix, string>> = {
    eq: 'inside instant same',
    ne: 'acrossAbove acrossAboveBriefly acrossBelow after around before touchingAbove touchingBelow',
    gt: 'acrossAbove acrossAboveBriefly after around touchingAbove',
    lt: 'acrossBelow around before touchingBelow',
    ge: 'acrossAbove acrossAboveBriefly after around inside instant same touchingAbove',
    le: 'acrossBelow around before inside instant same touchingBelow',
    sa: 'after',
    eb: 'before',
    ap: 'acrossAbove acrossAboveBriefly acrossBelow around inside instant same touchingAbove touchingBelow',
  };
  test.each(PREFIXES)('%s', async (prefix) => {
    const where: Clause = { kind: 'range', param: 'when', prefix, low: 100 * DAY, high: 200 * DAY };
    expect((await find(world(), ask(where))).toSorted().join(' ')).toBe(expected[prefix]);
  });

  test('two bounds may be satisfied by two intervals of one resource', async () => {
    const both: Clause = all(
      { kind: 'range', param: 'when', prefix: 'lt', low: 50 * DAY, high: 50 * DAY },
      { kind: 'range', param: 'when', prefix: 'gt', low: 40 * DAY, high: 40 * DAY },
    );
    await world().put(
      { ref: 'Basic/two', values: [v('when', 10 * DAY, 11 * DAY), v('when', 90 * DAY, 91 * DAY)] },
      { ref: 'Basic/one', values: [v('when', 45 * DAY, 46 * DAY)] },
      { ref: 'Basic/neither', values: [v('when', 10 * DAY, 11 * DAY)] },
    );
    expect(await find(world(), ask(both, { type: 'Basic' }))).toEqual(['one', 'two']);
    const earliest = { type: 'Basic', sort: [{ param: 'when', descending: false }] };
    expect(await find(world(), ask(both, earliest))).toEqual(['two', 'one']);
  });
}
