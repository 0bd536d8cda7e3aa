/** What a write is refused that would tell another organization something (compliance L2(2), (3)). */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { OperationOutcome, OperationOutcomeIssue, Ref, Resource } from '../../../src/fhir/types.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';
import { agreement } from '../../agreements.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf, type Stored } from '../../world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());
afterEach(() => setKinds('recipient'));

/** An administrator says what an organization is; nothing: it has no kind. */
async function setKinds(name: string, ...kinds: readonly string[]): Promise<void> {
  const { type: _type, ...stored } = await server.read('administrator', `Organization/${name}`);
  const type = kinds.map((code) => ({ coding: [{ system: PARTY_KIND_SYSTEM, code }] }));
  const put = { ...stored, ...(kinds.length > 0 && { type }) };
  const { status } = await server.ask('administrator', 'PUT', `Organization/${name}`, put);
  expect(status).toBe(200);
}

const newPatient = async (): Promise<Ref> => refOf(await server.create('initiator', make.patient()));

const order = (subject: string, more: Record<string, unknown> = {}): Resource =>
  make.serviceRequest(
    { subject, requester: 'PractitionerRole/initiator', performer: 'Organization/recipient' },
    more,
  );

const send = (subject: string, more: Record<string, unknown> = {}) =>
  server.ask('initiator', 'POST', 'ServiceRequest', order(subject, more));

const issuesOf = (outcome: Resource): readonly OperationOutcomeIssue[] =>
  (outcome as unknown as OperationOutcome).issue;
const codesOf = (outcome: Resource): readonly (readonly (string | undefined)[])[] =>
  issuesOf(outcome).map(({ details }) => (details?.coding ?? []).map(({ code }) => code));

const ordersOf = (patient: Ref): Promise<readonly Stored[]> =>
  server.search('initiator', `ServiceRequest?subject=${patient}`);

