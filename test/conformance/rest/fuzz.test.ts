/** Requests that were right and went wrong somewhere at random: a client's fault is never a fault of the server. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import * as make from '../../resources.ts';
import { openRest, type Answer, type Rest, type Sending } from './client.ts';
import { richOf, seedBundle, WRITTEN_TYPES } from './rich.ts';

const { runs: RUNS, seed, within } = proofOf('requests');
const WITHIN_MS = within(500);

let rest: Rest;
beforeAll(async () => {
  rest = await openRest('--body-bytes-max', '400000');
  await rest.must('POST ', { as: 'administrator for initiator', body: seedBundle() });
}, WITHIN_MS);
afterAll(() => rest.close(), WITHIN_MS);

/** What breaks things: bounds of types, of encodings and of languages. */
const NASTY: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  9_007_199_254_740_991,
  '',
  ' ',
  '\u0000',
  '\u202e',
  '🩺',
  'a'.repeat(5000),
  '%00',
  '../..',
  '__proto__',
  'constructor',
  'toString',
  '$',
  '|',
  '\\',
  ',',
  '"',
  "'; DROP TABLE version; --",
  'Patient/',
  '/Patient/1',
  'Patient/1/_history/',
  '#',
  'urn:uuid:',
  'urn:uuid:1',
  'http://',
  'https://referrals.example.org/fhir/Patient/known',
  'Patient?identifier=',
  'Patient?',
  '2026-13-45',
  '0000',
  '9999-12-31T23:59:59.999999999+14:00',
  'W/"',
  [],
  {},
  [[]],
  [{}],
  [null],
  { '': '' },
  { extension: [] },
  { resourceType: 'Patient' },
  { reference: null },
  { reference: [] },
];
const texts = NASTY.filter((value) => typeof value === 'string');
const nasty = fc.oneof(fc.constantFrom(...NASTY), fc.jsonValue({ maxDepth: 3 }));
const nastyText = fc.oneof(fc.constantFrom(...texts), fc.string({ unit: 'binary', maxLength: 40 }));

// — trees

type Json = Readonly<Record<string, unknown>> | readonly unknown[];

/** The tree with the value at one of its places, chosen by `at`, put through `change`. */
function changeAt(tree: unknown, at: number, change: (value: unknown) => unknown): unknown {
  let left = at % Math.max(1, sizeOf(tree));
  const walk = (value: unknown): unknown => {
    left -= 1;
    if (left < 0 && left > -2) return change(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member)]));
  };
  return walk(tree);
}

const sizeOf = (tree: unknown): number =>
  typeof tree !== 'object' || tree === null
    ? 1
    : Object.values(tree as Json).reduce<number>((sum, member) => sum + sizeOf(member), 1);

const changes: fc.Arbitrary<(value: unknown) => unknown> = fc.oneof(
  nasty.map((other) => () => other),
  fc.constant((value: unknown) => [value]),
  fc.constant((value: unknown) => [value, value]),
  fc.constant(() => undefined),
  fc.tuple(nastyText, nasty).map(
    ([name, other]) =>
      (value: unknown) =>
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? { ...value, [name]: other }
          : { [name]: value },
  ),
  fc.integer({ min: 1, max: 80 }).map((depth) => (value: unknown) => {
    let deep = value;
    for (let level = 0; level < depth; level += 1) deep = { extension: [deep] };
    return deep;
  }),
);

const broken = (tree: unknown): fc.Arbitrary<unknown> =>
  fc
    .array(fc.tuple(fc.nat(), changes), { minLength: 1, maxLength: 3 })
    .map((steps) => steps.reduce((changed, [at, change]) => changeAt(changed, at, change), tree));

/** A text with a stretch of it replaced. */
const torn = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(text.length), fc.nat(8), nastyText)
    .map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length));

// — requests

const one = (type: string): object => richOf(type)[0] ?? {};
const bodies = fc.oneof(
  fc.constantFrom(...WRITTEN_TYPES).chain((type) => fc.tuple(fc.constant(`POST ${type}`), broken(one(type)))),
  fc
    .constantFrom(...WRITTEN_TYPES)
    .chain((type) => fc.tuple(fc.constant(`PUT ${type}/known`), broken({ ...one(type), id: 'known' }))),
  broken([
    { op: 'replace', path: '/active', value: true },
    { op: 'move', from: '/name', path: '/telecom' },
  ]).map((patch) => ['PATCH Patient/known', patch] as const),
  fc
    .constantFrom('batch', 'transaction')
    .chain((type) => broken(bundleOf(type)).map((bundle) => ['POST ', bundle] as const)),
);

function bundleOf(type: string): object {
  const urn = 'urn:uuid:1f4d4b5e-7b39-4f2e-8c89-1b1a2f1f0c02';
  const data = Buffer.from('[{"op":"add","path":"/language","value":"de"}]').toString('base64');
  return {
    resourceType: 'Bundle',
    type,
    entry: [
      {
        fullUrl: urn,
        resource: make.patient(),
        request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=none' },
      },
      { resource: make.observation(urn), request: { method: 'POST', url: 'Observation' } },
      {
        resource: make.observation('Patient?_id=known'),
        request: { method: 'PUT', url: 'Observation?_id=none' },
      },
      {
        resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
        request: { method: 'PATCH', url: 'Basic/known' },
      },
      { request: { method: 'DELETE', url: 'Basic?_id=none', ifMatch: 'W/"1"' } },
      { request: { method: 'GET', url: 'Patient?_id=known&_include=Patient:organization' } },
      {
        request: {
          method: 'GET',
          url: 'Patient/known',
          ifNoneMatch: 'W/"1"',
          ifModifiedSince: '2026-01-01T00:00:00Z',
        },
      },
    ],
  };
}

