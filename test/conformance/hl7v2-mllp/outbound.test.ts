/** Moves told to the other party's engine: in order, as often as needed, and past peers that are down, slow or mistaken. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { frame } from '../../../src/hl7v2/mllp.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { feedback, visitFor } from '../../../tools/demo/package.ts';
import { to } from '../../resources.ts';
import { refOf, type Stored } from '../../world.ts';
import {
  acknowledgment,
  answering,
  controlId,
  eventually,
  hearAt,
  kindOf,
  openEngine,
  openLinked,
  openWire,
  order,
  QUICK,
  saysOf,
  type Behave,
  type Engine,
  type Linked,
} from './linked.ts';

let server: Linked;
let engine: Engine;
let count = 0;

beforeAll(async () => {
  server = await openLinked(undefined, ...QUICK);
});
afterAll(() => server.close());
beforeEach(async () => {
  engine = await openEngine(answering('AA'));
  await hearAt(server, 'initiator', engine.port);
});
afterEach(() => engine.close());

/** The recipient's report, and the visit before it, as the demonstration writes them. */
const ours = (resource: Resource): Resource =>
  JSON.parse(JSON.stringify(resource).replaceAll('demo-recipient', 'recipient')) as Resource; // a resource as before
const outcome = (focus: string, patient: string): Resource => ours(feedback(focus, patient));
const visit = (focus: string, patient: string): Resource => ours(visitFor(focus, patient));

/** An order by the initiator's engine; its Task. */
async function refer(): Promise<Ref> {
  count += 1;
  const id = `OUT-${count}`;
  const wire = await openWire(server.ports[0] ?? 0);
  const answer = await wire.ask(order({ id }));
  wire.close();
  if (saysOf(answer) !== `AA ${id}`) throw new Error(answer);
  const [task] = await server.search('recipient', `Task?focus:ServiceRequest.identifier=R-${id}`);
  return `Task/${task?.id ?? ''}`;
}

async function move(task: Ref, status: string, output?: object): Promise<void> {
  const { text, status: done } = await server.ask('recipient', 'PATCH', task, [
    { op: 'replace', path: '/status', value: status },
    ...(output === undefined ? [] : [{ op: 'add', path: '/output', value: [output] }]),
  ]);
  if (done !== 200) throw new Error(text);
}

const accept = (task: Ref): Promise<void> => move(task, 'accepted');
const fatesOf = async (task: Ref): Promise<readonly string[]> =>
  (await server.outboxOf(task)).filter(({ rail }) => rail === 'hl7v2-mllp').map(({ state }) => state);
const settled = (task: Ref, fate: string): Promise<void> =>
  eventually(async () => (await fatesOf(task)).at(-1) === fate, `${task} ${fate}`);

test('an acceptance is OSU^O51 OK/IP, acknowledged, with receipt and disclosure audited', async () => {
  const task = await refer();
  await accept(task);
  const [message = ''] = await engine.arrived(1);
  expect(kindOf(message)).toBe('OSU^O51');
  expect(message).toMatch(/\rORC\|OK\|R-OUT-\d+\^\^2\.999\.360\.1\.15\^ISO\|\|\|IP/);
  expect(message.split('|').slice(3, 6)).toEqual(['^2.999.360.2^ISO', '', '^2.999.360.1^ISO']);
  await settled(task, 'accepted');
});

