/** Message-IDs, by which a notification finds the entry that a mail was made from (direct-xdm 6, 11). */
import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { entryOfMessageId, messageIdOf } from '../../../../src/direct/message-id.ts';
import { createMessageKey, readMessageKey } from '../../../../src/operations/packages/message-key.ts';
import { openWorld } from '../../../contract/delivery-world.ts';

const KEY = Buffer.alloc(32, 7);
const FROM = 'a@direct.alder.example.org';
const TO = 'b@direct.tarn.example.org';
const SENT = { entry: '812-0', attempt: 1, from: FROM, to: TO } as const;

test('(direct-xdm 6) every attempt has its own, and each leads to the entry', () => {
  const ids = [1, 2, 3].map((attempt) => messageIdOf(KEY, { ...SENT, attempt }));
  expect(new Set(ids).size).toBe(3);
  expect(ids.map((id) => entryOfMessageId(KEY, id, SENT))).toEqual(['812-0', '812-0', '812-0']);
  expect(ids[0]).toMatch(/^cl-812-0-1-[\da-f]{24}@direct\.alder\.example\.org$/);
});

const GOOD = messageIdOf(KEY, SENT);

test.each([
  ['of another recipient', messageIdOf(KEY, { ...SENT, to: 'x@direct.tarn.example.org' })],
  ['of another sender', messageIdOf(KEY, { ...SENT, from: 'x@direct.alder.example.org' })],
  ['of another entry', GOOD.replace('812', '813')],
  ['of another attempt', GOOD.replace('-0-1-', '-0-2-')],
  ['made with another secret', messageIdOf(Buffer.alloc(32, 8), SENT)],
  ['with a part of its tag', GOOD.replace(/[\da-f]{8}@/, '@')],
  ['at another domain', GOOD.replace('alder', 'elder')],
  ['with something after it', `${GOOD}x`],
  ['of another program', 'r1@direct.alder.example.org'],
  ['that is none', ''],
])('(routing RL13) an id %s leads nowhere', (_what, id) => {
  expect(entryOfMessageId(KEY, id, SENT)).toBeUndefined();
});

test('the secret is made once, whoever asks first, and is the same after a restart', async () => {
  const world = await openWorld();
  const { store } = world;
  try {
    expect(await readMessageKey(store.snapshot())).toBeUndefined();
    const servers = [1, 2].map(() => createMessageKey({ store, random: randomBytes }));
    const [first, ...others] = await Promise.all([...servers, ...servers].map((key) => key()));
    expect(first).toHaveLength(32);
    expect(new Set(others.map(String))).toEqual(new Set([String(first)]));
    const restarted = createMessageKey({ store, random: randomBytes });
    expect(Buffer.from(await restarted()).equals(first ?? Buffer.of())).toBe(true);
    const rows = await store.snapshot().audit({ viewer: undefined, names: [], count: 10 });
    expect(rows.filter(({ entry }) => entry.query === 'job direct-secret')).toHaveLength(1);
  } finally {
    await world.close();
  }
});

test('a secret that could not be written is made the next time', async () => {
  const world = await openWorld();
  const { store } = world;
  let isFull = true;
  const commit: typeof store.commit = async (given) => {
    if (isFull) throw new Error('no room');
    return store.commit(given);
  };
  try {
    const key = createMessageKey({ store: { ...store, commit }, random: randomBytes });
    await expect(key()).rejects.toThrow('no room');
    isFull = false;
    expect(await key()).toEqual(await readMessageKey(store.snapshot()));
  } finally {
    await world.close();
  }
});
