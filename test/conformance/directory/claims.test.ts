/** What another organization says about people leads no referral to it (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  initiator,
  openWorld,
  refOf,
  stranger,
  type Answer,
  type Stored,
  type World,
} from '../../world.ts';

let world: World;
let claimed: Stored;
const NUMBER = make.npiOf('doctor');

const doctor = (more: object = {}): Resource => ({
  resourceType: 'Practitioner',
  name: [{ family: 'Doctor' }],
  ...more,
});
const numbered = doctor({ identifier: [{ system: make.NPI_SYSTEM, value: NUMBER }] });
const roleOf = (person: Resource): Resource => ({
  resourceType: 'PractitionerRole',
  practitioner: make.to(refOf(person)),
  organization: make.to('Organization/stranger'),
});

beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'stranger');
  claimed = await world.create(stranger, numbered);
  await world.create(stranger, roleOf(claimed));
});
afterAll(() => world.close());

/** An order of a new patient, with whatever is sent beside it. */
async function order(performer: string, ...beside: readonly make.Entry[]) {
  const patient = await world.create(initiator, make.patient());
  const placer = refOf(patient);
  const resource = make.serviceRequest({
    subject: placer,
    requester: 'Organization/initiator',
    performer,
    placer,
  });
  const entry = { method: 'POST', url: 'ServiceRequest', resource } as const;
  return { patient, answer: await world.ask(initiator, 'POST', '', make.transaction(...beside, entry)) };
}

const strangerReads = async (patient: Stored): Promise<Answer['status']> =>
  (await world.ask(stranger, 'GET', refOf(patient))).status;

describe('(directory DR10) a number that nobody verified leads to no one else’s record', () => {
  test.each([
    `Practitioner?identifier=${make.NPI_SYSTEM}|${NUMBER}`,
    `Practitioner?identifier=urn:oid:2.16.840.1.113883.4.6|${NUMBER}`,
    `Practitioner?identifier=${NUMBER}`,
    `Practitioner?identifier=${make.NPI_SYSTEM}|${NUMBER}&name=doctor`,
    `PractitionerRole?practitioner.identifier=${make.NPI_SYSTEM}|${NUMBER}`,
  ])('%s', async (reference) => {
    const { patient, answer } = await order(reference);
    expect([answer.code, await strangerReads(patient)]).toEqual(['reference-not-found', 404]);
  });

  test('a conditional create makes one’s own record, and no referral goes by it', async () => {
    const fullUrl = 'urn:uuid:6a0f4c5e-6d3e-4c19-9a83-0a1d2f3b4c5d';
    const ifNoneExist = `identifier=${make.NPI_SYSTEM}|${NUMBER}`;
    const entry = { method: 'POST', url: 'Practitioner', fullUrl, resource: numbered, ifNoneExist } as const;
    const { patient, answer } = await order(fullUrl, entry);
    expect([answer.status, await strangerReads(patient)]).toEqual([200, 404]);
    expect(answer.text).not.toContain(refOf(claimed));
  });

  test('one that is verified leads to its holder', async () => {
    const verified = await world.create(administrator, {
      ...numbered,
      identifier: [{ system: make.NPI_SYSTEM, value: make.npiOf('known') }],
    });
    const reference = `Practitioner?identifier=${make.NPI_SYSTEM}|${make.npiOf('known')}`;
    const patient = await world.create(initiator, make.patient());
    const recipient = [make.to(reference)];
    const resource = make.communication([refOf(patient)], { recipient });
    const { json } = await world.ask(initiator, 'POST', 'Communication', resource);
    expect(json?.['recipient']).toEqual([make.to(refOf(verified))]);
  });
});

test('(directory DR19) a role that another gives to one’s private record of a person is no place of hers', async () => {
  const outside = await world.create(initiator, doctor());
  const told = await world.create(
    initiator,
    make.patient({ generalPractitioner: [make.to(refOf(outside))] }),
  );
  const asked = make.serviceRequest({
    subject: refOf(told),
    requester: 'Organization/initiator',
    performer: 'Organization/stranger',
    placer: 'told',
  });
  expect((await world.ask(initiator, 'POST', 'ServiceRequest', asked)).status).toBe(201);
  expect((await world.ask(stranger, 'GET', refOf(outside))).status).toBe(200);
  await world.create(stranger, roleOf(outside));
  const { patient } = await order(refOf(outside));
  expect(await strangerReads(patient)).toBe(404);
});
