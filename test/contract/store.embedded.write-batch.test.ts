/** What goes down with one flush: light work is not held up by all heavy work that came before it. */
import { afterAll, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { audit, commitOf, write } from './store-world.ts';

const world = createEmbeddedWorld();
afterAll(() => world.end());

const heavy = (ref: Ref) => commitOf([write(ref, { is: 'x'.repeat(1_000_000) })]);
const light = (ref: Ref) => commitOf([write(ref)]);

test('a light commit and a read audit wait for one heavy commit at most, and each heavy one has its turn', async () => {
  const store = await world.open();
  const order: string[] = [];
  const noting = (name: string, done: Promise<unknown>): Promise<unknown> =>
    done.then(() => order.push(name));
  const first = [1, 2, 3, 4].map((n) => noting(`heavy ${n}`, store.commit(heavy(`Task/h${n}`))));
  const second = [noting('light', store.commit(light('Task/l1'))), noting('read', store.record(audit()))];
  await Promise.all([...first, ...second]);
  expect(order.indexOf('light')).toBeLessThan(2);
  expect(order.indexOf('read')).toBeLessThan(2);
  expect(order.filter((name) => name.startsWith('heavy'))).toEqual([
    'heavy 1',
    'heavy 2',
    'heavy 3',
    'heavy 4',
  ]);
});

test('a heavy commit is passed over once, however much light work comes', async () => {
  const store = await world.open();
  const waiting: Promise<unknown>[] = [];
  let isHeavyDone = false;
  const done = store.commit(heavy('Task/heavy')).then(() => (isHeavyDone = true));
  let groups = 0;
  for (let n = 0; !isHeavyDone && n < 50; n += 1) {
    waiting.push(store.commit(light(`Task/n${n}`)));
    await waiting.at(-1);
    groups += 1;
  }
  await Promise.all([done, ...waiting]);
  expect(groups).toBeLessThanOrEqual(2);
});

test('light commits that wait together share a flush, in their order', async () => {
  const store = await world.open();
  const commits = Array.from({ length: 100 }, (_, n) => store.commit(light(`Task/s${n}`)));
  const seqs = (await Promise.all(commits)).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
});
