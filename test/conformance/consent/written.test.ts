/** Consents that say their kind, as they are written, ended and kept (rules 2.16). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OperationOutcome, Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { callerOf, initiator, openWorld, refOf, type Stored, type World } from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient');
});
afterAll(() => world.close());

const OURS = 'https://closeloop.dev/fhir';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const says = (code: string) => ({
  url: `${OURS}/StructureDefinition/consent-statements`,
  valueCode: code,
});
const actor = (code: string, reference: string) => ({
  role: { coding: [{ system: PARTICIPATION, code }] },
  reference: { reference },
});

/** A complete consent under 42 CFR 2.31, of a patient of the initiator's. */
async function consent(more: Record<string, unknown> = {}): Promise<Resource & Record<string, unknown>> {
  const patient = await world.create(initiator, make.patient());
  const form = await world.create(initiator, {
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: refOf(patient) },
    content: [{ attachment: { contentType: 'text/plain', data: 'Tm90ZQ==' } }],
  });
  return {
    resourceType: 'Consent',
    meta: { profile: [`${OURS}/StructureDefinition/consent`] },
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '64292-6' }] }],
    patient: { reference: refOf(patient) },
    dateTime: '2026-11-20',
    performer: [{ reference: refOf(patient) }],
    organization: [{ reference: 'Organization/initiator' }],
    sourceReference: { reference: refOf(form) },
    policyRule: {
      coding: [
        { system: `${OURS}/CodeSystem/consent-kind`, code: 'part2-tpo' },
        { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2CD' },
      ],
    },
    extension: [
      ...['revocation', 'hipaa-redisclosure', 'redisclosure', 'refusal-consequences'].map(says),
      { url: `${OURS}/StructureDefinition/information-description`, valueString: 'All my treatment records' },
      { url: `${OURS}/StructureDefinition/expiration-event`, valueString: 'none' },
    ],
    provision: {
      type: 'permit',
      actor: [actor('CST', 'Organization/initiator'), actor('IRCP', 'Organization/recipient')],
      purpose: ['TREAT', 'HPAYMT', 'HOPERAT'].map((code) => ({
        system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
        code,
      })),
      securityLabel: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' }],
    },
    ...more,
  };
}

const restriction = async (more: Record<string, unknown> = {}) =>
  consent({
    extension: [says('revocation')],
    policyRule: { coding: [{ system: `${OURS}/CodeSystem/consent-kind`, code: 'hipaa-restrictions' }] },
    provision: { type: 'deny', actor: [actor('IRCP', 'Organization/recipient')] },
    ...more,
  });

const revocation = (by: string, how: string) => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'by', valueReference: { reference: by } },
    { name: 'how', valueCode: how },
  ],
});

const patientOf = (resource: Resource): string =>
  (resource['patient'] as { readonly reference: string }).reference;

describe('(compliance C1) the profile', () => {
  test('a complete Consent is stored without a word', async () => {
    const { status, headers, json } = await world.ask(initiator, 'POST', 'Consent', await consent());
    expect([status, headers['Warning'], json?.resourceType]).toEqual([201, undefined, 'Consent']);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['nobody relies on it', { organization: [] }, 'profile-invalid'],
    ['no kind', { policyRule: { coding: [{ system: `${OURS}/x`, code: 'x' }] } }, 'profile-invalid'],
    [
      'an unknown kind',
      { policyRule: { coding: [{ system: `${OURS}/CodeSystem/consent-kind`, code: 'x' }] } },
      'structure-invalid',
    ],
    ['a statement that is none', { extension: [says('x')] }, 'structure-invalid'],
  ])('%s', async (_what, more, code) => {
    const { organization, ...rest } = { ...(await consent()), ...more };
    const body = Array.isArray(organization) && organization.length > 0 ? { ...rest, organization } : rest;
    const reply = await world.ask(initiator, 'POST', 'Consent', body);
    expect([reply.status, reply.code]).toEqual([422, code]);
  });
});

