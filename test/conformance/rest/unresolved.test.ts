/** References that lead nowhere: refused outside transactions as inside, or told (rules 2.3). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { initiator, openWorld, refOf, type WorldReply, type Stored, type World } from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient');
});
afterAll(() => world.close());

const URN = 'urn:uuid:5b3c1f7e-0000-4000-8000-000000000001';
const observationOf = (subject: object): Resource => ({ ...make.observation('Patient/none'), subject });

/** Every way to write it. */
async function everyWay(resource: Resource): Promise<readonly WorldReply[]> {
  const patient = await world.create(initiator, make.patient());
  const own: Stored[] = [];
  for (let i = 0; i < 3; i += 1) own.push(await world.create(initiator, make.observation(refOf(patient))));
  const [byId, selected, patched] = own.map(({ id }) => id);
  const entry = { method: 'POST', url: resource.resourceType, resource } as const;
  return [
    await world.ask(initiator, 'POST', resource.resourceType, resource),
    await world.ask(initiator, 'PUT', `Observation/${byId}`, { ...resource, id: byId }),
    await world.ask(initiator, 'PUT', `Observation?_id=${selected}`, resource),
    await world.ask(initiator, 'PATCH', `Observation/${patched}`, [
      { op: 'replace', path: '/subject', value: resource['subject'] },
    ]),
    await world.ask(initiator, 'POST', '', make.batch(entry)),
    await world.ask(initiator, 'POST', '', make.transaction(entry)),
    await world.ask(initiator, 'POST', '', make.transaction({ ...entry, fullUrl: 'urn:uuid:another' })),
  ];
}

test('(rules 2.3) a urn:uuid that resolves to nothing is refused by every door', async () => {
  const answers = await everyWay(observationOf(make.to(URN)));
  expect(answers.map(({ text = '' }) => text.includes('reference-not-found'))).toEqual(
    answers.map(() => true),
  );
  expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422, 200, 422, 422]);
});

describe('(rules 2.3) a version that is not there is refused like a resource that is not', () => {
  const versions: readonly [string, (patient: Stored) => string][] = [
    ['never written', () => '999999'],
    ['of something else', ({ meta }) => String(Number(meta?.versionId) - 1)],
    ['no number', () => 'first'],
  ];
  test.each(versions)('%s', async (_what, versionOf) => {
    const patient = await world.create(initiator, make.patient());
    const reference = `${refOf(patient)}/_history/${versionOf(patient)}`;
    const answers = await everyWay(observationOf(make.to(reference)));
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422, 200, 422, 422]);
    for (const { text } of answers) {
      expect(text).toContain('reference-not-found');
      expect(text).toContain(`${reference} does not exist, or you may not read it`);
    }
  });

  test('one that is there may be named, also after others, and beside the resource', async () => {
    const patient = await world.create(initiator, make.patient());
    const versioned = `${refOf(patient)}/_history/${patient.meta?.versionId ?? ''}`;
    await world.ask(initiator, 'PUT', refOf(patient), { ...patient, language: 'en' });
    const answers = await everyWay(observationOf(make.to(versioned)));
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200, 200, 200, 200]);
    const absent = { ...answers[0]?.json, focus: [make.to(`${refOf(patient)}/_history/999999`)] };
    const again = await world.ask(initiator, 'PUT', refOf(answers[0]?.json as Stored), absent);
    expect(again.status).toBe(422);
  });

  test('one that the same transaction writes is not there yet', async () => {
    const patient = await world.create(initiator, make.patient());
    const update = { ...patient, language: 'de' };
    const naming = (version: string | number = '') =>
      make.transaction(
        { method: 'PUT', url: refOf(patient), resource: update },
        {
          method: 'POST',
          url: 'Observation',
          resource: observationOf(make.to(`${refOf(patient)}/_history/${version}`)),
        },
      );
    const next = Number(patient.meta?.versionId) + 1;
    expect((await world.ask(initiator, 'POST', '', naming(next))).status).toBe(422);
    expect((await world.ask(initiator, 'POST', '', naming(patient.meta?.versionId))).status).toBe(200);
  });
});

test('(rules 2.3) a batch resolves nothing between its entries', async () => {
  const patient = { method: 'POST', url: 'Patient', fullUrl: URN, resource: make.patient() } as const;
  const order = make.serviceRequest({
    subject: URN,
    requester: 'Organization/initiator',
    performer: 'Organization/recipient',
  });
  const { json } = await world.ask(
    initiator,
    'POST',
    '',
    make.batch(patient, { method: 'POST', url: 'ServiceRequest', resource: order }),
  );
  const statuses = ((json?.['entry'] ?? []) as { response: { status: string } }[]).map(
    ({ response }) => response.status,
  );
  expect(statuses).toEqual(['201', '422']);
});

describe('(rules 2.3) any other subject that leads nowhere is told', () => {
  test.each<[string, object, boolean]>([
    ['on another server', make.to('https://elsewhere.example.org/fhir/Patient/1'), true],
    ['an oid', make.to('urn:oid:2.999.1'), true],
    ['an identifier alone', { identifier: { system: make.MRN_SYSTEM, value: '1' } }, true],
    ['a name alone', { display: 'somebody' }, true],
  ])('%s', async (_what, subject, warns) => {
    const [created, updated, byCondition, patched] = await everyWay(observationOf(subject));
    for (const answer of [created, updated, byCondition, patched]) {
      expect(answer?.status).toBeLessThan(300);
      expect(answer?.headers['Warning']?.includes('refers to no resource of this server') ?? false).toBe(
        warns,
      );
    }
    const again = await world.ask(initiator, 'PUT', refOf(created?.json ?? observationOf({})), {
      ...created?.json,
      language: 'en',
    });
    expect([again.status, again.headers['Warning']]).toEqual([200, undefined]);
  });

  test('one that is here, or contained, is not', async () => {
    const patient = await world.create(initiator, make.patient());
    const contained = { ...observationOf(make.to('#p')), contained: [{ ...make.patient(), id: 'p' }] };
    for (const resource of [observationOf(make.to(refOf(patient))), contained]) {
      const { status, headers } = await world.ask(initiator, 'POST', 'Observation', resource);
      expect([status, headers['Warning']]).toEqual([201, undefined]);
    }
  });
});
