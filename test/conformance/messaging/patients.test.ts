/** Messages between an organization and its patients (baa-messaging MS23, MS30 to MS35). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { MESSAGE_CONTENT } from '../../../src/messaging/content.ts';
import { templateExtension, templateText, type TemplateUse } from '../../../src/messaging/templates.ts';
import { unacknowledgedWords } from '../../../src/agreements/words.ts';
import * as make from '../../resources.ts';
import { BASE } from '../../world.ts';
import type { Response } from '../../server.ts';
import { code, openCapturers, outOf, PAPER, type Capturers } from '../consent/scene.ts';

let scene: Capturers;
beforeAll(async () => {
  scene = await openCapturers('initiator', 'recipient');
});
afterAll(() => scene.server.close());

const ORGANIZATION = 'Organization/initiator';
const CHANNEL = 'https://closeloop.dev/fhir/CodeSystem/message-channel';

const administrative = { category: [{ coding: [{ system: MESSAGE_CONTENT, code: 'administrative' }] }] };

const message = (from: string, to: string, text: string, more: object = {}): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  sender: { reference: from },
  recipient: [{ reference: to }],
  payload: [{ contentString: text }],
  ...more,
});

const post = (who: string, body: object): Promise<Response> => scene.ask(who, 'POST', 'Communication', body);

/** A patient of the organization, with a token of the patient's own app. */
async function arrive(more: Readonly<Record<string, unknown>> = {}): Promise<{ patient: Ref; app: string }> {
  const patient: Ref = `Patient/${(await scene.server.create('initiator', make.patient(more))).id}`;
  const app = `app-${patient}`;
  await scene.token(app, {
    patient: patient.slice('Patient/'.length),
    scope: 'patient/Communication.crus patient/Patient.r patient/Organization.r',
    claims: { fhirUser: patient },
  });
  return { patient, app };
}

const acknowledge = (patient: Ref, ...channels: readonly string[]): Promise<Response> =>
  scene.capture(
    'initiator',
    {
      kind: code('patient-messaging'),
      ...(channels.length > 0 && {
        information: {
          part: channels.map((channel) => ({
            name: 'code',
            valueCodeableConcept: { coding: [{ system: CHANNEL, code: channel }] },
          })),
        },
      }),
      signature: PAPER,
      signedAt: { valueDateTime: '2026-11-20' },
    },
    patient,
  );

/** Ends what was captured, by the paper that it came with. */
async function end(captured: Response, patient: Ref): Promise<void> {
  const ended = await scene.ask('initiator', 'POST', `${outOf(captured, 'consent')}/$revoke`, {
    resourceType: 'Parameters',
    parameter: [
      { name: 'by', valueReference: { reference: patient } },
      { name: 'how', valueCode: 'written' },
      { name: 'document', valueReference: { reference: outOf(captured, 'document') } },
    ],
  });
  expect([ended.status, ended.says]).toEqual([200, '']);
}

const inbox = async (patient: Ref): Promise<readonly Resource[]> => {
  const { json } = await scene.ask('initiator', 'GET', `Communication?subject=${patient}&_sort=_lastUpdated`);
  return ((json['entry'] ?? []) as readonly { readonly resource: Resource }[]).map(
    ({ resource }) => resource,
  );
};

