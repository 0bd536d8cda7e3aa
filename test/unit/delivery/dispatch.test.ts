/**
 * The dispatcher on a real store and a fake clock: what becomes of entries, in which order, and who waits for whom.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import { createDispatcher, type Dispatcher, type DispatchSettings } from '../../../src/delivery/dispatch.ts';
import type { DeliveryMetric } from '../../../src/delivery/deliver-entry.ts';
import type { Gate } from '../../../src/delivery/gates.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { part2ByNotice } from '../../../src/policies/labels/label.ts';
import { NOTICE_PLACES } from '../../../src/policies/part2/places.ts';
import { BARE_NOTICE } from '../../../src/policies/part2/notice.ts';
import { NoticeMissing, type Rail, type Receipt } from '../../../src/ports/rail.ts';
import type { ClaimedEntry, OutboxRow, Store } from '../../../src/ports/store.ts';
import { pause } from '../../../src/ports/clock.ts';
import { buildEntry, buildWrite, openWorld, SUBSCRIBER, type World } from '../../contract/delivery-world.ts';
import { advance } from '../../../src/delivery/delivered/advance.ts';
import { recordOfEntry, writeRecord } from '../../../src/delivery/delivered/record.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { DELIVERY_RECORD } from '../../../src/ports/delivered.ts';
import { jobEntry } from '../../../src/ports/audit.ts';
import { fakeTime, type FakeTime } from '../../fake-time.ts';

const SETTINGS: DispatchSettings = {
  leaseMs: 5_000,
  attemptTimeoutMs: 2_000,
  attemptsMax: 3,
  backoffMinMs: 10,
  backoffMaxMs: 40,
  inFlightMax: 4,
  deliveriesPerOrganizationMax: 4,
  deliveriesPerHostMax: 4,
  drainMs: 1_000,
};

const PATIENT: Ref = 'Patient/p';
const permit: Gate = async () => ({ permitted: true, policy: 'treatment' });

interface Running {
  readonly world: World;
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly time: FakeTime;
  readonly sent: ClaimedEntry[];
  readonly metrics: DeliveryMetric[];
  readonly logged: string[];
  /** Writes a version of a Task and tells these receivers of it. */
  tell(task: string, ...receivers: readonly Ref[]): Promise<number>;
}

const open: Running[] = [];
afterEach(async () => {
  for (const running of open.splice(0)) {
    const { dispatcher, world } = running;
    await inTime(running, dispatcher.stop());
    await world.close();
  }
});

type Send = (entry: ClaimedEntry, signal: AbortSignal) => Receipt | Promise<Receipt>;

interface Given {
  readonly send: Send;
  readonly ask?: Gate;
  readonly hostOf?: Rail['hostOf'];
  readonly settings?: Partial<DispatchSettings>;
  /** The clock of the world that is given. */
  readonly time?: FakeTime;
  readonly world?: World;
  readonly around?: (store: Store) => Store;
  readonly carriesNotice?: Rail['carriesNotice'];
}

