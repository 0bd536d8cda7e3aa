/** The setting `validation`: how much is asked of what is written, per type (rules 5.3, docs/adr/0017). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { SETTINGS as TABLE } from '../../../src/server/settings.ts';
import { levelFor } from '../../../src/resources/validation-level.ts';
import * as make from '../../resources.ts';
import { initiator, openWorld, type World } from '../../world.ts';

const WEIGHT = 'http://hl7.org/fhir/StructureDefinition/bodyweight';

const worlds = new Map<string, World>();
async function worldOf(...validation: readonly string[]): Promise<World> {
  const key = validation.join();
  const known = worlds.get(key);
  if (known !== undefined) return known;
  const world = await openWorld({ settings: { validation } });
  await world.seedDirectory('initiator', 'recipient');
  worlds.set(key, world);
  return world;
}
beforeAll(() => worldOf('*:claimed'));
afterAll(() => Promise.all([...worlds.values()].map((world) => world.close())));

const observation = (more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});
const CLAIMING = observation({ meta: { profile: [WEIGHT] } });
const UNSOUND = observation({ status: 'unheard-of' });
const UNREADABLE = observation({ code: 'x' });

const statusOf = async (body: object, ...rows: readonly string[]): Promise<number> =>
  (
    await (
      await worldOf(...rows)
    ).ask(initiator, 'POST', (body as { resourceType: string }).resourceType, body)
  ).status;

describe('each level asks for what the ones before it ask for', () => {
  test.each<[level: string, unreadable: number, unsound: number, claiming: number]>([
    ['off', 422, 201, 201],
    ['structural', 422, 422, 201],
    ['claimed', 422, 422, 422],
  ])('%s', async (level, unreadable, unsound, claiming) => {
    const rows = ['*:claimed', `Observation:${level}`];
    expect(await statusOf(UNREADABLE, ...rows)).toBe(unreadable);
    expect(await statusOf(UNSOUND, ...rows)).toBe(unsound);
    expect(await statusOf(CLAIMING, ...rows)).toBe(claiming);
    expect(await statusOf(observation(), ...rows)).toBe(201);
  });

  test('required: a profile of the declaration must hold, claimed or not', async () => {
    const world = await worldOf('ServiceRequest:required');
    const subject = await world.create(initiator, make.patient());
    const order = {
      subject: `Patient/${subject.id}`,
      requester: 'PractitionerRole/initiator',
      performer: 'PractitionerRole/recipient',
    } as const;
    const sound = make.serviceRequest(order, { category: [{ text: 'x' }] });
    const { code: _code, ...lacking } = { ...sound } as Record<string, unknown>;
    expect((await world.ask(initiator, 'POST', 'ServiceRequest', sound)).status).toBe(201);
    const refused = await world.ask(initiator, 'POST', 'ServiceRequest', lacking);
    expect([refused.status, refused.code]).toEqual([422, 'profile-invalid']);
    expect(
      (await (await worldOf('*:claimed')).ask(initiator, 'POST', 'Patient', make.patient())).status,
    ).toBe(201);
  });
});

test('the row of a type goes before that of all others, a later before an earlier', () => {
  expect(levelFor(['Task:off', '*:structural'], 'Task')).toBe('off');
  expect(levelFor(['Task:off', '*:structural'], 'Patient')).toBe('structural');
  expect(levelFor(['Task:off', 'Task:claimed'], 'Task')).toBe('claimed');
  expect(levelFor([], 'Task')).toBe('claimed');
});

describe('the setting', () => {
  const { validation, unknownModifierExtensions } = TABLE;
  test.each([
    ['*:structural,ServiceRequest:required', true],
    ['*:required', true],
    ['Patient:strict', false],
    ['Nobody:off', false],
    ['Basic:required', false],
    ['Patient', false],
  ])('%s: %s', (text, allowed) => {
    expect(validation.parse(text) !== undefined).toBe(allowed);
  });

  test('what is unsafe is named', () => {
    expect(validation.unsafe?.(['*:claimed', 'Task:required'])).toBeUndefined();
    expect(validation.unsafe?.(['*:claimed', 'Patient:off'])).toContain('Patient');
    expect(validation.unsafe?.(['*:structural'])).toContain('*');
    expect(unknownModifierExtensions.unsafe?.('accept')).toEqual(expect.any(String));
  });
});

test('whatever is stored when nothing is asked, a request is answered', async () => {
  const world = await worldOf('*:claimed', 'Observation:off');
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('2020-13', '', 'Patient/', '#', 'urn:uuid:x', '2020-01-01'),
  );
  const loose = fc.record(
    {
      status: text,
      effectiveDateTime: text,
      issued: text,
      identifier: fc.array(fc.record({ system: text, value: text }, { requiredKeys: [] }), { maxLength: 2 }),
      code: fc.record(
        { text, coding: fc.array(fc.record({ system: text, code: text }), { maxLength: 2 }) },
        { requiredKeys: [] },
      ),
      subject: fc.record({ reference: fc.constantFrom('Patient/', 'nonsense', '#x', 'urn:uuid:x') }),
      valueQuantity: fc.record({ value: fc.double(), unit: text }, { requiredKeys: [] }),
      component: fc.array(fc.record({ valueString: text }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(loose, async (more) => {
      const body = JSON.parse(JSON.stringify({ resourceType: 'Observation', ...more })) as object;
      const { status } = await world.ask(initiator, 'POST', 'Observation', body);
      expect(status === 201 || (status >= 400 && status < 500)).toBe(true);
    }),
    { numRuns: 60 },
  );
});
