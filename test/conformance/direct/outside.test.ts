/** Referrals to parties outside: who is reached by Direct, and at which address (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { SAME_AS } from '../../../src/resources/party.ts';
import * as make from '../../resources.ts';
import { administrator, refOf, type WorldReply } from '../../world.ts';
import { larkspur, tidewater } from '../hl7v2/exchange.ts';
import { directEndpoint, openDirectWorld, type Built, type DirectWorld } from './direct-world.ts';

let world: DirectWorld;
let made = 0;
beforeAll(async () => {
  world = await openDirectWorld({ inboxes: true });
});
afterAll(() => world.close());

type Who = typeof larkspur;
const at = (value: string) => ({ reference: value });
const fresh = (): string => `desk-${(made += 1)}@direct.harbor.example.org`;

/** An address that a member notes about an organization. */
const noteAddress = async (who: Who, organization: Ref, address: string, more: object = {}): Promise<Ref> =>
  refOf(await world.create(who, directEndpoint(organization, address, more))) as Ref;
const outside = async (who: Who, name: string): Promise<Ref> =>
  refOf(await world.create(who, { resourceType: 'Organization', name })) as Ref;
const listed = async (id: string): Promise<Ref> => {
  await world.ask(administrator, 'PUT', `Organization/${id}`, make.organization(id));
  return `Organization/${id}`;
};

/** An order of a member's; its requester has a number, as 360X requires. */
async function refer(who: Who, performer: string): Promise<WorldReply> {
  const id = who.organization?.split('/')[1] ?? '';
  const patient = refOf(await world.create(who, make.patient()));
  const practitioner = refOf(
    await world.create(who, {
      resourceType: 'Practitioner',
      identifier: [{ system: make.NPI_SYSTEM, value: make.npiOf(`doctor-${id}`) }],
      name: [{ family: 'Okafor', given: ['Ngozi'] }],
    }),
  );
  const role = {
    resourceType: 'PractitionerRole',
    practitioner: at(practitioner),
    organization: at(`Organization/${id}`),
  };
  const requester = refOf(await world.create(who, role));
  const order = make.serviceRequest(
    { subject: patient, requester, performer },
    {
      identifier: [{ ...make.placer(`R-${(made += 1)}`), system: 'urn:oid:2.999.10.1.15' }],
      reasonCode: [{ text: 'Knee pain' }],
    },
  );
  return world.ask(who, 'POST', 'ServiceRequest', order, { prefer: { return: 'OperationOutcome' } as never });
}
const mails = async (): Promise<readonly (readonly [to: string, built: Built])[]> =>
  (await world.send()).map((one) => [
    one.built.kind === 'submission' ? one.built.submission.intendedRecipient.telecom : one.built.lacks.join(),
    one,
  ]);
const addressesOf = async (): Promise<readonly string[]> => (await mails()).map(([address]) => address);
const items = async (kind: string): Promise<number> =>
  (await world.workItems()).filter((one) => one.kind === kind).length;

describe('(directory DR28, DR46) a party outside is told by Direct', () => {
  test('where its own custodian noted an address that was verified, and nobody is asked who it is', async () => {
    const [harbor, address] = [await outside(larkspur, 'Harbor Cardiology'), fresh()];
    await world.verify(await noteAddress(larkspur, harbor, address));
    const before = await items('party-unresolved');
    const answer = await refer(larkspur, harbor);
    expect([answer.status, answer.text?.includes('is told by Direct mail')]).toEqual([201, true]);
    const [[to, one] = []] = await mails();
    expect(to).toBe(address);
    expect(one?.built).toMatchObject({
      kind: 'submission',
      submission: { documents: [{}, { typeCode: { code: '57133-1' } }] },
    });
    expect(await items('party-unresolved')).toBe(before);
  });

  test('at the listed one, and each of two members at the address that it noted itself', async () => {
    const harbor = await listed('harbor-listed');
    const [mine, theirs] = [fresh(), fresh()];
    await world.verify(await noteAddress(larkspur, harbor, mine));
    await world.verify(await noteAddress(tidewater, harbor, theirs));
    await refer(larkspur, harbor);
    expect(await addressesOf()).toEqual([mine]);
    await refer(tidewater, harbor);
    expect(await addressesOf()).toEqual([theirs]);
  });

  test('at the address noted for the private record that stands for a listed one, and the timeline shows it', async () => {
    const party = await listed('harbor-known');
    const record = await world.create(larkspur, {
      resourceType: 'Organization',
      name: 'harbor-known',
      extension: [{ url: SAME_AS, valueReference: at(party) }],
    });
    const address = fresh();
    await world.verify(await noteAddress(larkspur, refOf(record) as Ref, address));
    const answer = await refer(larkspur, refOf(record));
    const [[to, one] = []] = await mails();
    expect(to).toBe(address);
    expect(one?.entry.sight).toMatchObject({ organization: party });
    const order = answer.location?.split('/').slice(-4, -2).join('/') ?? '';
    const timeline = await world.ask(larkspur, 'GET', `${order}/$timeline`);
    expect(timeline.text).toContain(
      `{"url":"rail","valueCode":"direct-project"},{"url":"to","valueReference":{"reference":"${party}"}}`,
    );
  });

  test('(harmony Z40) at the address of the role that is addressed, before that of the organization', async () => {
    const harbor = await outside(larkspur, 'Harbor Urology');
    const [general, own] = [fresh(), fresh()];
    await world.verify(await noteAddress(larkspur, harbor, general));
    const desk = await noteAddress(larkspur, harbor, own);
    await world.verify(desk);
    const role = refOf(
      await world.create(larkspur, {
        resourceType: 'PractitionerRole',
        organization: at(harbor),
        endpoint: [at(desk)],
      }),
    );
    await refer(larkspur, role);
    expect(await addressesOf()).toEqual([own]);
    await refer(larkspur, harbor);
    expect([general, own]).toContain((await addressesOf())[0]);
  });

  test('(harmony Z40) and a member in its inbox', async () => {
    await refer(larkspur, 'Organization/tidewater');
    expect(await addressesOf()).toEqual([]);
  });
});

