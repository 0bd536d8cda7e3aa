/** What an open referral stands on is not deleted, whatever its type and however it is asked (rules 1.13). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  administratorFor,
  initiator,
  openWorld,
  recipient,
  refOf,
  type Stored,
  type World,
} from '../../world.ts';
import { leanest } from '../validation/fullest.ts';

let world: World;
let task: Stored;
const stands = new Map<string, Ref>();

beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'stranger');
  for (const id of ['gp', 'surgeon', 'free']) await put({ resourceType: 'Practitioner', id });
  await put({ resourceType: 'Location', id: 'ward', name: 'Ward' });
  await put(
    make.practitionerRole('recipient', {
      practitioner: make.to('Practitioner/surgeon'),
      location: [make.to('Location/ward')],
    }),
  );
  const patient = await made('Patient', make.patient({ generalPractitioner: [make.to('Practitioner/gp')] }));
  const coverage = await made('Coverage', make.coverage(patient, 'Organization/stranger'));
  const consent = await made('Consent', make.consent(patient));
  const member = await made('Observation', make.observation(patient));
  const panel = await made('hasMember', make.observation(patient, { hasMember: [make.to(member)] }));
  const letter = await made('Binary', make.binary('a letter'));
  const document = await made('DocumentReference', make.documentReference(patient, letter));
  const claim = await made('Claim', { ...leanest('Claim'), patient: make.to(patient) });
  const benefit = await made('ExplanationOfBenefit', {
    ...leanest('ExplanationOfBenefit'),
    patient: make.to(patient),
    claim: make.to(claim),
  });
  const input = await made('Task.input', make.observation(patient));
  const request = await made(
    'ServiceRequest',
    make.serviceRequest(
      { subject: patient, requester: 'Organization/initiator', performer: 'PractitionerRole/recipient' },
      {
        insurance: [make.to(coverage)],
        supportingInfo: [consent, panel, document, benefit].map(make.to),
        status: 'draft',
      },
    ),
  );
  const parties = { requester: 'Organization/initiator', owner: 'PractitionerRole/recipient' };
  task = await world.create(
    initiator,
    make.task({ focus: request, for: patient, ...parties }, { input: [make.parameter(input)] }),
  );
});
afterAll(() => world.close());

async function put(resource: Resource): Promise<void> {
  await world.ask(administratorFor('initiator'), 'PUT', refOf(resource), resource);
}

async function made(name: string, resource: Resource): Promise<Ref> {
  const ref = refOf(await world.create(initiator, resource));
  stands.set(name, ref);
  return ref;
}

const CARRIED = [
  'Patient',
  'Coverage',
  'Consent',
  'Observation',
  'hasMember',
  'Binary',
  'DocumentReference',
  'ExplanationOfBenefit',
  'Claim',
  'Task.input',
  'ServiceRequest',
];
const DIRECTORY: readonly Ref[] = [
  'Practitioner/surgeon',
  'Practitioner/gp',
  'PractitionerRole/recipient',
  'Organization/recipient',
  'Organization/initiator',
  'Organization/stranger',
  'Location/ward',
];

/** Every way to delete: the code of the refusal, or the status. */
async function everyWay(ref: Ref): Promise<readonly (string | number)[]> {
  const [type = '', id = ''] = ref.split('/');
  const urls = [ref, `${type}?_id=${id}`];
  const answers: (string | number)[] = [];
  for (const url of urls) {
    const alone = await world.ask(administrator, 'DELETE', url);
    const inTransaction = await world.ask(
      administrator,
      'POST',
      '',
      make.transaction({ method: 'DELETE', url }),
    );
    const inBatch = await world.ask(administrator, 'POST', '', make.batch({ method: 'DELETE', url }));
    answers.push(alone.code ?? alone.status, inTransaction.code ?? inTransaction.status);
    answers.push(inBatch.text?.includes('deletion-refused') === true ? 'deletion-refused' : inBatch.status);
  }
  return answers;
}

const REFUSED = Array.from({ length: 6 }, () => 'deletion-refused');

describe('(rules 1.13) while the referral is open', () => {
  test.each(CARRIED)('%s', async (name) => {
    const ref = stands.get(name) ?? 'None/0';
    expect(await everyWay(ref)).toEqual(REFUSED);
    expect((await world.ask(administrator, 'GET', ref)).status).toBe(200);
  });

  test.each(DIRECTORY)('%s', async (ref) => {
    expect(await everyWay(ref)).toEqual(REFUSED);
  });

  test('its keeper is refused, and told of no referral that it may not see', async () => {
    const { code, text } = await world.ask(initiator, 'DELETE', stands.get('Patient') ?? '');
    expect([code, text?.includes(task.id)]).toEqual(['deletion-refused', false]);
  });

  test('what does not carry it may go: a visit’s letter, another patient, a free practitioner', async () => {
    const other = await world.create(initiator, make.patient());
    const visit = await world.create(
      recipient,
      make.appointment(stands.get('ServiceRequest') ?? '', stands.get('Patient') ?? '', {
        status: 'proposed',
      }),
    );
    const answers = [
      await world.ask(initiator, 'DELETE', refOf(other)),
      await world.ask(recipient, 'DELETE', refOf(visit)),
      await world.ask(administrator, 'DELETE', 'Practitioner/free'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
  });

  test('not beside an order for it, sent at the same moment', async () => {
    const patient = await world.create(initiator, make.patient());
    const order = make.serviceRequest({
      subject: refOf(patient),
      requester: 'Organization/initiator',
      performer: 'Organization/recipient',
    });
    const [ordered, deleted] = await Promise.all([
      world.ask(initiator, 'POST', 'ServiceRequest', order),
      world.ask(initiator, 'DELETE', refOf(patient)),
    ]);
    expect([ordered.status === 201, deleted.status === 204].filter(Boolean)).toHaveLength(1);
  });
});

test('(rules 1.13) what ended, or was never sent, holds nothing', async () => {
  const patient = await world.create(initiator, make.patient());
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
  const request = await world.create(
    initiator,
    make.serviceRequest({ subject: refOf(patient), ...parties }, { status: 'draft' }),
  );
  const draft = await world.create(
    initiator,
    make.task(
      {
        focus: refOf(request),
        for: refOf(patient),
        requester: 'Organization/initiator',
        owner: 'Organization/recipient',
      },
      { status: 'draft' },
    ),
  );
  const remove = (...refs: readonly Ref[]) =>
    world.ask(
      initiator,
      'POST',
      '',
      make.transaction(...refs.map((url) => ({ method: 'DELETE' as const, url }))),
    );
  expect((await remove(refOf(patient), refOf(request), refOf(draft))).status).toBe(200);
  await world.ask(initiator, 'PATCH', refOf(task), [
    { op: 'replace', path: '/status', value: 'entered-in-error' },
  ]);
  expect((await remove(...CARRIED.map((name) => stands.get(name) ?? 'None/0'))).status).toBe(200);
});
