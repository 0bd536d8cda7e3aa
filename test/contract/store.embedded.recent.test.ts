/** Versions that were read lately are remembered: nobody is ever told what a commit has replaced, nor what is not theirs. */
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Version } from '../../src/ports/store.ts';
import { createRecent } from '../../src/stores/embedded/recent.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { commitOf, EVERYTHING, remove, seenBy, SOUTH, write } from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
afterAll(() => world.end());

describe('the newest version, read again and again', () => {
  test('is the one of the last acknowledged commit, by whatever it was replaced', async () => {
    const store = await world.open();
    const read = async () => store.snapshot().read('Task/a', EVERYTHING);
    const { seq: first } = await store.commit(commitOf([write('Task/a', { is: 'first' })]));
    expect((await read())?.text).toContain('first');
    expect(await read()).toEqual(await read());
    const { seq: second } = await store.commit(commitOf([write('Task/a', { is: 'second', base: first })]));
    expect((await read())?.text).toContain('second');
    const { seq: third } = await store.commit(commitOf([remove('Task/a', second)]));
    expect(await read()).toMatchObject({ seq: third, method: 'DELETE', text: undefined });
    await store.commit(commitOf([write('Task/a', { is: 'back' })]));
    expect((await read())?.text).toContain('back');
  });

  test('is that of its own moment for an earlier snapshot, whichever was read first', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a', { is: 'first' })]));
    const earlier = store.snapshot();
    await earlier.read('Task/a', EVERYTHING);
    await store.commit(commitOf([write('Task/a', { is: 'second', base: seq })]));
    expect((await earlier.read('Task/a', EVERYTHING))?.text).toContain('first');
    expect((await store.snapshot().read('Task/a', EVERYTHING))?.text).toContain('second');
    expect((await earlier.read('Task/a', EVERYTHING))?.text).toContain('first');
    expect(await store.snapshot(seq - 1).read('Task/a', EVERYTHING)).toBeUndefined();
  });

  test('is remembered as of an earlier commit while no other has come, and no longer', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a', { is: 'first' })]));
    await store.commit(commitOf([write('Task/b')]));
    const earlier = await store.snapshot(seq).read('Task/a', EVERYTHING);
    expect(await store.snapshot(seq).read('Task/a', EVERYTHING)).toBe(earlier);
    expect(await store.snapshot().read('Task/a', EVERYTHING)).toBe(earlier);
    await store.commit(commitOf([write('Task/a', { is: 'second', base: seq })]));
    const replaced = await store.snapshot(seq).read('Task/a', EVERYTHING);
    expect(replaced?.text).toContain('first');
    expect(await store.snapshot(seq).read('Task/a', EVERYTHING)).not.toBe(replaced);
    expect((await store.snapshot().read('Task/a', EVERYTHING))?.text).toContain('second');
  });

  test('stays hidden from who may not see it, although the server has just read it', async () => {
    const store = await world.open();
    await store.commit(commitOf([write('Task/a')]));
    expect(await store.snapshot().read('Task/a', EVERYTHING)).toBeDefined();
    expect(await store.snapshot().read('Task/a', seenBy(SOUTH))).toBeUndefined();
  });

  test('is its custodian’s to see, and within one patient’s compartment only what is about that patient', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a', { is: 'first' })]));
    const remembered = await store.snapshot().read('Task/a', EVERYTHING);
    const own = { everything: false, organization: remembered?.custodian as Ref } as const;
    expect(await store.snapshot().read('Task/a', own)).toBe(remembered);
    expect(await store.snapshot().read('Task/a', { ...own, patient: 'Patient/p' })).toBeUndefined();
    await store.commit(commitOf([write('Task/a', { is: 'second', base: seq })]));
    expect((await store.snapshot().read('Task/a', own))?.text).toContain('second');
    expect((await store.snapshot(seq).read('Task/a', own))?.text).toContain('first');
  });

  test('is the stored one after a commit that was refused as stale', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a', { is: 'first' })]));
    await store.snapshot().read('Task/a', EVERYTHING);
    const stale = store.commit(commitOf([write('Task/a', { is: 'stale', base: seq + 5 })]));
    await expect(stale).rejects.toMatchObject({ reason: 'stale' });
    expect((await store.snapshot().read('Task/a', EVERYTHING))?.text).toContain('first');
  });
});

describe('what is remembered', () => {
  const version = (id: number, seq: number, length = 1): Version => ({
    ref: `Task/${id}` satisfies Ref,
    seq,
    at: '2026-01-01T00:00:00.000Z',
    method: 'POST',
    custodian: '',
    text: 'x'.repeat(length),
  });

  test('is what was read at the head, or is known to be current: something newer may be there', () => {
    const recent = createRecent(() => 7);
    recent.keep(version(1, 3), 6);
    expect(recent.find('Task/1', 7)).toBeUndefined();
    recent.keep(version(1, 3), 7);
    expect(recent.find('Task/1', 7)?.seq).toBe(3);
    expect(recent.find('Task/1', 2)).toBeUndefined();
    recent.keep(version(2, 3), 6, true);
    expect(recent.find('Task/2', 7)?.seq).toBe(3);
  });

  test('is bounded in number and in characters; the oldest goes first', () => {
    const recent = createRecent(() => 1);
    for (let id = 0; id < 5001; id += 1) recent.keep(version(id, 1), 1);
    expect(recent.find('Task/0', 1)).toBeUndefined();
    expect(recent.find('Task/1', 1)).toBeDefined();
    recent.keep(version(9000, 1), 1);
    for (let id = 0; id < 33; id += 1) recent.keep(version(id, 1, 256 * 1024), 1);
    expect(recent.find('Task/9000', 1)).toBeUndefined();
    expect(recent.find('Task/32', 1)).toBeDefined();
  });

  test('is no long text: it would take the place of many', () => {
    const recent = createRecent(() => 1);
    recent.keep(version(1, 1), 1);
    recent.keep(version(2, 1, 9 * 1024 * 1024), 1);
    expect(recent.find('Task/2', 1)).toBeUndefined();
    expect(recent.find('Task/1', 1)).toBeDefined();
  });
});
