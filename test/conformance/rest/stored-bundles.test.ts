/** Bundles that are kept whole (http://hl7.org/fhir/R4/bundle.html, documents.html, messaging.html): stored as such, read back as sent. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { openRest, type Rest } from './client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

const P = 'urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d61';
const C = 'urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d62';
const MISSING = 'urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d63';
const ROOT = 'https://other.example/fhir';

const patient = { resourceType: 'Patient', name: [{ family: 'Chalmers' }] };
const composition = (more: object = {}) => ({
  resourceType: 'Composition',
  status: 'final',
  type: { text: 'note' },
  subject: { reference: P },
  date: '2026-01-01',
  author: [{ reference: P }],
  title: 'Note',
  ...more,
});
const document = (more: object = {}, first: object = composition()): Resource => ({
  resourceType: 'Bundle',
  type: 'document',
  identifier: { system: 'urn:ietf:rfc:3986', value: C },
  timestamp: '2026-01-01T10:00:00Z',
  entry: [
    { fullUrl: C, resource: first },
    { fullUrl: P, resource: patient },
  ],
  ...more,
});
const header = (more: object = {}) => ({
  resourceType: 'MessageHeader',
  eventUri: 'http://example.org/event',
  source: { endpoint: 'http://example.org/source' },
  focus: [{ reference: P }],
  ...more,
});
const message = (more: object = {}, first: object = header()): Resource => ({
  resourceType: 'Bundle',
  type: 'message',
  entry: [
    { fullUrl: C, resource: first },
    { fullUrl: P, resource: patient },
  ],
  ...more,
});
const holding = (type: string, ...entry: readonly object[]): Resource => ({
  resourceType: 'Bundle',
  type,
  entry: [...entry],
});
const entry = (fullUrl: string, resource: object) => ({ fullUrl, resource });

// prettier-ignore
const KEPT: readonly (readonly [name: string, bundle: Resource])[] = [
  ['a document', document()],
  ['a document with what is absolute elsewhere', document({}, composition({ author: [{ reference: `${ROOT}/Practitioner/1` }] }))],
  ['a document whose entries are addresses', document({ entry: [entry(`${ROOT}/Composition/1`, composition({ id: '1', subject: { reference: 'Patient/2' }, author: [{ reference: 'Practitioner/3' }] })), entry(`${ROOT}/Patient/2`, { ...patient, id: '2' })] })],
  ['a message', message()],
  ['a message about an address', message({ entry: [entry(`${ROOT}/MessageHeader/1`, header({ id: '1', focus: [{ reference: 'Patient/2' }] })), entry(`${ROOT}/Patient/2`, { ...patient, id: '2' })] })],
  ['a message about nothing', message({}, header({ focus: undefined }))],
  ['a collection', holding('collection', entry(P, patient))],
  ['a collection that refers outwards', holding('collection', entry(P, { ...patient, managingOrganization: { reference: MISSING } }))],
  ['a collection of nothing', { resourceType: 'Bundle', type: 'collection' }],
  ['a searchset', { ...holding('searchset', { ...entry(P, patient), search: { mode: 'match', score: 0.5 } }), total: 1 }],
  ['a transaction that is not performed', holding('transaction', { ...entry(P, patient), request: { method: 'POST', url: 'Patient' } })],
  ['a nested Bundle', holding('collection', entry(P, holding('collection', entry(C, patient))))],
];

describe('what is kept', () => {
  test.each(KEPT)('%s', async (_name, bundle) => {
    const made = await rest.must('POST Bundle', { body: bundle });
    const { id, meta: _meta, ...stored } = made.json;
    expect(stored).toEqual(JSON.parse(JSON.stringify(bundle)));
    expect((await rest.must(`GET Bundle/${id}`)).text).toBe(made.text);
  });

  test('with every decimal and the order of its members', async () => {
    const text =
      '"entry":[{"fullUrl":"urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d61","resource":{"status":"final","resourceType":"Observation","code":{"text":"x"},"valueQuantity":{"value":1.500}}}]';
    const { json } = await rest.must('POST Bundle', {
      body: `{"resourceType":"Bundle","type":"collection",${text}}`,
    });
    expect((await rest.must(`GET Bundle/${json.id}`)).text).toContain(text);
  });

  test('a relative reference to what is not in a document is said', async () => {
    const made = await rest.must('POST Bundle', {
      body: document({}, composition({ author: [{ reference: 'Practitioner/1' }] })),
    });
    expect(made.headers.get('warning')).toContain('outside the Bundle');
  });
});

// prettier-ignore
const REFUSED: readonly (readonly [name: string, bundle: Resource, place: string])[] = [
  ['a document without identifier', document({ identifier: undefined }), 'Bundle'],
  ['a document without timestamp', document({ timestamp: undefined }), 'Bundle'],
  ['a document that does not begin with a Composition', document({}, patient), 'Bundle'],
  ['a document that refers to no entry', document({}, composition({ subject: { reference: MISSING } })), 'Bundle.entry[0].resource.subject.reference'],
  ['a document with a conditional reference', document({}, composition({ subject: { reference: 'Patient?identifier=1' } })), 'Bundle.entry[0].resource.subject.reference'],
  ['a document with a wrong entry', document({ entry: [entry(C, composition()), entry(P, { ...patient, gender: 'none' })] }), 'Bundle.entry[1].resource.gender'],
  ['a message that does not begin with its header', message({}, patient), 'Bundle'],
  ['a message about no entry', message({}, header({ focus: [{ reference: MISSING }] })), 'Bundle.entry[0].resource.focus[0].reference'],
  ['a message about an address that is no entry', message({}, header({ focus: [{ reference: `${ROOT}/Patient/9` }] })), 'Bundle.entry[0].resource.focus[0].reference'],
  ['a fullUrl of another type', holding('collection', entry(`${ROOT}/Observation/1`, { ...patient, id: '1' })), 'Bundle.entry[0].fullUrl'],
  ['a fullUrl of another id', holding('collection', entry(`${ROOT}/Patient/1`, { ...patient, id: '2' })), 'Bundle.entry[0].fullUrl'],
  ['a fullUrl of a version', holding('collection', entry(`${ROOT}/Patient/1/_history/2`, { ...patient, id: '1' })), 'Bundle.entry[0]'],
  ['the same fullUrl twice', holding('collection', entry(P, patient), entry(P, patient)), 'Bundle'],
  ['a total of a collection', { ...holding('collection', entry(P, patient)), total: 1 }, 'Bundle'],
  ['a search of a collection', holding('collection', { ...entry(P, patient), search: { mode: 'match' } }), 'Bundle'],
  ['an empty entry', holding('collection', { fullUrl: P }), 'Bundle.entry[0]'],
];

describe('what is refused', () => {
  test.each(REFUSED)('%s', async (_name, bundle, place) => {
    const { status, issues } = await rest.send('POST Bundle', { body: bundle });
    expect(status).toBe(422);
    expect(issues.flatMap(({ expression = [] }) => expression)).toContain(place);
  });
});
