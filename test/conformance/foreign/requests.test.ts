/** What EHRs sent over FHIR that was once answered wrongly, each with its right answer. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { openRest, type Rest } from '../rest/client.ts';

let rest: Rest;
let patient: string;
beforeAll(async () => {
  rest = await openRest();
  patient = `Patient/${(await rest.create(make.patient())).id}`;
});
afterAll(() => rest.close());

const body = (resourceType: string, more: object) => ({ resourceType, ...more });
const entry = (method: string, url: string, resource: object) => ({ request: { method, url }, resource });
const bundle = (type: string, ...entries: readonly object[]) => body('Bundle', { type, entry: entries });
const orderFor = (subject: string, more: object = {}) =>
  body('ServiceRequest', {
    status: 'active',
    intent: 'order',
    code: { text: 'Foot clinic' },
    subject: { reference: subject },
    requester: { reference: 'Organization/initiator' },
    performer: [{ reference: 'Organization/recipient' }],
    ...more,
  });
const narrated = (inside: string) =>
  body('Patient', {
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${inside}</div>` },
  });
const claims = (profile: string) => ({ meta: { profile: [`http://hl7.org/fhir/us/${profile}`] } });
const twice = (gender: string) =>
  entry('PUT', 'Patient?identifier=urn:x|twice', {
    ...body('Patient', { gender }),
    identifier: [{ system: 'urn:x', value: 'twice' }],
  });
const npi = (value: string) => ({ system: 'http://hl7.org/fhir/sid/us-npi', value });
const loinc = { system: 'http://loinc.org', code: '74165-2' };
const history = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'social-history' }],
};
const employment = (more: object) =>
  body('Observation', {
    ...claims('odh/StructureDefinition/odh-EmploymentStatus'),
    status: 'final',
    code: { coding: [loinc] },
    category: [history],
    subject: { reference: patient },
    effectivePeriod: { start: '2014-01-17' },
    valueCodeableConcept: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'Employed' }],
    },
    ...more,
  });
const task = (more: object) =>
  body('Task', {
    ...claims('bser/StructureDefinition/BSeR-ReferralTask'),
    status: 'requested',
    intent: 'order',
    focus: { reference: 'ServiceRequest/1' },
    authoredOn: '2020-01-15T14:43:32-04:00',
    requester: { reference: 'PractitionerRole/elsewhere' },
    owner: { reference: 'PractitionerRole/other' },
    ...more,
  });
const fulfill = { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] };
const race = (url: string) => ({
  url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race',
  extension: [
    { url, valueString: 'zz' },
    { url: 'text', valueString: 'White' },
  ],
});

type Row = readonly [name: string, body: () => object | string, says: string];

// prettier-ignore
const REFUSED: readonly Row[] = [
  ['a whole number with an exponent',       () => '{"resourceType":"Patient","multipleBirthInteger":1e0}',                        'a whole number is written without fraction and exponent'],
  ['a whole number with a fraction',        () => '{"resourceType":"Patient","multipleBirthInteger":1.0}',                        'a whole number is written without fraction and exponent'],
  ['two NPIs',                              () => body('Practitioner', { ...claims('core/StructureDefinition/us-core-practitioner'), identifier: [npi('9941339108'), npi('9941339108')], name: [{ family: 'Seven' }] }), 'allows at most 1'],
  ['the code of an employment status twice', () => employment({ code: { coding: [loinc, loinc] } }),                              'allows at most 1'],
  ['two categories of one',                 () => employment({ category: [history, history] }),                                   'allows at most 1'],
  ['a part that its extension has not',     () => body('Patient', { extension: [race('ombCategory-x')] }),                        'its extension has no such part'],
  ['a fullUrl that is another’s',           () => bundle('collection', { fullUrl: 'http://example.org/fhir/Patient/a', resource: body('Patient', { id: 'b' }) }), 'fullUrl and the resource disagree'],
  ['a type that is not served',             () => body('Basic', { code: { text: 'x' }, subject: { reference: 'Parameters/1' } }), 'Parameters is not served here'],
];

describe('refused, and by $validate as well', () => {
  test.each(REFUSED)('%s', async (_name, bodyOf, says) => {
    const sent = bodyOf();
    const { resourceType } = (typeof sent === 'string' ? JSON.parse(sent) : sent) as { resourceType: string };
    for (const at of ['', '/$validate', '/$validate?mode=create']) {
      const { status, issues } = await rest.send(`POST ${resourceType}${at}`, { body: sent });
      const [first] = issues;
      expect([status, first?.severity]).toEqual([at === '' ? 422 : 200, 'error']);
      expect(first?.details?.text).toContain(says);
    }
  });
});

// prettier-ignore
const TAKEN: readonly (readonly [string, () => object])[] = [
  ...[
    '<p><a href="https://x.org/" charset="utf-8">x</a></p>',
    '<p><a href="https://x.org/a" hreflang="en">x</a></p>',
    '<p><a href="https://x.org/a" rel="noopener">x</a></p>',
    '<a href="sms:+1">x</a>',
    '<p style="font-family: FacialExpression">x</p>',
    '<p style="font-family: &quot;Segoe UI&quot;, sans-serif">x</p>',
    '<p style="background-image: url(tbl_bck1.png)">x</p>',
    '<p><img src="data:image/svg+xml;base64,AAAA" alt="x"/></p>',
  ].map((inside) => [inside, () => narrated(inside)] as const),
  ['one NPI', () => body('Practitioner', { ...claims('core/StructureDefinition/us-core-practitioner'), identifier: [npi('9941339108')], name: [{ family: 'Seven' }] })],
  ['an employment status', () => employment({})],
  ['a race in words', () => body('Patient', { extension: [{ ...race('text'), extension: [{ url: 'text', valueString: 'White' }] }] })],
];

test.each(TAKEN)('taken as it is: %s', async (_name, bodyOf) => {
  const sent = bodyOf() as { resourceType: string };
  const { json } = await rest.must(`POST ${sent.resourceType}`, { body: sent });
  expect(json).toMatchObject(sent);
});

test.each([
  ['code', task({ for: { reference: 'Patient/1' } })],
  ['for', task({ code: fulfill })],
])('BSeR’s first version has no need of Task.%s, and the same canonical: a warning', async (name, sent) => {
  const { issues } = await rest.must('POST Task/$validate', { body: sent });
  const told = issues.filter(({ severity }) => severity !== 'information');
  expect(told.map(({ severity, expression }) => [severity, expression])).toEqual([
    ['warning', [`Task.${name}`]],
  ]);
  const second = {
    ...sent,
    meta: {
      profile: [`${claims('bser/StructureDefinition/BSeR-ReferralTask').meta.profile[0]}|2.0.0-ballot`],
    },
  };
  const judged = await rest.must('POST Task/$validate', { body: second });
  expect(judged.issues[0]).toMatchObject({ severity: 'error', expression: [`Task.${name}`] });
});

describe('an order', () => {
  test('of a clock a minute ahead opens a referral that was never changed before it was made', async () => {
    const authoredOn = new Date(Date.now() + 60_000).toISOString();
    const order = await rest.must('POST ServiceRequest', { body: orderFor(patient, { authoredOn }) });
    const { bundle: found } = await rest.must(`GET Task?focus=ServiceRequest/${order.json.id}`);
    const opened = found.entry?.[0]?.resource as unknown as { authoredOn: string; lastModified: string };
    expect(Date.parse(opened.lastModified)).toBeGreaterThanOrEqual(Date.parse(opened.authoredOn));
    expect(order.json['authoredOn']).toBe(authoredOn);
    const { status, code } = await rest.send(`DELETE ${patient}`);
    expect([status, code]).toEqual([409, 'deletion-refused']);
  });

  test('whose Task says that it was changed in another century is told so, until a move says when', async () => {
    const order = await rest.must('POST ServiceRequest', { body: orderFor(patient) });
    const { bundle: found } = await rest.must(`GET Task?focus=ServiceRequest/${order.json.id}`);
    const opened = found.entry?.[0]?.resource as unknown as object & { id: string };
    const at = `PUT Task/${opened.id}`;
    const lastModified = '2199-01-01T00:00:00Z';
    const edited = { ...opened, lastModified, description: 'x' };
    const put = await rest.must(at, { body: edited });
    expect(put.headers.get('warning')).toContain('Task.lastModified is ahead');
    const again = await rest.must(at, { body: { ...edited, description: 'y' } });
    expect(again.headers.get('warning') ?? '').not.toContain('lastModified');
    const moved = { ...edited, status: 'accepted', businessStatus: undefined };
    const accepted = await rest.must(at, { body: moved, as: 'recipient' });
    expect(accepted.headers.get('warning') ?? '').not.toContain('lastModified');
    expect(accepted.json['lastModified']).not.toBe(lastModified);
  });

  test('in a batch refers to no other entry', async () => {
    const fullUrl = 'urn:uuid:5b3c1f7e-0000-4000-8000-000000000001';
    const made = { fullUrl, ...entry('POST', 'Patient', make.patient()) };
    for (const urn of [fullUrl, fullUrl.toUpperCase()]) {
      const sent = bundle('batch', made, entry('POST', 'ServiceRequest', orderFor(urn)));
      const { bundle: answered } = await rest.must('POST ', { body: sent });
      expect(answered.entry?.map(({ response }) => response?.status.slice(0, 3))).toEqual(['201', '422']);
    }
  });
});

test('If-Match of any tag is a condition', async () => {
  const stored = await rest.create(make.patient());
  const at = `PUT Patient/${stored.id}`;
  for (const [tag, expected] of [
    ['W/"abc"', 412],
    ['W/"0"', 412],
    ['W/"1", W/"2"', 412],
    ['abc', 400],
    [`W/"1", W/"${stored.meta?.versionId}"`, 200],
    ['*', 200],
  ] as const)
    expect([tag, (await rest.send(at, { body: stored, headers: { 'if-match': tag } })).status]).toEqual([
      tag,
      expected,
    ]);
});

test('the same condition twice in a transaction is told by both entries', async () => {
  const { status, issues } = await rest.send('POST ', {
    body: bundle('transaction', twice('male'), twice('female')),
  });
  expect(status).toBe(400);
  expect(issues[0]?.expression).toEqual(['Bundle.entry[0]', 'Bundle.entry[1]']);
});

test('what XML may not hold is told in a sentence', async () => {
  const xsi =
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir x.xsd"';
  const sent = `<Patient xmlns="http://hl7.org/fhir" ${xsi}><active value="true"/></Patient>`;
  const headers = { 'content-type': 'application/fhir+xml' };
  const { status, issues } = await rest.send('POST Patient', { body: sent, headers });
  expect(status).toBe(422);
  expect(issues[0]?.diagnostics).toMatch(/the attribute xsi:schemaLocation is unknown\.$/);
});