test('(360x 4) who asked by Direct is answered at the Endpoint that it asked from, though it has an inbox', async () => {
  const asked = await refer(larkspur, 'Organization/tidewater');
  const order = asked.location?.split('/').slice(-4, -2).join('/') ?? '';
  const [task] = await world.all('Task', `focus=${order}`);
  world.came.by = { order, endpoint: 'Endpoint/larkspur' };
  await world.ask(tidewater, 'PUT', refOf(task ?? { resourceType: 'Task' }), { ...task, status: 'accepted' });
  expect(await addressesOf()).toEqual(['referrals@direct.larkspur.example.org']);
});

describe('(directory DR44, DR45) nothing is sent to an address that nobody verified', () => {
  test('its writer is told before the commit, and a person is asked', async () => {
    const [harbor, address] = [await outside(larkspur, 'Harbor Imaging'), fresh()];
    const desk = await noteAddress(larkspur, harbor, address);
    const before = await items('message-incomplete');
    const answer = await refer(larkspur, harbor);
    expect(answer.status).toBe(201);
    expect(answer.text).toContain('its Direct address is not verified');
    expect(await addressesOf()).toEqual([]);
    expect(await items('message-incomplete')).toBe(before + 1);
    // Once it is verified the mail goes, and nobody is asked any more.
    await world.verify(desk);
    expect(await addressesOf()).toEqual([address]);
    expect(await items('message-incomplete')).toBe(before);
    // It left with the commit that verified, and is the way of the event that was told then (routing RL3).
    const order = answer.location?.split('/').slice(-4, -2).join('/') ?? '';
    const told = await world.ask(larkspur, 'GET', `${order}/$deliveries`);
    expect(told.text).toContain('"valueCode":"direct-project"');
    expect(told.text).not.toContain('"not sent yet"');
  });

  test('(rules 1.15) what waits for the OID of its sender leaves with the commit that gives it', async () => {
    const moor = await listed('moor');
    const who = { ...larkspur, organization: moor };
    await world.verify(refOf(await world.create(administrator, directEndpoint(moor, fresh()))) as Ref);
    const [harbor, address] = [await outside(who, 'Harbor Urology'), fresh()];
    await world.verify(await noteAddress(who, harbor, address));
    expect((await refer(who, harbor)).text).toContain('neither a facility nor an OID');
    expect(await addressesOf()).toEqual([]);
    const { json } = await world.ask(administrator, 'GET', moor);
    const identifier = [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.3.6.1.4.1.99999.30' }];
    expect((await world.ask(administrator, 'PUT', moor, { ...json, identifier })).status).toBe(200);
    expect(await addressesOf()).toEqual([address]);
  });

  test('nor to one that was changed while the mail waited', async () => {
    const [harbor, address] = [await outside(larkspur, 'Harbor Neurology'), fresh()];
    const desk = await noteAddress(larkspur, harbor, address);
    await world.verify(desk);
    await refer(larkspur, harbor);
    const { json } = await world.ask(larkspur, 'GET', desk);
    await world.ask(larkspur, 'PUT', desk, { ...json, address: `mailto:${fresh()}` });
    expect(await addressesOf()).toEqual(['its Direct address is not verified, or is not in use']);
  });

  test('nor to one whose period has ended', async () => {
    const harbor = await outside(larkspur, 'Harbor Oncology');
    const desk = await noteAddress(larkspur, harbor, fresh(), { period: { end: '2025-01-31' } });
    await world.verify(desk);
    await refer(larkspur, harbor);
    expect(await addressesOf()).toEqual([]);
  });

  test('nor to what another organization noted and had verified', async () => {
    const harbor = await listed('harbor-shared');
    await world.verify(await noteAddress(tidewater, harbor, fresh()));
    await refer(larkspur, harbor);
    expect(await addressesOf()).toEqual([]);
  });
});

test('(directory DR48) what a member learns of a mail that is withheld holds no address', async () => {
  const harbor = await outside(larkspur, 'Harbor Podiatry');
  const address = fresh();
  await noteAddress(larkspur, harbor, address);
  const answer = await refer(larkspur, harbor);
  expect(answer.text).not.toContain(address);
  for (const { task } of await world.workItems()) expect(JSON.stringify(task)).not.toContain(address);
});
