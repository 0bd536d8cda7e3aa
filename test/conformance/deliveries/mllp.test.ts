/** `$deliveries` of an HL7 v2 link over the real server: what each answer of the engine shows (routing section 3). */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createNoteEvidence } from '../../../src/delivery/delivered/note-evidence.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { createDeliveryItems } from '../../../src/operations/delivery-items.ts';
import {
  answering,
  controlId,
  eventually,
  hearAt,
  openEngine,
  openLinked,
  openWire,
  order,
  QUICK,
  saysOf,
  type Engine,
  type Linked,
} from '../hl7v2-mllp/linked.ts';
import { shownIn, type ShownDelivery, type ShownWay } from './shown.ts';

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

/** A referral by the initiator's engine, accepted by the recipient; its Task. */
async function acceptOne(): Promise<Ref> {
  count += 1;
  const id = `DEL-${count}`;
  const wire = await openWire(server.ports[0] ?? 0);
  const answer = await wire.ask(order({ id }));
  wire.close();
  if (saysOf(answer) !== `AA ${id}`) throw new Error(answer);
  const [task] = await server.search('recipient', `Task?focus:ServiceRequest.identifier=R-${id}`);
  const ref: Ref = `Task/${task?.id ?? ''}`;
  const { status, text } = await server.ask('recipient', 'PATCH', ref, [
    { op: 'replace', path: '/status', value: 'accepted' },
  ]);
  if (status !== 200) throw new Error(text);
  return ref;
}

const acceptanceOf = async (task: Ref, as = 'recipient'): Promise<ShownDelivery | undefined> => {
  const { json, status, text } = await server.ask(as, 'GET', `${task}/$deliveries`);
  if (status !== 200) throw new Error(text);
  return shownIn(json).find(({ event }) => event === 'send-acceptance');
};
const wayOf = async (task: Ref, as = 'recipient'): Promise<ShownWay | undefined> =>
  (await acceptanceOf(task, as))?.ways.find(({ rail }) => rail === 'hl7v2-mllp');
const settled = (task: Ref, outcome: string): Promise<void> =>
  eventually(async () => (await wayOf(task))?.outcome === outcome, `${task} ${outcome}`);

test.each([
  ['AA', 'accepted', 'received', ['flushed', 'msa-aa']],
  ['CA', 'accepted', 'transported', ['flushed', 'msa-ca']],
  ['AE', 'refused', 'failed', ['flushed', 'msa-ae']],
  ['CE', 'refused', 'failed', ['flushed', 'msa-ce']],
])('(routing RL11) an engine that answers %s: %s, %s', async (code, outcome, state, evidence) => {
  engine.behave(answering(code));
  const task = await acceptOne();
  await settled(task, outcome);
  const way = await wayOf(task);
  expect(way).toMatchObject({ state, attempts: 1 });
  expect(way?.evidence).toEqual(evidence);
  const [record] = await server.running.store.snapshot().records('delivery', 'task', task);
  const [sent = ''] = engine.received;
  expect(record?.body).toMatchObject({
    state,
    to: 'Organization/initiator',
    event: 'send-acceptance',
    evidence: expect.arrayContaining([
      expect.objectContaining({ source: controlId(sent), hash: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    ]),
  });
});

test('an engine that is down: queued, with its next try, and why', async () => {
  engine.behave((_message, socket) => socket.destroy());
  const task = await acceptOne();
  await eventually(async () => ((await wayOf(task))?.attempts as number) > 0, 'tried');
  const way = await wayOf(task);
  expect(way).toMatchObject({ state: 'queued', outcome: 'waiting', awaits: ['flushed'] });
  expect((await acceptanceOf(task))?.state).toBe('received');
  engine.behave(answering('AA'));
  await settled(task, 'accepted');
});

test('an answer of theirs with the number acknowledges what had left', async () => {
  const task = await acceptOne();
  await settled(task, 'accepted');
  const [referral] = await server.search('recipient', `Task?_id=${task.slice('Task/'.length)}`);
  expect(referral?.['status']).toBe('accepted');
  count += 1;
  const wire = await openWire(server.ports[0] ?? 0);
  const cancel = order({
    id: `DEL-C${count}`,
    referral: `R-DEL-${count - 1}`,
    patient: `P-DEL-${count - 1}`,
  }).replace(/\rORC\|NW/, '\rORC|CA');
  const answer = await wire.ask(cancel);
  wire.close();
  expect(saysOf(answer)).toBe(`AA DEL-C${count}`);
  const acceptance = await acceptanceOf(task);
  expect(acceptance).toMatchObject({ state: 'acknowledged', rank: 5 });
  expect(acceptance?.ways.find(({ rail }) => rail === 'hl7v2-mllp')?.evidence).toContain('answered');
});

test('(routing RL3) what failed does not show to who is told, nor why', async () => {
  engine.behave(answering('AE'));
  const task = await acceptOne();
  await settled(task, 'refused');
  expect(await wayOf(task, 'initiator')).toBeUndefined();
  expect(await wayOf(task, 'recipient')).toMatchObject({ state: 'failed', why: 'the receiver answered AE' });
});

test('(compliance S4) a compliance officer of who is told sees also what did not arrive', async () => {
  engine.behave(answering('AE'));
  const task = await acceptOne();
  await settled(task, 'refused');
  const { devIssuer, port } = server.running;
  const token = await devIssuer?.sign({
    subject: 'officer',
    client: 'client-initiator',
    scope: 'system/*.rs closeloop/compliance',
    organization: 'Organization/initiator',
  });
  const response = await fetch(`http://127.0.0.1:${port}/fhir/${task}/$deliveries`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const acceptance = shownIn((await response.json()) as Resource).find(
    ({ event }) => event === 'send-acceptance',
  );
  expect(acceptance?.ways.find(({ rail }) => rail === 'hl7v2-mllp')).toMatchObject({ state: 'failed' });
});

test('(routing RL14) late evidence reopens what failed and closes its work item, with words; the referral stays', async () => {
  engine.behave(answering('AE'));
  const task = await acceptOne();
  await settled(task, 'refused');
  const { store } = server.running;
  const note = createNoteEvidence({
    store,
    items: createDeliveryItems({
      store,
      clock: { now: () => Date.now() },
      newId: () => `late-${Date.now()}`,
    }),
    onState: () => undefined,
  });
  const before = await server.read('recipient', task);
  const [row] = (await server.outboxOf(task)).filter(({ rail }) => rail === 'hl7v2-mllp');
  const [record] = await store.snapshot().records('delivery', 'task', task);
  const { item = '' } = (record?.body ?? {}) as { readonly item?: string }; // a DeliveryRecord
  expect(await server.read('administrator', item)).toMatchObject({ status: 'requested' });

  const evidence = { kind: 'msa-aa', at: new Date().toISOString(), source: 'by telephone' } as const;
  await expect(note(row?.id ?? '', evidence, { rail: 'hl7v2-mllp' })).resolves.toBe('noted');
  expect(await wayOf(task)).toMatchObject({ state: 'received', outcome: 'refused', why: undefined });
  expect(await server.read('administrator', item)).toMatchObject({
    status: 'completed',
    statusReason: { text: 'evidence came: their application has it (AA)' },
  });
  expect(await server.read('recipient', task)).toEqual(before);
  // Who keeps what was told sees that evidence came.
  const events = await server.auditOf('initiator', task);
  expect(events.flatMap(({ subtype = [] }) => subtype.map(({ code }) => code))).toContain('verify');
});
