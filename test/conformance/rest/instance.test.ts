/** One resource over HTTP (http://hl7.org/fhir/R4/http.html, from "read" to "patch"), section by section. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { entriesOf, idsOf, openRest, type Answer, type Rest } from './client.ts';

const ORIGIN = 'https://app.example.org';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest('--cors-origins', ORIGIN);
});
afterAll(() => rest.close());

const patient = (more: Record<string, unknown> = {}): Promise<Stored> => rest.create(make.patient(more));
const at = ({ resourceType, id }: Stored): string => `${resourceType}/${id}`;
const etag = ({ meta }: Resource): string => `W/"${meta?.versionId}"`;
const header = (answer: Answer, ...names: readonly string[]) => names.map((name) => answer.headers.get(name));
/** A value that one test alone uses. */
let uniques = 0;
const unique = (): string => `unique-${(uniques += 1)}`;
const identified = (value: string) => ({ identifier: [{ system: make.MRN_SYSTEM, value }] });

describe('create', () => {
  test('the server gives the id, whatever the body says; meta of the client is kept but for its version', async () => {
    const body = make.patient({
      id: 'mine',
      meta: { versionId: '99', lastUpdated: '1999-01-01T00:00:00Z', tag: [{ code: 'kept' }] },
    });
    const { status, json } = await rest.must('POST Patient', { body });
    expect(status).toBe(201);
    expect(json.id).not.toBe('mine');
    expect(json.meta?.versionId).not.toBe('99');
    expect(json.meta).toMatchObject({ tag: [{ code: 'kept' }] });
    expect(Date.parse(json.meta?.lastUpdated ?? '')).toBeGreaterThan(Date.parse('2020-01-01'));
  });

  test('Location, ETag and Last-Modified are of the version made', async () => {
    const answer = await rest.must('POST Patient', { body: make.patient() });
    const { id, meta } = answer.json;
    expect(header(answer, 'location', 'etag', 'last-modified')).toEqual([
      `${BASE}/Patient/${id}/_history/${meta?.versionId}`,
      `W/"${meta?.versionId}"`,
      new Date(meta?.lastUpdated ?? '').toUTCString(),
    ]);
  });

  test('literals of decimals and every character come back as they were sent', async () => {
    const text = `{"resourceType":"Observation","status":"final","code":{"text":"Ü 日本 🩺 \\u0022"},"valueQuantity":{"value":1.50,"unit":"µg"}}`;
    const answer = await rest.must('POST Observation', { body: text });
    expect(answer.text).toContain('"valueQuantity":{"value":1.50,"unit":"µg"}');
    expect(answer.json['code']).toEqual({ text: 'Ü 日本 🩺 "' });
    const patched = await rest.must(`PATCH Observation/${answer.json.id}`, {
      body: [{ op: 'add', path: '/language', value: 'de' }],
    });
    expect(patched.text).toContain('"value":1.50');
  });

  test.each([
    [undefined, 'Patient'],
    ['return=minimal', undefined],
    ['return=representation', 'Patient'],
    ['return=OperationOutcome', 'OperationOutcome'],
    ['respond-async, return="minimal"', undefined],
    ['return=everything', 'Patient'],
  ])('Prefer: %s', async (prefer, resourceType) => {
    const headers = prefer === undefined ? {} : { prefer };
    const answer = await rest.must('POST Patient', { body: make.patient(), headers });
    expect([answer.status, answer.json.resourceType]).toEqual([201, resourceType]);
    expect(answer.headers.get('location')).toMatch(/Patient\/[^/]+\/_history\/\d+$/);
  });

  test('If-None-Exist: one match is answered, none is created', async () => {
    const value = unique();
    const headers = { 'if-none-exist': `identifier=${make.MRN_SYSTEM}|${value}` };
    const first = await rest.must('POST Patient', { body: make.patient(identified(value)), headers });
    const again = await rest.must('POST Patient', { body: make.patient(identified(value)), headers });
    expect([first.status, again.status, again.json]).toEqual([201, 200, first.json]);
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
  });

  test('sixteen conditional creates at once make one', async () => {
    const value = unique();
    const headers = { 'if-none-exist': `identifier=${value}` };
    const body = make.patient(identified(value));
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => rest.send('POST Patient', { body, headers })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(15);
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
  });
});

