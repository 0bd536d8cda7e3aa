/** A consent is put on record in one commit (compliance K2, K6, K8, C8). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE } from '../../world.ts';
import {
  code,
  openCapturers,
  outOf,
  parametersFor,
  PAPER,
  ref,
  responseOf,
  TPO,
  waiting,
  type Capturers,
  type Given,
} from './scene.ts';

let scene: Capturers;
beforeAll(async () => {
  scene = await openCapturers();
});
afterAll(() => scene.server.close());

const order = () =>
  make.serviceRequest({
    subject: scene.patient,
    requester: 'Organization/initiator',
    performer: 'Organization/recipient',
  });

const count = async (type: string): Promise<number> =>
  Number((await scene.server.ask('initiator', 'GET', `${type}?_summary=count`)).json['total']);

describe('(compliance K2) one call makes', () => {
  test('the Consent, the document that was signed, and who recorded it, all found from the Consent (K6)', async () => {
    const done = await scene.capture('initiator', TPO);
    expect([done.status, done.says]).toEqual([200, '']);
    const { json } = await scene.server.ask(
      'initiator',
      'GET',
      `Consent?_id=${outOf(done, 'consent')?.slice(8)}&_revinclude=Provenance:target&_include=Consent:source-reference`,
    );
    const found = (json['entry'] as { resource: Record<string, unknown> }[]).map(({ resource }) => resource);
    expect(
      found.map(({ resourceType }) => String(resourceType)).toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(['Consent', 'DocumentReference', 'Provenance']);
    const [consent, document, provenance] = ['Consent', 'DocumentReference', 'Provenance'].map((type) =>
      found.find(({ resourceType }) => resourceType === type),
    );
    expect(consent).toMatchObject({
      status: 'active',
      dateTime: '2026-11-20',
      performer: [{ reference: scene.patient }],
      organization: [{ reference: 'Organization/initiator' }],
      sourceReference: { reference: outOf(done, 'document') },
      policyRule: { coding: [{ code: 'part2-tpo' }, { code: '42CFRPart2CD' }] },
      provision: {
        type: 'permit',
        actor: [
          { role: { coding: [{ code: 'CST' }] }, reference: { reference: 'Organization/initiator' } },
          { role: { coding: [{ code: 'IRCP' }] }, reference: { reference: 'Group/tpo-recipients' } },
        ],
        purpose: [{ code: 'TREAT' }, { code: 'HPAYMT' }, { code: 'HOPERAT' }],
        securityLabel: [{ code: '42CFRPart2' }],
      },
    });
    expect(document).toMatchObject({
      type: { coding: [{ system: 'http://loinc.org', code: '64292-6' }] },
      subject: { reference: scene.patient },
      content: [{ attachment: { contentType: 'application/pdf', size: 15, title: 'Signed form' } }],
    });
    expect(provenance).toMatchObject({
      activity: { coding: [{ code: 'CREATE' }] },
      agent: [
        { type: { coding: [{ code: 'performer' }] }, onBehalfOf: { reference: 'Organization/initiator' } },
      ],
    });
    const url = /Binary\/[^"]+/.exec(JSON.stringify(document))?.[0] ?? '';
    const binary = await scene.server.ask('initiator', 'GET', url);
    expect(binary.text).toContain(PAPER.valueAttachment.data);
  });

  test('and the events `consent-captured` and `consent-revoked`, seen by its organization (AU2)', async () => {
    const first = outOf(await scene.capture('initiator', TPO), 'consent') ?? 'Consent/none';
    await scene.capture('initiator', { ...TPO, supersedes: ref(first) });
    const events = await scene.server.auditOf('initiator', first);
    expect(events.map(({ subtype }) => subtype?.[0]?.code)).toEqual(
      expect.arrayContaining(['originate', 'deprecate']),
    );
  });

  test('and the same key makes it once', async () => {
    const [first, again] = [
      await scene.capture('initiator', TPO, undefined, 'once'),
      await scene.capture('initiator', TPO, undefined, 'once'),
    ];
    expect([again.status, outOf(again, 'consent')]).toEqual([200, outOf(first, 'consent')]);
  });
});

describe('(compliance K2) what waits for it', () => {
  test('runs in the same commit', async () => {
    const then = make.transaction({ method: 'POST', url: 'ServiceRequest', resource: order() });
    const done = await scene.capture('initiator', waiting(TPO, then));
    expect(done.status).toBe(200);
    const [request = ''] = responseOf(done);
    expect(request).toMatch(/^ServiceRequest\//);
    const versions = await Promise.all(
      [request.replace(/\/_history.*/, ''), outOf(done, 'consent') ?? ''].map(
        async (one) => (await scene.server.read('initiator', one)).meta?.versionId,
      ),
    );
    expect(new Set(versions).size).toBe(1);
    expect(
      await scene.server.search('recipient', `Task?focus=${request.replace(/\/_history.*/, '')}`),
    ).toHaveLength(1);
  });

  test('or nothing is done', async () => {
    const before = [await count('Consent'), await count('DocumentReference'), await count('Provenance')];
    const wrong = { ...order(), status: 'perhaps' };
    const then = make.transaction({ method: 'POST', url: 'ServiceRequest', resource: wrong });
    const done = await scene.capture('initiator', waiting(TPO, then));
    expect([done.status, done.code]).toEqual([422, 'structure-invalid']);
    expect([await count('Consent'), await count('DocumentReference'), await count('Provenance')]).toEqual(
      before,
    );
  });

  test('is a transaction', async () => {
    const done = await scene.capture('initiator', waiting(TPO, make.batch()));
    expect([done.status, done.code]).toEqual([400, 'parameter-invalid']);
  });
});

