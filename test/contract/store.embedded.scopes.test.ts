/** What narrowed scopes leave of old versions: a verdict is remembered until a commit may have changed it. */
import { afterAll, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, Sight } from '../../src/ports/query.ts';
import type { ScopeJudge } from '../../src/ports/scope-judge.ts';
import type { Store } from '../../src/ports/store.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { audit, commitOf, NO_REACH, NORTH, status, write } from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
afterAll(() => world.end());

const TASK: Ref = 'Task/a';
const clause: Clause = { kind: 'token', param: 'status', code: 'sent' };
const narrowed: Sight = { everything: false, organization: NORTH, narrow: { Task: clause } };
const isToldOf = async (store: Store, seq: number): Promise<boolean> =>
  (await store.snapshot().vread(TASK, seq, narrowed)) !== undefined;

test('an old version whose content is expunged is within no scope any more', async () => {
  const scopes: ScopeJudge = {
    valuesIn: () => [status('sent')],
    satisfies: (_, { values }) => values.length > 0,
  };
  const store = await world.open({ scopes });
  const { seq } = await store.commit(commitOf([write(TASK, { values: [status('sent')] })]));
  await store.commit(commitOf([write(TASK, { base: seq, values: [status('sent')] })]));
  expect([await isToldOf(store, seq), await isToldOf(store, seq)]).toEqual([true, true]);
  const entities = [`${TASK}/_history/${seq}`];
  await store.commit(commitOf([], { audit: [audit({ event: 'expunge', action: 'D', entities })] }));
  expect(await isToldOf(store, seq)).toBe(false);
});

test('a version is judged again once its resource has left the directory', async () => {
  const scopes: ScopeJudge = {
    valuesIn: () => [],
    satisfies: (_, { everyone, values }) => everyone || values.length > 0,
  };
  const store = await world.open({ scopes });
  const open = { ...NO_REACH, everyone: true };
  const { seq: first } = await store.commit(commitOf([write(TASK, { reach: open })]));
  const { seq } = await store.commit(commitOf([write(TASK, { base: first, reach: open })]));
  expect([await isToldOf(store, first), await isToldOf(store, seq)]).toEqual([true, true]);
  const { seq: newest } = await store.commit(
    commitOf([write(TASK, { base: seq, values: [status('sent')] })]),
  );
  expect([await isToldOf(store, first), await isToldOf(store, seq)]).toEqual([false, false]);
  expect(await isToldOf(store, newest)).toBe(true);
});
