/** How many threads two organizations may have open: ten thousand, at their opening, opening again and joining. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { withParticipants } from '../../../src/messaging/extensions.ts';
import { OPEN_THREADS_MAX } from '../../../src/messaging/limits.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { keep } from '../../stored-agreement.ts';
import { refOf } from '../../world.ts';

const A: Ref = 'Organization/initiator';
const B: Ref = 'Organization/recipient';
const C: Ref = 'Organization/stranger';

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient', 'stranger']);
});
afterAll(() => server.close());

const to = (reference: string) => ({ reference });
const header = (...parties: readonly Ref[]): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  sender: to(A),
  recipient: parties.map(to),
});

const AT_ONCE = 500;

/** Threads of two organizations as the server keeps them, all of them open. */
async function keepOpen(count: number): Promise<void> {
  const { store } = server.running;
  for (let done = 0; done < count; done += AT_ONCE) {
    const headers = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_none, at) => ({
      resource: withParticipants(
        { ...header(A, B), id: `kept-${done + at}` },
        [A, B],
        '2026-01-01T00:00:00Z',
      ),
      custodian: A,
      reach: { parties: [A, B] },
    }));
    await keep(store, ...headers);
  }
}

const open = (...parties: readonly Ref[]) =>
  server.ask('initiator', 'POST', 'Communication', header(...parties));
const setStatus = (ref: Ref, value: string) =>
  server.ask('initiator', 'PATCH', ref, [{ op: 'replace', path: '/status', value }]);
const FULL = { status: 413, code: 'message-too-large' };

test('(baa-messaging MS8) the last one opens, and none after it until one is closed', async () => {
  await keepOpen(OPEN_THREADS_MAX - 2);
  // Both of one transaction count.
  const three = make.transaction(
    ...[1, 2, 3].map(() => ({ method: 'POST', url: 'Communication', resource: header(A, B) }) as const),
  );
  expect(await server.ask('initiator', 'POST', '', three)).toMatchObject(FULL);
  const before = refOf((await open(A, B)).json as Resource & { id: string });
  const last = await open(A, B);
  expect(last.status).toBe(201);
  expect(await open(A, B)).toMatchObject({
    ...FULL,
    text: expect.stringContaining(`${OPEN_THREADS_MAX} open threads`),
  });
  // The other side opens none either, and nobody else is concerned.
  const back = { ...header(A, B), sender: to(B) };
  expect(await server.ask('recipient', 'POST', 'Communication', back)).toMatchObject(FULL);
  const other = await open(A, C);
  expect(other.status).toBe(201);

  const thread = refOf(other.json as Resource & { id: string });
  const join = [{ op: 'add', path: '/recipient/-', value: to(B) }];
  expect(await server.ask('initiator', 'PATCH', thread, join)).toMatchObject(FULL);

  expect((await setStatus(before, 'completed')).status).toBe(200);
  expect((await server.ask('initiator', 'PATCH', thread, join)).status).toBe(200);
  expect(await setStatus(before, 'in-progress')).toMatchObject(FULL);
  expect((await setStatus(thread, 'completed')).status).toBe(200);
  expect((await setStatus(before, 'in-progress')).status).toBe(200);
}, 120_000);