const PARAMETERS = [
  '_id',
  '_lastUpdated',
  '_tag',
  '_profile',
  '_sort',
  '_count',
  '_summary',
  '_elements',
  '_total',
  '_include',
  '_revinclude',
  '_include:iterate',
  '_has:Task:focus:status',
  '_has:Observation:subject:code',
  '_page',
  '_format',
  '_pretty',
  '_since',
  '_at',
  '_before',
  'identifier',
  'name',
  'name:exact',
  'name:contains',
  'birthdate',
  'date',
  'subject',
  'subject:Patient',
  'patient.name',
  'focus:ServiceRequest.identifier',
  'value-quantity',
  'status:not',
  'code:missing',
  'instantiates-uri:below',
  'entity',
  'url',
];
const values = fc.oneof(
  nastyText,
  fc.constantFrom(
    'known',
    'Patient/known',
    'ge2026',
    'lt5.40',
    'a|b',
    'true',
    '0',
    '10',
    'Task:focus',
    '5-0',
    '-date',
  ),
);
const queries = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...PARAMETERS) }, { weight: 1, arbitrary: nastyText }),
      values,
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((pairs) =>
    pairs
      .map(
        ([name, value]) =>
          `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`,
      )
      .join('&'),
  );
const TYPES = ['Patient', 'Task', 'Observation', 'ServiceRequest', 'AuditEvent', 'Bundle'];
const paths = fc.oneof(
  fc.constantFrom(...TYPES),
  fc.constantFrom(...TYPES).map((type) => `${type}/_history`),
  fc.constantFrom(
    '_history',
    'Patient/known',
    'Patient/known/_history',
    'Patient/known/_history/10',
    '',
    'metadata',
    'Patient/_search',
  ),
  fc
    .array(nastyText, { minLength: 1, maxLength: 4 })
    .map((parts) => parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')),
);
const HEADERS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-none-exist',
  'prefer',
  'idempotency-key',
  'accept',
  'content-type',
  'content-encoding',
  'x-request-id',
  'x-on-behalf-of',
  'authorization',
  'origin',
];
/** What a header may hold at all; anything else no client can send. */
const latin = nastyText.map((text) => text.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '?'));

async function check(line: string, sending: Sending): Promise<void> {
  const answer: Answer = await rest.send(line, sending);
  expect(answer.status).toBeLessThan(500);
  if (answer.status < 400 || line.startsWith('HEAD')) return;
  expect(answer.json.resourceType).toBe('OperationOutcome');
  expect(answer.text).not.toMatch(/node_modules|TypeError|RangeError|SyntaxError|\.ts:\d/);
}

/** Undefined, or the request that made the server fault, with the seed to try it again. */
async function faultOf(property: fc.IAsyncProperty<unknown>): Promise<string | undefined> {
  return fc.asyncDefaultReportMessage(await fc.check(property, { numRuns: RUNS, seed }));
}

test(
  'bodies',
  async () => {
    const property = fc.asyncProperty(bodies, async ([line, body]) =>
      check(line, { body: JSON.stringify(body) ?? '' }),
    );
    expect(await faultOf(property)).toBeUndefined();
  },
  WITHIN_MS,
);

test(
  'texts',
  async () => {
    const property = fc.asyncProperty(
      fc
        .constantFrom(...WRITTEN_TYPES)
        .chain((type) => fc.tuple(fc.constant(type), torn(JSON.stringify(one(type))))),
      async ([type, body]) => check(`POST ${type}`, { body }),
    );
    expect(await faultOf(property)).toBeUndefined();
  },
  WITHIN_MS,
);

test(
  'bytes',
  async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.constantFrom('', 'gzip', 'br', 'deflate'),
      async (bytes, encoding) => {
        const headers = encoding === '' ? {} : { 'content-encoding': encoding };
        await check('POST Patient', { body: new Uint8Array(bytes), headers });
      },
    );
    expect(await faultOf(property)).toBeUndefined();
  },
  WITHIN_MS,
);

test(
  'addresses, queries and methods',
  async () => {
    const property = fc.asyncProperty(
      fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'DELETE', 'POST', 'OPTIONS'),
      paths,
      queries,
      async (method, path, query) => {
        const safe = method === 'DELETE' ? `${query}&_id=none` : query;
        await check(`${method} ${path}?${safe}`, method === 'POST' ? { body: query } : {});
      },
    );
    expect(await faultOf(property)).toBeUndefined();
  },
  WITHIN_MS,
);

test(
  'headers',
  async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(
        'GET Patient/known',
        'PUT Patient/known',
        'POST Patient',
        'PATCH Patient/known',
        'POST Patient/_search',
      ),
      fc.dictionary(
        fc.constantFrom(...HEADERS),
        fc.oneof(
          latin,
          fc.constantFrom('*', 'W/"1"', 'return=minimal', 'identifier=x', 'application/fhir+json'),
        ),
      ),
      async (line, headers) => {
        const body = line.startsWith('GET')
          ? {}
          : { body: line.startsWith('PATCH') ? '[]' : JSON.stringify(make.patient({ id: 'known' })) };
        await check(line, { headers, ...body });
      },
    );
    expect(await faultOf(property)).toBeUndefined();
  },
  WITHIN_MS,
);

test(
  'afterwards the server works as before',
  async () => {
    const { json } = await rest.must('POST Patient', { body: make.patient() });
    expect((await rest.must(`GET Patient/${json.id}`)).json).toEqual(json);
    const findings = await rest.server.running.store.verify();
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  },
  WITHIN_MS,
);
