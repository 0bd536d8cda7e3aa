/**
 * The laws of the port `Rail` for HL7 v2: what arrives is messages, not the resource, so what the shared laws read in its
 * text is read in its segments here.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { part2ByNotice } from '../../src/policies/labels/label.ts';
import { BARE_NOTICE } from '../../src/policies/part2/notice.ts';
import { STATEMENT_1 } from '../../src/policies/part2/statements.ts';
import type { NoticeOfEntry, Rail, Receipt } from '../../src/ports/rail.ts';
import { createMllpRail, listeningOf } from '../../src/rails/hl7v2-mllp/index.ts';
import {
  answering,
  controlId,
  initiatorLink,
  kindOf,
  openEngine,
  type Behave,
  type Engine,
} from '../conformance/hl7v2-mllp/linked.ts';
import { guardOf } from '../guarded.ts';
import { buildClaimed, buildEntry, openWorld, type Stored, type World } from './delivery-world.ts';

const MIB = 1024 * 1024;
const guard = guardOf({ purpose: 'hl7v2-mllp', allowList: ['127.0.0.1'], connectTimeoutMs: 500 });
const createRail = (tls?: object): Rail =>
  createMllpRail({
    listening: [listeningOf({ links: [initiatorLink()], ...(tls !== undefined && { tls }) }, 'test')],
    clock: { now: () => Date.now() },
    newControlId: () => 'never asked for',
    log: () => undefined,
    settings: {
      messageBytesMax: MIB,
      messageTimeoutMs: 1000,
      idleTimeoutMs: 0,
      unreadBytesMax: MIB,
      connectionsMax: 1,
      tlsMinVersion: '1.3',
      connectionsPerPeerMax: 1,
      heldBytesMax: 4 * MIB,
      connect: (destination, signal) => guard.connect(destination, { signal }),
      replyBytesMax: MIB,
      drainMs: 100,
    },
  });

const to = (reference: string) => ({ reference });
const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const ORDER: readonly Stored[] = [
  { resourceType: 'Organization', id: 'initiator', name: 'Elm Street' },
  { resourceType: 'Organization', id: 'recipient', name: 'Riverside' },
  {
    resourceType: 'Patient',
    id: 'patient',
    identifier: [{ system: 'urn:oid:2.999.360.1.5', value: 'MRN-1' }],
    name: [{ family: 'Sample', given: ['Marisol'] }],
    birthDate: '1971-03-08',
    gender: 'female',
  },
  {
    resourceType: 'ServiceRequest',
    id: 'order',
    status: 'active',
    intent: 'order',
    identifier: [
      {
        type: coded('http://terminology.hl7.org/CodeSystem/v2-0203', 'PLAC'),
        system: 'urn:oid:2.999.360.1.15',
        value: 'R-1',
      },
    ],
    code: { text: 'Nutrition' },
    subject: to('Patient/patient'),
    requester: to('Organization/initiator'),
    performer: [to('Organization/recipient')],
  },
];
const OLD: Stored = {
  resourceType: 'Task',
  id: 'referral',
  status: 'accepted',
  intent: 'order',
  businessStatus: coded('http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS', '3.0'),
  focus: to('ServiceRequest/order'),
  for: to('Patient/patient'),
  requester: to('Organization/initiator'),
  owner: to('Organization/recipient'),
};
const NEW: Stored = { ...OLD, status: 'in-progress' };

let world: World;
beforeAll(async () => {
  world = await openWorld();
  for (const resource of ORDER) await world.put(resource);
});
afterAll(() => world.close());

const endpointAt = (address: string): Stored => ({
  resourceType: 'Endpoint',
  id: `at-${address.replaceAll(/[^a-z0-9]/g, '-')}`,
  status: 'active',
  connectionType: { code: 'hl7v2-mllp' },
  managingOrganization: to('Organization/initiator'),
  address,
});

/** Offers the first version of the Task, while the second is current, as often as asked. */
async function offer(address: string, attempts = 1, within = 5000): Promise<readonly Receipt[]> {
  const rail = createRail();
  const receiver = endpointAt(address);
  await world.put(receiver);
  const seq = await world.put(OLD);
  await world.put(NEW);
  const entry = buildEntry('hl7v2-mllp', `Endpoint/${receiver.id}`, 'Task/referral');
  const receipts: Receipt[] = [];
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const signal = AbortSignal.timeout(within);
    const sent = rail.deliver(
      buildClaimed(entry, seq, attempt),
      world.store.snapshot(seq),
      world.store.snapshot(),
      signal,
    );
    // A throw counts as `retry`.
    receipts.push(await sent.catch((): Receipt => ({ outcome: 'retry', why: 'thrown' })));
  }
  await rail.close();
  return receipts;
}

