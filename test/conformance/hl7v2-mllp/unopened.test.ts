/** A large frame that nobody could look through is refused by an acknowledgment, and its connection goes on (rules 7.2). */
import { afterEach, expect, test } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { OperationOutcomeError, type IssueCode } from '../../../src/fhir/issue.ts';
import { createInPlace } from '../../../src/server/heavy-tasks.ts';
import type { Heavy, Tasks } from '../../../src/operations/heavy.ts';
import { createLinkCounters } from '../../../src/rails/hl7v2-mllp/link-status.ts';
import { serveConnection } from '../../../src/rails/hl7v2-mllp/connection.ts';
import { createPeerShares } from '../../../src/rails/hl7v2-mllp/shares.ts';
import { FROM_LARKSPUR, openExchange, request, type Exchange } from '../hl7v2/exchange.ts';
import { openWire, saysOf, type Wire } from './linked.ts';

const MIB = 1024 * 1024;
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Work as it is done here, but for one task, which fails. */
function failingAt(failing: keyof Tasks, error: Error): Heavy {
  let made = 0;
  const inPlace = createInPlace(() => `made-${(made += 1)}`);
  return (whose, task, ...given) =>
    task === failing
      ? (Promise.reject(error) as ReturnType<Tasks[typeof task]>)
      : inPlace(whose, task, ...given);
}

interface Served {
  readonly exchange: Exchange;
  readonly wire: Wire;
  readonly fates: () => unknown;
}

/** A FHIR engine behind a connection of Larkspur's engine. */
async function serve(failing: keyof Tasks, error: Error): Promise<Served> {
  const exchange = await openExchange({ engine: { heavy: failingAt(failing, error) } });
  closing.push(() => exchange.close());
  const { receive, takeApart } = exchange.engine.messages;
  const board = createLinkCounters([FROM_LARKSPUR.name]);
  const shares = createPeerShares({ connectionsPerPeerMax: 1, heldBytesMax: 8 * MIB });
  let made = 0;
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    const share = shares.enter([FROM_LARKSPUR]);
    if (share === undefined) throw new Error('the peer has one connection');
    const settings = {
      messageBytesMax: 4 * MIB,
      messageTimeoutMs: 10_000,
      idleTimeoutMs: 0,
      unreadBytesMax: MIB,
    };
    const clock = { now: () => exchange.clock.now };
    const newControlId = () => `ACK-${(made += 1)}`;
    const log = () => undefined;
    serveConnection(
      socket,
      [FROM_LARKSPUR],
      { receive, takeApart, counters: board, clock, newControlId, settings, log },
      share,
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => void server.close());
  const wire = await openWire((server.address() as AddressInfo).port); // it listens
  closing.push(() => wire.close());
  return { exchange, wire, fates: () => board.status()[0]?.fates };
}

/** In original mode: one answer is asked for. */
const small = (id: string): string =>
  `${request({ at: 0, id }).replace('|NE|NE|', '|||').replaceAll('\n', '\r')}\r`;
const large = (id: string): string => `${small(id)}ZZZ|${'x'.repeat(200_000)}\r`;
const refusal = (code: IssueCode): Error => new OperationOutcomeError(code);

test.each([
  ['takeApart', 'busy', refusal('busy')],
  ['takeApart', 'too-costly', refusal('too-costly')],
  ['takeApart', 'internal', new Error('nobody foresaw it')],
  ['openFrame', 'busy', refusal('busy')],
  ['openFrame', 'too-costly', refusal('too-costly')],
  ['openFrame', 'internal', new Error('nobody foresaw it')],
] as const)('%s answers %s: AR with the reason, and the next message is taken', async (task, code, error) => {
  const { exchange, wire, fates } = await serve(task, error);
  const refused = await wire.ask(large('L-1'));
  expect([saysOf(refused), refused]).toEqual(['AR L-1', expect.stringContaining(`|${code}^^L|`)]);
  expect(await exchange.all('DocumentReference')).toEqual([]);
  expect(saysOf(await wire.ask(small('L-2')))).toBe('AA L-2');
  expect(fates()).toEqual({ 'not-kept': 1, applied: 1 });
});

test('of a batch that could not be taken apart, no message is named', async () => {
  const { wire } = await serve('takeApart', refusal('too-costly'));
  const answer = await wire.ask(`BHS|^~\\&|A|B\r${large('L-1')}${small('L-2')}BTS|2\r`);
  expect(answer).toMatch(/MSA\|AR\r.*too-costly/s);
});

test('an acknowledgment that could not be looked through is not answered', async () => {
  const { wire } = await serve('takeApart', refusal('too-costly'));
  wire.send(`MSH|^~\\&|||||20250422||ACK|E-1|P|2.5.1\rMSA|AA|C-1|${'x'.repeat(200_000)}\r`);
  expect(saysOf(await wire.ask(small('L-2')))).toBe('AA L-2');
});