describe('(compliance A6) the signed form', () => {
  const file = (title: string, more: object = {}) => ({
    sourceReference: undefined,
    sourceAttachment: { contentType: 'application/pdf', title, ...more },
  });
  const documentOf = async (subject: object): Promise<object> => {
    const document = { ...make.documentReference('Patient/x', 'https://example.org/paper'), ...subject };
    return { sourceReference: { reference: refOf(await world.create(initiator, document)) } };
  };
  const other = async () => ({ reference: refOf(await world.create(initiator, make.patient())) });
  test.each<[string, boolean, () => Promise<object>]>([
    ['about the patient', true, async () => ({})],
    ['about another patient', false, async () => documentOf({ subject: await other() })],
    ['about nobody', false, async () => documentOf({ subject: undefined })],
    ['a title alone', false, async () => file('Signed')],
    ['a file', true, async () => file('Signed', { data: 'eA==' })],
    ['a file elsewhere', true, async () => file('Signed', { url: 'https://example.org/paper' })],
  ])('%s', async (_what, isThere, more) => {
    const given = JSON.parse(JSON.stringify({ ...(await consent()), ...(await more()) })) as Resource;
    const reply = await world.ask(initiator, 'POST', 'Consent', given, {
      prefer: { return: 'OperationOutcome' },
    });
    expect(reply.status).toBe(201);
    expect(reply.text?.includes('lacks: signed form (2.31(a)(8))')).toBe(!isThere);
    const permits = await world.store.snapshot().permitsOf(patientOf(given) as Ref);
    expect(permits.length).toBe(isThere ? 1 : 0);
  });
});

