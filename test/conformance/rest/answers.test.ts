/** Answers that are large: compressed where that is asked for, and bounded. */
import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { openRest, type Rest } from './client.ts';

let rest: Rest;
let large = '';
let small = '';
let token = '';
beforeAll(async () => {
  rest = await openRest('--answer-bytes-max', String(1024 * 1024));
  token = await rest.sign({});
  const text = 'words that come again '.repeat(20_000);
  const { id } = await rest.create({ resourceType: 'Basic', code: { text } });
  large = `Basic/${id}`;
  small = `Patient/${(await rest.create(make.patient())).id}`;
});
afterAll(() => rest.close());

interface Raw {
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly bytes: Buffer;
}

/** As it is on the wire. */
function ask(path: string, encoding?: string, method = 'GET'): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(encoding !== undefined && { 'Accept-Encoding': encoding }),
    };
    const asked = request(`${rest.at}/${path}`, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, bytes: Buffer.concat(chunks) }));
    });
    asked.on('error', reject).end();
  });
}

describe('compressed', () => {
  test.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ] as const)('%s, with the same content, ETag and Vary', async (coding, unpack) => {
    const plain = await ask(large);
    const packed = await ask(large, coding);
    expect(unpack(packed.bytes)).toEqual(plain.bytes);
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 10);
    expect(packed.headers).toMatchObject({
      'content-encoding': coding,
      vary: 'Accept-Encoding',
      etag: plain.headers.etag,
      'content-length': String(packed.bytes.length),
    });
    expect(plain.headers).toMatchObject({ vary: 'Accept-Encoding' });
    expect(plain.headers['content-encoding']).toBeUndefined();
  });

  test('the description of the API as well; little is left as it is', async () => {
    const packed = await ask('openapi.json', 'gzip');
    expect(JSON.parse(gunzipSync(packed.bytes).toString())).toHaveProperty('openapi');
    const little = await ask(small, 'gzip, br');
    expect([little.headers['content-encoding'], little.headers.vary]).toEqual([undefined, undefined]);
  });

  test('HEAD has what GET has, but for what would have to be worked out', async () => {
    const { headers, bytes } = await ask(large, 'gzip', 'HEAD');
    expect([bytes.length, headers.vary, headers['content-length']]).toEqual([
      0,
      'Accept-Encoding',
      undefined,
    ]);
    expect((await ask(large, undefined, 'HEAD')).headers['content-length']).toBeDefined();
  });
});

describe('bounded', () => {
  // Two long resources fit on a page.
  let paged: Promise<{ readonly patient: string; readonly history: string }>;
  beforeAll(() => (paged = writePaged()));

  async function writePaged(): Promise<{ readonly patient: string; readonly history: string }> {
    const { id } = await rest.create(make.patient());
    const subject = { reference: `Patient/${id}` };
    const basic = (count: number) => ({
      resourceType: 'Basic',
      meta: { tag: [{ code: 'paged' }] },
      code: { text: `${count}${'x'.repeat(400_000)}` },
      subject,
    });
    for (let i = 0; i < 4; i += 1) await rest.create(basic(i));
    const last = await rest.create(basic(4));
    for (let i = 5; i < 9; i += 1)
      await rest.must(`PUT Basic/${last.id}`, { body: { ...basic(i), id: last.id } });
    return { patient: `Patient/${id}`, history: `Basic/${last.id}` };
  }

  const entries = (count: number) =>
    Array.from({ length: count }, () => ({ request: { method: 'GET', url: large } }));

  test('a batch answers what fits, and refuses what does not by itself', async () => {
    const body = { resourceType: 'Bundle', type: 'batch', entry: entries(6) };
    const { bundle } = await rest.must('POST ', { body });
    const told = (bundle.entry ?? []).map(({ response }) => [
      response?.status,
      (response?.outcome as { issue?: { details?: { coding?: { code?: string }[] } }[] } | undefined)
        ?.issue?.[0]?.details?.coding?.[0]?.code,
    ]);
    expect(told.slice(0, 2)).toEqual([
      ['200', undefined],
      ['200', undefined],
    ]);
    expect(told.slice(2)).toEqual(Array.from({ length: 4 }, () => ['413', 'answer-too-large']));
  });

  test('a transaction that reads more is refused, and writes nothing', async () => {
    const read = [];
    for (let i = 0; i < 3; i += 1) {
      const { id } = await rest.create({ resourceType: 'Basic', code: { text: 'x'.repeat(400_000) } });
      read.push({ request: { method: 'GET', url: `Basic/${id}` } });
    }
    const write = {
      resource: make.patient({ identifier: [{ system: make.MRN_SYSTEM, value: 'unwritten' }] }),
      request: { method: 'POST', url: 'Patient' },
    };
    const body = { resourceType: 'Bundle', type: 'transaction', entry: [write, ...read] };
    const { status, code } = await rest.send('POST ', { body });
    const { bundle } = await rest.must(`GET Patient?identifier=${make.MRN_SYSTEM}|unwritten`);
    expect([status, code, bundle.entry ?? []]).toEqual([413, 'answer-too-large', []]);
  });

  test('what is included is cut, and that is said', async () => {
    const text = 'x'.repeat(400_000);
    const focus = [];
    for (let i = 0; i < 4; i += 1) {
      const { id } = await rest.create({ resourceType: 'Basic', code: { text } });
      focus.push({ item: { reference: `Basic/${id}` } });
    }
    const { id } = await rest.create({
      resourceType: 'List',
      status: 'current',
      mode: 'working',
      entry: focus,
    } as never);
    const { bundle } = await rest.must(`GET List?_id=${id}&_include=List:item`);
    const modes = (bundle.entry ?? []).map(({ search }) => search?.mode);
    expect(modes).toEqual(['match', 'include', 'include', 'outcome']);
    expect(JSON.stringify(bundle.entry?.at(-1))).toContain('includes-cut');
  });

  test.each([
    ['matches', '_tag=paged&_count=6', 'page-cut'],
    ['matches, sorted', '_tag=paged&_count=6&_sort=_lastUpdated', 'page-cut'],
    ['matches of several types', '_type=Basic,Patient&_tag=paged&_count=6', 'page-cut'],
    ['history', 'HISTORY?_count=6', ''],
    ['everything of a patient', 'EVERYTHING', ''],
  ])('pages are shorter where resources are long: %s', async (_says, query, said) => {
    const { patient, history } = await paged;
    const address =
      query === 'EVERYTHING'
        ? `${patient}/$everything`
        : query
            .replace(/^HISTORY/, `${history}/_history`)
            .replace(/^_tag/, 'Basic?_tag')
            .replace(/^_type/, '?_type');
    const pages = [];
    for (let next: string | undefined = address; next !== undefined;) {
      const { bundle } = await rest.must(`GET ${next}`);
      pages.push(bundle.entry ?? []);
      next = bundle.link?.find(({ relation }) => relation === 'next')?.url.replace(/^.*?\/fhir\/?/, '');
    }
    const versions = pages.map((page) =>
      page.flatMap(({ resource, search }) =>
        search?.mode === 'outcome' ? [] : [`${resource?.id} ${resource?.meta?.versionId}`],
      ),
    );
    const isOfPatient = query === 'EVERYTHING';
    expect(versions.map(({ length }) => length)).toEqual(isOfPatient ? [3, 2, 1] : [2, 2, 1]);
    expect(new Set(versions.flat()).size).toBe(isOfPatient ? 6 : 5);
    expect(pages.map((page) => JSON.stringify(page.at(-1)).includes('"page-cut"'))).toEqual(
      said === '' ? [false, false, false] : [true, true, false],
    );
  });
});