const ONCE: readonly (readonly [string, Behave])[] = [
  ['rejects (AR)', answering('AR')],
  ['rejects (CR)', answering('CR')],
  ['closes without an answer', (_message, socket) => socket.destroy()],
  ['answers nonsense, and closes', (_message, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['answers a frame of nonsense, and closes', (_message, socket) => socket.end(frame(Buffer.from('no')))],
  [
    'answers another message, and closes',
    (message, socket) => socket.end(frame(Buffer.from(acknowledgment(message, 'AA', 'SOMETHING-ELSE')))),
  ],
];
test.each(ONCE)('a peer that %s is sent the same again until it takes it', async (_name, behave) => {
  engine.behave((message, socket) => {
    engine.behave(answering('AA'));
    behave(message, socket);
  });
  const task = await refer();
  await accept(task);
  await settled(task, 'accepted');
  const [first = '', again = '', ...more] = engine.received;
  expect(again).toBe(first);
  expect(more).toEqual([]);
});

test.each(['AE', 'CE'])('%s is a final refusal: a person is asked', async (code) => {
  engine.behave(answering(code));
  const task = await refer();
  await accept(task);
  await settled(task, 'refused');
  expect(engine.received).toHaveLength(1);
  const items = await server.search('administrator', `Task?part-of=${task}`);
  const about = await server.search('administrator', 'Task?code=delivery-failed&_count=100');
  expect([...items, ...about].map((item) => JSON.stringify(item)).join()).toContain(task);
});

test('an acknowledgment in small pieces, after one of another message, is understood', async () => {
  engine.behave((message, socket) => {
    const late = Buffer.from(frame(Buffer.from(acknowledgment(message, 'AE', 'LATE'))));
    const answer = Buffer.from(frame(Buffer.from(acknowledgment(message, 'AA'))));
    const all = Buffer.concat([late, answer]);
    for (let at = 0; at < all.length; at += 7) socket.write(all.subarray(at, at + 7));
  });
  const task = await refer();
  await accept(task);
  await settled(task, 'accepted');
  expect(engine.received).toHaveLength(1);
});

test('a peer that never answers is given up and asked again; a later answer is not mistaken for another', async () => {
  const silent: string[] = [];
  engine.behave((message, socket) => {
    if (silent.push(message) > 1) answering('AA')(message, socket);
  });
  const task = await refer();
  await accept(task);
  await settled(task, 'accepted');
  expect(silent[1]).toBe(silent[0]);
}, 15_000);

test('a peer that is down loses nothing: when it is back it hears the whole loop, in order', async () => {
  const task = await refer();
  await engine.close();
  await accept(task);
  const { focus, for: patient } = (await server.read('recipient', task)) as Stored &
    Record<'focus' | 'for', { reference: string }>;
  await server.create('recipient', visit(focus.reference, patient.reference));
  const report = await server.create('recipient', outcome(focus.reference, patient.reference));
  await move(task, 'completed', { type: { text: 'Referral outcome' }, valueReference: to(refOf(report)) });
  engine = await openEngine(answering('AA'), engine.port);
  const messages = await engine.arrived(4);
  expect(messages.map((one) => [kindOf(one), /\rORC\|(\w*)\|/.exec(one)?.[1]])).toEqual([
    ['OSU^O51', 'OK'],
    ['SIU^S12', undefined],
    ['MDM^T02', expect.any(String)],
    ['OSU^O51', 'SC'],
  ]);
  expect(new Set(messages.map(controlId)).size).toBe(4);
  await eventually(async () => (await fatesOf(task)).every((fate) => fate === 'accepted'), 'all are told');
});

test('the note is not repeated under another number when its status has to be sent again', async () => {
  const task = await refer();
  await accept(task);
  await settled(task, 'accepted');
  const { focus, for: patient } = (await server.read('recipient', task)) as Stored &
    Record<'focus' | 'for', { reference: string }>;
  await server.create('recipient', visit(focus.reference, patient.reference));
  await settled(task, 'accepted');
  const report = await server.create('recipient', outcome(focus.reference, patient.reference));
  const before = engine.received.length;
  engine.behave((message, socket) => {
    const isStatus = kindOf(message) === 'OSU^O51';
    if (isStatus) engine.behave(answering('AA'));
    answering(isStatus ? 'AR' : 'AA')(message, socket);
  });
  await move(task, 'completed', { type: { text: 'Referral outcome' }, valueReference: to(refOf(report)) });
  await engine.arrived(before + 4);
  const [note, status, noteAgain, statusAgain] = engine.received.slice(before);
  expect([note, status].map((one) => kindOf(one ?? ''))).toEqual(['MDM^T02', 'OSU^O51']);
  expect([noteAgain, statusAgain]).toEqual([note, status]);
});

describe('more peers than one', () => {
  let other: Engine;
  beforeEach(async () => {
    other = await openEngine(answering('AA'));
    await hearAt(server, 'recipient', other.port);
  });
  afterEach(() => other.close());

  test('a peer that does not answer holds up nobody else', async () => {
    engine.behave(() => undefined);
    const stuck = await refer();
    await accept(stuck);
    await engine.arrived(1);
    const before = other.received.length;
    // The other way: an order by FHIR, told to the recipient's engine.
    await refer();
    const began = Date.now();
    await other.arrived(before + 1);
    expect(other.received.length).toBeGreaterThan(before);
    expect(Date.now() - began).toBeLessThan(2000);
    engine.behave(answering('AA'));
    await settled(stuck, 'accepted');
  }, 15_000);

  test('an order arrives as OMG^O19 by the initiator', async () => {
    await refer();
    const [message = ''] = await other.arrived(1);
    expect(kindOf(message)).toBe('OMG^O19');
    expect(message.split('|').slice(3, 6)).toEqual(['^2.999.360.1^ISO', '', '^2.999.360.2^ISO']);
  });
});

test('many referrals go over one connection, each message once', async () => {
  const sockets = new Set<unknown>();
  engine.behave((message, socket) => {
    sockets.add(socket);
    answering('AA')(message, socket);
  });
  const tasks: Ref[] = [];
  for (let n = 0; n < 10; n += 1) tasks.push(await refer());
  await Promise.all(tasks.map(accept));
  for (const task of tasks) await settled(task, 'accepted');
  expect(sockets.size).toBe(1);
  expect(new Set(engine.received.map(controlId)).size).toBe(10);
  expect(engine.received).toHaveLength(10);
});