describe('(compliance A11) an incomplete permit', () => {
  test('is stored, and the warning names what it lacks', async () => {
    const lacking = await consent({ extension: [says('redisclosure'), says('hipaa-redisclosure')] });
    const reply = await world.ask(initiator, 'POST', 'Consent', lacking, {
      prefer: { return: 'OperationOutcome' },
    });
    const [issue] = (reply.json as unknown as OperationOutcome).issue;
    expect([reply.status, issue?.severity, issue?.details?.coding?.[0]?.code]).toEqual([
      201,
      'warning',
      'consent-incomplete',
    ]);
    expect(issue?.diagnostics).toMatch(
      /lacks: right to revoke, expiry.*\(2\.31\(a\)\(6\), 2\.31\(a\)\(7\), /,
    );
    expect(issue?.expression).toEqual(['Consent.extension', 'Consent.provision.period']);
  });

  test('(compliance P16) lacks a signature where the patient was a minor', async () => {
    const whole = await consent();
    const minor = await world.create(initiator, make.patient({ birthDate: '2010-01-01' }));
    const of = { reference: refOf(minor) };
    const reply = await world.ask(
      initiator,
      'POST',
      'Consent',
      { ...whole, patient: of, performer: [of] },
      { prefer: { return: 'OperationOutcome' } },
    );
    const [issue] = (reply.json as unknown as OperationOutcome).issue;
    expect([reply.status, issue?.diagnostics]).toEqual([
      201,
      expect.stringContaining('signatures of both the minor and who acts for the minor (2.31(a)(8))'),
    ]);
  });

  test('(compliance C7) that an earlier restriction outweighs is told so', async () => {
    const [whole, denial] = [await consent(), await restriction()];
    const of = { patient: whole['patient'], performer: whole['performer'] };
    const stands = await world.create(initiator, { ...denial, ...of });
    const says = `An earlier restriction stands (${refOf(stands)}): end it, or let this Consent replace it.`;
    const { status, headers } = await world.ask(initiator, 'POST', 'Consent', whole);
    expect([status, headers['Warning']]).toEqual([201, expect.stringContaining(says)]);
  });

  test('(compliance C2) a general one is read leniently, as before', async () => {
    const patient = await world.create(initiator, make.patient());
    const general = make.consent(refOf(patient));
    const { status, headers } = await world.ask(initiator, 'POST', 'Consent', general);
    expect([status, headers['Warning']]).toEqual([201, undefined]);
  });
});

describe('(compliance C11, C12) a Consent that was in force', () => {
  const stored = async (body: Promise<Resource>): Promise<Stored> => world.create(initiator, await body);

  test('is neither deleted nor rewritten, by whatever door', async () => {
    const one = await stored(consent());
    const rewritten = { ...one, provision: { ...(one['provision'] as object), purpose: undefined } };
    const replies = [
      await world.ask(initiator, 'DELETE', refOf(one)),
      await world.ask(initiator, 'PUT', refOf(one), JSON.parse(JSON.stringify(rewritten))),
      await world.ask(initiator, 'PATCH', refOf(one), [{ op: 'remove', path: '/provision/purpose' }]),
      await world.ask(initiator, 'POST', '', make.transaction({ method: 'DELETE', url: refOf(one) })),
    ];
    expect(replies.map(({ status, code }) => [status, code])).toEqual([
      [409, 'deletion-refused'],
      [422, 'field-frozen'],
      [422, 'field-frozen'],
      [409, 'deletion-refused'],
    ]);
  });

  test('does not end without a word on how', async () => {
    const one = await stored(consent());
    const patch = [{ op: 'replace', path: '/status', value: 'inactive' }];
    expect((await world.ask(initiator, 'PATCH', refOf(one), patch)).code).toBe('consent-rule');
  });

  test('is ended with $revoke, which says when, by whom and how', async () => {
    const one = await stored(consent());
    const { status, json } = await world.ask(
      initiator,
      'POST',
      `${refOf(one)}/$revoke`,
      revocation(patientOf(one), 'written'),
    );
    const extension = json?.['extension'] as readonly { readonly url: string; extension?: unknown }[];
    expect([status, json?.resourceType, json?.['status']]).toEqual([200, 'Consent', 'inactive']);
    expect(extension.find(({ url }) => url.endsWith('/revocation'))?.extension).toEqual([
      { url: 'at', valueDateTime: expect.any(String) },
      { url: 'by', valueReference: { reference: patientOf(one) } },
      { url: 'how', valueCode: 'written' },
    ]);
    const again = await world.ask(initiator, 'PUT', refOf(one), { ...json, status: 'active' });
    expect(again.code).toBe('consent-rule');
  });

  test.each<[string, (one: Stored) => object, string | undefined]>([
    ['by word of mouth', (one) => revocation(patientOf(one), 'oral-note'), 'consent-rule'],
    ['by the organization', () => revocation('Organization/initiator', 'written'), 'consent-rule'],
    ['in a way that is none', (one) => revocation(patientOf(one), 'shouted'), 'parameter-invalid'],
  ])('is not ended %s', async (_how, parameters, code) => {
    const one = await stored(consent());
    const reply = await world.ask(initiator, 'POST', `${refOf(one)}/$revoke`, parameters(one));
    expect(reply.code).toBe(code);
  });

  test('(compliance R4) a restriction that the entity ends stays for what was before', async () => {
    const one = await stored(restriction());
    const { status, json } = await world.ask(
      initiator,
      'POST',
      `${refOf(one)}/$revoke`,
      revocation('Organization/initiator', 'informed'),
    );
    expect([status, json?.['status']]).toEqual([200, 'active']);
  });

  test('a restriction was entered in error by the word of a privacy officer alone', async () => {
    const one = await stored(restriction());
    const wrong = { ...one, status: 'entered-in-error' };
    const officer = callerOf('initiator', { serverScopes: ['closeloop/privacy'] });
    expect((await world.ask(initiator, 'PUT', refOf(one), wrong)).code).toBe('consent-rule');
    expect((await world.ask(officer, 'PUT', refOf(one), wrong)).status).toBe(200);
  });
});