describe('health information to a patient (baa-messaging MS30)', () => {
  test('needs an acknowledgement, and the refusal is the form', async () => {
    const { patient } = await arrive();
    const refused = await post('initiator', message(ORGANIZATION, patient, 'Your result is back.'));
    expect([refused.status, refused.code]).toEqual([422, 'consent-needed']);
    expect(JSON.stringify(refused.json)).toContain('"patient-messaging"');
    expect(refused.says).toBe(unacknowledgedWords(`${BASE}/${patient}/$capture-consent`));
  });

  test('passes while the acknowledgement is in force, and not after it was revoked', async () => {
    const { patient } = await arrive();
    const captured = await acknowledge(patient);
    const kept = await scene.server.read('initiator', outOf(captured, 'consent') ?? '');
    expect(kept['category']).toEqual([{ coding: [{ system: 'http://loinc.org', code: '57016-8' }] }]);
    const told = await post('initiator', message(ORGANIZATION, patient, 'Your result is back.'));
    expect([told.status, told.says]).toEqual([201, '']);
    await end(captured, patient);
    const refused = await post('initiator', message(ORGANIZATION, patient, 'Another one.'));
    expect(refused.code).toBe('consent-needed');
  });

  test('passes by a channel that the patient named, and by no other', async () => {
    const { patient } = await arrive();
    await acknowledge(patient, 'sms');
    expect((await post('initiator', message(ORGANIZATION, patient, 'Hello'))).code).toBe('consent-needed');
    await acknowledge(patient, 'mail', 'portal');
    expect((await post('initiator', message(ORGANIZATION, patient, 'Hello'))).status).toBe(201);
  });

  test('is acknowledged toward one organization, not toward another', async () => {
    const { patient } = await arrive();
    await acknowledge(patient);
    const theirs: Ref = `Patient/${(await scene.server.create('recipient', make.patient())).id}`;
    expect((await post('recipient', message('Organization/recipient', theirs, 'Hello'))).code).toBe(
      'consent-needed',
    );
  });

  test('is not talked down: free text that is declared administrative needs it, too (MS23)', async () => {
    const { patient } = await arrive();
    const refused = await post(
      'initiator',
      message(ORGANIZATION, patient, 'See you on Friday.', administrative),
    );
    expect(refused.code).toBe('consent-needed');
  });

  test('is not told by the header of a thread either', async () => {
    const { patient } = await arrive();
    const header = {
      resourceType: 'Communication',
      status: 'in-progress',
      recipient: [{ reference: patient }],
    };
    const told = await post('initiator', { ...header, topic: { text: 'Your result' } });
    expect(told.code).toBe('consent-needed');
  });

  test('goes in the commit that puts the acknowledgement on record (compliance K2)', async () => {
    const { patient } = await arrive();
    const done = await scene.capture(
      'initiator',
      {
        kind: code('patient-messaging'),
        signature: PAPER,
        signedAt: { valueDateTime: '2026-11-20' },
        waits: {
          resource: {
            resourceType: 'Bundle',
            type: 'transaction',
            entry: [
              {
                fullUrl: 'urn:uuid:5f0f7c0a-5f0a-4b0e-8f2c-000000000001',
                resource: message(ORGANIZATION, patient, 'Your result is back.'),
                request: { method: 'POST', url: 'Communication' },
              },
            ],
          },
        },
      },
      patient,
    );
    expect([done.status, done.says]).toEqual([200, '']);
    expect(await inbox(patient)).toHaveLength(1);
  });
});

describe('texts of templates (baa-messaging MS23, MS35)', () => {
  const use = (place: string): TemplateUse => ({
    id: 'appointment-reminder',
    language: 'en',
    slots: { date: '2026-12-14', time: '14:30:00', place, phone: '503-555-0142' },
  });
  const said = (template: TemplateUse, place: string): string =>
    templateText(template, { place, linkBase: 'http://localhost' }) ?? '';
  const send = (patient: Ref, template: TemplateUse, text: string, more: object = {}): Promise<Response> =>
    post(
      'initiator',
      message(ORGANIZATION, patient, text, {
        ...administrative,
        extension: [templateExtension(template)],
        ...more,
      }),
    );

  test('need no acknowledgement', async () => {
    const { patient } = await arrive();
    const { id } = await scene.server.create('initiator', {
      resourceType: 'Location',
      name: 'Elm Street',
      managingOrganization: { reference: ORGANIZATION },
    });
    const template = use(`Location/${id}`);
    const text = said(template, 'Elm Street');
    expect(text).toBe(
      'You have an appointment on December 14, 2026 at 2:30 PM at Elm Street. Questions? Call 503-555-0142.',
    );
    const told = await send(patient, template, text);
    expect([told.status, told.says]).toEqual([201, '']);
    for (const [changed, more] of [
      [`${text} Bring your insulin.`, {}],
      [text, { note: [{ text: 'Bring your insulin.' }] }],
      [text, { recipient: [{ reference: patient, display: 'insulin' }] }],
    ] as const)
      expect(await send(patient, template, changed, more)).toMatchObject({
        code: 'consent-needed',
        says: expect.stringContaining(`exactly these words, and nothing beside them: ${text}`),
      });
  });

  test('never call a place by what is treated there', async () => {
    const { patient } = await arrive();
    const create = async (more: object): Promise<string> =>
      `Location/${
        (
          await scene.server.create('initiator', {
            resourceType: 'Location',
            name: 'Hope Detox',
            managingOrganization: { reference: ORGANIZATION },
            ...more,
          })
        ).id
      }`;
    const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'SUD' };
    const flagged = use(await create({ meta: { security: [label] } }));
    expect((await send(patient, flagged, said(flagged, 'Hope Detox'))).code).toBe('consent-needed');
    const told = await send(patient, flagged, said(flagged, 'our office'));
    expect([told.status, told.says]).toEqual([201, '']);
    // Nobody has flagged these, and their names say it all the same.
    for (const name of [
      'Hope Detox',
      'Elm Oncology',
      'Psiquiatría Elm',
      'Elm: your biopsy is malignant',
      'Elm, www.evil.example',
    ]) {
      const place = use(await create({ name }));
      expect((await send(patient, place, said(place, name))).code).toBe('consent-needed');
      expect((await send(patient, place, said(place, 'our office'))).status).toBe(201);
    }
  });
});