async function run({
  send,
  ask = permit,
  hostOf,
  settings = {},
  time = fakeTime(),
  world,
  around = (store) => store,
  carriesNotice = NOTICE_PLACES.capture,
}: Given): Promise<Running> {
  const opened = world ?? (await openWorld({ clock: time }));
  const store = around(opened.store);
  const sent: ClaimedEntry[] = [];
  const metrics: DeliveryMetric[] = [];
  const logged: string[] = [];
  const rail: Rail = {
    name: 'test',
    carriesNotice,
    deliver: async (entry, _asOf, _now, signal) => {
      sent.push(entry);
      return send(entry, signal);
    },
    ...(hostOf !== undefined && { hostOf }),
    verify: async () => [],
    close: async () => undefined,
  };
  const dispatcher = createDispatcher({
    store,
    rails: new Map([[rail.name, rail]]),
    gates: ask,
    withheldItem: async () => undefined,
    workItem: async (entry) =>
      buildWrite(`Task/work-${entry.id}`, 0, JSON.stringify({ resourceType: 'Task', status: 'requested' })),
    noticeOf: async () => ({ ...BARE_NOTICE, place: 'inside' }),
    noticeItem: async (entry, failure) =>
      buildWrite(
        `Task/${failure}-${entry.id}`,
        0,
        JSON.stringify({ resourceType: 'Task', status: 'requested' }),
      ),
    clock: time,
    timers: time,
    random: () => 0.5,
    settings: { ...SETTINGS, ...settings },
    log: (level, says, about) => logged.push(`${level} ${says} ${JSON.stringify(about)}`),
    onMetric: (metric) => metrics.push(metric),
  });
  const tell = async (task: string, ...receivers: readonly Ref[]): Promise<number> => {
    const ref: Ref = `Task/${task}`;
    const seq = await opened.put(
      {
        resourceType: 'Task',
        id: task,
        ...(task.startsWith('part2') && { meta: { security: [part2ByNotice] } }),
        for: { reference: PATIENT },
      },
      receivers.map((receiver) => buildEntry('test', receiver, ref)),
    );
    dispatcher.nudge();
    return seq;
  };
  const running = { world: opened, store: opened.store, dispatcher, time, sent, metrics, logged, tell };
  open.push(running);
  dispatcher.nudge();
  return running;
}

