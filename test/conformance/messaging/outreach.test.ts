/** Texts to patients by mail and text message (baa-messaging MS14, MS16, MS31, MS35, BA18), with a relay and a gateway here. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { templateExtension } from '../../../src/messaging/templates.ts';
import { answer, openReceiver, type Answer, type Receiver } from '../../contract/receiver.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';

interface Mail {
  readonly to: readonly string[];
  readonly text: string;
}

let server: TestServer;
let relay: SMTPServer;
let gateway: Receiver;
const mails: Mail[] = [];
const answers: Answer[] = [];
/** What the relay answers to the next mails: 250 unless it is said. */
const failures: number[] = [];

async function openRelay(): Promise<SMTPServer> {
  const opened = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const failure = failures.shift();
        if (failure !== undefined) return callback(Object.assign(new Error('no'), { responseCode: failure }));
        mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
        });
        return callback();
      });
    },
  });
  await new Promise<void>((resolve) => void opened.listen(0, '127.0.0.1', resolve));
  return opened;
}

beforeAll(async () => {
  relay = await openRelay();
  gateway = await openReceiver([(request, response) => (answers.shift() ?? answer(202))(request, response)]);
  const { port } = relay.server.address() as AddressInfo;
  server = await openServer(
    ['initiator', 'carrier'],
    '--mail-relay',
    `smtp://127.0.0.1:${port}`,
    '--mail-relay-tls',
    'offered',
    '--mail-from',
    'no-reply@portal.example',
    '--mail-carrier',
    'operator',
    '--sms-gateway',
    `http://127.0.0.1:${gateway.port}/texts`,
    '--sms-secret',
    's3cret',
    '--sms-carrier',
    'operator',
    '--patient-portal-url',
    'https://portal.example/in',
    '--backoff-min-ms',
    '20',
    '--tell-interval-ms',
    '200',
  );
});
afterAll(async () => {
  await server.close();
  await gateway.close();
  await new Promise<void>((resolve) => relay.close(() => resolve()));
});

const ORGANIZATION = 'Organization/initiator';
const MAIL = { system: 'email', value: 'jane@home.example' };
const MOBILE = { system: 'phone', use: 'mobile', value: '(503) 555-0142' };

const create = async (resource: Resource): Promise<Ref> => {
  const { id } = await server.create('initiator', resource);
  return `${resource.resourceType}/${id}` as Ref;
};
const arrive = (more: Readonly<Record<string, unknown>>): Promise<Ref> => create(make.patient(more));

const acknowledge = (patient: Ref, channels: readonly string[], more: object = {}): Promise<Ref> =>
  create({
    resourceType: 'Consent',
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '57016-8' }] }],
    patient: { reference: patient },
    dateTime: '2026-01-10',
    performer: [{ reference: patient }],
    policyRule: {
      coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: 'patient-messaging' }],
    },
    provision: {
      type: 'permit',
      code: channels.map((code) => ({
        coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/message-channel', code }],
      })),
      ...more,
    },
  });

const message = (patient: Ref, text: string): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  topic: { text: 'Your HIV result' },
  sender: { reference: ORGANIZATION },
  recipient: [{ reference: patient }],
  payload: [{ contentString: text }],
});