describe('read', () => {
  test('If-None-Match and If-Modified-Since', async () => {
    const stored = await patient();
    const modified = new Date(stored.meta?.lastUpdated ?? '').toUTCString();
    const cases: readonly (readonly [Record<string, string>, number])[] = [
      [{ 'if-none-match': etag(stored) }, 304],
      [{ 'if-none-match': `W/"1", ${etag(stored)}` }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': 'W/"1"' }, 200],
      [{ 'if-modified-since': modified }, 304],
      [{ 'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }, 200],
      [{ 'if-modified-since': 'whenever' }, 200],
      [{ 'if-none-match': 'W/"1"', 'if-modified-since': modified }, 200],
    ];
    for (const [headers, status] of cases) {
      const answer = await rest.must(`GET ${at(stored)}`, { headers });
      expect([headers, answer.status, answer.text === '']).toEqual([headers, status, status === 304]);
      expect(answer.headers.get('etag')).toBe(etag(stored));
    }
  });

  test.each(['', '?_summary=true', '?_pretty=true'])('HEAD %s is GET without its body', async (query) => {
    const stored = await patient();
    const [get, head] = [
      await rest.must(`GET ${at(stored)}${query}`),
      await rest.must(`HEAD ${at(stored)}${query}`),
    ];
    expect(head.text).toBe('');
    const names = ['content-length', 'content-type', 'etag', 'last-modified'];
    expect(header(head, ...names)).toEqual(header(get, ...names));
  });

  test('_format and _pretty', async () => {
    const stored = await patient();
    for (const format of [
      'json',
      'application/json',
      'application/fhir%2Bjson',
      'application/fhir+json',
      'text/json',
    ])
      expect((await rest.must(`GET ${at(stored)}?_format=${format}`)).json).toEqual(stored);
    const pretty = await rest.must(`GET ${at(stored)}?_pretty=true`);
    expect(pretty.text).toBe(JSON.stringify(stored, null, 2));
    const wins = await rest.must(`GET ${at(stored)}?_format=json`, {
      headers: { accept: 'application/fhir+xml' },
    });
    expect(wins.status).toBe(200);
  });

  test.each([
    ['_summary=true', ['identifier', 'name', 'gender', 'birthDate'], ['text', 'communication']],
    ['_summary=text', ['text'], ['name', 'communication']],
    ['_summary=data', ['name', 'communication'], ['text']],
    ['_summary=false', ['text', 'name', 'communication'], []],
    ['_elements=name,gender', ['name', 'gender'], ['text', 'birthDate', 'communication']],
    ['_elements=Patient.name', ['name'], ['gender']],
  ])('%s', async (query, present, absent) => {
    const div = '<div xmlns="http://www.w3.org/1999/xhtml">Peter</div>';
    const communication = [{ language: { text: 'German' } }];
    const stored = await patient({ text: { status: 'generated', div }, communication });
    const { json } = await rest.must(`GET ${at(stored)}?${query}`);
    expect(Object.keys(json)).toEqual(expect.arrayContaining(['resourceType', 'id', 'meta', ...present]));
    expect(absent.filter((name) => name in json)).toEqual([]);
    const tags = json.meta?.tag?.map(({ code }) => code) ?? [];
    expect(tags.includes('SUBSETTED')).toBe(query !== '_summary=false');
  });
});

describe('update', () => {
  test('If-Match of the current version; the body replaces all', async () => {
    const stored = await patient({ active: true });
    const body = make.patient({ id: stored.id, gender: 'other' });
    const answer = await rest.must(`PUT ${at(stored)}`, { body, headers: { 'if-match': etag(stored) } });
    expect(answer.status).toBe(200);
    expect(answer.json).not.toHaveProperty('active');
    expect(answer.json['gender']).toBe('other');
    expect(answer.version).toBeGreaterThan(Number(stored.meta?.versionId));
    const stale = await rest.send(`PUT ${at(stored)}`, { body, headers: { 'if-match': etag(stored) } });
    expect([stale.status, stale.code]).toEqual([412, 'version-conflict']);
    expect((await rest.must(`GET ${at(stored)}`)).json).toEqual(answer.json);
  });

  test.each([
    ['W/"abc"', 412],
    ['W/"0"', 412],
    ['"*"', 412],
    ['W/"9999999999999999"', 412],
    ['W/"1", W/"2"', 412],
    ['*', 200],
    ['W/"1", W/"{current}"', 200],
    ['"{current}"', 200],
  ])('If-Match: %s is %i', async (written, status) => {
    const stored = await patient();
    const ifMatch = written.replace('{current}', stored.meta?.versionId ?? '');
    const body = { ...stored, gender: 'other' };
    const answer = await rest.send(`PUT ${at(stored)}`, { body, headers: { 'if-match': ifMatch } });
    expect(answer.status).toBe(status);
    const entry = { resource: body, request: { method: 'PUT', url: at(stored), ifMatch } };
    const bundle = { resourceType: 'Bundle', type: 'batch', entry: [entry] };
    const again = await rest.must('POST ', { body: bundle });
    // What matched is another version by now, unless any will do.
    expect(entriesOf(again)[0]?.response?.status).toMatch(ifMatch === '*' ? /^200/ : /^412/);
  });

  test.each(['DELETE', 'PATCH', 'PUT'])('If-Match: * of what is not there: %s is 412', async (method) => {
    const body = method === 'PUT' ? make.patient({ id: 'nobody' }) : method === 'PATCH' ? [] : undefined;
    const headers = { 'if-match': '*' };
    const answer = await rest.send(`${method} Patient/nobody`, { headers, ...(body && { body }) });
    expect(answer.status).toBe(method === 'PATCH' ? 404 : 412);
  });

  test('If-None-Match of another version lets it pass', async () => {
    const stored = await patient();
    const body = { ...stored, active: true };
    const passed = await rest.must(`PUT ${at(stored)}`, { body, headers: { 'if-none-match': 'W/"1"' } });
    expect(passed.status).toBe(200);
    const held = await rest.send(`PUT ${at(stored)}`, {
      body,
      headers: { 'if-none-match': etag(passed.json) },
    });
    expect(held.status).toBe(412);
  });

  test.each([
    ['return=minimal', undefined],
    ['return=OperationOutcome', 'OperationOutcome'],
    ['return=representation', 'Patient'],
  ])('Prefer: %s', async (prefer, resourceType) => {
    const stored = await patient();
    for (const [line, body] of [
      [`PUT ${at(stored)}`, { ...stored, active: true }],
      [`PATCH ${at(stored)}`, [{ op: 'replace', path: '/active', value: false }]],
    ] as const) {
      const answer = await rest.must(line, { body, headers: { prefer } });
      expect([answer.status, answer.json.resourceType]).toEqual([200, resourceType]);
      expect(answer.version).toBeGreaterThan(Number(stored.meta?.versionId));
    }
  });

  test('by condition: none creates, one updates, with and without the id in the body', async () => {
    const value = unique();
    const line = `PUT Patient?identifier=${make.MRN_SYSTEM}|${value}`;
    const created = await rest.must(line, { body: make.patient(identified(value)) });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toContain(`/Patient/${created.json.id}/_history/`);
    const updated = await rest.must(line, { body: make.patient({ ...identified(value), active: true }) });
    expect([updated.status, updated.json.id, updated.json['active']]).toEqual([200, created.json.id, true]);
    const named = await rest.must(line, { body: { ...updated.json, active: false } });
    expect([named.status, named.json['active']]).toEqual([200, false]);
    const stale = await rest.send(line, { body: named.json, headers: { 'if-match': etag(created.json) } });
    expect(stale.status).toBe(412);
  });

  test('an administrator may create by PUT; a deleted one comes back by PUT, to whom it belonged', async () => {
    const body = make.patient({ id: unique() });
    const answer = await rest.must(`PUT Patient/${body.id}`, { as: 'administrator for initiator', body });
    expect([answer.status, answer.json.id]).toEqual([201, body.id]);
    await rest.must(`DELETE Patient/${body.id}`);
    const again = await rest.must(`PUT Patient/${body.id}`, { body });
    expect(again.status).toBe(201);
    const history = await rest.must(`GET Patient/${body.id}/_history`);
    expect(entriesOf(history).map(({ request }) => request?.method)).toEqual(['PUT', 'DELETE', 'PUT']);
    expect((await rest.must(`GET Patient/${body.id}`)).json).toEqual(again.json);
  });
});

describe('patch', () => {
  test('all six operations, in order', async () => {
    const stored = await patient({ name: [{ family: 'One' }, { family: 'Two' }] });
    const body = [
      { op: 'test', path: '/gender', value: 'male' },
      { op: 'add', path: '/name/-', value: { family: 'Three' } },
      { op: 'remove', path: '/name/0' },
      { op: 'replace', path: '/name/0/family', value: 'Second' },
      { op: 'copy', from: '/name/0', path: '/name/2' },
      { op: 'move', from: '/name/1', path: '/name/0' },
    ];
    const { json } = await rest.must(`PATCH ${at(stored)}`, { body });
    expect(json['name']).toEqual([{ family: 'Three' }, { family: 'Second' }, { family: 'Second' }]);
  });

  test.each<readonly [string, object, readonly object[], object]>([
    [
      'a first member, at the end',
      { name: undefined },
      [{ op: 'add', path: '/name/-', value: { family: 'x' } }],
      { name: [{ family: 'x' }] },
    ],
    [
      'a first member, at 0',
      { name: undefined },
      [{ op: 'add', path: '/name/0', value: { family: 'x' } }],
      { name: [{ family: 'x' }] },
    ],
    [
      'a first member further down',
      { name: [{ family: 'a' }] },
      [{ op: 'add', path: '/name/0/given/-', value: 'x' }],
      { name: [{ family: 'a', given: ['x'] }] },
    ],
    [
      'a copy to an absent list',
      { name: [{ family: 'a' }] },
      [
        { op: 'add', path: '/contact/-', value: { name: { text: 'b' } } },
        { op: 'copy', from: '/name/0/family', path: '/name/0/given/-' },
      ],
      { name: [{ family: 'a', given: ['a'] }], contact: [{ name: { text: 'b' } }] },
    ],
    [
      'the last member',
      { name: [{ family: 'a' }] },
      [{ op: 'remove', path: '/name/0' }],
      { name: undefined },
    ],
    [
      'the last member of a member',
      { name: [{ family: 'a', given: ['b'] }] },
      [{ op: 'remove', path: '/name/0/given/0' }],
      { name: [{ family: 'a' }] },
    ],
    [
      'all that a member has',
      { name: [{ family: 'a' }] },
      [{ op: 'remove', path: '/name/0/family' }],
      { name: undefined },
    ],
    [
      'the last member, and another in its place',
      { name: [{ family: 'a' }] },
      [
        { op: 'remove', path: '/name/0' },
        { op: 'add', path: '/name/-', value: { family: 'b' } },
      ],
      { name: [{ family: 'b' }] },
    ],
    [
      'the only one is moved',
      { name: [{ family: 'a' }], address: [{ text: 'c' }] },
      [{ op: 'move', from: '/name/0/family', path: '/address/0/city' }],
      { name: undefined, address: [{ text: 'c', city: 'a' }] },
    ],
  ])('JSON Patch of lists that FHIR leaves out when empty: %s', async (_name, before, body, after) => {
    const stored = await patient(before as Record<string, unknown>);
    const { json } = await rest.must(`PATCH ${at(stored)}`, { body });
    const { contact: _none, ...kept } = json as Resource & { contact?: unknown };
    expect({ ...kept, ...('contact' in after && { contact: json['contact'] }) }).toEqual({
      ...stored,
      ...after,
      meta: json.meta,
    });
  });

  test.each([
    ['/nothing/here/-', 'to what is no list of R4'],
    ['/gender/-', 'to what is one value'],
    ['/name/1', 'beyond the end'],
    ['/__proto__/-', 'to a prototype'],
  ])('add %s is refused: %s', async (path) => {
    const stored = await patient({ name: undefined });
    const answer = await rest.send(`PATCH ${at(stored)}`, { body: [{ op: 'add', path, value: 'x' }] });
    expect(answer.status).toBe(422);
  });

  test('one that fails leaves everything as it was', async () => {
    const stored = await patient();
    const body = [
      { op: 'replace', path: '/gender', value: 'female' },
      { op: 'test', path: '/gender', value: 'male' },
    ];
    expect((await rest.send(`PATCH ${at(stored)}`, { body })).issues[0]?.expression).toEqual(['[1]']);
    expect((await rest.must(`GET ${at(stored)}`)).json).toEqual(stored);
  });

  test('by condition, and If-Match', async () => {
    const value = unique();
    const stored = await patient(identified(value));
    const body = [{ op: 'add', path: '/active', value: true }];
    const { json } = await rest.must(`PATCH Patient?identifier=${value}`, { body });
    expect([json.id, json['active']]).toEqual([stored.id, true]);
    const stale = rest.send(`PATCH Patient?identifier=${value}`, {
      body,
      headers: { 'if-match': etag(stored) },
    });
    expect((await stale).status).toBe(412);
  });
});

describe('delete', () => {
  test('410 afterwards, and every version and the history can be read', async () => {
    const stored = await patient();
    const deleted = await rest.must(`DELETE ${at(stored)}`, { headers: { 'if-match': etag(stored) } });
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect(deleted.version).toBeGreaterThan(Number(stored.meta?.versionId));
    const gone = await rest.send(`GET ${at(stored)}`);
    expect([gone.status, gone.code]).toEqual([410, 'gone']);
    expect((await rest.send(`GET ${at(stored)}/_history/${deleted.version}`)).status).toBe(410);
    expect((await rest.must(`GET ${at(stored)}/_history/${stored.meta?.versionId}`)).json).toEqual(stored);
    const entries = entriesOf(await rest.must(`GET ${at(stored)}/_history`));
    expect(entries.map(({ request, resource }) => [request?.method, resource !== undefined])).toEqual([
      ['DELETE', false],
      ['POST', true],
    ]);
    expect(idsOf(await rest.must(`GET Patient?_id=${stored.id}`))).toEqual([]);
    expect((await rest.send(`PATCH ${at(stored)}`, { body: [] })).status).toBe(404);
  });

  test('again, or of what never was, or by a condition that selects nothing: 204', async () => {
    const stored = await patient();
    await rest.must(`DELETE ${at(stored)}`);
    for (const line of [`DELETE ${at(stored)}`, 'DELETE Patient/never', 'DELETE Patient?identifier=nobody'])
      expect((await rest.must(line)).status).toBe(204);
    const history = await rest.must(`GET ${at(stored)}/_history`);
    expect(history.bundle.total).toBe(2);
  });

  test('by a condition that selects one', async () => {
    const value = unique();
    const stored = await patient(identified(value));
    expect((await rest.must(`DELETE Patient?identifier=${value}`)).status).toBe(204);
    expect((await rest.send(`GET ${at(stored)}`)).status).toBe(410);
  });
});

describe('Idempotency-Key', () => {
  test.each([
    ['create', 'POST Patient', (_stored: Stored) => make.patient()],
    ['update', 'PUT Patient/{id}', (stored: Stored) => ({ ...stored, active: true })],
    ['patch', 'PATCH Patient/{id}', () => [{ op: 'add', path: '/active', value: true }]],
    ['delete', 'DELETE Patient/{id}', () => undefined],
  ])('a repeated %s is done once and answered alike', async (_name, line, bodyOf) => {
    const stored = await patient();
    const body = bodyOf(stored);
    const sending = { headers: { 'idempotency-key': unique() }, ...(body !== undefined && { body }) };
    const address = line.replace('{id}', stored.id);
    const [first, second] = [await rest.must(address, sending), await rest.must(address, sending)];
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect(header(second, 'etag', 'location')).toEqual(header(first, 'etag', 'location'));
  });

  test('at the same time, too; and each caller has keys of its own', async () => {
    const headers = { 'idempotency-key': unique() };
    const body = make.patient();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => rest.must('POST Patient', { body, headers })),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const other = await rest.must('POST Patient', { body, headers, as: 'recipient' });
    expect(other.json.id).not.toBe(answers[0]?.json.id);
  });

  test('a refusal is repeated, though it would be accepted by now', async () => {
    const headers = { 'idempotency-key': unique(), 'if-match': 'W/"1"' };
    const stored = await patient();
    const sending = { headers, body: { ...stored, active: true } };
    const [first, second] = [
      await rest.send(`PUT ${at(stored)}`, sending),
      await rest.send(`PUT ${at(stored)}`, sending),
    ];
    expect([first.status, second.status, second.text]).toEqual([412, 412, first.text]);
  });
});

describe('browsers', () => {
  test('a named origin may read what it needs, also of refusals; another may not', async () => {
    const stored = await patient();
    for (const line of [`GET ${at(stored)}`, 'GET Patient/unused', 'GET metadata']) {
      const answer = await rest.send(line, { headers: { origin: ORIGIN } });
      expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      const exposed = answer.headers.get('access-control-expose-headers') ?? '';
      for (const name of ['ETag', 'Location', 'Content-Location', 'Last-Modified', 'Link', 'Warning'])
        expect(exposed.split(', ')).toContain(name);
      const other = await rest.send(line, { headers: { origin: 'https://evil.example' } });
      // Everybody may read what the server says of itself (smart SM-69).
      const allowed = line === 'GET metadata' ? '*' : null;
      expect(other.headers.get('access-control-allow-origin')).toBe(allowed);
    }
  });

  test('OPTIONS tells the methods', async () => {
    const answer = await rest.must('OPTIONS Patient/x', { as: 'nobody' });
    expect(answer.headers.get('allow')).toBe('GET, HEAD, PUT, PATCH, DELETE, OPTIONS');
    const asked = { origin: ORIGIN, 'access-control-request-method': 'PATCH' };
    const preflight = await rest.must('OPTIONS Patient/x', { as: 'nobody', headers: asked });
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
  });
});
