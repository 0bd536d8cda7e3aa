/** Keys of clients are fetched when they must be, kept as long as they may be, and judged (smart SM-66, SM-67). */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createClientKeys, type FindClientKeys } from '../../../../src/http/auth/client-keys.ts';
import { ConnectionFailed, type HttpClient } from '../../../../src/ports/outgoing.ts';
import { makeKey, type TestKey } from '../../../smart.ts';

let key: TestKey;
let other: TestKey;
beforeAll(async () => {
  [key, other] = await Promise.all([makeKey('ES384', 'first'), makeKey('ES384', 'second')]);
});

interface Answer {
  readonly status?: number;
  readonly cacheControl?: string;
  readonly keys?: readonly object[];
  readonly fails?: true;
}

interface Fetching {
  readonly find: FindClientKeys;
  readonly fetched: () => number;
  readonly faults: string[];
  readonly pass: (ms: number) => void;
  readonly answers: (next: Answer) => void;
}

function openFetching(first: Answer): Fetching {
  let [now, fetched, answer] = [0, 0, first];
  const faults: string[] = [];
  const send: HttpClient['send'] = async () => {
    fetched += 1;
    if (answer.fails === true) throw new ConnectionFailed('policy');
    const body = JSON.stringify({ keys: answer.keys ?? [key.publicJwk] });
    return {
      status: answer.status ?? 200,
      retryAfter: undefined,
      cacheControl: answer.cacheControl,
      body,
      bytes: Buffer.from(body),
    };
  };
  const find = createClientKeys({
    http: { send },
    now: () => now,
    failed: (_client, why) => faults.push(why),
  });
  return {
    find,
    fetched: () => fetched,
    faults,
    pass: (ms) => (now += ms),
    answers: (next) => (answer = next),
  };
}

const ask = async ({ find }: Fetching, keyId = 'first'): Promise<readonly string[]> =>
  (await find('client', 'https://client.example/jwks', keyId)).map(({ kid = '' }) => kid);

describe('a set of keys', () => {
  test('(smart SM-67) is kept as long as its answer allows', async () => {
    const fetching = openFetching({ cacheControl: 'max-age=3600' });
    await ask(fetching);
    fetching.pass(3_599_000);
    await ask(fetching);
    expect(fetching.fetched()).toBe(1);
    fetching.pass(2000);
    await ask(fetching);
    expect(fetching.fetched()).toBe(2);
  });

  test.each(['no-store', 'no-cache', 'max-age=0'])(
    '(smart SM-67) is not kept at all by %s',
    async (cacheControl) => {
      const fetching = openFetching({ cacheControl });
      await ask(fetching);
      await ask(fetching);
      expect(fetching.fetched()).toBe(2);
    },
  );

  test('(smart SM-67) is asked for again by an unknown kid, once in 30 seconds', async () => {
    const fetching = openFetching({ cacheControl: 'max-age=3600' });
    await ask(fetching);
    fetching.answers({ cacheControl: 'max-age=3600', keys: [key.publicJwk, other.publicJwk] });
    expect(await ask(fetching, 'second')).toEqual(['first']);
    fetching.pass(30_000);
    expect(await ask(fetching, 'second')).toEqual(['first', 'second']);
    await ask(fetching, 'third');
    expect(fetching.fetched()).toBe(2);
  });

  test('(smart SM-67) is fetched once for many who ask at a time', async () => {
    const fetching = openFetching({});
    await Promise.all(Array.from({ length: 20 }, () => ask(fetching)));
    expect(fetching.fetched()).toBe(1);
  });

  test.each<[string, () => Answer]>([
    ['that cannot be had', () => ({ fails: true })],
    ['of a redirect', () => ({ status: 302 })],
    ['with a private key', () => ({ keys: [{ ...key.publicJwk, d: 'secret' }] })],
    ['with one kid twice', () => ({ keys: [key.publicJwk, key.publicJwk] })],
    ['without keys', () => ({ keys: [] })],
  ])('(smart SM-66, SM-67) %s holds no keys, and the log says why', async (_what, answer) => {
    const fetching = openFetching(answer());
    expect(await ask(fetching)).toEqual([]);
    expect(fetching.faults).toHaveLength(1);
  });
});