const DENY = { provision: { type: 'deny' } };
const SDOH = {
  category: [{ coding: [{ system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-tags', code: 'sdoh' }] }],
};

describe('(compliance L2) the patient denies the recipient', () => {
  test('an order to it is refused by the name of the Consent, and nothing is stored', async () => {
    const patient = await newPatient();
    const consent = await server.create('initiator', make.consent(patient, DENY));
    const refused = await send(patient);
    expect([refused.status, refused.code]).toEqual([403, 'disclosure-denied']);
    expect(refused.says).toContain(refOf(consent));
    expect(codesOf(refused.json)).toEqual([['disclosure-denied', 'none-review']]);
    expect(await ordersOf(patient)).toEqual([]);
  });

  test('(compliance I2, I5) what the patient asked for on record is the exception of that', async () => {
    const patient = await newPatient();
    const documented = {
      ...DENY,
      dateTime: '2026-01-01',
      performer: [{ reference: patient }],
      sourceAttachment: { title: 'Signed' },
    };
    await server.create('initiator', make.consent(patient, documented));
    expect(codesOf((await send(patient)).json)).toEqual([
      ['disclosure-denied', 'privacy-individual-request'],
    ]);
  });

  test('(compliance K3) so it is by a Consent of the same transaction', async () => {
    const patient = await newPatient();
    const bundle = make.transaction(
      { method: 'POST', url: 'Consent', resource: make.consent(patient, DENY) },
      { method: 'POST', url: 'ServiceRequest', resource: order(patient) },
    );
    const refused = await server.ask('initiator', 'POST', '', bundle);
    expect([refused.status, refused.code]).toEqual([403, 'disclosure-denied']);
    expect(await server.search('initiator', `Consent?patient=${patient}`)).toEqual([]);
  });

  test('(harmony Z11) what the order names is asked for by itself, and refuses the whole', async () => {
    const patient = await newPatient();
    const file = await server.create('initiator', {
      resourceType: 'DocumentReference',
      status: 'current',
      subject: { reference: patient },
      content: [{ attachment: { contentType: 'text/plain', data: 'Tm90ZQ==' } }],
    });
    const data = [{ meaning: 'instance', reference: { reference: refOf(file) } }];
    await server.create('initiator', make.consent(patient, { provision: { type: 'deny', data } }));
    const refused = await send(patient, { supportingInfo: [make.to(refOf(file))] });
    expect([refused.status, refused.code]).toEqual([403, 'disclosure-denied']);
    expect(issuesOf(refused.json)[0]?.expression).toEqual(['ServiceRequest.supportingInfo[0]']);
    expect((await send(patient)).status).toBe(201);
  });

  test('(harmony Z7, L3) a move of the recipient is its own disclosure: its Consents count, and the rules come first', async () => {
    const patient = await newPatient();
    const { link = 'Task/0' } = await send(patient);
    await server.create('recipient', make.consent(patient, DENY));
    const task = await server.read('recipient', link);
    const accepted = await server.ask('recipient', 'PUT', link, { ...task, status: 'accepted' });
    expect([accepted.status, accepted.code]).toEqual([403, 'disclosure-denied']);
    expect((await server.read('initiator', link))['status']).not.toBe('accepted');
    const wrong = await server.ask('recipient', 'PUT', link, { ...task, status: 'completed' });
    expect(wrong.code).toBe('transition-not-allowed');
  });

  test('a message to it is refused', async () => {
    const patient = await newPatient();
    const { link = 'Task/0' } = await send(patient);
    await server.create('initiator', make.consent(patient, DENY));
    const refused = await server.ask('initiator', 'POST', 'Communication', {
      resourceType: 'Communication',
      status: 'completed',
      subject: { reference: patient },
      about: [{ reference: link }],
      sender: { reference: 'Organization/initiator' },
      recipient: [{ reference: 'Organization/recipient' }],
      payload: [{ contentString: 'Please call' }],
    });
    expect([refused.status, refused.code]).toEqual([403, 'disclosure-denied']);
    expect(await server.search('initiator', `Communication?subject=${patient}`)).toEqual([]);
  });
});

describe('(compliance B02, B03, B31) what the recipient is decides', () => {
  test('a community organization is told for a service that has to do with health, and the basis is written', async () => {
    await setKinds('recipient', 'community-organization');
    const sent = await send(await newPatient(), SDOH);
    expect(sent.status).toBe(201);
    expect(JSON.stringify(sent.json['extension'])).toContain('"treatment-own"');
    expect(sent.warning).toContain('The server wrote the basis of the disclosure: treatment-own');
  });

  test('for anything else nothing permits it, and the answer says what could', async () => {
    await setKinds('recipient', 'community-organization');
    const patient = await newPatient();
    const refused = await send(patient);
    expect([refused.status, refused.code]).toEqual([422, 'basis-missing']);
    expect(refused.says).toMatch(
      /^Nothing permits telling .+ this\. Possible: treatment-own \(.+\), authorization \(.+\)/,
    );
    expect(codesOf(refused.json)).toEqual([['basis-missing', 'authorization', 'privacy-precondition']]);
    expect(refused.headers['link']).toMatch(
      new RegExp(`/${patient}/\\$capture-consent>; rel="https://closeloop.dev/rel/capture"`),
    );
    expect(await ordersOf(patient)).toEqual([]);
  });

  test('(harmony Z35) a business associate without an agreement is told nothing', async () => {
    await setKinds('recipient', 'business-associate');
    const refused = await send(await newPatient());
    expect(codesOf(refused.json)).toEqual([['agreement-not-active', 'agreement', 'privacy-precondition']]);
  });

  test('(baa-messaging 9) a Contract that is no agreement in force yet is linked to who may read it', async () => {
    await setKinds('recipient', 'business-associate');
    const { legal: _document, ...prepared } = agreement({
      status: 'policy',
      signed: [],
      principal: 'Organization/initiator',
      associate: 'Organization/recipient',
    });
    const contract = await server.create('initiator', prepared);
    const refused = await send(await newPatient());
    expect([refused.status, refused.code]).toEqual([403, 'agreement-not-active']);
    expect(refused.headers['link']).toMatch(
      new RegExp(`/${refOf(contract)}>; rel="https://closeloop.dev/rel/agreement"`),
    );
    expect(issuesOf(refused.json)[0]?.extension?.[0]).toMatchObject({
      url: 'https://closeloop.dev/fhir/StructureDefinition/agreement',
    });
  });

  test('a claim that does not fit is refused piece by piece', async () => {
    const basis = {
      url: 'https://closeloop.dev/fhir/StructureDefinition/disclosure-basis',
      extension: [
        {
          url: 'code',
          valueCoding: {
            system: 'https://closeloop.dev/fhir/CodeSystem/disclosure-basis',
            code: 'abuse-neglect',
          },
        },
      ],
    };
    await setKinds('recipient', 'protective-services');
    const refused = await send(await newPatient(), { extension: [basis] });
    expect(refused.says.split('\n')).toEqual([
      'Basis abuse-neglect needs the law that requires or authorizes it, or the agreement of the patient',
      'Basis abuse-neglect needs whether the patient was informed',
    ]);
    const law = { url: 'law', valueString: 'State act, s. 4' };
    const informed = { url: 'informed', valueCode: 'risk-of-harm' };
    const whole = { ...basis, extension: [...basis.extension, law, informed] };
    expect((await send(await newPatient(), { extension: [whole] })).status).toBe(201);
  });
});

describe('(compliance B03, I3) the setting communityNeedsAuthorization', () => {
  let strict: TestServer;
  beforeAll(async () => {
    strict = await openServer(undefined, '--community-needs-authorization');
    const stored = await strict.read('administrator', 'Organization/recipient');
    const type = [{ coding: [{ system: PARTY_KIND_SYSTEM, code: 'community-organization' }] }];
    await strict.ask('administrator', 'PUT', 'Organization/recipient', { ...stored, type });
  });
  afterAll(() => strict.close());

  test('denies on no ground of law, and a person looks at it once a week', async () => {
    const patient = refOf(await strict.create('initiator', make.patient()));
    for (let time = 0; time < 2; time += 1) {
      const refused = await strict.ask('initiator', 'POST', 'ServiceRequest', order(patient, SDOH));
      expect(codesOf(refused.json)).toEqual([['consent-needed', 'community-authorization', 'none-review']]);
    }
    const items = await strict.search('initiator', 'Task?code=denial-review');
    expect(items.map(({ owner }) => owner)).toEqual([{ reference: 'Organization/initiator' }]);
    expect(await strict.search('recipient', 'Task?code=denial-review')).toEqual([]);
  });
});

describe('(compliance D1, L8) under partyKindDefault none', () => {
  let bare: TestServer;
  beforeAll(async () => {
    bare = await openServer(undefined, '--party-kind-default', 'none');
  });
  afterAll(() => bare.close());

  test('an organization whose kind nobody knows is told nothing', async () => {
    const patient = refOf(await bare.create('initiator', make.patient()));
    const refused = await bare.ask('initiator', 'POST', 'ServiceRequest', order(patient));
    expect([refused.status, refused.code]).toEqual([422, 'basis-missing']);
  });

  test('(baa-messaging 4) by a message of no referral it is told under an agreement alone', async () => {
    const refused = await bare.ask('initiator', 'POST', 'Communication', {
      resourceType: 'Communication',
      status: 'in-progress',
      sender: { reference: 'Organization/initiator' },
      recipient: [{ reference: 'Organization/recipient' }],
      payload: [{ contentString: 'Please call' }],
    });
    expect([refused.status, refused.code]).toEqual([403, 'agreement-not-active']);
  });
});
