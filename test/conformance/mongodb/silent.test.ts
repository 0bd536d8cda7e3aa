/** A database that does not answer: what callers and operators are told meanwhile, and that everything recovers by itself. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { describeJudged } from '../../judges.ts';
import { patient } from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { openGate, type TcpGate } from '../../tcp-gate.ts';

const COMMIT_TIMEOUT_MS = 1000;
const SOON_MS = 30_000;

describeJudged('mongodb', 'a database that does not answer', (uri) => {
  const database = `closeloop_test_${randomUUID().slice(0, 13)}`;
  let gate: TcpGate;
  let server: TestServer;

  beforeAll(async () => {
    const { hostname: host, port } = new URL(uri);
    gate = await openGate({ host, port: Number(port || 27_017) });
    server = await openServer(
      ['initiator'],
      '--store=mongodb',
      `--mongodb-database=${database}`,
      `--mongodb-uri=mongodb://127.0.0.1:${gate.port}/?directConnection=true`,
      `--commit-timeout-ms=${COMMIT_TIMEOUT_MS}`,
      '--mongodb-selection-ms=500',
    );
  }, 60_000);

  afterAll(async () => {
    gate.open();
    await server.close();
    await gate.close();
    const client = new MongoClient(uri);
    await client.db(database).dropDatabase();
    await client.close();
  });

  const create = (idempotencyKey: string): Promise<Response> =>
    server.ask('initiator', 'POST', 'Patient', patient(), { idempotencyKey });
  const readiness = async () => {
    const answer = await fetch(`http://127.0.0.1:${server.running.port}/health/ready`);
    const { writable, why } = (await answer.json()) as { writable: boolean; why?: string };
    return { status: answer.status, writable, why };
  };
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + SOON_MS; !(await holds());) {
      if (Date.now() > end) throw new Error('it did not come to that');
      await sleep(50);
    }
  };
  const recovers = async (): Promise<void> => {
    gate.open();
    await until(async () => (await readiness()).status === 200);
    expect((await server.ask('initiator', 'GET', 'Patient')).status).toBe(200);
    expect(await readiness()).toEqual({ status: 200, writable: true, why: undefined });
  };
  /** What a client sees who sends the same again after the trouble: one resource. */
  const isWrittenOnce = async (key: string): Promise<void> => {
    const [first, second] = [await create(key), await create(key)];
    expect([first.status, second.location]).toEqual([201, first.location]);
  };

  const isRefused = async (answer: Promise<Response>, ...codes: readonly string[]): Promise<void> => {
    const started = performance.now();
    const { status, headers, ...said } = await answer;
    expect([status, headers['retry-after'] !== undefined]).toEqual([503, true]);
    expect(codes).toContain(said.code);
    expect(performance.now() - started).toBeLessThan(COMMIT_TIMEOUT_MS + 2000);
  };

  test.each<[string, readonly string[], () => void]>([
    ['its answer to a write does not come', ['commit-unsure'], () => gate.holdBehind('insert')],
    ['nothing passes', ['commit-unsure'], () => gate.hold()],
    // The driver may have written before it sees that the connection is cut.
    ['it is gone', ['busy', 'commit-unsure'], () => gate.cut()],
  ])(
    '%s: writes and reads are refused, and it recovers by itself',
    async (_, codes, trouble) => {
      const before = (await server.search('initiator', 'Patient')).length;
      expect((await readiness()).status).toBe(200);
      trouble();

      const key = randomUUID();
      await isRefused(create(key), ...codes);
      expect(await readiness()).toMatchObject({ status: 503, writable: false, why: 'database-silent' });
      await isRefused(server.ask('initiator', 'GET', 'Patient'), 'busy');
      await isRefused(create(randomUUID()), 'busy');

      await recovers();
      await isWrittenOnce(key);
      expect(await server.search('initiator', 'Patient')).toHaveLength(before + 1);
    },
    60_000,
  );

  test('a read that comes first is refused as busy, not as unsure', async () => {
    gate.hold();
    const read = await server.ask('initiator', 'GET', 'Patient');
    expect([read.status, read.code]).toEqual([503, 'busy']);
    await recovers();
  }, 60_000);

  test('a server that nobody asks finds out by itself', async () => {
    gate.cut();
    await until(async () => (await readiness()).status === 503);
    expect(await readiness()).toEqual({ status: 503, writable: false, why: 'database-silent' });
    gate.open();
    await until(async () => (await readiness()).status === 200);
  }, 60_000);
});
