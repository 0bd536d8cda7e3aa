/** A referral that opens has a number of its own, and its patient a record number (rules 1.14). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { oidOfUrl } from '../../../src/fhir/identifier.ts';
import type { Identifier, Resource } from '../../../src/fhir/types.ts';
import { isMinted } from '../../../src/referral/number.ts';
import { organization, serviceRequest, task, to, type Order } from '../../resources.ts';
import {
  administrator,
  BASE,
  initiator,
  openWorld,
  recipient,
  type WorldReply,
  type Stored,
  type World,
} from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient');
});
afterAll(() => world.close());

const OF_SERVER = `urn:oid:${oidOfUrl(BASE)}`;
const MR = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const typed = (code: string) => ({ coding: [{ system: MR, code }] });

const patientWith = (...identifier: readonly object[]): Promise<Stored> =>
  world.create(initiator, {
    resourceType: 'Patient',
    name: [{ family: 'Demo' }],
    ...(identifier.length > 0 && { identifier }),
  });
const parties = (subject: string): Order => ({
  subject,
  requester: 'Organization/initiator',
  performer: 'Organization/recipient',
});
/** An order as the README has it: nothing but who, whom and what. */
const plainOrder = (subject: string): Resource => serviceRequest(parties(subject), { identifier: undefined });

const numbersOf = async (ref: string): Promise<readonly Identifier[]> =>
  ((await world.ask(administrator, 'GET', ref)).json?.['identifier'] ?? []) as readonly Identifier[];
const ofType = (numbers: readonly Identifier[], code: string): readonly Identifier[] =>
  numbers.filter(({ type }) => type?.coding?.some((coding) => coding.code === code));
const order = (resource: Resource): Promise<WorldReply> =>
  world.ask(initiator, 'POST', 'ServiceRequest', resource);
const idOf = ({ json }: WorldReply): string => json?.id ?? '';

const sentTask = (focus: string, subject: string, more: Readonly<Record<string, unknown>>): Resource =>
  task({ focus, for: subject, requester: 'Organization/initiator', owner: 'Organization/recipient' }, more);

describe('(rules 1.14) the number of a referral', () => {
  test('is given when the order opens its Task, and said', async () => {
    const { id } = await patientWith();
    const answer = await order(plainOrder(`Patient/${id}`));
    const [placer, ...more] = ofType(await numbersOf(`ServiceRequest/${idOf(answer)}`), 'PLAC');
    expect(more).toEqual([]);
    expect(placer).toMatchObject({ system: OF_SERVER, assigner: to('Organization/initiator') });
    expect(isMinted(placer?.value ?? '')).toBe(true);
    expect(answer.headers['Warning']).toContain(placer?.value);
  });

  test('is the client’s own, letter for letter, where there is one', async () => {
    const { id } = await patientWith();
    const own = { type: typed('PLAC'), system: 'http://clinic.example.org/orders', value: ' O 7/x' };
    const answer = await order({ ...plainOrder(`Patient/${id}`), identifier: [own] });
    expect(await numbersOf(`ServiceRequest/${idOf(answer)}`)).toEqual([own]);
  });

  test('is given to a draft when it is sent, not before', async () => {
    const { id } = await patientWith();
    const draft = await order({ ...plainOrder(`Patient/${id}`), status: 'draft' });
    expect(await numbersOf(`ServiceRequest/${idOf(draft)}`)).toEqual([]);
    const active = [{ op: 'replace', path: '/status', value: 'active' }];
    await world.ask(initiator, 'PATCH', `ServiceRequest/${idOf(draft)}`, active);
    expect(ofType(await numbersOf(`ServiceRequest/${idOf(draft)}`), 'PLAC')).toHaveLength(1);
  });

  test('comes with the Task that a client sends itself, at once or from a draft', async () => {
    const { id } = await patientWith();
    const subject = `Patient/${id}`;
    for (const first of ['draft', 'requested']) {
      const answer = await order({ ...plainOrder(subject), performer: undefined } as Resource);
      const focus = `ServiceRequest/${idOf(answer)}`;
      const sent = await world.create(initiator, sentTask(focus, subject, { status: first }));
      expect(ofType(await numbersOf(focus), 'PLAC')).toHaveLength(first === 'draft' ? 0 : 1);
      const request = [{ op: 'replace', path: '/status', value: 'requested' }];
      expect((await world.ask(initiator, 'PATCH', `Task/${sent.id}`, request)).status).toBe(200);
      expect(ofType(await numbersOf(focus), 'PLAC')).toHaveLength(1);
    }
  });

  test('stays when a client that does not know it writes its own order again', async () => {
    const { id } = await patientWith();
    const written = plainOrder(`Patient/${id}`);
    const ref = `ServiceRequest/${idOf(await order(written))}`;
    const before = await numbersOf(ref);
    const again = { ...written, id: ref.slice('ServiceRequest/'.length), note: [{ text: 'soon, please' }] };
    expect((await world.ask(initiator, 'PUT', ref, again)).status).toBe(200);
    expect(await numbersOf(ref)).toEqual(before);
    const other = { ...again, identifier: [{ type: typed('PLAC'), system: OF_SERVER, value: 'other' }] };
    expect((await world.ask(initiator, 'PUT', ref, other)).code).toBe('field-frozen');
  });

  test('is in the namespace of the initiator where its OID is known', async () => {
    const named = organization('initiator', {
      identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:2.999.10.1' }],
    });
    await world.ask(administrator, 'PUT', 'Organization/initiator', named);
    const { id } = await patientWith();
    const ref = `ServiceRequest/${idOf(await order(plainOrder(`Patient/${id}`)))}`;
    const numbers = [
      ...ofType(await numbersOf(ref), 'PLAC'),
      ...ofType(await numbersOf(`Patient/${id}`), 'MR'),
    ];
    expect(numbers.map(({ system }) => system)).toEqual(['urn:oid:2.999.10.1', 'urn:oid:2.999.10.1']);
    await world.ask(administrator, 'PUT', 'Organization/initiator', organization('initiator'));
  });
});

