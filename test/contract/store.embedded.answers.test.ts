/** Reads that were answered are remembered by sight: what a commit or the clock takes from a sight is told at no later read. */
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Sight } from '../../src/ports/query.ts';
import type { Store, Version } from '../../src/ports/store.ts';
import { createAnswers } from '../../src/stores/embedded/answers.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import {
  audit,
  commitOf,
  EVERYTHING,
  handClock,
  NORTH,
  remove,
  seenBy,
  SOUTH,
  told,
  WEST,
  write,
} from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
afterAll(() => world.end());

const isOf = async (store: Store, organization: Ref, ref: Ref = 'Task/a'): Promise<string | undefined> => {
  const version = await store.snapshot().read(ref, seenBy(organization));
  return version?.text;
};
/** Reads twice, so that the second answer may be a remembered one. */
async function seen(store: Store, organization: Ref, ref?: Ref): Promise<boolean> {
  const [first, second] = [await isOf(store, organization, ref), await isOf(store, organization, ref)];
  expect(second).toBe(first);
  return first !== undefined;
}

const denial = (since?: number, until?: number) => ({
  source: 'Consent/c' as const,
  denial: {
    patient: 'Patient/p' as const,
    restriction: {
      denies: true,
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      exceptions: [],
    },
    actors: {},
    foundBy: [],
  },
});

describe('a read that is asked again', () => {
  test('ends with the sight that a later write takes away', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a', { reach: told(NORTH, SOUTH) })]));
    expect(await seen(store, SOUTH)).toBe(true);
    expect(await seen(store, WEST)).toBe(false);
    await store.commit(commitOf([write('Task/a', { base: seq, reach: told(NORTH, WEST) })]));
    expect(await seen(store, SOUTH)).toBe(false);
    expect(await seen(store, WEST)).toBe(true);
  });

  test('is of the newest version, whatever was audited between, and of its moment for an earlier snapshot', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a', { is: 'first' })]));
    const earlier = store.snapshot();
    expect(await isOf(store, NORTH)).toContain('first');
    await store.record(audit({ event: 'read', action: 'R' }));
    expect(await isOf(store, NORTH)).toContain('first');
    const { seq: next } = await store.commit(commitOf([write('Task/a', { is: 'second', base: seq })]));
    expect(await isOf(store, NORTH)).toContain('second');
    await store.record(audit({ event: 'read', action: 'R' }));
    expect((await earlier.read('Task/a', seenBy(NORTH)))?.text).toContain('first');
    expect(await isOf(store, NORTH)).toContain('second');
    await store.commit(commitOf([remove('Task/a', next)]));
    expect(await store.snapshot().read('Task/a', seenBy(NORTH))).toMatchObject({ method: 'DELETE' });
  });

  test('ends with a denial that is written, and at the instant from which one denies', async () => {
    const clock = handClock();
    const store = await world.open({ clock });
    const values = [{ param: ':patient', low: 'Patient/p', high: '' }];
    const task = write('Task/a', { reach: told(NORTH, SOUTH), values });
    await store.commit(commitOf([write('Patient/p'), task]));
    expect(await seen(store, SOUTH)).toBe(true);
    await store.commit(commitOf([], { denials: [denial()] }));
    expect(await seen(store, SOUTH)).toBe(false);
    await store.commit(commitOf([], { denials: [denial(clock.at + 10, clock.at + 20)] }));
    expect(await seen(store, SOUTH)).toBe(true);
    clock.at += 10;
    expect(await seen(store, SOUTH)).toBe(false);
    clock.at += 10;
    expect(await seen(store, SOUTH)).toBe(true);
  });
});

describe('what is remembered', () => {
  const version = (id: number, length = 1): Version => ({
    ref: `Task/${id}` satisfies Ref,
    seq: 1,
    at: '2026-01-01T00:00:00.000Z',
    method: 'POST',
    custodian: '',
    text: 'x'.repeat(length),
  });
  const never = (): boolean => false;

  test('is of the sight that was asked, and of no sight that asks of denials in its own way', () => {
    const answers = createAnswers(() => 7, never);
    const by = { everything: false, organization: SOUTH } as const;
    const south = seenBy(SOUTH);
    answers.keep(south, version(1), 7);
    expect(answers.find(south, 'Task/1', 7)).toBeDefined();
    expect(answers.find(south, 'Task/1', 6)).toBeUndefined();
    const others: Sight[] = [seenBy(WEST), seenBy(SOUTH, 'Patient/p'), { ...by, payload: 'food' }];
    const none: Sight[] = [EVERYTHING, { ...by, denied: 'seen' }, { ...by, lifted: [] }];
    for (const other of [...others, ...none]) {
      expect(answers.find(other, 'Task/1', 7)).toBeUndefined();
      answers.keep(other, version(2), 7);
    }
    for (const other of others) expect(answers.find(other, 'Task/2', 7)).toBeDefined();
    for (const other of [south, ...none]) expect(answers.find(other, 'Task/2', 7)).toBeUndefined();
    answers.forget();
    expect(answers.find(south, 'Task/1', 7)).toBeUndefined();
  });

  test('is nothing that the clock may take away, nor what was read behind the head', () => {
    const answers = createAnswers(
      () => 7,
      (_organization, ref) => ref === 'Task/1',
    );
    answers.keep(seenBy(SOUTH), version(1), 7);
    answers.keep(seenBy(SOUTH), version(2), 6);
    expect(answers.find(seenBy(SOUTH), 'Task/1', 7)).toBeUndefined();
    expect(answers.find(seenBy(SOUTH), 'Task/2', 7)).toBeUndefined();
  });

  test('is bounded in number and in characters', () => {
    const answers = createAnswers(() => 1, never);
    for (let id = 0; id < 5001; id += 1) answers.keep(seenBy(SOUTH), version(id), 1);
    expect(answers.find(seenBy(SOUTH), 'Task/0', 1)).toBeUndefined();
    expect(answers.find(seenBy(SOUTH), 'Task/5000', 1)).toBeDefined();
    for (let id = 0; id < 129; id += 1) answers.keep(seenBy(SOUTH), version(id, 65_536), 1);
    expect(answers.find(seenBy(SOUTH), 'Task/5000', 1)).toBeUndefined();
    answers.keep(seenBy(SOUTH), version(9000, 65_537), 1);
    expect(answers.find(seenBy(SOUTH), 'Task/9000', 1)).toBeUndefined();
  });
});
