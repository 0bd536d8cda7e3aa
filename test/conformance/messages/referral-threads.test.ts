/** The thread of a referral: made at first use, seen by both sides, and part of the timeline. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refOfReference } from '../../../src/messaging/shape.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const to = (reference: string) => ({ reference });
const KIND = 'https://closeloop.dev/fhir/CodeSystem/message-kind';
const TEXT = 'Is the patient fasting on Friday?';

interface Referral {
  readonly patient: Ref;
  readonly order: Ref;
  readonly task: Ref;
}

async function refer(): Promise<Referral> {
  const patient = refOf(await server.create('initiator', make.patient()));
  const { location = 'None/0', link = 'None/0' } = await server.ask(
    'initiator',
    'POST',
    'ServiceRequest',
    make.serviceRequest({
      subject: patient,
      requester: 'PractitionerRole/initiator',
      performer: 'Organization/recipient',
    }),
  );
  return { patient, order: location, task: link };
}

const say = (who: string, more: object) =>
  server.ask(who, 'POST', 'Communication', {
    resourceType: 'Communication',
    status: 'in-progress',
    category: [{ coding: [{ system: KIND, code: 'referral' }] }],
    payload: [{ contentString: TEXT }],
    ...more,
  });

const threadOf = (json: object): Ref =>
  refOfReference((json as { partOf?: readonly object[] }).partOf?.[0]) ?? 'None/0';

describe('(baa-messaging MS18) a message about a referral', () => {
  test('stands in the thread of the referral, which both sides have from the first message on', async () => {
    const { patient, order, task } = await refer();
    const asked = await say('initiator', { basedOn: [to(order)] });
    expect(asked.status).toBe(201);
    const thread = threadOf(asked.json);
    const answered = await say('recipient', { about: [to(task)] });
    expect(threadOf(answered.json)).toBe(thread);
    const header = await server.read('recipient', thread);
    expect(header).toMatchObject({
      status: 'in-progress',
      basedOn: [to(order)],
      subject: to(patient),
      recipient: [to('Organization/initiator'), to('Organization/recipient')],
    });
    expect(header['payload']).toBeUndefined();
    for (const who of ['initiator', 'recipient'])
      expect((await server.search(who, `Communication?part-of=${thread}`)).map(refOf).toSorted()).toEqual(
        [String(asked.location), String(answered.location)].toSorted(),
      );
    expect((await server.ask('stranger', 'GET', thread)).status).toBe(404);
  });

  test('is a step of the timeline for both sides, by its id and never by its text', async () => {
    const { order } = await refer();
    const asked = await say('initiator', { basedOn: [to(order)] });
    for (const who of ['initiator', 'recipient']) {
      const { text } = await server.ask(who, 'GET', `${order}/$timeline`);
      expect(text).toContain(`${asked.location}/_history/`);
      expect(text).toContain(`${threadOf(asked.json)}/_history/`);
      expect(text).not.toContain(TEXT);
    }
  });

  test('which is a draft is a step for its author alone', async () => {
    const { order } = await refer();
    await say('initiator', { basedOn: [to(order)] });
    const draft = await say('initiator', { basedOn: [to(order)], status: 'preparation' });
    const timelines = await Promise.all(
      ['initiator', 'recipient'].map(
        async (who) => (await server.ask(who, 'GET', `${order}/$timeline`)).text,
      ),
    );
    expect(timelines.map((text) => text.includes(`${draft.location}/_history/`))).toEqual([true, false]);
  });

  test('begins a thread of its own when the one before is closed', async () => {
    const { order } = await refer();
    const first = threadOf((await say('initiator', { basedOn: [to(order)] })).json);
    const close = [{ op: 'replace', path: '/status', value: 'completed' }];
    expect((await server.ask('recipient', 'PATCH', first, close)).status).toBe(200);
    const second = threadOf((await say('recipient', { basedOn: [to(order)] })).json);
    expect(second).not.toBe(first);
  });

  test('is written by its sides alone, and not before it is sent', async () => {
    const { order } = await refer();
    expect((await say('stranger', { basedOn: [to(order)] })).status).toBe(422);
    const patient = refOf(await server.create('initiator', make.patient()));
    const draft = make.serviceRequest(
      { subject: patient, requester: 'PractitionerRole/initiator', performer: 'Organization/recipient' },
      { status: 'draft' },
    );
    const unsent = refOf(await server.create('initiator', draft));
    expect((await say('initiator', { basedOn: [to(unsent)] })).code).toBe('referral-rule');
  });

  test('of no kind goes with the referral as before, and stands in no thread', async () => {
    const { order } = await refer();
    const plain = await say('recipient', { basedOn: [to(order)], category: undefined });
    expect([plain.status, plain.json['partOf']]).toEqual([201, undefined]);
    expect((await server.ask('initiator', 'GET', String(plain.location))).status).toBe(200);
  });
});