describe('(compliance K2) what lacks something is refused with its elements', () => {
  const AUTH: Given = {
    kind: code('hipaa-auth'),
    to: ref('Organization/recipient'),
    purpose: code('TREAT'),
    information: { part: [{ name: 'label', valueCode: 'HIV' }] },
    until: { valueDate: '2099-12-31' },
    statements: ['revocation', 'conditioning', 'redisclosure', 'plain-language', 'copy-given'].map(code),
    signature: PAPER,
    signedAt: { valueDateTime: '2026-11-20' },
  };

  test('complete', async () => {
    expect((await scene.capture('initiator', AUTH)).status).toBe(200);
  });

  // prettier-ignore
  test.each<readonly [without: string, more: Given, ids: string]>([
    ['what',              { information: undefined },             'A1'],
    ['to whom',           { to: undefined },                      'A3'],
    ['what for',          { purpose: undefined },                 'A4'],
    ['an end',            { until: undefined },                   'A5'],
    ['a signature',       { signature: undefined },               'A6'],
    ['its date',          { signedAt: undefined },                'A6'],
    ['authority',         { signedBy: ref('RelatedPerson/none') },'A6'],
    ['its statements',    { statements: code('redisclosure') },   'A7, A8, A10'],
    ['a known form',      { statements: undefined, form: { valueCanonical: 'https://forms.example/x' } }, 'A7, A8, A9, A10'],
  ])('without %s', async (_without, more, ids) => {
    const answer = await scene.capture('initiator', { ...AUTH, ...more });
    expect([answer.status, answer.code]).toEqual([422, 'consent-incomplete']);
    expect(answer.says).toContain(`(${ids})`);
    expect(answer.text).toContain('privacy-precondition');
  });

  test('a spoken word does for kinds that may be oral, and for no other', async () => {
    const spoken = { signature: undefined, verbal: { valueBoolean: true } };
    const auth = await scene.capture('initiator', { ...AUTH, ...spoken });
    expect([auth.status, auth.code]).toEqual([422, 'consent-incomplete']);
    const community = { ...AUTH, ...spoken, kind: code('community-referral') };
    const done = await scene.capture('initiator', community);
    expect(done.status).toBe(200);
    const { content } = (await scene.server.read('initiator', outOf(done, 'document') ?? '')) as unknown as {
      content: { attachment: { url: string } }[];
    };
    const { json } = await scene.server.ask('initiator', 'GET', content[0]?.attachment.url ?? '');
    expect(Buffer.from(String(json['data']), 'base64').toString()).toContain('Agreed in speech');
  });

  test('a Signature of another type, or without content', async () => {
    const signature = (type: string, data?: string) => ({
      valueSignature: {
        type: [{ system: 'urn:iso-astm:E1762-95:2013', code: type }],
        when: '2026-11-20T10:00:00Z',
        who: { reference: scene.patient },
        ...(data !== undefined && { data }),
      },
    });
    const of = (one: object) => scene.capture('initiator', { ...AUTH, signedAt: undefined, signature: one });
    expect((await of(signature('1.2.840.10065.1.12.1.1', 'eA=='))).code).toBe('consent-incomplete');
    expect((await of(signature('1.2.840.10065.1.12.1.7'))).code).toBe('consent-incomplete');
    const done = await of(signature('1.2.840.10065.1.12.1.7', 'eA=='));
    expect(done.status).toBe(200);
    const provenance = await scene.server.read('initiator', outOf(done, 'provenance') ?? '');
    expect(provenance).toMatchObject({ signature: [{ data: 'eA==' }] });
    expect(await scene.server.read('initiator', outOf(done, 'consent') ?? '')).toMatchObject({
      dateTime: '2026-11-20T10:00:00Z',
    });
  });
});

