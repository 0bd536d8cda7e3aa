/** Large bodies and messages are worked on in threads: with the same results as here, and one of each caller in turn. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from '../chance.ts';
import { OperationOutcomeError } from '../../src/fhir/issue.ts';
import { encodeJson, parseJson } from '../../src/fhir/json.ts';
import { bodyFrom, cutJson } from '../../src/fhir/json-pieces.ts';
import { createHeavyThreads, createTurnTaking, type HeavyThreads } from '../../src/server/heavy.ts';
import { bodyOfRead, type Heavy } from '../../src/operations/heavy.ts';
import { createInPlace } from '../../src/server/heavy-tasks.ts';
import { sample } from './hl7v2/samples.ts';

const LIMITS = { depth: 64 };
const soon = (): undefined => undefined;
const padding = (characters: number): string => 'x'.repeat(characters);

/** What a task comes to, or how it is refused. */
async function told(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.issues;
    throw error;
  }
}

describe('JSON in pieces', () => {
  const name = fc.constantFrom('a', 'b', '\\"', 'ü', 'extension', ' ', '{', ']', ',');
  const leaf = fc.oneof(
    fc.constantFrom(
      '1',
      '1.50',
      '-0',
      '1e3',
      'true',
      'null',
      '"\\\\"',
      '"\\""',
      '"]},{"',
      '"\\u00fc"',
      '{}',
      '[]',
    ),
    fc.nat(90_000).map((length) => `"${padding(length)}"`),
  );
  const { value: json } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 6 }).map((members) => `[ ${members.join(' ,\n')} ]`),
      fc
        .uniqueArray(fc.tuple(name, tie('value')), { selector: ([key]) => key, maxLength: 5 })
        .map((members) => `{${members.map(([key, value]) => `"${key}" : ${value}`).join(',')} }`),
    ),
  }));

  test('they are put together to what the whole text is', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        const text = ` {"resourceType":"Basic","x":${value},"y":[${value}]} `;
        const { plain, storing } = parseJson(text);
        const built = await bodyFrom(cutJson(text), storing !== plain, soon);
        expect(encodeJson(built.storing)).toBe(encodeJson(storing));
        expect(built.plain).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });
});

describe('threads', () => {
  let threads: HeavyThreads;
  const here = createInPlace(() => 'id');
  beforeAll(() => {
    threads = createHeavyThreads({ threads: 1, timeoutMs: 60_000 });
  });
  afterAll(() => threads.close());

  const bodies = [
    '{"resourceType":"Patient","birthDate":"2001-02-03","name":[{"family":"a"}]}',
    '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}',
    '{"resourceType":"Patient","name":[1,2],"gender":"none"}',
    '{"resourceType":"Patient","a":1,"a":2}',
    '{"resourceType":"Patient",',
    '{"resourceType":"Basic"}',
    `{"resourceType":"Basic","code":{"text":"${padding(200_000)}"}}`,
  ];
  const read = async (heavy: Heavy, text: string): Promise<unknown> =>
    bodyOfRead(await heavy('a', 'readBody', Buffer.from(text), 'json', LIMITS), soon);

  test.each(bodies.map((text) => [text.slice(0, 60), text]))(
    '%s: the same there as here',
    async (_says, text) => {
      const there = threads.heavy;
      expect(await told(() => read(there, text))).toEqual(await told(() => read(here, text)));
      const examine = (heavy: Heavy) => told(() => heavy('a', 'examine', text, { level: 'claimed' }));
      expect(await examine(there)).toEqual(await examine(here));
    },
  );

  test('a message is opened and wrapped the same there as here', async () => {
    const clock = { zone: 'UTC', receivedAt: 0, toleranceMs: Number.MAX_SAFE_INTEGER };
    for (const bytes of [
      Buffer.from(sample('pcc-55-request')),
      Buffer.from('MSH|^~\\&|\rxx\r'),
      Buffer.from('nothing'),
    ]) {
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      const open = (heavy: Heavy, given: Uint8Array) => heavy('a', 'openFrame', given, clock, undefined);
      expect(await open(threads.heavy, shared)).toEqual(await open(here, bytes));
      const wrap = (heavy: Heavy, given: Uint8Array) => heavy('a', 'wrapFrame', given);
      expect(await wrap(threads.heavy, shared)).toEqual(await wrap(here, bytes));
    }
  });

  test('a frame is taken apart, and a kept one opened, the same there as here; its bytes are shared', async () => {
    const message = sample('pcc-55-request');
    const bytes = Buffer.from(`BHS|^~\\&|\r${message}${message}BTS|2\r`);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const there = await threads.heavy('a', 'takeApart', shared);
    expect(there).toEqual(await here('a', 'takeApart', shared));
    const messages = there?.groups.flatMap((group) => group.messages) ?? [];
    expect(messages.map((one) => Buffer.from(one).toString())).toEqual([message, message]);
    expect(messages.map(({ buffer }) => buffer.byteLength)).toEqual([bytes.length, bytes.length]);
    const text = JSON.stringify({ resourceType: 'Binary', data: Buffer.from(message).toString('base64') });
    const open = (heavy: Heavy) => heavy('a', 'openKept', text, { zone: 'UTC' }, undefined);
    const opened = await open(threads.heavy);
    expect(opened).toEqual(await open(here));
    expect(Buffer.from(opened.bytes).toString()).toBe(message);
  });

  test('what takes too long is ended, and what comes next is done', async () => {
    const hurried = createHeavyThreads({ threads: 1, timeoutMs: 1 });
    const text = `{"resourceType":"Patient","name":[${'{"family":"a"},'.repeat(50_000)}{"family":"b"}]}`;
    expect(await told(() => read(hurried.heavy, text))).toEqual([{ code: 'too-costly' }]);
    await hurried.close();
    expect(await told(() => read(hurried.heavy, text))).toMatchObject([{ code: 'server-stopping' }]);
  });
});

test('who waits has one turn after the other, however much one of them wants; too much is not taken', () => {
  const waiting = createTurnTaking<{ whose: string; number: number }>();
  const taken = Array.from({ length: 100 }, (_, number) => waiting.add({ whose: 'a', number }));
  expect(taken.filter(Boolean)).toHaveLength(64);
  for (const whose of ['b', 'c', 'b']) waiting.add({ whose, number: 0 });
  const order = Array.from({ length: 7 }, () => waiting.next()?.whose);
  expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a', 'a']);
});
