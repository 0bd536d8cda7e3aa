/** What the capture rail keeps: bounded, readable by receiver, in memory and in a file. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref } from '../../../../src/fhir/types.ts';
import {
  createCaptureRail,
  type CaptureParts,
  type CaptureRail,
} from '../../../../src/rails/capture/index.ts';
import { buildClaimed, buildEntry, openWorld, type World } from '../../../contract/delivery-world.ts';

let world: World;
let folder: string;
let seq: number;
beforeAll(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), 'closeloop-capture-'));
  seq = await world.put({ resourceType: 'Task', id: 't', status: 'accepted' });
  for (const id of ['a', 'b']) await world.put({ resourceType: 'Endpoint', id, status: 'active' });
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});

const createRail = (parts: Partial<CaptureParts> = {}): CaptureRail =>
  createCaptureRail({
    present: ({ text = '' }) => text,
    clock: { now: () => Date.parse('2026-03-01T12:00:00Z') },
    transactionOf: (event) => (event === 'send-acceptance' ? 'PCC-56' : undefined),
    ...parts,
  });

async function deliver(rail: CaptureRail, receiver: Ref, event = 'send-acceptance') {
  const entry = { ...buildClaimed(buildEntry('capture', receiver, 'Task/t'), seq), event };
  const { store } = world;
  return rail.deliver(entry, store.snapshot(seq), store.snapshot(), AbortSignal.timeout(5_000));
}

test('a notification is a Bundle that says what happened, by which transaction, to what', async () => {
  const rail = createRail();
  expect(await deliver(rail, 'Endpoint/a')).toMatchObject({ outcome: 'accepted', says: 'captured' });
  const [captured] = rail.captured('Endpoint/a');
  expect(captured).toMatchObject({
    receiver: 'Endpoint/a',
    subject: 'Task/t',
    event: 'send-acceptance',
    attempt: 1,
    at: '2026-03-01T12:00:00.000Z',
  });
  expect(JSON.parse(captured?.text ?? '')).toEqual({
    resourceType: 'Bundle',
    id: captured?.id,
    meta: {
      tag: [
        { system: 'https://closeloop.dev/fhir/CodeSystem/trigger-event', code: 'send-acceptance' },
        { system: 'https://closeloop.dev/fhir/CodeSystem/ihe-transaction', code: 'PCC-56' },
      ],
    },
    type: 'collection',
    timestamp: '2026-01-01T00:00:00.000Z',
    entry: [
      {
        link: [{ relation: 'self', url: 'Task/t' }],
        resource: { resourceType: 'Task', id: 't', status: 'accepted' },
      },
    ],
  });
});

test('an event that is no move has no transaction', async () => {
  const rail = createRail();
  await deliver(rail, 'Endpoint/a', 'update');
  expect(JSON.parse(rail.captured()[0]?.text ?? '').meta.tag).toHaveLength(1);
});

test('each receiver has its own, and the oldest go first', async () => {
  const rail = createRail({ keptMax: 3 });
  for (const receiver of ['Endpoint/a', 'Endpoint/b', 'Endpoint/a', 'Endpoint/b'] as const) {
    await deliver(rail, receiver);
  }
  expect(rail.captured().map(({ receiver }) => receiver)).toEqual(['Endpoint/b', 'Endpoint/a', 'Endpoint/b']);
  expect(rail.captured('Endpoint/a')).toHaveLength(1);
  expect(rail.captured('Endpoint/c')).toEqual([]);
});

test('the file holds a line for each, is for its owner alone, and begins anew when it is full', async () => {
  const file = join(folder, 'captured.jsonl');
  const rail = createRail({ file, fileBytesMax: 1_500 });
  await Promise.all([deliver(rail, 'Endpoint/a'), deliver(rail, 'Endpoint/b')]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readLines(file)).toHaveLength(2);
  await deliver(rail, 'Endpoint/a');
  await rail.close();
  const lines = [...(await readLines(`${file}.1`)), ...(await readLines(file))];
  expect(lines).toEqual(rail.captured());
});

const readLines = async (file: string): Promise<readonly unknown[]> =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