describe('(compliance K8) what proves nothing', () => {
  const page = (url: string) => ({ valueAttachment: { contentType: 'application/pdf', url } });
  const signed = (reference: string, when = '2026-11-20T10:00:00Z') => ({
    valueSignature: {
      type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.7' }],
      when,
      who: { reference },
      data: 'eA==',
    },
  });

  // prettier-ignore
  test.each<readonly [says: string, more: () => Given, code: string]>([
    ['a page that somebody else keeps',         () => ({ signature: page('https://forms.example/1.pdf') }),                          'consent-incomplete'],
    ['a page that is another record',           () => ({ signature: page(scene.patient) }),                                          'consent-incomplete'],
    ['a signature of another patient',          () => ({ signature: signed('Patient/somebody-else') }),                              'consent-incomplete'],
    ['a signature of the organization itself',  () => ({ signature: signed('Organization/initiator') }),                             'consent-incomplete'],
    ['a signature of a year to come',           () => ({ signature: signed(scene.patient, '2099-01-01T00:00:00Z'), signedAt: undefined }), 'consent-rule'],
    ['a page of a year to come',                () => ({ signedAt: { valueDateTime: '2099' } }),                                     'consent-rule'],
  ])('%s is refused', async (_says, more, wanted) => {
    const before = await count('Consent');
    const done = await scene.capture('initiator', { ...TPO, ...more() });
    expect([done.status, done.code, await count('Consent')]).toEqual([422, wanted, before]);
  });

  test('but a signature under the full address of the patient is the patient’s', async () => {
    const done = await scene.capture('initiator', { ...TPO, signature: signed(`${BASE}/${scene.patient}`) });
    expect([done.status, done.says]).toEqual([200, '']);
  });
});

describe('(compliance C8) a consent that replaces others', () => {
  const restriction = async (): Promise<Ref> => {
    const done = await scene.capture('initiator', {
      kind: code('hipaa-restrictions'),
      to: ref('Organization/recipient'),
      signature: PAPER,
      signedAt: { valueDateTime: '2026-11-01' },
    });
    return outOf(done, 'consent') ?? 'Consent/none';
  };

  test('ends them in the same commit, with the signed document as the request', async () => {
    const old = await restriction();
    const done = await scene.capture('initiator', { ...TPO, supersedes: ref(old) });
    expect([done.status, outOf(done, 'superseded')]).toEqual([200, old]);
    const ended = await scene.server.read('initiator', old);
    expect(ended).toMatchObject({ status: 'inactive' });
    expect(JSON.stringify(ended['extension'])).toContain(outOf(done, 'document'));
    const made = await scene.server.read('initiator', outOf(done, 'consent') ?? '');
    expect(made.meta?.versionId).toBe(ended.meta?.versionId);
  });

  test('ends none that has ended already, and says so', async () => {
    const old = await restriction();
    await scene.capture('initiator', { ...TPO, supersedes: ref(old) });
    const again = await scene.capture('initiator', { ...TPO, supersedes: ref(old) });
    expect([again.code, again.says]).toEqual(['parameter-invalid', `${old} has ended already: leave it out`]);
  });

  test('ends none that is another’s, or of another patient', async () => {
    const own = make.transaction({ method: 'POST', url: 'ServiceRequest', resource: order() });
    await scene.server.transact('initiator', own);
    const theirs = await scene.server.create('recipient', make.consent(scene.patient));
    const patient = await scene.server.create('initiator', make.patient());
    const others = await scene.server.create('initiator', make.consent(`Patient/${patient.id}`));
    for (const { id } of [theirs, others]) {
      const done = await scene.capture('initiator', { ...TPO, supersedes: ref(`Consent/${id}`) });
      expect([done.status, done.code]).toEqual([422, 'reference-not-found']);
    }
  });
});

