/** What is soon found is looked up where it is asked: no thread searches here. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { administrator, openWorld, type World } from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { searchWorkers: 0, searchesQueuedMax: 0 } });
  const url = 'https://example.org/map';
  const map = { resourceType: 'ConceptMap', status: 'active', url, title: 'A map' };
  await world.create(administrator, map);
  await world.create(administrator, {
    ...map,
    url: 'https://example.org/long',
    title: 'x'.repeat(1_100_000),
  });
});
afterAll(() => world.close());

test.each([
  ['two conditions', 'status=active&url=https://example.org/map', 'https://example.org/map'],
  ['a uri', 'url=https://example.org/map', 'https://example.org/map'],
  ['a uri below another', 'url:below=https://example.org/map', 'https://example.org/map'],
  ['what is long', 'url=https://example.org/long', 'https://example.org/long'],
  ['words', '_content=map', 'busy'],
  ['a long page', 'status=active&_count=500', 'busy'],
])('%s', async (_what, query, found) => {
  const { code, text } = await world.ask(administrator, 'GET', `ConceptMap?${query}`);
  expect(code ?? text).toContain(found);
});

test('a type of which nothing is stored needs no thread, one of which something is stored does', async () => {
  for (const query of ['?_count=500', '?_sort=_lastUpdated&_count=500', '?status:not=active&_count=500']) {
    expect((await world.bundle(administrator, `Account${query}`)).entry ?? []).toEqual([]);
    expect((await world.ask(administrator, 'GET', `ConceptMap${query}`)).code).toBe('busy');
  }
});
