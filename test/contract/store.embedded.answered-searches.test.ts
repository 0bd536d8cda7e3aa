/** Pages of searches are remembered by sight: what a commit or the clock takes from a sight is on no later page. */
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, Page, Query, Sight } from '../../src/ports/query.ts';
import type { Store } from '../../src/ports/store.ts';
import { createAnsweredSearches } from '../../src/stores/embedded/search/answered-searches.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import {
  audit,
  byStatus,
  commitOf,
  EVERYTHING,
  find,
  handClock,
  NORTH,
  remove,
  seenBy,
  SOUTH,
  status,
  told,
  WEST,
  write,
} from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
afterAll(() => world.end());

const task = (id: string, given: Parameters<typeof write>[1] = {}) =>
  write(`Task/${id}`, { values: [status('active')], reach: told(NORTH, SOUTH), ...given });
const asked = (sight: Sight): Query => byStatus('Task', 'active', { sight });
/** Searches twice, so that the second page may be a remembered one. */
async function seen(store: Store, organization: Ref): Promise<readonly Ref[]> {
  const query = asked(seenBy(organization));
  const [first, second] = [await find(store, query), await find(store, query)];
  expect(second).toEqual(first);
  return first;
}

describe('a search that is asked again', () => {
  test('has what was written since, not what was deleted, and nothing of an ended sight', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([task('a')]));
    expect(await seen(store, SOUTH)).toEqual(['Task/a']);
    expect(await seen(store, WEST)).toEqual([]);
    await store.record(audit({ event: 'search', action: 'E' }));
    expect(await seen(store, SOUTH)).toEqual(['Task/a']);
    await store.commit(commitOf([task('b')]));
    expect(await seen(store, SOUTH)).toEqual(['Task/b', 'Task/a']);
    const { seq: moved } = await store.commit(commitOf([task('a', { base: seq, reach: told(NORTH, WEST) })]));
    expect(await seen(store, SOUTH)).toEqual(['Task/b']);
    expect(await seen(store, WEST)).toEqual(['Task/a']);
    await store.commit(commitOf([remove('Task/a', moved)]));
    expect(await seen(store, WEST)).toEqual([]);
  });

  test('is of its moment for an earlier snapshot', async () => {
    const store = await world.open();
    await store.commit(commitOf([task('a')]));
    const earlier = store.snapshot();
    await store.commit(commitOf([task('b')]));
    expect(await seen(store, SOUTH)).toEqual(['Task/b', 'Task/a']);
    const page = await earlier.search(asked(seenBy(SOUTH)));
    expect(page.matches.map(({ ref }) => ref)).toEqual(['Task/a']);
    expect(await seen(store, SOUTH)).toEqual(['Task/b', 'Task/a']);
  });

  test('ends at the instant from which a denial withholds what is on its page', async () => {
    const clock = handClock();
    const store = await world.open({ clock });
    const values = [status('active'), { param: ':patient', low: 'Patient/p', high: '' }];
    await store.commit(commitOf([write('Patient/p'), task('a', { values })]));
    expect(await seen(store, SOUTH)).toEqual(['Task/a']);
    const restriction = { denies: true, since: clock.at + 10, until: clock.at + 20, exceptions: [] };
    const denial = { patient: 'Patient/p', restriction, actors: {}, foundBy: [] } as const;
    await store.commit(commitOf([], { denials: [{ source: 'Consent/c', denial }] }));
    expect(await seen(store, SOUTH)).toEqual(['Task/a']);
    clock.at += 10;
    expect(await seen(store, SOUTH)).toEqual([]);
    clock.at += 10;
    expect(await seen(store, SOUTH)).toEqual(['Task/a']);
  });
});

describe('what is remembered', () => {
  const never = (): boolean => false;
  const pageOf = (length = 1): Page => ({
    matches: [{ ref: 'Task/1', seq: 1, custodian: '', text: 'x'.repeat(length) }],
    more: false,
  });
  const query = asked(seenBy(SOUTH));
  const range = (high: number): Clause => ({ kind: 'range', param: 'n', prefix: 'ge', low: 0, high });

  test('has a name for all that is asked, and none where a sight asks in its own way', () => {
    const { nameOf } = createAnsweredSearches(9, () => 7, never);
    const by = { everything: false, organization: SOUTH } as const;
    const others: Query[] = [
      asked(seenBy(WEST)),
      asked(seenBy(SOUTH, 'Patient/p')),
      asked({ ...by, payload: 'food' }),
      asked({ ...by, hidden: ['mark'] }),
      byStatus('Task', 'draft', { sight: by }),
      byStatus('Consent', 'active', { sight: by }),
      ...[Infinity, -Infinity].map((high) => ({ ...query, where: range(high) })),
      { ...query, sort: [{ param: 'status', descending: false }] },
      { ...query, count: 3 },
      { ...query, offset: 3 },
      { ...query, total: !query.total },
      { ...query, characters: 5 },
    ];
    expect(new Set([query, ...others].map(nameOf)).size).toBe(others.length + 1);
    const none: Sight[] = [
      EVERYTHING,
      { ...by, denied: 'seen' },
      { ...by, lifted: [] },
      { ...by, narrow: {} },
    ];
    for (const sight of none) expect(nameOf(asked(sight))).toBeUndefined();
    expect(nameOf(byStatus('Task', 'x'.repeat(2048), { sight: by }))).toBeUndefined();
    expect(createAnsweredSearches(0, () => 7, never).nameOf(query)).toBeUndefined();
  });

  test('is nothing of a sight from which a clock may take, nor what was found behind the head', () => {
    const pages = createAnsweredSearches(
      9,
      () => 7,
      (organization) => organization === WEST,
    );
    pages.keep('denied', asked(seenBy(WEST)), pageOf(), 7);
    pages.keep('behind', query, pageOf(), 6);
    pages.keep('now', query, pageOf(), 7);
    expect(['denied', 'behind', 'now'].map((name) => pages.find(name, 7) !== undefined)).toEqual([
      false,
      false,
      true,
    ]);
    expect(pages.find('now', 6)).toBeUndefined();
    pages.forget();
    expect(pages.find('now', 7)).toBeUndefined();
  });

  test('is bounded in number and in characters', () => {
    const pages = createAnsweredSearches(33, () => 1, never);
    for (let i = 0; i <= 33; i += 1) pages.keep(`${i}`, query, pageOf(), 1);
    expect(pages.find('0', 1)).toBeUndefined();
    expect(pages.find('33', 1)).toBeDefined();
    pages.forget();
    for (let i = 0; i <= 32; i += 1) pages.keep(`${i}`, query, pageOf(262_144), 1);
    expect(pages.find('0', 1)).toBeUndefined();
    expect(pages.find('32', 1)).toBeDefined();
    pages.keep('long', query, pageOf(262_145), 1);
    expect(pages.find('long', 1)).toBeUndefined();
  });
});
