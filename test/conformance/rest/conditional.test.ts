/** Conditional create and update in every form that clients write, by header and in Bundles (directory DR30, DR31). */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { BASE, type Stored } from '../../world.ts';
import { openRest, type Rest } from './client.ts';

const BUNDLE = { batch: make.batch, transaction: make.transaction };

let rest: Rest;
let uniques = 0;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

/** With a letter beyond ASCII, and a question mark that parts nothing. */
const unique = (): string => `Mül?-${(uniques += 1)}`;
const identified = (value: string, more: object = {}) =>
  make.patient({ identifier: [{ system: make.MRN_SYSTEM, value }], ...more });
const stored = (value: string): Promise<Stored> => rest.create(identified(value));
const count = async (value: string): Promise<number> =>
  (await rest.must(`GET Patient?identifier=${encodeURIComponent(value)}`)).bundle.entry?.length ?? 0;

/** A create by header, with these bytes. */
function createBy(header: Buffer | readonly Buffer[], body: Resource, prefer = 'return=representation') {
  const all = Array.isArray(header) ? header : [header];
  return sendRaw('POST', 'Patient', body, [
    ...all.flatMap((one: Buffer) => ['If-None-Exist', one.toString('latin1')]),
    'Prefer',
    prefer,
  ]);
}

interface Raw {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Header values and addresses as bytes, one character each. */
async function sendRaw(
  method: string,
  url: string,
  body: Resource | undefined,
  headers: readonly string[],
): Promise<Raw> {
  const token = await rest.sign({});
  const sent = ['Authorization', `Bearer ${token}`, 'Content-Type', 'application/fhir+json', ...headers];
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const [, host = '', port = ''] = /^http:\/\/(.+):(\d+)/.exec(rest.at) ?? [];
    const options = {
      host,
      port,
      method,
      path: `/fhir/${url}`,
      headers: [...sent, 'Content-Length', String(Buffer.byteLength(text)), 'Host', 'localhost'],
    };
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          headers: response.headers,
        }),
      );
    });
    asked.on('error', reject);
    asked.end(Buffer.from(text)); // a text would take the head with it into UTF-8
  });
}

/** By header, and in both kinds of Bundles: status, or the code of the refusal. */
async function everywhere(condition: string, value: string): Promise<readonly string[]> {
  const answers: string[] = [];
  const { status, text } = await createBy(Buffer.from(condition), identified(value));
  answers.push(codeIn(text) ?? String(status));
  for (const kind of ['batch', 'transaction'] as const) {
    const entry = {
      method: 'POST',
      url: 'Patient',
      resource: identified(value),
      ifNoneExist: condition,
    } as const;
    const answer = await rest.send('POST ', { body: BUNDLE[kind](entry) });
    answers.push(codeIn(answer.text) ?? answer.bundle.entry?.[0]?.response?.status?.slice(0, 3) ?? '');
  }
  return answers;
}

const codeIn = (text: string): string | undefined =>
  /"CodeSystem\/issue"|"code":"(header-invalid|bundle-invalid|search-[a-z-]+|condition-ambiguous)"/.exec(
    text,
  )?.[1];