/** Time passes, a millisecond at a time, and the outbox is looked at, as by a job; until it is as wanted. */
async function until<T>(
  { time, dispatcher }: Running,
  look: () => T | Promise<T>,
  isDone: (seen: T) => boolean,
): Promise<T> {
  for (let passed = 0; ; passed += 1) {
    const seen = await look();
    if (isDone(seen)) return seen;
    if (passed > 20_000) throw new Error(`not in time; last seen: ${JSON.stringify(seen)}`);
    time.pass(1);
    dispatcher.nudge();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Time passes until the promise has resolved. */
async function inTime<T>(running: Running, promise: Promise<T>): Promise<T> {
  let isDone = false;
  const done = promise.finally(() => (isDone = true));
  await until(
    running,
    () => isDone,
    (seen) => seen,
  );
  return done;
}

const outbox = ({ store }: Running): Promise<readonly OutboxRow[]> =>
  store.outbox({ open: false, count: 100 });
const settled = (running: Running, count: number): Promise<readonly OutboxRow[]> =>
  until(
    running,
    () => outbox(running),
    (rows) => rows.filter(({ state }) => state !== 'waiting' && state !== 'leased').length >= count,
  );
const deliveries = async ({ store }: Running) => {
  const rows = await store.snapshot().audit({ viewer: undefined, names: [], count: 100 });
  return rows.filter(({ entry }) => entry.event === 'deliver');
};

const NOTHING = auditedCommit([jobEntry('evidence')]);

const A: Ref = 'Endpoint/a';
const B: Ref = 'Endpoint/b';
const accept: Send = () => ({ outcome: 'accepted', says: 'HTTP 200' });

describe('the end of an entry', () => {
  test('accepted: receipt and disclosure audit are one commit', async () => {
    const running = await run({ send: accept });
    const seq = await running.tell('t', A);
    const [row] = await settled(running, 1);
    expect(row).toMatchObject({ id: `${seq}-0`, state: 'accepted', why: 'HTTP 200' });

    const [audited, ...more] = await deliveries(running);
    expect(more).toEqual([]);
    expect(audited?.seq).toBe(running.store.status().seq);
    expect(audited?.entry).toMatchObject({
      event: 'deliver',
      action: 'R',
      outcome: '0',
      requestId: `${seq}-0`,
      entities: [`Task/t/_history/${seq}`, A],
      patients: [PATIENT],
      delivery: { entry: `${seq}-0`, rail: 'test', receiver: A, attempts: 1, policy: 'treatment' },
      viewers: [SUBSCRIBER],
    });
    expect(running.metrics).toEqual([
      { rail: 'test', fate: 'accepted', attempt: 1, ageMs: expect.any(Number), state: 'sent' },
    ]);
  });

  test('withheld: never sent, audited with the policy that said no', async () => {
    const ask: Gate = async () => ({
      permitted: false,
      policy: 'patient-consent',
      why: 'consent was withdrawn',
    });
    const running = await run({ send: accept, ask });
    await running.tell('t', A);
    const [row] = await settled(running, 1);
    expect(row).toMatchObject({ state: 'withheld', why: 'consent was withdrawn' });
    expect(running.sent).toEqual([]);
    const [audited] = await deliveries(running);
    expect(audited?.entry).toMatchObject({
      outcome: '4',
      issue: 'disclosure-denied',
      delivery: { policy: 'patient-consent', why: 'consent was withdrawn' },
    });
  });

  test('refused: a work item in the same commit; later entries of the lane go on', async () => {
    const running = await run({
      send: ({ attempt, seq }) =>
        seq === first && attempt === 1 ? { outcome: 'refused', why: 'HTTP 410' } : { outcome: 'accepted' },
    });
    const first = (await running.world.put({ resourceType: 'Task', id: 't' })) + 1;
    expect(await running.tell('t', A)).toBe(first);
    await running.tell('t', A);
    const rows = await settled(running, 2);
    expect(rows.map(({ state }) => state)).toEqual(['accepted', 'refused']);

    const item = await running.store.snapshot().read(`Task/work-${first}-0`, { everything: true });
    const refusal = (await deliveries(running)).find(({ entry }) => entry.outcome === '8');
    expect(item?.seq).toBe(refusal?.seq);
    expect(refusal?.entry).toMatchObject({ delivery: { attempts: 1, why: 'HTTP 410' } });
    expect(running.logged).toEqual([expect.stringContaining('refused for good')]);
  });

  test('withheld with an incident where its notice is missing (compliance C10, P23)', async () => {
    const running = await run({ send: () => Promise.reject(new NoticeMissing('test')) });
    const seq = await running.tell('part2', A);
    const [row] = await settled(running, 1);
    expect(row).toMatchObject({ state: 'withheld', attempt: 1 });
    expect(await running.store.snapshot().read(`Task/incident-${seq}-0`, { everything: true })).toBeDefined();
    expect(running.metrics.map(({ fate }) => fate)).toEqual(['withheld']);
  });

  test('withheld by a rail that has no place for its notice, which carries all else (compliance P31)', async () => {
    const running = await run({ send: () => ({ outcome: 'accepted' }), carriesNotice: false });
    const seq = await running.tell('part2', A);
    await running.tell('plain', A);
    const rows = await settled(running, 2);
    expect(rows.map(({ state }) => state).toSorted()).toEqual(['accepted', 'withheld']);
    expect(running.sent.map(({ subject }) => subject)).toEqual(['Task/plain']);
    const item = `Task/rail-cannot-carry-${seq}-0` as const;
    expect(await running.store.snapshot().read(item, { everything: true })).toBeDefined();
  });

  test('tried again, with the same id, until it is accepted', async () => {
    const running = await run({
      send: ({ attempt }) => (attempt < 3 ? { outcome: 'retry', why: 'HTTP 503' } : { outcome: 'accepted' }),
    });
    const seq = await running.tell('t', A);
    await settled(running, 1);
    expect(running.sent.map(({ id, attempt }) => [id, attempt])).toEqual([
      [`${seq}-0`, 1],
      [`${seq}-0`, 2],
      [`${seq}-0`, 3],
    ]);
    expect(running.metrics.map(({ fate }) => fate)).toEqual(['retry', 'retry', 'accepted']);
  });

  test.each<[string, Send]>([
    ['answers "again"', () => ({ outcome: 'retry', why: 'HTTP 503' })],
    ['throws', () => Promise.reject(Object.assign(new Error('about Jane Doe'), { code: 'EPIPE' }))],
  ])('after the last attempt of a rail that %s: refused, with a work item', async (_what, send) => {
    const running = await run({ send });
    const seq = await running.tell('t', A);
    const [row] = await settled(running, 1);
    expect(row).toMatchObject({
      state: 'refused',
      why: expect.stringMatching(/^given up after 3 attempts: /),
    });
    expect(row?.why).not.toContain('Jane');
    expect(await running.store.snapshot().read(`Task/work-${seq}-0`, { everything: true })).toBeDefined();
    expect(running.sent).toHaveLength(3);
  });

  test('gates that cannot be asked: nothing is sent, then a person is asked', async () => {
    const running = await run({ send: accept, ask: () => Promise.reject(new TypeError('x')) });
    await running.tell('t', A);
    const [row] = await settled(running, 1);
    expect(row).toMatchObject({ state: 'refused', why: 'given up after 3 attempts: gates: TypeError' });
    expect(running.sent).toEqual([]);
  });

  test('a rail that this server does not have', async () => {
    const running = await run({ send: accept });
    const entry = buildEntry('hl7v2-mllp', A, 'Task/t');
    await running.world.put({ resourceType: 'Task', id: 't' }, [entry]);
    running.dispatcher.nudge();
    const [row] = await settled(running, 1);
    expect(row?.why).toContain('no rail hl7v2-mllp');
  });
});

describe('(harmony Z42) the record of a delivery', () => {
  const evidence = [{ kind: 'accepted', at: '2026-03-01T10:00:00.000Z', source: 'job 7' }] as const;
  const recordOf = async ({ store }: Running, entry: string) =>
    store.snapshot().record(DELIVERY_RECORD, entry);
  const itemOf = ({ store }: Running, entry: string) =>
    store.snapshot().read(`Task/work-${entry}`, { everything: true });

  test('evidence, and what the rail must remember, are in the commit that ends the entry', async () => {
    const body = { id: 'mail-1' };
    const records = [{ kind: 'sent', key: 'mail-1', expect: 'absent', body }] as const;
    const dueBy = '2026-03-01T11:00:00.000Z';
    const running = await run({ send: () => ({ outcome: 'accepted', evidence, records, dueBy }) });
    const seq = await running.tell('t', A);
    await settled(running, 1);
    const record = await recordOf(running, `${seq}-0`);
    expect(record).toMatchObject({
      version: running.store.status().seq,
      body: { state: 'sent', rail: 'test', receiver: A, task: 'Task/t', attempts: 1, evidence, dueBy },
    });
    const remembered = await running.store.snapshot().record('sent', 'mail-1');
    expect(remembered).toMatchObject({ version: record?.version, body });
    const [audited] = await deliveries(running);
    expect(audited?.seq).toBe(record?.version);
  });

  test('a failure to reach a party is one, and names its work item; a Subscription’s is none', async () => {
    const running = await run({ send: () => ({ outcome: 'refused', why: 'gone' }) });
    const seq = await running.tell('t', A, 'Subscription/s');
    await settled(running, 2);
    const record = await recordOf(running, `${seq}-0`);
    expect(record?.body).toMatchObject({ state: 'failed', why: 'gone', item: `Task/work-${seq}-0` });
    expect(await recordOf(running, `${seq}-1`)).toBeUndefined();
    expect(running.metrics.map(({ state }) => state)).toEqual(['failed', 'failed']);
  });

  test('what came through without an answer opens no work item: evidence was there before the server gave up', async () => {
    const running: Running = await run({
      send: async ({ id, ...entry }) => {
        const known = await recordOf(running, id);
        const record = recordOfEntry({ id, ...entry });
        const came = [{ kind: 'answered', at: '2026-03-01T10:00:00.000Z', source: 'their mail' }] as const;
        if (known === undefined)
          await running.store.commit({
            ...NOTHING,
            records: [writeRecord(came.reduce(advance, record), undefined)],
          });
        return { outcome: 'retry', why: 'no answer' };
      },
    });
    const seq = await running.tell('t', A);
    const [row] = await settled(running, 1);
    expect(row?.state).toBe('refused');
    const record = await recordOf(running, `${seq}-0`);
    expect(record?.body).toMatchObject({ state: 'acknowledged', attempts: 3 });
    expect(await itemOf(running, `${seq}-0`)).toBeUndefined();
  });

  test('evidence that is written at the same moment is kept beside the receipt', async () => {
    let isFirst = true;
    const around = (store: Store): Store => ({
      ...store,
      async commit(commit) {
        const [outcome] = commit.deliveryOutcomes;
        if (outcome !== undefined && isFirst) {
          isFirst = false;
          const [entry] = running.sent;
          if (entry === undefined) throw new Error('nothing was sent');
          const early = { kind: 'answered', at: '2026-03-01T09:00:00.000Z', source: 'their mail' } as const;
          const record = advance(recordOfEntry(entry), early);
          await store.commit({ ...NOTHING, records: [writeRecord(record, undefined)] });
        }
        return store.commit(commit);
      },
    });
    const running: Running = await run({ send: () => ({ outcome: 'accepted', evidence }), around });
    const seq = await running.tell('t', A);
    await settled(running, 1);
    const record = await recordOf(running, `${seq}-0`);
    expect(record?.body).toMatchObject({
      state: 'acknowledged',
      evidence: [{ kind: 'answered' }, { kind: 'accepted' }],
    });
  });
});

describe('order and independence', () => {
  test('entries of one lane leave in commit order, one after the other, also through failures', async () => {
    const failed = new Set<string>();
    const running = await run({
      send: ({ id }) => {
        if (failed.has(id)) return { outcome: 'accepted' };
        failed.add(id);
        return { outcome: 'retry', why: 'first attempt' };
      },
    });
    const seqs = [await running.tell('t', A), await running.tell('t', A), await running.tell('t', A)];
    await settled(running, 3);
    expect(running.sent.map(({ seq }) => seq)).toEqual(seqs.flatMap((seq) => [seq, seq]));
  });

  test('a receiver is served by one delivery at a time, receivers beside each other', async () => {
    let together = 0;
    let most = 0;
    const perReceiver = new Map<Ref, number>();
    const running = await run({
      send: async ({ receiver }) => {
        const now = (perReceiver.get(receiver) ?? 0) + 1;
        perReceiver.set(receiver, now);
        expect(now).toBe(1);
        most = Math.max(most, (together += 1));
        await pause(running.time, 20);
        together -= 1;
        perReceiver.set(receiver, now - 1);
        return { outcome: 'accepted' };
      },
      settings: { inFlightMax: 3 },
    });
    const receivers: readonly Ref[] = ['Endpoint/1', 'Endpoint/2', 'Endpoint/3', 'Endpoint/4', 'Endpoint/5'];
    await Promise.all(['t', 'u', 'v'].map((task) => running.tell(task, ...receivers)));
    const rows = await settled(running, 15);
    expect(rows.every(({ state }) => state === 'accepted')).toBe(true);
    expect(most).toBe(3);
  });

  const hang = (signal: AbortSignal): Promise<Receipt> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve({ outcome: 'retry', why: 'timeout' }));
    });

  test('forty silent receivers of one organization take its share, and the others are told', async () => {
    const OTHER: Ref = 'Organization/other';
    const running = await run({
      send: ({ sight }, signal) =>
        !sight.everything && sight.organization === OTHER ? { outcome: 'accepted' } : hang(signal),
      settings: { inFlightMax: 32, deliveriesPerOrganizationMax: 4, drainMs: 0 },
    });
    const silent = Array.from({ length: 40 }, (_, n): Ref => `Subscription/silent-${n}`);
    await running.tell('silent', ...silent);
    await until(
      running,
      () => running.sent.length,
      (count) => count >= 4,
    );
    const entries = Array.from({ length: 8 }, (_, n) => ({
      ...buildEntry('test', `Subscription/live-${n}`, 'Task/live'),
      sight: { everything: false, organization: OTHER } as const,
    }));
    await running.world.put({ resourceType: 'Task', id: 'live' }, entries, OTHER);
    running.dispatcher.nudge();
    await until(
      running,
      async () =>
        (await running.store.outbox({ subject: 'Task/live', count: 100 })).map(({ state }) => state),
      (states) => states.length === 8 && states.every((state) => state === 'accepted'),
    );
    expect(running.sent.filter(({ subject }) => subject === 'Task/silent')).toHaveLength(4);
  });

  test('one host is sent so many at a time, the rest in its turn', async () => {
    let [together, most] = [0, 0];
    const running = await run({
      send: async () => {
        most = Math.max(most, (together += 1));
        await pause(running.time, 10);
        together -= 1;
        return { outcome: 'accepted' };
      },
      hostOf: async () => 'hooks.example.org',
      settings: { deliveriesPerHostMax: 2 },
    });
    await running.tell('t', 'Endpoint/1', 'Endpoint/2', 'Endpoint/3', 'Endpoint/4', 'Endpoint/5');
    const rows = await settled(running, 5);
    expect(rows.every(({ state }) => state === 'accepted')).toBe(true);
    expect(most).toBe(2);
  });

  test('a receiver that hangs, with a long queue, holds up nobody else', async () => {
    const running = await run({
      send: ({ receiver }, signal) =>
        receiver === A
          ? new Promise((resolve) =>
              signal.addEventListener('abort', () => resolve({ outcome: 'retry', why: 'no answer in time' })),
            )
          : { outcome: 'accepted' },
      settings: { inFlightMax: 2, drainMs: 0 },
    });
    for (let i = 0; i < 20; i += 1) await running.tell(`dead-${i}`, A);
    for (let i = 0; i < 5; i += 1) await running.tell(`live-${i}`, B);
    const rows = await settled(running, 5);
    expect(rows.filter(({ state }) => state === 'accepted').map(({ receiver }) => receiver)).toEqual(
      Array(5).fill(B),
    );
    expect(running.sent.filter(({ receiver }) => receiver === A)).toHaveLength(1);
  });
});

