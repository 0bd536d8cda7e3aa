/** batch and transaction (http://hl7.org/fhir/R4/http.html#transaction, rules 3.9). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BundleEntry, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { entriesOf, openRest, versionsKept, type Answer, type Rest, type Sending } from './client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

interface Request {
  readonly url: string;
  readonly method?: string;
  readonly fullUrl?: string;
  readonly resource?: object;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly ifModifiedSince?: string;
  readonly ifNoneExist?: string;
}

const bundle = (type: string, requests: readonly Request[]): Resource => ({
  resourceType: 'Bundle',
  type,
  entry: requests.map(({ fullUrl, resource, ...request }) => ({
    ...(fullUrl !== undefined && { fullUrl }),
    ...(resource !== undefined && { resource }),
    request: { method: resource === undefined ? 'GET' : 'POST', ...request },
  })),
});
const transact = (requests: readonly Request[], sending: Sending = {}): Promise<Answer> =>
  rest.send('POST ', { ...sending, body: bundle('transaction', requests) });
const mustTransact = async (
  requests: readonly Request[],
  sending: Sending = {},
): Promise<readonly BundleEntry[]> =>
  entriesOf(await rest.must('POST ', { ...sending, body: bundle('transaction', requests) }));
const batch = async (requests: readonly Request[], sending: Sending = {}): Promise<readonly BundleEntry[]> =>
  entriesOf(await rest.must('POST ', { ...sending, body: bundle('batch', requests) }));

const statusOf = ({ response }: BundleEntry): number => Number.parseInt(response?.status ?? '', 10);
const refOf = ({ response }: BundleEntry): string => response?.location?.split('/_history/')[0] ?? '';
const asResource = ({ resource }: BundleEntry): Resource => {
  if (resource === undefined) throw new Error('the entry has no resource');
  return resource as unknown as Resource;
};

const PATIENT = 'urn:uuid:8c5d1f4e-7c1b-4df2-9a52-0f9f7d1f0a01';
const LETTER = 'urn:uuid:8c5d1f4e-7c1b-4df2-9a52-0f9f7d1f0a02';
let uniques = 0;
const unique = (): string => `in-bundle-${(uniques += 1)}`;
const identified = (value: string) => ({ identifier: [{ system: make.MRN_SYSTEM, value }] });
const patient = (more: Record<string, unknown> = {}): Promise<Stored> => rest.create(make.patient(more));
const basic = (text: string) => ({ resourceType: 'Basic', code: { text } });
const patch = (operations: readonly object[]) => ({
  resourceType: 'Binary',
  contentType: 'application/json-patch+json',
  data: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

describe('references within a transaction', () => {
  test('urn:uuid: in References and in Attachment.url, forwards and backwards', async () => {
    const document = make.documentReference(PATIENT, LETTER);
    const entries = await mustTransact([
      { url: 'DocumentReference', resource: document },
      { url: 'Patient', resource: make.patient(), fullUrl: PATIENT },
      { url: 'Binary', resource: make.binary(), fullUrl: LETTER },
      { url: 'Observation', resource: make.observation(PATIENT) },
    ]);
    const [made, subject, letter, observation] = entries.map(refOf);
    const { json } = await rest.must(`GET ${made}`);
    expect(json['subject']).toEqual({ reference: subject });
    expect(json['content']).toMatchObject([{ attachment: { url: letter } }]);
    expect((await rest.must(`GET ${observation}`)).json['subject']).toEqual({ reference: subject });
  });

  test('a fullUrl that is an address of this server, and of another', async () => {
    for (const fullUrl of [`${BASE}/Patient/not-yet`, 'https://other.example/fhir/Patient/1']) {
      const [subject, observation] = await mustTransact([
        { url: 'Patient', resource: make.patient(), fullUrl },
        { url: 'Observation', resource: make.observation(fullUrl) },
      ]);
      expect(observation && asResource(observation)['subject']).toEqual({
        reference: subject && refOf(subject),
      });
    }
  });

  test('conditional references select what is here, and what the bundle creates', async () => {
    const [here, coming] = [unique(), unique()];
    const stored = await patient(identified(here));
    const [first, created, second] = await mustTransact([
      { url: 'Observation', resource: make.observation(`Patient?identifier=${make.MRN_SYSTEM}|${here}`) },
      { url: 'Patient', resource: make.patient(identified(coming)) },
      { url: 'Observation', resource: make.observation(`Patient?identifier=${coming}`) },
    ]);
    expect(first && asResource(first)['subject']).toEqual({ reference: `Patient/${stored.id}` });
    expect(second && asResource(second)['subject']).toEqual({ reference: created && refOf(created) });
  });

  test('a reference to what the bundle deletes is refused', async () => {
    const stored = await patient();
    const { status, code } = await transact([
      { url: `Patient/${stored.id}`, method: 'DELETE' },
      { url: 'Observation', resource: make.observation(`Patient/${stored.id}`) },
    ]);
    expect([status, code]).toEqual([422, 'reference-not-found']);
  });
});

describe('a transaction is processed in order: DELETE, POST, PUT and PATCH, GET', () => {
  test('and answered in the order of its entries', async () => {
    const [gone, put, patched] = [await patient(), await patient(), await patient()];
    const value = unique();
    const entries = await mustTransact([
      { url: `Patient/${put.id}` },
      { url: `Patient?identifier=${value}&_total=accurate` },
      {
        url: `Patient/${patched.id}`,
        method: 'PATCH',
        resource: patch([{ op: 'add', path: '/active', value: true }]),
      },
      { url: `Patient/${put.id}`, method: 'PUT', resource: { ...put, gender: 'other' } },
      { url: 'Patient', resource: make.patient(identified(value)) },
      { url: `Patient/${gone.id}`, method: 'DELETE' },
    ]);
    expect(entries.map(statusOf)).toEqual([200, 200, 200, 200, 201, 204]);
    const [read, found, ...done] = entries;
    expect(read?.resource).toMatchObject({ id: put.id, gender: 'other' });
    expect(found?.resource).toMatchObject({
      type: 'searchset',
      total: 1,
      entry: [{ resource: { resourceType: 'Patient' } }],
    });
    expect(done[0]?.resource).toMatchObject({ id: patched.id, active: true });
    expect((await rest.send(`GET Patient/${gone.id}`)).status).toBe(410);
  });

  test('its versions are of one commit, and its entries say so', async () => {
    const entries = await mustTransact([
      { url: 'Basic', resource: basic('a') },
      { url: 'Basic', resource: basic('b') },
    ]);
    const versions = entries.map((entry) => asResource(entry).meta?.versionId);
    expect(new Set(versions).size).toBe(1);
    for (const [index, entry] of entries.entries()) {
      const { id, meta } = asResource(entry);
      expect(entry).toEqual({
        fullUrl: `${BASE}/Basic/${id}`,
        resource: { ...basic(index === 0 ? 'a' : 'b'), id, meta },
        response: {
          status: '201 Created',
          location: `Basic/${id}/_history/${versions[0]}`,
          etag: `W/"${versions[0]}"`,
          lastModified: meta?.lastUpdated,
        },
      });
    }
  });

  test('what is said beside success stands at the entry it is about', async () => {
    const profile = ['http://nobody.example/StructureDefinition/x'];
    const [quiet, noted] = await mustTransact([
      { url: 'Basic', resource: basic('a') },
      { url: 'Basic', resource: { ...basic('b'), meta: { profile } } },
    ]);
    expect(quiet?.response?.outcome).toBeUndefined();
    expect(noted?.response?.outcome).toMatchObject({
      issue: [{ severity: 'information', expression: ['Bundle.entry[1].resource', 'Basic.meta.profile[0]'] }],
    });
  });

  test('of a batch, too', async () => {
    const profile = ['http://nobody.example/StructureDefinition/x'];
    const [quiet, noted] = await batch([
      { url: 'Basic', resource: basic('a') },
      { url: 'Basic', resource: { ...basic('b'), meta: { profile } } },
    ]);
    expect(quiet?.response?.outcome).toBeUndefined();
    expect(noted?.response?.outcome).toMatchObject({ issue: [{ expression: ['Basic.meta.profile[0]'] }] });
  });

  test.each([
    ['return=minimal', [undefined, 'Basic'], false],
    ['return=OperationOutcome', [undefined, 'Basic'], true],
    ['return=representation', ['Basic', 'Basic'], false],
  ])('Prefer: %s is for what is written; what is read is shown', async (prefer, types, outcome) => {
    const { id } = await rest.create(basic('x'));
    const entries = await mustTransact([{ url: 'Basic', resource: basic('y') }, { url: `Basic/${id}` }], {
      headers: { prefer },
    });
    expect(entries.map(({ resource }) => resource?.resourceType)).toEqual(types);
    expect(entries[0]?.response?.outcome !== undefined).toBe(outcome);
  });
});

describe('conditions of entries', () => {
  test('ifNoneExist: none, one, and one that the bundle creates', async () => {
    const value = unique();
    const create: Request = {
      url: 'Patient',
      resource: make.patient(identified(value)),
      ifNoneExist: `identifier=${value}`,
    };
    const [first, second] = await mustTransact([
      create,
      { ...create, ifNoneExist: `identifier=${value}&gender=male` },
    ]);
    expect([first, second].map((entry) => entry && statusOf(entry))).toEqual([201, 200]);
    expect(second && refOf(second)).toBe(first && refOf(first));
    const [third, observation] = await mustTransact([
      { ...create, fullUrl: PATIENT },
      { url: 'Observation', resource: make.observation(PATIENT) },
    ]);
    expect([third && statusOf(third), third && refOf(third)]).toEqual([200, first && refOf(first)]);
    expect(observation && asResource(observation)['subject']).toEqual({ reference: first && refOf(first) });
  });

  test('ifMatch of a stale version refuses all', async () => {
    const stored = await patient();
    const put: Request = {
      url: `Patient/${stored.id}`,
      method: 'PUT',
      resource: { ...stored, active: true },
    };
    const [done] = await mustTransact([{ ...put, ifMatch: `W/"${stored.meta?.versionId}"` }]);
    expect(done?.resource).toMatchObject({ active: true });
    const kept = await versionsKept(rest);
    const { status } = await transact([
      { url: 'Basic', resource: basic('x') },
      { ...put, ifMatch: `W/"${stored.meta?.versionId}"` },
    ]);
    expect([status, await versionsKept(rest)]).toEqual([412, kept]);
  });

  test('ifNoneMatch and ifModifiedSince of a batch', async () => {
    const stored = await patient();
    const url = `Patient/${stored.id}`;
    const entries = await batch([
      { url, ifNoneMatch: `W/"${stored.meta?.versionId}"` },
      { url, ifNoneMatch: 'W/"1"' },
      { url, ifModifiedSince: '2999-01-01T00:00:00Z' },
      { url, ifModifiedSince: '1999-01-01T00:00:00Z' },
    ]);
    expect(entries.map(statusOf)).toEqual([304, 200, 304, 200]);
    expect(entries.map(({ resource }) => resource !== undefined)).toEqual([false, true, false, true]);
  });

  test('conditional update, patch and delete', async () => {
    const [a, b, c] = [unique(), unique(), unique()];
    const [put, patched, deleted] = [
      await patient(identified(a)),
      await patient(identified(b)),
      await patient(identified(c)),
    ];
    const entries = await mustTransact([
      {
        url: `Patient?identifier=${a}`,
        method: 'PUT',
        resource: make.patient({ ...identified(a), active: true }),
      },
      {
        url: `Patient?identifier=${b}`,
        method: 'PATCH',
        resource: patch([{ op: 'add', path: '/active', value: true }]),
      },
      { url: `Patient?identifier=${c}`, method: 'DELETE' },
    ]);
    expect(entries.map(statusOf)).toEqual([200, 200, 204]);
    expect(entries.slice(0, 2).map(({ resource }) => resource?.id)).toEqual([put.id, patched.id]);
    expect((await rest.send(`GET Patient/${deleted.id}`)).status).toBe(410);
  });

  const both = {
    ...identified('one'),
    identifier: [
      { system: 'urn:x', value: 'a' },
      { system: 'urn:x', value: 'b' },
    ],
  };
  const put = (query: string): Request => ({
    url: `Patient?${query}`,
    method: 'PUT',
    resource: make.patient(both),
  });
  const bySame = 'two entries write by the same condition';
  const byOther = 'the condition selects what another entry writes';
  test.each<readonly [string, string, ...Request[]]>([
    ['PUT and PUT, nothing there', bySame, put('identifier=urn:x|a'), put('identifier=urn:x|a')],
    [
      'PUT and PUT in another order',
      bySame,
      put('gender=male&identifier=a'),
      put('identifier=a&gender=male'),
    ],
    ['DELETE and PUT', bySame, { url: 'Patient?identifier=a', method: 'DELETE' }, put('identifier=a')],
    [
      'DELETE twice',
      bySame,
      ...['a', 'a'].map((one) => ({ url: `Patient?identifier=${one}`, method: 'DELETE' })),
    ],
    ['two conditions, one resource', byOther, put('identifier=urn:x|a'), put('identifier=urn:x|b')],
  ])('%s: 400 naming both', async (_name, says, ...requests) => {
    const kept = await versionsKept(rest);
    const { status, code, issues } = await transact([good(), ...requests]);
    expect([status, code, issues[0]?.diagnostics]).toEqual([400, 'bundle-invalid', says]);
    expect(issues[0]?.expression?.join(' ')).toMatch(/Bundle\.entry\[1\]/);
    expect(issues[0]?.expression?.join(' ')).toMatch(/Bundle\.entry\[2\]/);
    expect(await versionsKept(rest)).toBe(kept);
  });
});

const good = (): Request => ({ url: 'Basic', resource: basic('must not stay') });

describe('all or nothing', () => {
  const failing: readonly (readonly [string, (stored: Stored) => Request])[] = [
    ['structure', () => ({ url: 'Basic', resource: { resourceType: 'Basic' } })],
    ['a reference', () => ({ url: 'Observation', resource: make.observation('Patient/unused') })],
    [
      'a conditional reference',
      () => ({ url: 'Observation', resource: make.observation('Patient?identifier=nobody') }),
    ],
    ['an ambiguous condition', () => ({ url: `Patient?gender=male`, method: 'DELETE' })],
    ['a stale version', ({ id }) => ({ url: `Patient/${id}`, method: 'DELETE', ifMatch: 'W/"1"' })],
    [
      'a patch',
      ({ id }) => ({
        url: `Patient/${id}`,
        method: 'PATCH',
        resource: patch([{ op: 'remove', path: '/x' }]),
      }),
    ],
    ['a patch of nothing', () => ({ url: 'Patient/unused', method: 'PATCH', resource: patch([]) })],
    [
      'an unused id',
      () => ({ url: 'Patient/unused', method: 'PUT', resource: make.patient({ id: 'unused' }) }),
    ],
    [
      'custody',
      () => ({ url: 'Organization/recipient', method: 'PUT', resource: make.organization('recipient') }),
    ],
    ['a read', () => ({ url: 'Patient/unused' })],
    ['a version', ({ id }) => ({ url: `Patient/${id}/_history/1` })],
    ['a search', () => ({ url: 'Patient?shoe-size=46' })],
    ['a search for no date', () => ({ url: 'Patient?birthdate=yesterday' })],
    ['AuditEvents', () => ({ url: 'AuditEvent?entity=Basic/x' })],
    ['a type', () => ({ url: 'Substances', resource: { resourceType: 'Substances' } })],
    ['a write of an AuditEvent', () => ({ url: 'AuditEvent', resource: { resourceType: 'AuditEvent' } })],
    ['a second write', ({ id }) => ({ url: `Patient/${id}`, method: 'DELETE' })],
  ];

  test.each(failing)('%s fails: nothing was written, and the entry is named', async (_name, requestOf) => {
    const stored = await patient();
    await patient();
    const first: Request = {
      url: `Patient/${stored.id}`,
      method: 'PUT',
      resource: { ...stored, active: true },
    };
    const failed = requestOf(stored);
    const rival = failed.url === first.url && failed.ifMatch === undefined ? first : good();
    const kept = await versionsKept(rest);
    const { status, issues } = await transact([good(), rival, failed]);
    expect(Math.trunc(status / 100)).toBe(4);
    expect(issues[0]?.expression?.join(' ')).toMatch(/Bundle\.entry\[[12]\]/);
    expect(await versionsKept(rest)).toBe(kept);
  });

  test('a repeated transaction under a key is done once', async () => {
    const sending = { headers: { 'idempotency-key': unique() } };
    const requests: readonly Request[] = [good(), { url: 'Basic?_id=none' }];
    const kept = await versionsKept(rest);
    const [first, second] = [await transact(requests, sending), await transact(requests, sending)];
    expect(entriesOf(second).map(({ response }) => response)).toEqual(
      entriesOf(first).map(({ response }) => response),
    );
    expect(await versionsKept(rest)).toBe(kept + 1);
  });
});

describe('batch', () => {
  test('each entry is for itself: what fails has its status and outcome, the others are done', async () => {
    const stored = await patient();
    const entries = await batch([
      { url: 'Basic', resource: basic('done') },
      { url: 'Substances', resource: { resourceType: 'Substances' } },
      { url: 'Basic', resource: { resourceType: 'Basic' } },
      { url: `Patient/${stored.id}` },
      { url: 'Patient/unused' },
      { url: 'Patient/a_b' },
      { url: `Patient?_id=${stored.id}` },
      { url: 'AuditEvent', resource: { resourceType: 'AuditEvent' } },
      { url: `Patient/${stored.id}`, method: 'PATCH', resource: patch([{ op: 'remove', path: '/x' }]) },
      { url: `Patient/${stored.id}`, method: 'DELETE' },
      { url: 'Patient?shoe-size=46' },
      { url: '$everything' },
    ]);
    expect(entries.map(statusOf)).toEqual([201, 404, 422, 200, 404, 400, 200, 405, 422, 204, 400, 404]);
    for (const entry of entries) {
      const refused = statusOf(entry) >= 400;
      expect(entry.response?.outcome?.resourceType).toBe(refused ? 'OperationOutcome' : undefined);
    }
    expect(entries[0]?.response).toMatchObject({
      location: expect.stringMatching(/^Basic\/.+\/_history\/\d+$/),
      etag: expect.any(String),
    });
    expect(entries[3]).toMatchObject({ fullUrl: `${BASE}/Patient/${stored.id}`, resource: stored });
    expect(entries[6]?.resource).toMatchObject({ type: 'searchset', entry: [{ resource: stored }] });
  });

  test('AuditEvents are read and searched in it', async () => {
    const { id } = await rest.create(basic('audited'));
    const [found] = await batch([{ url: `AuditEvent?entity=Basic/${id}` }]);
    expect(found?.resource).toMatchObject({
      type: 'searchset',
      entry: [{ resource: { resourceType: 'AuditEvent', action: 'C' } }],
    });
  });

  test('an empty batch and an empty transaction are answered in kind', async () => {
    for (const type of ['batch', 'transaction'])
      expect((await rest.must('POST ', { body: { resourceType: 'Bundle', type } })).json).toEqual({
        resourceType: 'Bundle',
        type: `${type}-response`,
      });
  });
});

describe('links between the entries of a transaction', () => {
  const TREE = 'urn:uuid:8c5d1f4e-7c1b-4df2-9a52-0f9f7d1f0a03';
  const text = (link: string) => ({
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${link}">the patient</a><img src="${LETTER}"/></div>`,
  });

  test('in narratives, in elements of type uri and url; not in canonicals, strings, or what is no entry', async () => {
    const other = 'urn:uuid:00000000-0000-4000-8000-000000000001';
    const extension = [
      { url: 'http://example.org/uri', valueUri: PATIENT },
      { url: 'http://example.org/url', valueUrl: PATIENT },
      { url: 'http://example.org/uuid', valueUuid: PATIENT },
      { url: 'http://example.org/canonical', valueCanonical: PATIENT },
      { url: 'http://example.org/string', valueString: PATIENT },
      { url: 'http://example.org/other', valueUri: other },
    ];
    const [subject, letter, made] = await mustTransact([
      { url: 'Patient', resource: make.patient(), fullUrl: PATIENT },
      { url: 'Binary', resource: make.binary(), fullUrl: LETTER },
      {
        url: 'ServiceRequest',
        resource: make.serviceRequest(
          { subject: PATIENT, requester: 'Organization/initiator', performer: 'Organization/recipient' },
          { status: 'draft', text: text(PATIENT), extension, instantiatesUri: [PATIENT, other] },
        ),
      },
    ]);
    const { json } = await rest.must(`GET ${made && refOf(made)}`);
    const [to, image] = [subject && refOf(subject), letter && refOf(letter)];
    expect(JSON.stringify(json['text'])).toContain(`href=\\"${to}\\"`);
    expect(JSON.stringify(json['text'])).toContain(`src=\\"${image}\\"`);
    expect(json['instantiatesUri']).toEqual([to, other]);
    expect((json['extension'] as readonly object[]).map((one) => Object.values(one)[1])).toEqual([
      to,
      to,
      PATIENT,
      PATIENT,
      PATIENT,
      other,
    ]);
  });

  test.each([
    ['relative, below the root of the entry that refers', 'https://other.example/fhir/', 'Patient/7'],
    ['absolute', 'https://other.example/fhir/', 'https://other.example/fhir/Patient/7'],
    [
      'absolute, of a version',
      'https://other.example/fhir/',
      'https://other.example/fhir/Patient/7/_history/2',
    ],
    ['relative, below our own base', `${BASE}/`, 'Patient/7'],
  ])('%s', async (_name, root, reference) => {
    const [subject, observation] = await mustTransact([
      { url: 'Patient', resource: make.patient(), fullUrl: `${root}Patient/7` },
      {
        url: 'Observation',
        resource: make.observation(reference as 'Patient/7'),
        fullUrl: `${root}Observation/8`,
      },
    ]);
    expect(observation && asResource(observation)['subject']).toEqual({
      reference: subject && refOf(subject),
    });
  });

  test('a tree of entries that refer to their parents, however deep', async () => {
    const urn = (n: number): string => TREE.replace(/.{3}$/, String(100 + n));
    const depth = 40;
    const entries = await mustTransact(
      Array.from({ length: depth }, (_, n) => ({
        url: 'Location',
        fullUrl: urn(n),
        resource: {
          resourceType: 'Location',
          name: `level ${n}`,
          ...(n + 1 < depth && { partOf: { reference: urn(n + 1) } }),
        },
      })),
    );
    const refs = entries.map(refOf);
    expect(entries.slice(0, -1).map((entry) => asResource(entry)['partOf'])).toEqual(
      refs.slice(1).map((reference) => ({ reference })),
    );
  });
});

describe('what else entries may ask', () => {
  test('histories, HEAD, compartments and the system', async () => {
    const { id } = await patient();
    const requests: readonly Request[] = [
      { url: `Patient/${id}/_history` },
      { url: 'Patient/_history?_count=1' },
      { url: '_history?_count=1' },
      { url: `Patient/${id}/Observation` },
      { url: `?_type=Patient&_id=${id}` },
      { url: `Patient/${id}`, method: 'HEAD' },
    ];
    for (const entries of [await batch(requests), await mustTransact(requests)]) {
      expect(entries.map(statusOf)).toEqual([200, 200, 200, 200, 200, 200]);
      const types = entries.map(({ resource }) => (resource as { type?: string } | undefined)?.type);
      expect(types).toEqual(['history', 'history', 'history', 'searchset', 'searchset', undefined]);
      expect(entries.at(-1)?.resource).toBeUndefined();
    }
  });

  test('a history in a transaction holds what the transaction wrote', async () => {
    const stored = await patient();
    const [, history] = await mustTransact([
      { url: `Patient/${stored.id}`, method: 'PUT', resource: { ...stored, active: true } },
      { url: `Patient/${stored.id}/_history` },
    ]);
    expect(history?.resource).toMatchObject({ total: 2, entry: [{ resource: { active: true } }, {}] });
  });

  test.each([
    ['POST', 'Patient/_search', 400],
    ['PUT', 'Patient', 405],
    ['DELETE', 'Patient/x/_history', 405],
    ['GET', 'Patient/x/y/z', 400],
    ['GET', 'Nothing/1', 404],
    ['GET', 'Patient/$nothing', 404],
    ['POST', 'Patient?identifier=x', 400],
  ])('%s %s is refused with %i', async (method, url, status) => {
    const resource = method === 'GET' || method === 'DELETE' ? {} : { resource: make.patient() };
    const [entry] = await batch([{ method, url, ...resource }]);
    expect(entry && statusOf(entry)).toBe(status);
    expect(entry?.response?.outcome).toMatchObject({
      issue: [{ expression: [expect.stringContaining('Bundle.entry[0].request')] }],
    });
    expect((await transact([{ method, url, ...resource }])).status).toBe(status);
  });
});

test('well over a thousand entries, each with a condition and a reference to the one before', async () => {
  const urn = (n: number): string => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const count = 1500;
  const requests = Array.from({ length: count }, (_, n): Request => {
    const value = `${unique()}-${n}`;
    const link = n === 0 ? {} : { link: [{ other: { reference: urn(n - 1) }, type: 'seealso' }] };
    return {
      url: 'Patient',
      fullUrl: urn(n),
      resource: make.patient({ ...identified(value), ...link }),
      ifNoneExist: `identifier=${make.MRN_SYSTEM}|${value}`,
    };
  });
  const entries = await mustTransact(requests, { headers: { prefer: 'return=minimal' } });
  expect(entries).toHaveLength(count);
  expect(new Set(entries.map(statusOf))).toEqual(new Set([201]));
  const last = entries.at(-1);
  const { json } = await rest.must(`GET ${last && refOf(last)}`);
  const before = entries.at(-2);
  expect(json['link']).toMatchObject([{ other: { reference: before && refOf(before) } }]);
});