describe('(directory DR30) If-None-Exist, one reader for the header and for Bundles', () => {
  const SEARCH = `identifier=${make.MRN_SYSTEM}|`;
  test.each<[string, (value: string) => string]>([
    ['a query', (value) => `${SEARCH}${value}`],
    ['percent-encoded', (value) => `identifier=${encodeURIComponent(`${make.MRN_SYSTEM}|${value}`)}`],
    ['behind a question mark', (value) => `?${SEARCH}${value}`],
    ['behind the type', (value) => `Patient?${SEARCH}${value}`],
    ['behind the type and a slash', (value) => `/Patient?${SEARCH}${value}`],
    ['as our own address', (value) => `${BASE}/Patient?${SEARCH}${value}`],
    ['with _format', (value) => `${BASE}/Patient?${SEARCH}${value}&_format=json`],
    ['with _format first', (value) => `_format=application/fhir%2Bjson&${SEARCH}${value}`],
    ['with spaces around', (value) => `  ${SEARCH}${value} `],
  ])('%s', async (_form, conditionOf) => {
    const value = unique();
    await stored(value);
    const condition = conditionOf(value);
    expect(await everywhere(condition, value)).toEqual(['200', '200', '200']);
    expect(await count(value)).toBe(1);
  });

  const REFUSED = ['header-invalid', 'bundle-invalid', 'bundle-invalid'];
  const NOT_READ = Array.from({ length: 3 }, () => 'search-value-invalid');
  test.each<[string, string, readonly string[]]>([
    ['another type', 'Observation?identifier=x', REFUSED],
    ['another type at our address', `${BASE}/Observation?identifier=x`, REFUSED],
    ['another server', 'https://elsewhere.example.org/fhir/Patient?identifier=x', REFUSED],
    ['a resource', 'Patient/1?identifier=x', REFUSED],
    ['the type alone', 'Patient', REFUSED],
    ['a search of nothing', 'Patient?', REFUSED],
    ['a format alone', '_format=json', REFUSED],
    ['nothing', '?', REFUSED],
    ['bytes that are no UTF-8', 'identifier=%FF', NOT_READ],
    ['half an escape', 'identifier=%4', NOT_READ],
  ])('%s is refused', async (_form, condition, codes) => {
    const value = unique();
    expect(await everywhere(condition, value)).toEqual(codes);
    expect(await count(value)).toBe(0);
  });

  test('bytes are read as UTF-8, or refused; a header stands there once', async () => {
    const value = unique();
    await stored(value);
    const search = `identifier=${make.MRN_SYSTEM}|`;
    const body = identified(value);
    const answers = [
      await createBy(Buffer.from(`${search}${value}`, 'utf8'), body),
      await createBy(Buffer.from(`${search}${value}`, 'latin1'), body),
      await createBy([Buffer.from(`${search}a`), Buffer.from(`${search}b`)], body),
      await createBy(Buffer.from(`${search}${value},${search}x`), body),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 400, 200]);
    expect(await count(value)).toBe(1);
  });

  test('other headers likewise', async () => {
    const behalf = await sendRaw('GET', 'Patient', undefined, ['X-On-Behalf-Of', 'Organization/\xfc']);
    expect(behalf.status).toBe(400);
  });

  test.each(['return=representation', 'return=minimal', 'return=OperationOutcome'])(
    'a match is answered with its place and version, %s',
    async (prefer) => {
      const value = unique();
      const { id, meta } = await stored(value);
      const { status, headers, text } = await createBy(
        Buffer.from(`identifier=${value}`),
        identified(value),
        prefer,
      );
      const place = `${BASE}/Patient/${id}/_history/${meta?.versionId}`;
      expect([status, headers['location'], headers['content-location'], headers['etag']]).toEqual([
        200,
        place,
        place,
        `W/"${meta?.versionId}"`,
      ]);
      expect(text === '').toBe(prefer === 'return=minimal');
    },
  );

  test.each(['batch', 'transaction'] as const)('and so in a %s', async (kind) => {
    const value = unique();
    const { id, meta } = await stored(value);
    const entry = {
      method: 'POST',
      url: 'Patient',
      resource: identified(value),
      ifNoneExist: `identifier=${value}`,
    } as const;
    const { bundle } = await rest.must('POST ', { body: BUNDLE[kind](entry) });
    expect(bundle.entry?.[0]?.response).toMatchObject({
      location: `Patient/${id}/_history/${meta?.versionId}`,
      etag: `W/"${meta?.versionId}"`,
    });
  });

  test('several are 412', async () => {
    const value = unique();
    await stored(value);
    await stored(value);
    expect(await everywhere(`identifier=${value}`, value)).toEqual(
      Array.from({ length: 3 }, () => 'condition-ambiguous'),
    );
  });
});

