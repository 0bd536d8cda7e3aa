/** FairTurns of organizations that work beside each other (rules 5.8). */
import { describe, expect, test } from '@jest/globals';
import { createFairTurns } from '../../../src/operations/fair-turns.ts';

function open() {
  const clock = { at: 1_000_000, isLate: true };
  const turns = createFairTurns({
    atOnceMax: 2,
    presentMs: 1000,
    isLate: () => clock.isLate,
    now: () => clock.at,
  });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (owner: string, name: string): Promise<void> =>
    turns.take(owner, () => {
      begun.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await settle();
  };
  return { clock, begun, take, end, settle, spare: (idle: number) => turns.spare(idle) };
}

describe('(rules 5.8) turns', () => {
  test('who works alone is not held back', async () => {
    const { begun, take, settle } = open();
    for (const name of ['a1', 'a2', 'a3', 'a4']) void take('a', name);
    await settle();
    expect(begun).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  test('nobody waits while the main thread is in time', async () => {
    const { clock, begun, take, settle } = open();
    clock.isLate = false;
    void take('b', 'b1');
    for (const name of ['a1', 'a2', 'a3']) void take('a', name);
    await settle();
    expect(begun).toEqual(['b1', 'a1', 'a2', 'a3']);
  });

  test('beside another, each has its share in hand, and its own wait in order', async () => {
    const { begun, take, end, settle } = open();
    void take('b', 'b1');
    for (const name of ['a1', 'a2', 'a3', 'a4']) void take('a', name);
    void take('b', 'b2');
    await settle();
    expect(begun).toEqual(['b1', 'a1', 'a2', 'b2']);
    await end('a2');
    expect(begun).toEqual(['b1', 'a1', 'a2', 'b2', 'a3']);
    await end('a1');
    expect(begun.at(-1)).toBe('a4');
  });

  test('when the other has been away for a while, everything goes on', async () => {
    const { clock, begun, take, end, settle } = open();
    const away = take('b', 'b1');
    for (const name of ['a1', 'a2', 'a3', 'a4']) void take('a', name);
    await end('b1');
    await away;
    clock.at += 1001;
    await end('a1');
    await settle();
    expect(begun).toEqual(['b1', 'a1', 'a2', 'a3', 'a4']);
  });

  test('while the main thread has time to spare, more of each line go, in order', async () => {
    const { begun, take, end, settle, spare } = open();
    void take('b', 'b1');
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) void take('a', name);
    await settle();
    spare(0);
    await settle();
    expect(begun).toEqual(['b1', 'a1', 'a2']);
    spare(0.125);
    await settle();
    expect(begun).toEqual(['b1', 'a1', 'a2', 'a3', 'a4']);
    // Those that went beyond the share count: the next waits until fewer than the share are in hand, or there is time again.
    await end('a1');
    await end('a2');
    expect(begun.at(-1)).toBe('a4');
    await end('a3');
    expect(begun.at(-1)).toBe('a5');
  });

  test('in hand of one are never more than 32, however much time there is to spare', async () => {
    const { begun, take, settle, spare } = open();
    void take('b', 'b1');
    for (let i = 0; i < 50; i += 1) void take('a', `a${i}`);
    for (let i = 0; i < 10; i += 1) spare(1);
    await settle();
    expect(begun).toHaveLength(1 + 32);
  });

  test('work that fails gives its turn back', async () => {
    const turns = createFairTurns({ atOnceMax: 1, presentMs: 1000, isLate: () => true, now: () => 0 });
    await turns.take('b', async () => undefined);
    await expect(turns.take('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await turns.take('a', async () => 'next')).toBe('next');
  });
});