const slots = { date: '2026-12-14', phone: '503-555-0100' };
const reminder = (patient: Ref, at: string, more: object = {}): Resource => ({
  resourceType: 'CommunicationRequest',
  status: 'active',
  category: [
    { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/telling-later', code: 'reminder' }] },
  ],
  subject: { reference: patient },
  recipient: [{ reference: patient }],
  occurrenceDateTime: at,
  extension: [templateExtension({ id: 'appointment-cancelled', language: 'en', slots })],
  ...more,
});
const PAST = '2026-01-01T10:00:00Z';
const by = (code: string) => ({
  medium: [{ coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/message-channel', code }] }],
});

/** Until something is there, or too long. */
async function until<T>(look: () => Promise<T | undefined> | T | undefined, ms = 20_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const mailTo = (address: string): Promise<Mail> => until(() => mails.find(({ to }) => to.includes(address)));
const textTo = (number: string): Promise<{ to: string; text: string; id: string }> =>
  until(() => gateway.received.map(({ body }) => JSON.parse(body)).find(({ to }) => to === number));

const itemsAbout = (ref: Ref): Promise<readonly Resource[]> =>
  server.search('initiator', `Task?code=outreach-withheld&focus=${ref}`);

describe('that a message is waiting (baa-messaging MS16)', () => {
  test('is told by mail, with a link and nothing of the message, of its sender or its topic', async () => {
    const patient = await arrive({ telecom: [{ ...MAIL, value: 'one@home.example' }] });
    await acknowledge(patient, ['portal', 'mail']);
    await create(message(patient, 'Your test was negative.'));
    const { text } = await mailTo('one@home.example');
    expect(text).toContain('You have a message. Sign in: https://portal.example/in');
    expect(text).toMatch(/^From: <no-reply@portal\.example>\r$/m);
    for (const word of ['negative', 'HIV', 'initiator', patient, 'Initiator'])
      expect(text).not.toContain(word);
  });

  test('is told by text message, in the language of the patient, at the number that the patient named', async () => {
    const asked = {
      url: 'https://closeloop.dev/fhir/StructureDefinition/confidential-communication',
      extension: [
        { url: 'means', valueCode: 'sms' },
        { url: 'address', valueString: '+1 503 555 0199' },
      ],
    };
    const patient = await arrive({
      telecom: [{ ...MAIL, value: 'abuser@home.example' }, MOBILE],
      communication: [
        { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'es-US' }] }, preferred: true },
      ],
      extension: [asked],
    });
    await acknowledge(patient, ['portal', 'mail', 'sms']);
    await create(message(patient, 'Your test was negative.'));
    const { text } = await textTo('+15035550199');
    expect(text).toBe('Usted tiene un mensaje. Inicie sesión: https://portal.example/in');
    expect(mails.some(({ to }) => to.includes('abuser@home.example'))).toBe(false);
    const sent = gateway.received.find(({ body }) => body.includes('+15035550199'));
    expect(sent?.headers['authorization']).toBe('Bearer s3cret');
    expect(sent?.headers['idempotency-key']).toBe(JSON.parse(sent?.body ?? '{}').id);
  });

  test('is not told by a way that the patient did not name', async () => {
    const patient = await arrive({ telecom: [{ ...MAIL, value: 'two@home.example' }, MOBILE] });
    await acknowledge(patient, ['portal']);
    const ref = await create(message(patient, 'Hello'));
    expect(await server.outboxOf(ref)).toEqual([]);
  });

  test('is tried again under the same id, and its delivery is on record', async () => {
    const patient = await arrive({ telecom: [{ ...MOBILE, value: '503-555-0177' }] });
    await acknowledge(patient, ['portal', 'sms']);
    answers.push(answer(503), answer(429));
    const before = gateway.received.length;
    const ref = await create(message(patient, 'Hello'));
    const row = await until(async () =>
      (await server.outboxOf(ref)).find(({ state }) => state === 'accepted'),
    );
    const ids = gateway.received.slice(before).map(({ body }) => JSON.parse(body).id);
    expect(new Set(ids)).toEqual(new Set([row.id]));
    expect(ids).toHaveLength(3);
    const [event] = (await server.auditOf('initiator', ref)).filter(({ entity = [] }) =>
      JSON.stringify(entity).includes(row.id),
    );
    expect(event).toBeDefined();
  });

  test('asks a person when the relay refuses for good', async () => {
    const patient = await arrive({ telecom: [{ ...MAIL, value: 'gone@home.example' }] });
    await acknowledge(patient, ['portal', 'mail']);
    failures.push(550);
    const ref = await create(message(patient, 'Hello'));
    const items = await until(async () => {
      const found = await server.search('initiator', `Task?code=delivery-failed&focus=${ref}`);
      return found.length > 0 ? found : undefined;
    });
    expect(items).toHaveLength(1);
    expect(JSON.stringify(items)).not.toContain('gone@home.example');
  });
});

describe('what waits is asked about again when it leaves (baa-messaging MS31, BA18)', () => {
  const withheld = async (ref: Ref): Promise<string> =>
    until(async () => (await server.outboxOf(ref)).find(({ state }) => state === 'withheld')?.why);

  test('and an acknowledgement that has ended withholds it, with a work item', async () => {
    const patient = await arrive({ telecom: [{ ...MOBILE, value: '503-555-0166' }] });
    const end = new Date(Date.now() + 1500).toISOString();
    await acknowledge(patient, ['portal', 'sms'], { period: { end } });
    answers.push(...Array.from({ length: 12 }, () => answer(503, { 'retry-after': '1' })));
    const ref = await create(message(patient, 'Hello'));
    expect(await withheld(ref)).toBe('the acknowledgement of the patient has ended');
    answers.length = 0;
    expect(await itemsAbout(ref)).toHaveLength(1);
  });

  test('and a patient who has died is told nothing more', async () => {
    const patient = await arrive({ telecom: [{ ...MOBILE, value: '503-555-0167' }] });
    await acknowledge(patient, ['portal', 'sms']);
    answers.push(...Array.from({ length: 6 }, () => answer(503, { 'retry-after': '1' })));
    const ref = await create(message(patient, 'Hello'));
    const stored = await server.read('initiator', patient);
    await server.ask('initiator', 'PUT', patient, { ...stored, deceasedBoolean: true });
    expect(await withheld(ref)).toBe('the patient has died');
    answers.length = 0;
  });
});

describe('what is told later (baa-messaging MS14)', () => {
  const statusOf = async (ref: Ref): Promise<unknown> => (await server.read('initiator', ref))['status'];

  test('goes once, as the text of its template, and a message comes of it', async () => {
    const patient = await arrive({ telecom: [{ ...MOBILE, value: '503-555-0111' }] });
    const ref = await create(reminder(patient, PAST, by('sms')));
    const { text } = await textTo('+15035550111');
    expect(text).toBe(
      'Your appointment on December 14, 2026 is cancelled. Please call 503-555-0100 for another one.',
    );
    expect(await statusOf(ref)).toBe('completed');
    const told = await server.search('initiator', `Communication?based-on=${ref}`);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      status: 'in-progress',
      subject: { reference: patient },
      recipient: [{ reference: patient }],
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(gateway.received.filter(({ body }) => body.includes('+15035550111'))).toHaveLength(1);
  });

  test('goes, however many requests of another kind are due before it', async () => {
    const patient = await arrive({ telecom: [{ ...MOBILE, value: '503-555-0133' }] });
    const { extension: _words, ...link } = reminder(patient, '2025-01-01T10:00:00Z');
    const system = 'https://closeloop.dev/fhir/CodeSystem/telling-later';
    const resource = { ...link, category: [{ coding: [{ system, code: 'link' }] }] };
    const request = { method: 'POST', url: 'CommunicationRequest' };
    const entry = Array.from({ length: 201 }, () => ({ resource, request }));
    await server.transact('initiator', { resourceType: 'Bundle', type: 'transaction', entry } as Resource);
    await create(reminder(patient, PAST, by('sms')));
    expect((await textTo('+15035550133')).text).toContain('is cancelled');
  });

  test('waits for its time', async () => {
    const patient = await arrive({ telecom: [MOBILE] });
    const ref = await create(reminder(patient, new Date(Date.now() + 3_600_000).toISOString()));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await statusOf(ref)).toBe('active');
  });

  test('is withheld where the patient took the acknowledgement back meanwhile, and a person is asked (MS31)', async () => {
    const patient = await arrive({ telecom: [{ ...MOBILE, value: '503-555-0122' }] });
    await acknowledge(patient, ['sms'], { period: { end: '2026-02' } });
    const ref = await create(reminder(patient, PAST, by('sms')));
    const items = await until(async () => {
      const found = await itemsAbout(ref);
      return found.length > 0 ? found : undefined;
    });
    expect([items.length, await statusOf(ref)]).toEqual([1, 'on-hold']);
    expect(gateway.received.some(({ body }) => body.includes('+15035550122'))).toBe(false);
  });

  test('is withheld where there is no address', async () => {
    const patient = await arrive({});
    const ref = await create(reminder(patient, PAST, by('mail')));
    await until(async () => ((await itemsAbout(ref)).length > 0 ? true : undefined));
    expect(await statusOf(ref)).toBe('on-hold');
  });

  test.each([
    ['free words', { payload: [{ contentString: 'Bring your insulin.' }] }],
    ['a note', { note: [{ text: 'Bring your insulin.' }] }],
    ['no template', { extension: [] as object[] }],
    ['no time', { occurrenceDateTime: undefined }],
    ['nobody', { recipient: [] as object[] }],
    ['an organization', { recipient: [{ reference: ORGANIZATION }] }],
    ['another way', by('pigeon')],
  ])('takes no request with %s', async (_, more) => {
    const patient = await arrive({ telecom: [MOBILE] });
    const refused = await post({ ...reminder(patient, PAST), ...more });
    expect(refused.status).toBe(422);
  });

  test('begins no second time', async () => {
    const patient = await arrive({ telecom: [{ ...MOBILE, value: '503-555-0133' }] });
    const ref = await create(reminder(patient, PAST, by('sms')));
    await textTo('+15035550133');
    const stored = await until(async () => {
      const found = await server.read('initiator', ref);
      return found['status'] === 'completed' ? found : undefined;
    });
    const again = await server.ask('initiator', 'PUT', ref, { ...stored, status: 'active' });
    expect([again.status, again.code]).toEqual([422, 'telling-unfit']);
  });
});

const post = (body: Resource): Promise<Response> =>
  server.ask(
    'initiator',
    'POST',
    body.resourceType,
    JSON.parse(
      JSON.stringify(body, (_key, value: unknown) =>
        Array.isArray(value) && value.length === 0 ? undefined : value,
      ),
    ),
  );
