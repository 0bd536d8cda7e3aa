/** Labels by the tables of today on what was stored before (compliance S9). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { relabel } from '../../../src/operations/relabel.ts';
import type { LabelPlan } from '../../../src/policies/labels/label-plan.ts';
import { openServer, type TestServer } from '../../server.ts';
import { act, condition, conf, labelsOf } from '../labels/scene.ts';
import { part2Scene, type Part2Scene } from './scene.ts';

let server: TestServer;
let scene: Part2Scene;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  scene = await part2Scene(server);
  await server.sentTo('recipient', scene.task, 1);
});
afterAll(() => server.close());

let made = 0;
const newId = (): string => `incident-${(made += 1)}`;

/** A table that has grown: what it asks for the Task that left, and for the Condition that did not. */
const grown = (resource: Resource): LabelPlan | undefined => {
  const at = `${resource.resourceType}/${resource.id ?? ''}`;
  if (at !== scene.task && at !== scene.plain) return undefined;
  const security = [conf('N'), act('HIV')];
  return labelsOf(resource).includes('HIV') ? undefined : { security, entries: new Map() };
};

const incidents = (): Promise<readonly Resource[]> =>
  server.search('initiator', 'Task?code=https://closeloop.dev/fhir/CodeSystem/work-item|incident');

test('(compliance S9) finds the one of three that left without its label, and lists its delivery', async () => {
  const { store } = server.running;
  const parts = { store, clock: { now: () => Date.now() }, newId };
  expect(await relabel({ ...parts, labelsFor: grown })).toMatchObject({ labelled: 2, left: 1 });
  expect(labelsOf(await server.read('initiator', scene.task))).toContain('HIV');
  expect(labelsOf(await server.read('initiator', scene.plain))).toBe('HIV N');
  const [incident, ...others] = await incidents();
  expect(others).toEqual([]);
  const [sent] = await server.outboxOf(scene.task);
  expect(incident).toMatchObject({
    status: 'requested',
    owner: { reference: 'Organization/initiator' },
    input: [{ valueString: expect.stringContaining(`${scene.task}/_history/`) }],
  });
  expect(JSON.stringify(incident)).toContain(`delivery ${sent?.id ?? '-'} by capture`);
});

test('(compliance S9) again it finds nothing, and by the tables of today nothing either', async () => {
  const { store } = server.running;
  const parts = { store, clock: { now: () => Date.now() }, newId };
  expect(await relabel({ ...parts, labelsFor: grown })).toMatchObject({ labelled: 0, left: 0 });
  expect(await relabel(parts)).toMatchObject({ labelled: 0, left: 0 });
  expect(await incidents()).toHaveLength(1);
});

test('(compliance S9) passes over nothing, however long the texts of a page are', async () => {
  const long: (string | undefined)[] = [];
  for (let i = 0; i < 4; i += 1) {
    const one = condition(scene.patient, 'I10', { note: [{ text: 'x'.repeat(500_000) }] });
    long.push((await server.create('initiator', one)).id);
  }
  const seen = new Set<string | undefined>();
  const labelsFor = ({ id }: Resource): undefined => void seen.add(id);
  await relabel({ store: server.running.store, clock: { now: () => Date.now() }, newId, labelsFor });
  expect(long.filter((id) => !seen.has(id))).toEqual([]);
});