describe('(compliance K2) who captures', () => {
  test('is the organization that keeps the patient, and another one of its own disclosures', async () => {
    const theirs = (await scene.server.create('recipient', make.patient())).id;
    expect((await scene.capture('initiator', TPO, `Patient/${theirs}`)).status).toBe(404);
    const others = { ...TPO, from: ref('Organization/initiator') };
    expect((await scene.capture('recipient', others)).code).toBe('not-custodian');
    expect((await scene.capture('recipient', TPO)).status).toBe(200);
  });

  test('is one whose scopes let it create a Consent', async () => {
    await scene.token('reader', { scope: 'system/*.rs' });
    expect((await scene.capture('reader', TPO)).code).toBe('scope-insufficient');
  });
});

describe('(compliance K8) the patient in person signs by the login', () => {
  const { signature: _paper, signedAt: _at, ...UNSIGNED } = TPO;
  const login = (ageS: number, patient: Ref = scene.patient) => ({
    scope: 'patient/*.cruds',
    patient: patient.slice('Patient/'.length),
    claims: {
      fhirUser: patient,
      auth_time: Math.floor(Date.now() / 1000) - ageS,
      amr: ['pwd', 'otp'],
    },
  });

  test('whose time and way are kept', async () => {
    await scene.token('patient', login(60));
    const done = await scene.capture('patient', UNSIGNED);
    expect([done.status, done.says]).toEqual([200, '']);
    const provenance = await scene.server.read('initiator', outOf(done, 'provenance') ?? '');
    const [signature] = provenance['signature'] as { data: string; who: object }[];
    expect(signature?.who).toEqual({ reference: scene.patient });
    const kept = JSON.parse(Buffer.from(signature?.data ?? '', 'base64').toString()) as object;
    expect(kept).toMatchObject({ auth_time: expect.any(Number), amr: ['pwd', 'otp'] });
  });

  test('and asks for a restriction, which binds when its organization agrees (R1)', async () => {
    await scene.token('asking', login(60));
    const asked = { kind: code('hipaa-restrictions'), to: ref('Organization/recipient') };
    const done = await scene.capture('asking', asked);
    const at = outOf(done, 'consent') ?? 'Consent/none';
    const proposed = await scene.server.read('initiator', at);
    expect([done.status, proposed['status']]).toEqual([200, 'proposed']);
    const agreed = await scene.server.ask('initiator', 'PUT', at, { ...proposed, status: 'active' });
    expect([agreed.status, agreed.json['status']]).toEqual([200, 'active']);
    const ended = { by: ref(scene.patient), how: code('written') };
    await scene.server.ask('initiator', 'POST', `${at}/$revoke`, parametersFor(ended));
    const paid = await scene.capture('asking', { ...asked, kind: code('hipaa-self-pay') });
    const binding = outOf(paid, 'consent') ?? 'Consent/none';
    expect(await scene.server.read('initiator', binding)).toMatchObject({ status: 'active' });
  });

  test('which must be fresh', async () => {
    await scene.token('stale', login(301));
    const done = await scene.capture('stale', UNSIGNED);
    expect([done.status, done.code]).toEqual([422, 'consent-incomplete']);
    await scene.token('undated', { ...login(0), claims: { fhirUser: scene.patient } });
    expect((await scene.capture('undated', UNSIGNED)).code).toBe('consent-incomplete');
  });

  test('and for nobody else', async () => {
    const other: Ref = `Patient/${(await scene.server.create('initiator', make.patient())).id}`;
    await scene.token('other', login(60, other));
    expect((await scene.capture('other', UNSIGNED)).code).toBe('scope-insufficient');
    const parent = { ...login(60), claims: { fhirUser: 'RelatedPerson/parent' } };
    await scene.token('parent', parent);
    expect((await scene.capture('parent', TPO)).code).toBe('not-custodian');
  });
});