describe('conditional update (http://hl7.org/fhir/R4/http.html#cond-update)', () => {
  type Case = readonly [
    says: string,
    matches: number,
    id: 'none' | 'own' | 'another' | 'unused',
    as: string,
    answer: string,
  ];
  // prettier-ignore
  const CASES: readonly Case[] = [
    ['no match, no id: a create',                        0, 'none',    'initiator',     '201'],
    ['no match, an id that nobody has: no such id',      0, 'unused',  'initiator',     '404 not-found'],
    ['no match, an id that nobody has: an id is chosen', 0, 'unused',  'administrator', '201'],
    ['no match, the id of another record',               0, 'another', 'initiator',     '409 duplicate'],
    ['no match, the id of another record',               0, 'another', 'administrator', '409 duplicate'],
    ['one match, no id: an update',                      1, 'none',    'initiator',     '200'],
    ['one match, its own id: an update',                 1, 'own',     'initiator',     '200'],
    ['one match, the id of another record',              1, 'another', 'initiator',     '400 id-mismatch'],
    ['one match, an id that nobody has',                 1, 'unused',  'administrator', '400 id-mismatch'],
    ['several matches, no id',                           2, 'none',    'initiator',     '412 condition-ambiguous'],
    ['several matches, the id of one of them',           2, 'own',     'initiator',     '412 condition-ambiguous'],
    ['several matches, the id of another record',        2, 'another', 'initiator',     '412 condition-ambiguous'],
  ];

  describe.each(['by itself', 'batch', 'transaction'] as const)('%s', (way) => {
    test.each(CASES)('%s (%i, %s, %s)', async (_says, matches, id, as, answer) => {
      const value = unique();
      const found: Stored[] = [];
      for (let i = 0; i < matches; i += 1) found.push(await stored(value));
      const another = await stored(unique());
      const ids = {
        none: undefined,
        own: found[0]?.id,
        another: another.id,
        unused: `unused-${uniques}-${way.length}`,
      };
      const resource = {
        ...identified(value, { language: 'en' }),
        ...(ids[id] !== undefined && { id: ids[id] }),
      };
      const url = `Patient?identifier=${encodeURIComponent(value)}`;
      const entry = { method: 'PUT', url, resource } as const;
      const reply =
        way === 'by itself'
          ? await rest.send(`PUT ${url}`, { as, body: resource })
          : await rest.send('POST ', { as, body: BUNDLE[way](entry) });
      const [response] = reply.bundle.entry ?? [];
      const status = String(response?.response?.status ?? reply.status).slice(0, 3);
      const code = /CodeSystem\/issue","code":"([a-z-]+)"/.exec(Number(status) < 400 ? '' : reply.text)?.[1];
      expect([status, code].filter(Boolean).join(' ')).toBe(answer);
      const { json } = await rest.must(`GET Patient/${another.id}`);
      expect(json).toEqual(another);
      const written = found.map(async (one) => (await rest.must(`GET Patient/${one.id}`)).version);
      const moved = (await Promise.all(written)).map((seq, n) => seq > Number(found[n]?.meta?.versionId));
      expect(moved).toEqual(found.map(() => answer === '200'));
    });
  });

  test('If-Match without a match is 412, and nothing is created', async () => {
    const value = unique();
    const url = `PUT Patient?identifier=${encodeURIComponent(value)}`;
    const { status } = await rest.send(url, { body: identified(value), headers: { 'if-match': 'W/"1"' } });
    expect([status, await count(value)]).toEqual([412, 0]);
  });
});

describe('a query that a write would not look at is refused', () => {
  test.each<[string, object]>([
    ['POST Patient?identifier=x', make.patient()],
    ['POST Patient?identifier=x&_format=json', make.patient()],
    ['PUT Patient/{id}?identifier=x', make.patient()],
    ['PATCH Patient/{id}?identifier=x', []],
    ['DELETE Patient/{id}?_cascade=delete', {}],
    ['POST ?x=y', make.batch()],
  ])('%s', async (line, body) => {
    const { id } = await stored(unique());
    const isDelete = line.startsWith('DELETE');
    const resource = { ...body, ...(line.startsWith('PUT') && { id }) };
    const sent = Array.isArray(body) ? body : resource;
    const answer = await rest.send(line.replace('{id}', id), isDelete ? {} : { body: sent });
    expect([answer.status, answer.code]).toEqual([400, 'search-parameter-unknown']);
    for (const kind of ['batch', 'transaction'] as const) {
      const [method = '', url = ''] = line.replace('{id}', id).split(' ');
      if (url.startsWith('?') || method === 'PATCH') continue;
      const entry = { method: method as 'PUT', url, ...(!isDelete && { resource: sent }) };
      expect((await rest.send('POST ', { body: BUNDLE[kind](entry) })).text).toContain(
        'search-parameter-unknown',
      );
    }
    expect((await rest.send(`GET Patient/${id}`)).status).toBe(200);
  });

  test('formats are for every interaction', async () => {
    expect((await rest.send('POST Patient?_format=json&_pretty=true', { body: make.patient() })).status).toBe(
      201,
    );
  });
});