async function offerTo(behave: Behave, attempts?: number, within?: number) {
  const engine: Engine = await openEngine(behave);
  const receipts = await offer(`mllp://127.0.0.1:${engine.port}`, attempts, within);
  await engine.close();
  return { receipts, received: engine.received };
}

describe('rail hl7v2-mllp', () => {
  test('is named by a FHIR code and gives that name', async () => {
    const rail = createRail();
    expect(rail.name).toBe('hl7v2-mllp');
    await rail.close();
  });

  test('delivers the content of the commit, though a newer version exists', async () => {
    const { receipts, received } = await offerTo(answering('AA'));
    expect(receipts).toEqual([expect.objectContaining({ outcome: 'accepted' })]);
    expect(received.map(kindOf)).toEqual(['OSU^O51']);
    expect(received[0]).toContain('\rORC|OK|R-1^^2.999.360.1.15^ISO|||IP');
  });

  describe('(compliance P14, P30, P31) a referral of 42 CFR Part 2', () => {
    const scope = 'Consent of 2026-03-01: A may disclose "all" to B.';
    const notice = { ...BARE_NOTICE, scope, place: 'inside' } as const;
    const words = (text: string): string => text.replaceAll('\\.br\\', '\n').replaceAll(/\s+/g, ' ');

    async function send(meta: object, noticeOf: NoticeOfEntry) {
      const engine = await openEngine(answering('AA'));
      const rail = createRail();
      const receiver = endpointAt(`mllp://127.0.0.1:${engine.port}`);
      await world.put(receiver);
      const { resourceType, id, ...elements } = OLD;
      const seq = await world.put({ resourceType, id, ...meta, ...elements });
      const entry = buildClaimed(buildEntry('hl7v2-mllp', `Endpoint/${receiver.id}`, 'Task/referral'), seq);
      const { store } = world;
      const signal = AbortSignal.timeout(5000);
      const receipt = await rail.deliver(entry, store.snapshot(seq), store.snapshot(), signal, noticeOf);
      await rail.close();
      await engine.close();
      return { receipt, sent: (engine.received[0] ?? '').split('\r') };
    }

    test('has the statement and the scope right after MSH, and ORC-28 R', async () => {
      const { receipt, sent } = await send({ meta: { security: [part2ByNotice] } }, async () => notice);
      expect(receipt).toMatchObject({ outcome: 'accepted' });
      expect(sent.map((segment) => segment.slice(0, 3))).toEqual(['MSH', 'NTE', 'NTE', 'PID', 'ORC', '']);
      const [, first = '', second = ''] = sent.map((segment) => segment.split('|'));
      expect([first[1], first[2], first[4]]).toEqual(['1', 'O', 'RE^Remark^HL70364']);
      expect(words(first[3] ?? '')).toBe(words(STATEMENT_1));
      expect([second[1], second[2], second[3], second[4]]).toEqual(['2', 'O', scope, 'RE^Remark^HL70364']);
      expect(sent[4]?.split('|')[28]).toBe('R');
    });

    test('has none where none is owed, and nothing else has, nor is asked', async () => {
      const none = await send({ meta: { security: [part2ByNotice] } }, async () => 'none');
      const { sent } = await send({}, () => Promise.reject(new Error('asked')));
      for (const { sent: one } of [none, { sent }])
        expect(one.map((segment) => segment.slice(0, 3))).toEqual(['MSH', 'PID', 'ORC', '']);
    });
  });

  test('gives the same bytes under the same control id on every attempt', async () => {
    const { received } = await offerTo(answering('AR'), 3);
    const [first = ''] = received;
    expect(received).toEqual([first, first, first]);
    expect(controlId(first)).toMatch(/^CL\d+-0$/);
  });

  test('two commits have two control ids', async () => {
    const one = await offerTo(answering('AA'));
    const two = await offerTo(answering('AA'));
    expect(controlId(one.received[0] ?? '')).not.toBe(controlId(two.received[0] ?? ''));
  });

  test('what the receiver says of the patient is not kept', async () => {
    const { receipts } = await offerTo((message, socket) => {
      socket.write(
        `\vMSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AE|${controlId(message)}|no bed for Marisol Sample\r\x1c\r`,
      );
    });
    expect(receipts).toEqual([expect.objectContaining({ outcome: 'refused' })]);
    expect(JSON.stringify(receipts)).not.toContain('Marisol');
  });

  test.each<[string, Behave, Receipt['outcome']]>([
    ['says no for good', answering('AE'), 'refused'],
    ['cannot now', answering('AR'), 'retry'],
    ['hangs up', (_message, socket) => socket.destroy(), 'retry'],
    ['answers with a code of no table', answering('OK'), 'retry'],
    ['answers too much', (_message, socket) => void socket.end(Buffer.alloc(2 * MIB, 'x')), 'retry'],
  ])('a receiver that %s', async (_what, behave, outcome) => {
    const { receipts } = await offerTo(behave);
    expect(receipts).toEqual([expect.objectContaining({ outcome })]);
  });

  test('ends soon after its signal aborts, and is tried again', async () => {
    const began = performance.now();
    const { receipts } = await offerTo(() => undefined, 1, 50);
    expect(receipts).toEqual([expect.objectContaining({ outcome: 'retry' })]);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('nobody listens: tried again; no address of this rail: refused for good', async () => {
    const engine = await openEngine(answering('AA'));
    await engine.close();
    expect(await offer(`mllp://127.0.0.1:${engine.port}`)).toEqual([
      expect.objectContaining({ outcome: 'retry' }),
    ]);
    for (const address of ['https://example.org/fhir', 'mllp://example.org', 'mllp:', 'elsewhere'])
      expect(await offer(address)).toEqual([expect.objectContaining({ outcome: 'refused' })]);
  });

  test('a receiver that is gone is refused for good', async () => {
    const rail = createRail();
    const seq = await world.put(OLD);
    const entry = buildClaimed(buildEntry('hl7v2-mllp', 'Endpoint/never', 'Task/referral'), seq);
    const { store } = world;
    const receipt = await rail.deliver(
      entry,
      store.snapshot(seq),
      store.snapshot(),
      AbortSignal.timeout(5000),
    );
    expect(receipt.outcome).toBe('refused');
    await rail.close();
  });

  test('verify names each link, and files that cannot be read', async () => {
    const sound = createRail();
    expect(await sound.verify()).toEqual([
      {
        ok: true,
        says: expect.stringMatching(/^link initiator-engine on 127\.0\.0\.1:0, plain, known by address/),
      },
    ]);
    const troubled = createRail({ cert: '/nowhere.crt', key: fileURLToPath(import.meta.url) });
    expect((await troubled.verify()).filter(({ ok }) => !ok)).toEqual([
      { ok: false, says: expect.stringContaining('/nowhere.crt: cannot be read') },
    ]);
    await Promise.all([sound.close(), troubled.close()]);
  });
});