describe('deadlines', () => {
  test('an attempt is ended at its deadline', async () => {
    const running = await run({
      send: (_entry, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve({ outcome: 'retry', why: 'no answer in time' })),
        ),
      settings: { attemptTimeoutMs: 30, attemptsMax: 1 },
    });
    await running.tell('t', A);
    const [row] = await settled(running, 1);
    expect(row?.why).toContain('no answer in time');
  });

  test('a rail that does not heed its signal is given up', async () => {
    const running = await run({
      send: () => new Promise<never>(() => undefined),
      settings: { attemptTimeoutMs: 30, attemptsMax: 1 },
    });
    await running.tell('t', A);
    const [row] = await settled(running, 1);
    expect(row?.why).toContain('deadline');
  });

  test('an attempt that could outlast its lease is refused at the start', async () => {
    const time = fakeTime();
    const world = await openWorld({ clock: time });
    const settings = { ...SETTINGS, leaseMs: 1_000, attemptTimeoutMs: 1_000 };
    await expect(run({ world, time, send: accept, settings })).rejects.toThrow(RangeError);
    await world.close();
  });
});

describe('trouble and stopping', () => {
  test('after a crash between sending and settling it is sent again with the same id', async () => {
    const time = fakeTime();
    const world = await openWorld({ clock: time });
    let crashed = false;
    // The process is gone when it would have written the receipt.
    const crash = (store: Store): Store => ({
      ...store,
      snapshot: (seq) => store.snapshot(seq),
      commit: (commit) => {
        if (crashed || commit.deliveryOutcomes.length === 0) return store.commit(commit);
        crashed = true;
        return Promise.reject(new Error('killed'));
      },
    });
    const settings = { leaseMs: 2_300, attemptTimeoutMs: 200 };
    const running = await run({ world, time, send: accept, settings, around: crash });
    const seq = await running.tell('t', A);
    await settled(running, 1);
    expect(running.sent.map(({ id }) => id)).toEqual([`${seq}-0`, `${seq}-0`]);
    expect(running.metrics.map(({ fate }) => fate)).toEqual(['lost', 'accepted']);
  });

  test('what never gets a receipt is not sent for ever', async () => {
    const time = fakeTime();
    const world = await openWorld({ clock: time });
    let isFull = true;
    const full = (store: Store): Store => ({
      ...store,
      snapshot: (seq) => store.snapshot(seq),
      commit: (commit) =>
        isFull && commit.deliveryOutcomes.length > 0
          ? Promise.reject(new Error('full'))
          : store.commit(commit),
    });
    const settings = { attemptsMax: 1, leaseMs: 2_100, attemptTimeoutMs: 100 };
    const running = await run({ world, time, send: accept, settings, around: full });
    await running.tell('t', A);
    await until(
      running,
      () => running.metrics.length,
      (count) => count === 1,
    );
    isFull = false;
    const [row] = await settled(running, 1);
    expect(row).toMatchObject({ state: 'refused', why: expect.stringContaining('no receipt') });
    expect(running.sent).toHaveLength(1);
  });

  test('a stopped dispatcher lets a delivery finish and claims nothing more', async () => {
    let answer: (receipt: Receipt) => void = () => undefined;
    const running = await run({ send: () => new Promise<Receipt>((resolve) => (answer = resolve)) });
    await running.tell('t', A);
    await until(
      running,
      () => running.sent.length,
      (count) => count === 1,
    );
    const stopped = running.dispatcher.stop();
    await running.tell('u', B);
    answer({ outcome: 'accepted' });
    await stopped;
    const rows = await outbox(running);
    expect(rows.map(({ receiver, state }) => [receiver, state])).toEqual([
      [B, 'waiting'],
      [A, 'accepted'],
    ]);
  });

  test('what does not finish while draining is aborted and put back', async () => {
    const running = await run({
      send: (_entry, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve({ outcome: 'retry', why: 'no answer in time' })),
        ),
      settings: { drainMs: 20 },
    });
    await running.tell('t', A);
    await until(
      running,
      () => running.sent.length,
      (count) => count === 1,
    );
    await inTime(running, running.dispatcher.stop());
    expect(await outbox(running)).toEqual([expect.objectContaining({ state: 'waiting', attempt: 1 })]);
  });

  test('what its gates held until everything was aborted is not sent, and put back', async () => {
    const asked = Promise.withResolvers<Awaited<ReturnType<Gate>>>();
    const running = await run({
      ask: () => asked.promise,
      send: () => new Promise(() => undefined), // heeds no signal
      settings: { drainMs: 20 },
    });
    await running.tell('t', A);
    await until(
      running,
      () => outbox(running),
      ([row]) => row?.state === 'leased',
    );
    const stopped = running.dispatcher.stop();
    await new Promise((resolve) => setImmediate(resolve));
    running.time.pass(20);
    asked.resolve({ permitted: true, policy: 'treatment' });
    await inTime(running, stopped);
    expect(running.sent).toEqual([]);
    expect(await outbox(running)).toEqual([expect.objectContaining({ state: 'waiting', attempt: 1 })]);
  });

  test('nothing is claimed while the store cannot be written', async () => {
    const readOnly = (store: Store): Store => ({
      ...store,
      status: () => ({ ...store.status(), writable: false }),
      snapshot: (seq) => store.snapshot(seq),
    });
    const time = fakeTime();
    const world = await openWorld({ clock: time });
    const running = await run({ world, time, send: accept, around: readOnly });
    await running.tell('t', A);
    await inTime(running, pause(running.time, 60));
    expect(running.sent).toEqual([]);
    expect(await outbox(running)).toEqual([expect.objectContaining({ state: 'waiting' })]);
  });

  test('entries that wait from before are found at the start', async () => {
    const time = fakeTime();
    const world = await openWorld({ clock: time });
    await world.put({ resourceType: 'Task', id: 't' }, [buildEntry('test', A, 'Task/t')]);
    const running = await run({ world, time, send: accept });
    await settled(running, 1);
    expect(running.sent).toHaveLength(1);
  });
});
