/** A large message is worked on off the main thread: whoever sends little meanwhile is answered before it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { frame } from '../../../src/hl7v2/mllp.ts';
import { FACILITY, openLinked, openWire, order, saysOf, type Linked } from './linked.ts';

let server: Linked;
beforeAll(async () => {
  server = await openLinked();
});
afterAll(() => server.close());

const port = (): number => server.ports[0] ?? 0;
const MIB = 1024 * 1024;

async function say(...messages: readonly string[]): Promise<readonly string[]> {
  const wire = await openWire(port());
  for (const message of messages) wire.send(message);
  const answers = await wire.answers(messages.length);
  wire.close();
  return answers;
}

/** The bytes of the message that its control id names, as they are kept. */
async function keptOf(id: string): Promise<Buffer> {
  const [found] = await server.search('administrator', `DocumentReference?identifier=${id}`);
  const [{ attachment: { url = '' } = {} } = {}] = (found?.['content'] ?? []) as {
    attachment?: { url?: string };
  }[];
  const { data } = await server.read('administrator', url);
  return Buffer.from(String(data), 'base64');
}

test('a small message is acknowledged before a large one that came first', async () => {
  await say(order({ id: 'FIRST-1' }));
  const said: string[] = [];
  const large = say(`${order({ id: 'LARGE-1' })}NTE|1||${'a~'.repeat(MIB)}\r`).then(() => said.push('large'));
  const small = say(order({ id: 'SMALL-1' })).then(() => said.push('small'));
  await Promise.all([large, small]);
  expect(said).toEqual(['small', 'large']);
});

test('what is large is kept byte for byte, and applied when what it says is little', async () => {
  const message = `${order({ id: 'KEPT-1' })}ZZZ|${'x'.repeat(MIB)}\r`;
  const [answer = ''] = await say(message);
  expect(saysOf(answer)).toBe('AA KEPT-1');
  expect((await keptOf('KEPT-1')).equals(Buffer.from(message))).toBe(true);
  expect(saysOf((await say(message))[0] ?? '')).toBe('AA KEPT-1');
});

test('what says more than 1 MiB beside its documents is kept apart, and a person is asked', async () => {
  const notes = `NTE|1||${'x'.repeat(60)}\r`.repeat(20_000);
  const message = order({ id: 'MUCH-1' }).replace(/\rOBR[^\r]*\r/, (found) => found + notes);
  const [answer = ''] = await say(message);
  expect(saysOf(answer)).toBe('AE MUCH-1');
  expect(answer).toContain('beside its documents');
  expect((await keptOf('MUCH-1')).equals(Buffer.from(message))).toBe(true);
});

test('a large batch is taken apart, and each of its messages is acknowledged', async () => {
  const padded = (id: string): string => `${order({ id })}ZZZ|${'x'.repeat(100_000)}\r`;
  const ids = ['B-1', 'B-2', 'B-3'];
  const wire = await openWire(port());
  wire.write(
    Buffer.from(frame(Buffer.from(`BHS|^~\\&|A|${FACILITY.initiator}\r${ids.map(padded).join('')}BTS|3\r`))),
  );
  const [answer = ''] = await wire.answers(1);
  wire.close();
  expect([...answer.matchAll(/MSA\|(\w\w\|B-\d)/g)].map(([, told]) => told)).toEqual(
    ids.map((id) => `AA|${id}`),
  );
});
