/** What another organization says about people leads no referral to it (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  callerOf,
  initiator,
  openWorld,
  refOf,
  stranger,
  type WorldReply,
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

const strangerReads = async (patient: Stored): Promise<WorldReply['status']> =>
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

describe('(directory DR19) a role that another organization gives to a person of the directory', () => {
  let person: Stored;
  let role: Stored;
  const at = (organization: string) => ({ ...roleOf(person), organization: make.to(organization) });
  const orders = async (): Promise<readonly unknown[]> => {
    const { answer } = await order(refOf(person));
    return [answer.status, answer.code];
  };
  const seenByRecipient = async (): Promise<number> => {
    const { entry = [] } = await world.bundle(callerOf('recipient'), 'ServiceRequest?');
    return entry.length;
  };

  beforeAll(async () => {
    person = await world.create(administrator, doctor());
    await world.create(administrator, at('Organization/recipient'));
  });

  test('makes no order to her ambiguous, draws none to itself, and stays its own to show', async () => {
    const before = await seenByRecipient();
    role = await world.create(stranger, at('Organization/stranger'));
    const { patient } = await order(refOf(person));
    expect([await seenByRecipient(), await strangerReads(patient)]).toEqual([before + 1, 404]);
    expect((await world.ask(initiator, 'GET', refOf(role))).status).toBe(200);
    const named = await order(refOf(role));
    expect(await strangerReads(named.patient)).toBe(200);
  });

  test('nor does one that is turned to her by an edit, nor one that its organization writes again', async () => {
    const own = await world.create(stranger, doctor());
    const turned = await world.create(stranger, {
      ...roleOf(own),
      organization: make.to('Organization/stranger'),
    });
    const edited = { ...turned, practitioner: make.to(refOf(person)) };
    expect((await world.ask(stranger, 'PUT', refOf(turned), edited)).status).toBe(200);
    const again = { ...role, telecom: [{ system: 'phone', value: '+1 555 0100' }] };
    expect((await world.ask(stranger, 'PUT', refOf(role), again)).status).toBe(200);
    expect(await orders()).toEqual([200, undefined]);
  });

  test('counts once an administrator has written it, though nothing of it changes', async () => {
    const { json } = await world.ask(administrator, 'GET', refOf(role));
    expect((await world.ask(administrator, 'PUT', refOf(role), json ?? {})).status).toBe(200);
    expect(await orders()).toEqual([422, 'party-ambiguous']);
  });

  test('nor draws an order to a person of the directory who has no other role', async () => {
    person = await world.create(administrator, doctor());
    await world.create(stranger, at('Organization/stranger'));
    const { patient } = await order(refOf(person));
    expect(await strangerReads(patient)).toBe(404);
  });

  test('nor counts when her record, private when it was given, is listed later', async () => {
    person = await world.create(initiator, doctor());
    const shown = make.patient({ generalPractitioner: [make.to(refOf(person))] });
    const about = refOf(await world.create(initiator, shown));
    const parties = {
      requester: 'Organization/initiator',
      performer: 'Organization/stranger',
      placer: about,
    };
    await world.create(initiator, make.serviceRequest({ subject: about, ...parties }));
    await world.create(stranger, at('Organization/stranger'));
    await world.create(initiator, at('Organization/initiator'));
    const { patient } = await order(refOf(person));
    expect(await strangerReads(patient)).toBe(404);
  });
});