describe('(rules 1.14) the record number of its patient', () => {
  const SSN = { type: typed('SS'), system: 'http://hl7.org/fhir/sid/us-ssn', value: '999-99-9999' };
  const RECORD = { type: typed('MR'), system: 'urn:oid:2.999.10.1.5', value: 'MQ-1' };

  test.each([
    ['none', [], true],
    ['a social security number alone', [SSN], true],
    ['a record number', [RECORD], false],
    ['a number of no type', [{ system: 'http://clinic.example.org/patients', value: '7' }], false],
  ])('%s: another is given: %p', async (_name, identifier, given) => {
    const { id } = await patientWith(...identifier);
    await order(plainOrder(`Patient/${id}`));
    const numbers = await numbersOf(`Patient/${id}`);
    expect(numbers.slice(0, identifier.length)).toEqual(identifier);
    expect(numbers).toHaveLength(identifier.length + (given ? 1 : 0));
  });

  test('is given once, to two orders of one transaction', async () => {
    const [patient, ...orders] = ['1', '2', '3'].map(
      (n) => `urn:uuid:00000000-0000-4000-8000-00000000000${n}`,
    );
    const entry = (fullUrl: string, resource: object) => ({
      fullUrl,
      resource,
      request: { method: 'POST', url: (resource as Resource).resourceType },
    });
    const answer = await world.ask(initiator, 'POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        ...orders.map((one) => entry(one, plainOrder(patient ?? ''))),
        entry(patient ?? '', { resourceType: 'Patient', name: [{ family: 'Demo' }] }),
      ],
    });
    const locations = JSON.stringify(answer.json).match(/(?:Patient|ServiceRequest)\/id-\d+/g) ?? [];
    const [ref = ''] = locations.filter((one) => one.startsWith('Patient/'));
    expect(ofType(await numbersOf(ref), 'MR')).toHaveLength(1);
    const placers = await Promise.all(
      [...new Set(locations.filter((one) => one.startsWith('ServiceRequest/')))].map(numbersOf),
    );
    expect(new Set(placers.flat().map(({ value }) => value)).size).toBe(2);
  });
});

test('the recipient sees the numbers that were given', async () => {
  const { id } = await patientWith();
  const answer = await order(plainOrder(`Patient/${id}`));
  for (const ref of [`Patient/${id}`, `ServiceRequest/${idOf(answer)}`]) {
    const seen = await world.ask(recipient, 'GET', ref);
    expect(seen.json?.['identifier']).toHaveLength(1);
  }
});
