/** What would have left without its notice: one incident that lists the deliveries (compliance P23, C10). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { writeNoticeItem } from '../../../src/operations/notice-items.ts';
import { buildClaimed, buildEntry } from '../../contract/delivery-world.ts';
import { openServer, type TestServer } from '../../server.ts';
import { part2Scene, type Part2Scene } from './scene.ts';

let server: TestServer;
let scene: Part2Scene;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  scene = await part2Scene(server);
});
afterAll(() => server.close());

let made = 0;
const newId = (): string => `notice-item-${(made += 1)}`;

/** Writes what a delivery whose notice failed asks a person; the number of writes. */
async function fail(subject: Ref, seq: number, failure: 'incident' | 'rail-cannot-carry'): Promise<number> {
  const { store } = server.running;
  const entry = buildClaimed(buildEntry('capture', 'Endpoint/recipient', subject), seq);
  const write = await writeNoticeItem({ store, clock: { now: () => Date.now() }, newId }, entry, failure);
  if (write === undefined) return 0;
  const agent = { organization: '', client: 'test', subject: 'test' } as const;
  const row = { event: 'admin', action: 'U', outcome: '0', agent, requestId: 'test' } as const;
  await store.commit({
    writes: [write],
    preconditions: [],
    expects: [],
    audit: [{ ...row, entities: [], patients: [], viewers: [] }],
    outbox: [],
    deliveryOutcomes: [],
  });
  return 1;
}

const items = (kind: string): Promise<readonly Resource[]> =>
  server.search('initiator', `Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|${kind}`);

test('(compliance P23) two deliveries are one incident, and the same one is listed once', async () => {
  expect(await fail(scene.task, 3, 'incident')).toBe(1);
  expect(await fail(scene.condition, 4, 'incident')).toBe(1);
  expect(await fail(scene.condition, 4, 'incident')).toBe(0);
  const [incident, ...others] = await items('incident');
  expect(others).toEqual([]);
  expect(incident).toMatchObject({
    status: 'requested',
    owner: { reference: 'Organization/initiator' },
    input: [
      { valueString: `${scene.task}/_history/3 delivery 3-0 by capture to Endpoint/recipient` },
      { valueString: `${scene.condition}/_history/4 delivery 4-0 by capture to Endpoint/recipient` },
    ],
  });
});

test('(compliance P31) a rail without a place asks for another rail', async () => {
  expect(await fail(scene.task, 3, 'rail-cannot-carry')).toBe(1);
  expect(await items('rail-cannot-carry')).toHaveLength(1);
});
