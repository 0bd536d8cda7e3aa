/**
 * Challenges of passkeys (identity ID-29): bound to a browser and a purpose, good for five minutes and once. Nothing is kept
 * of those that were asked for: each bears its time and a MAC; of those that were answered a record remains until they are too
 * old.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../identity/seal.ts';
import { jobEntry } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Store } from '../ports/store.ts';
import { bearerHash, commitUnlessChanged } from './changes.ts';

interface Challenges {
  /** @param of what the answer will be for: `login`, or the enrolment of an account */
  ask(browser: string, of: string): Promise<Buffer>;
  /** The write by which an answered challenge is used up; undefined: it is none of this browser, or too old. */
  used(challenge: string, browser: string, of: string): Promise<RecordWrite | undefined>;
}

const KEY = { kind: 'challenge-key', key: '1' } as const;
const KEY_BYTES = 32;
const NONCE_BYTES = 16;
const TIME_BYTES = 6;
const GOOD_FOR_MS = 5 * 60_000;

export function createChallenges({
  store,
  clock,
  random,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomBytes;
}): Challenges {
  let known: Promise<Buffer> | undefined;
  const key = (): Promise<Buffer> => (known ??= readKey(store, random).catch(forget));
  const forget = (error: unknown): never => {
    known = undefined;
    throw error;
  };
  const macOf = async (head: Buffer, browser: string, of: string): Promise<Buffer> =>
    createHmac('sha256', await key())
      .update(head)
      .update(bearerHash(browser))
      .update(of)
      .digest();

  return {
    async ask(browser, of) {
      const time = Buffer.alloc(TIME_BYTES);
      time.writeUIntBE(clock.now(), 0, TIME_BYTES);
      const head = Buffer.concat([random(NONCE_BYTES), time]);
      return Buffer.concat([head, await macOf(head, browser, of)]);
    },
    async used(challenge, browser, of) {
      const bytes = Buffer.from(challenge, 'base64url');
      if (bytes.length !== NONCE_BYTES + TIME_BYTES + KEY_BYTES) return undefined;
      const head = bytes.subarray(0, NONCE_BYTES + TIME_BYTES);
      const age = clock.now() - head.readUIntBE(NONCE_BYTES, TIME_BYTES);
      const isOurs = timingSafeEqual(bytes.subarray(head.length), await macOf(head, browser, of));
      if (!isOurs || age < 0 || age > GOOD_FOR_MS) return undefined;
      return {
        kind: 'passkey-challenge',
        key: bearerHash(bytes.toString('base64url')),
        expect: 'absent',
        body: {},
        expiresAt: clock.now() + GOOD_FOR_MS,
      };
    },
  };
}

/** The key of the MACs, made once for all nodes. It opens nothing, so that it needs no seal. */
async function readKey(store: Store, random: RandomBytes): Promise<Buffer> {
  for (;;) {
    const record = await store.snapshot().record(KEY.kind, KEY.key);
    if (record !== undefined) return Buffer.from((record.body as { key: string }).key, 'base64url'); // written below
    const body = { key: random(KEY_BYTES).toString('base64url') };
    const row = jobEntry('challenge-key');
    await commitUnlessChanged(store, auditedCommit([row], { records: [{ ...KEY, expect: 'absent', body }] }));
  }
}