describe('the link of a template (baa-messaging MS23)', () => {
  test.each([
    ['/confirm/8f14e45f-ceea-467f-a830-5b2c9d4e7a10', 201],
    ['/your-test-is-positive', 422],
    ['/a/HIV%2Dresult', 422],
    ['/%ff', 422],
  ])('%s: %s', async (path, status) => {
    const { patient } = await arrive();
    const link = `${new URL(BASE).origin}${path}`;
    const template: TemplateUse = { id: 'message-waiting', language: 'en', slots: { link } };
    const text = templateText(template, { place: undefined, linkBase: BASE }) ?? '';
    const told = await post(
      'initiator',
      message(ORGANIZATION, patient, text, {
        ...administrative,
        extension: [templateExtension(template)],
      }),
    );
    expect([told.says, told.status]).toEqual([status === 201 ? '' : told.says, status]);
  });
});

describe('what a patient writes (baa-messaging MS32 to MS34)', () => {
  test('reaches the inbox without acknowledgement, is part of the record, and is answered at once', async () => {
    const { patient, app } = await arrive({ communication: [{ language: { coding: [{ code: 'es' }] } }] });
    const sent = await post(app, message(patient, ORGANIZATION, 'My foot hurts.'));
    expect([sent.status, sent.says]).toEqual([201, '']);
    const [own, answer] = await inbox(patient);
    expect(own).toMatchObject({
      subject: { reference: patient },
      payload: [{ contentString: 'My foot hurts.' }],
    });
    expect(answer).toMatchObject({
      sender: { reference: ORGANIZATION },
      recipient: [{ reference: patient }],
      inResponseTo: [{ reference: `${sent.location}` }],
    });
    const [payload] = (answer?.['payload'] ?? []) as readonly { contentString?: string }[];
    const contentString = payload?.contentString ?? '';
    expect(contentString).toContain('Los mensajes aquí no son para emergencias');
    expect(contentString).toContain('confirme que podemos escribirle');
  });

  test('acknowledges nothing: the answer in free text waits for the acknowledgement', async () => {
    const { patient, app } = await arrive();
    const sent = await post(app, message(patient, ORGANIZATION, 'My foot hurts.'));
    const reply = message(ORGANIZATION, patient, 'Come by tomorrow.', {
      inResponseTo: [{ reference: `${sent.location}` }],
    });
    expect((await post('initiator', reply)).code).toBe('consent-needed');
    await acknowledge(patient);
    expect((await post('initiator', reply)).status).toBe(201);
  });

  test('may acknowledge in the same call, in person (compliance K2, K8)', async () => {
    const { patient } = await arrive();
    await scene.token(`own-${patient}`, {
      patient: patient.slice('Patient/'.length),
      scope: 'patient/*.cruds',
      claims: { fhirUser: patient, auth_time: Math.floor(Date.now() / 1000) - 60, amr: ['pwd', 'otp'] },
    });
    const entry = {
      fullUrl: 'urn:uuid:5f0f7c0a-5f0a-4b0e-8f2c-000000000002',
      resource: message(patient, ORGANIZATION, 'My foot hurts.'),
      request: { method: 'POST', url: 'Communication' },
    };
    const waits = { resource: { resourceType: 'Bundle', type: 'transaction', entry: [entry] } };
    const done = await scene.capture(`own-${patient}`, { kind: code('patient-messaging'), waits }, patient);
    expect([done.status, done.says]).toEqual([200, '']);
    const [, answer] = await inbox(patient);
    expect(JSON.stringify(answer)).toContain('message-template-message-noted');
    expect((await post('initiator', message(ORGANIZATION, patient, 'Come by tomorrow.'))).status).toBe(201);
  });

  test('is answered once in a thread', async () => {
    const { patient, app } = await arrive();
    const header = await post(app, {
      resourceType: 'Communication',
      status: 'in-progress',
      sender: { reference: patient },
      recipient: [{ reference: patient }, { reference: ORGANIZATION }],
    });
    expect([header.status, header.says]).toEqual([201, '']);
    expect(JSON.stringify(header.json)).toContain('not for emergencies');
    const partOf = [{ reference: `${header.location}` }];
    for (const text of ['My foot hurts.', 'And my hand.'])
      expect((await post(app, message(patient, ORGANIZATION, text, { partOf }))).status).toBe(201);
    const answers = (await inbox(patient)).filter(
      ({ sender }) => (sender as { reference?: string }).reference === ORGANIZATION,
    );
    expect(answers).toHaveLength(1);
  });

  test('is written in person: nobody writes in a patient’s name', async () => {
    const { patient } = await arrive();
    const { app: other } = await arrive();
    for (const who of ['initiator', other])
      expect((await post(who, message(patient, ORGANIZATION, 'Hello'))).status).toBeGreaterThanOrEqual(403);
    const forged = await post('initiator', message(patient, ORGANIZATION, 'Hello'));
    expect([forged.status, forged.code]).toEqual([403, 'sender-mismatch']);
  });

  test('is refused where the organization closed its inbox', async () => {
    const { patient, app } = await arrive();
    const organization = await scene.server.read('initiator', ORGANIZATION);
    const closed = {
      url: 'https://closeloop.dev/fhir/StructureDefinition/patient-inbox',
      valueCode: 'closed',
    };
    const put = (more: object): Promise<Response> =>
      scene.server.ask('initiator', 'PUT', ORGANIZATION, { ...organization, ...more });
    expect((await put({ extension: [closed] })).status).toBe(200);
    const refused = await post(app, message(patient, ORGANIZATION, 'Hello'));
    expect([refused.status, refused.code]).toEqual([403, 'patient-inbox-closed']);
    expect((await put({})).status).toBe(200);
    expect((await post(app, message(patient, ORGANIZATION, 'Hello'))).status).toBe(201);
    // Also by the way of an organization whose own inbox is open.
    const other = await scene.server.read('recipient', 'Organization/recipient');
    const putOther = (more: object): Promise<Response> =>
      scene.server.ask('recipient', 'PUT', 'Organization/recipient', { ...other, ...more });
    expect((await putOther({ extension: [closed] })).status).toBe(200);
    const around = await post(app, message(patient, 'Organization/recipient', 'Hello'));
    expect([around.status, around.code]).toEqual([403, 'patient-inbox-closed']);
    expect((await putOther({})).status).toBe(200);
  });

  test('is found in $everything of the patient (MS34)', async () => {
    const { patient, app } = await arrive();
    const sent = await post(app, message(patient, ORGANIZATION, 'My foot hurts.'));
    const { text } = await scene.ask('initiator', 'GET', `${patient}/$everything`);
    expect(text).toContain(`${sent.location}`);
    expect(text).toContain('My foot hurts.');
  });

  test('is written by a representative in the own name, and a minor’s own thread is hidden from parents (MS34, compliance R8)', async () => {
    const { patient, app } = await arrive();
    const { id } = await scene.server.create('initiator', {
      resourceType: 'RelatedPerson',
      active: true,
      patient: { reference: patient },
    });
    const parent: Ref = `RelatedPerson/${id}`;
    const token = `parent-${patient}`;
    await scene.token(token, {
      patient: patient.slice('Patient/'.length),
      scope: 'patient/Communication.crus patient/Patient.r patient/Organization.r patient/RelatedPerson.r',
      claims: { fhirUser: parent },
    });
    const own = await post(
      token,
      message(parent, ORGANIZATION, 'My child has a fever.', { subject: { reference: patient } }),
    );
    expect([own.status, own.says]).toEqual([201, '']);
    expect((await inbox(patient)).map(({ sender }) => sender)).toContainEqual({ reference: parent });
    expect((await post(token, message(patient, ORGANIZATION, 'Hello'))).code).toBe('sender-mismatch');

    const alone = {
      url: 'https://closeloop.dev/fhir/StructureDefinition/minor-consented',
      valueBoolean: true,
    };
    const header = await post(app, {
      resourceType: 'Communication',
      status: 'in-progress',
      extension: [alone],
      sender: { reference: patient },
      recipient: [{ reference: patient }, { reference: ORGANIZATION }],
    });
    const partOf = [{ reference: `${header.location}` }];
    const asked = await post(app, message(patient, ORGANIZATION, 'I need to talk to somebody.', { partOf }));
    const all = await inbox(patient);
    const hidden = all.filter(({ partOf: of }) => JSON.stringify(of ?? '').includes(`${header.location}`));
    expect(hidden.length).toBe(2); // the message, and the answer at once
    for (const one of [
      header.location,
      asked.location,
      ...hidden.map(({ id: own }) => `Communication/${own}`),
    ]) {
      expect((await scene.ask(app, 'GET', `${one}`)).status).toBe(200);
      expect((await scene.ask(token, 'GET', `${one}`)).status).toBe(404);
    }
    expect((await scene.ask(token, 'GET', `Communication?subject=${patient}`)).text).not.toContain(
      'somebody',
    );
  });

  test('stays readable to the patient, with what was written to the patient, after the acknowledgement ended (MK8)', async () => {
    const { patient, app } = await arrive();
    const captured = await acknowledge(patient);
    const told = await post(
      'initiator',
      message(ORGANIZATION, patient, 'Your result is back.', { subject: { reference: patient } }),
    );
    expect([told.status, told.says]).toEqual([201, '']);
    await end(captured, patient);
    const read = await scene.ask(app, 'GET', `${told.location}`);
    expect([read.status, JSON.stringify(read.json).includes('Your result is back.')]).toEqual([200, true]);
  });
});
