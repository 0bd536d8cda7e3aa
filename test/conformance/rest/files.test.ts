/** Large content: in and out piece by piece, in files beside the log (baa-messaging MS8). */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeZip } from '../../../src/direct/xdm/write-zip.ts';
import { shownView } from '../../../src/delivery/shown-view.ts';
import type { Bundle, Ref } from '../../../src/fhir/types.ts';
import { fileTold } from '../../../src/operations/audit/files-told.ts';
import { placeFile } from '../../../src/ports/stored-file.ts';
import { commitViewOf } from '../../../src/operations/referral-messages/commit-view.ts';
import { sweepFiles } from '../../../src/operations/sweep-files.ts';
import { answer as saying, openReceiver } from '../../contract/receiver.ts';
import * as make from '../../resources.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import { callerOf } from '../../world.ts';

const MIB = 1024 * 1024;
const LIMIT = 2 * MIB;

let server: TestServer;
let folder = '';
let token = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closeloop-files-'));
  const argv = [
    '--attachment-bytes-max',
    String(LIMIT),
    '--upload-bytes-per-organization-max',
    String(3 * MIB),
    '--subscription-allow-list',
    'http://127.0.0.1:*',
  ];
  server = await openServerWith({ folder, argv });
  for (const resource of [make.organization('initiator'), make.organization('recipient')])
    await server.ask('administrator', 'PUT', `Organization/${resource.id}`, resource);
  for (const id of ['initiator', 'recipient'])
    await server.ask('administrator', 'POST', `Organization/${id}/$admit`);
  token = await sign(server);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const sign = async ({ running }: TestServer): Promise<string> =>
  (await running.devIssuer?.sign({
    subject: 'subject-initiator',
    client: 'client-initiator',
    scope: 'system/*.cruds',
    organization: 'Organization/initiator',
  })) ?? '';

/** A request with the headers of its caller alone. */
const raw = (method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array) =>
  fetch(`http://127.0.0.1:${server.running.port}/fhir/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'identity', ...headers },
    ...(body !== undefined && { body: Buffer.from(body) }),
  });

const bytesOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer());
const filesThere = (): readonly string[] => {
  const files = join(folder, 'files');
  return existsSync(files) ? readdirSync(files) : [];
};

const PDF = { 'content-type': 'application/pdf', prefer: 'return=minimal' };

/** Sends content that must be taken; its reference. */
async function upload(bytes: Uint8Array, headers: Record<string, string> = {}): Promise<string> {
  const answer = await raw('POST', 'Binary', { ...PDF, ...headers }, bytes);
  expect(answer.status).toBe(201);
  return /(Binary\/[^/]+)\/_history/.exec(answer.headers.get('location') ?? '')?.[1] ?? '';
}

describe('what comes as raw content', () => {
  test.each([
    ['just small enough to stand in the log', 128 * 1024 - 1, 0],
    ['of the first size that is a file', 128 * 1024, 1],
    ['of the largest size', LIMIT, 1],
  ])('%s comes back as it was sent (baa-messaging MS8)', async (_, size, more) => {
    const bytes = randomBytes(size);
    const before = filesThere().length;
    const ref = await upload(bytes);
    expect(filesThere()).toHaveLength(before + more);
    const answer = await raw('GET', ref);
    expect(answer.headers.get('content-type')).toBe('application/pdf');
    expect(answer.headers.get('content-length')).toBe(String(size));
    expect(answer.headers.get('etag')).toMatch(/^W\/"\d+"$/);
    expect((await bytesOf(answer)).equals(bytes)).toBe(true);
    const head = await raw('HEAD', ref);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)]);
  });

  test('one byte more is refused, and leaves nothing (baa-messaging MS8)', async () => {
    const before = filesThere();
    const answer = await raw('POST', 'Binary', PDF, randomBytes(LIMIT + 1));
    expect(answer.status).toBe(413);
    expect(await answer.text()).toContain(String(LIMIT));
    expect(filesThere()).toEqual(before);
  });

  test('one byte more after decompression is refused, too (baa-messaging MS8)', async () => {
    const before = filesThere();
    const bomb = gzipSync(Buffer.alloc(LIMIT + 1));
    const answer = await raw('POST', 'Binary', { ...PDF, 'content-encoding': 'gzip' }, bomb);
    expect([answer.status, filesThere()]).toEqual([413, before]);
  });

  test('packed content is kept unpacked', async () => {
    const bytes = randomBytes(300_000);
    const ref = await upload(gzipSync(bytes), { 'content-encoding': 'gzip' });
    expect((await bytesOf(await raw('GET', ref))).equals(bytes)).toBe(true);
  });

  test('bytes that are not what their encoding says are refused, and leave nothing', async () => {
    const before = filesThere();
    const packed = gzipSync(randomBytes(400_000));
    packed.fill(0, 300_000);
    const answer = await raw('POST', 'Binary', { ...PDF, 'content-encoding': 'gzip' }, packed);
    expect([answer.status, filesThere()]).toEqual([400, before]);
  });

  test('an upload that breaks off leaves nothing (baa-messaging MS8)', async () => {
    const before = filesThere();
    const broken = request({
      port: server.running.port,
      path: '/fhir/Binary',
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...PDF, 'content-length': LIMIT },
    });
    broken.on('error', () => undefined);
    broken.write(randomBytes(MIB));
    for (let n = 0; n < 100 && filesThere().length === before.length; n += 1) await setTimeout(20);
    expect(filesThere()).toHaveLength(before.length + 1);
    broken.destroy();
    for (let n = 0; n < 100 && filesThere().length > before.length; n += 1) await setTimeout(20);
    expect(filesThere()).toEqual(before);
  });

  test('an upload on which nothing moves any more is cut, and leaves nothing (baa-messaging MS8)', async () => {
    const stalling = await openServerWith({ argv: ['--stalled-timeout-ms', '1000'] });
    const files = async (): Promise<number> => {
      let count = 0;
      for await (const _ of stalling.running.store.files.list()) count += 1;
      return count;
    };
    const bearer = await sign(stalling);
    const stalled = request({
      port: stalling.running.port,
      path: '/fhir/Binary',
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, ...PDF, 'content-length': LIMIT },
    });
    const ended = new Promise((resolve) => stalled.on('error', resolve).on('close', resolve));
    stalled.write(randomBytes(MIB));
    for (let n = 0; n < 100 && (await files()) === 0; n += 1) await setTimeout(20);
    expect(await files()).toBe(1);
    await ended;
    for (let n = 0; n < 100 && (await files()) > 0; n += 1) await setTimeout(20);
    expect(await files()).toBe(0);
    await stalling.close();
  });

  test('what is refused after it came leaves nothing', async () => {
    const before = filesThere();
    const headers = { ...PDF, 'x-security-context': 'Patient/none' };
    const refused = await raw('POST', 'Binary', headers, randomBytes(MIB));
    expect(refused.status).toBeGreaterThanOrEqual(400);
    const elsewhere = await raw('PUT', 'Binary/nobody', PDF, randomBytes(MIB));
    expect(elsewhere.status).toBe(404);
    for (let n = 0; n < 50 && filesThere().length > before.length; n += 1) await setTimeout(20);
    expect(filesThere()).toEqual(before);
  });

  test('one organization has its share of what comes in at a time, and gets it back', async () => {
    const before = filesThere().length;
    const hold = request({
      port: server.running.port,
      path: '/fhir/Binary',
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...PDF, 'content-length': LIMIT },
    });
    hold.on('error', () => undefined);
    hold.write(randomBytes(LIMIT - 10));
    for (let n = 0; n < 100 && filesThere().length === before; n += 1) await setTimeout(20);
    await setTimeout(200);
    const refused = await raw('POST', 'Binary', PDF, randomBytes(LIMIT));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    hold.destroy();
    for (let n = 0; n < 100 && filesThere().length > before; n += 1) await setTimeout(20);
    await upload(randomBytes(LIMIT));
  });

  test('a key gives the first answer again, and keeps one file', async () => {
    const bytes = randomBytes(MIB);
    const headers = { 'idempotency-key': 'files-1' };
    const ref = await upload(bytes, headers);
    const before = filesThere();
    expect(await upload(bytes, headers)).toBe(ref);
    for (let n = 0; n < 50 && filesThere().length > before.length; n += 1) await setTimeout(20);
    expect(filesThere()).toEqual(before);
    const other = await raw('POST', 'Binary', { ...PDF, ...headers }, randomBytes(MIB));
    expect(other.status).toBe(422);
  });
});

describe('a Binary whose bytes are in a file', () => {
  const bytes = randomBytes(MIB + 1);
  let ref = '';
  beforeAll(async () => {
    ref = await upload(bytes);
  });

  test.each([
    ['application/fhir+json', '', /"data":"([^"]+)"/],
    ['application/fhir+json', '?_pretty=true', /"data": "([^"]+)"/],
    ['application/fhir+xml', '', /<data value="([^"]+)"/],
  ])('holds them as a resource in %s%s', async (accept, query, pattern) => {
    const answer = await raw('GET', `${ref}${query}`, { accept });
    const text = await answer.text();
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect(Buffer.from(pattern.exec(text)?.[1] ?? '', 'base64').equals(bytes)).toBe(true);
    expect(text).not.toContain('stored-file');
  });

  test.each([
    ['bytes=0-9', 0, 10],
    ['bytes=1048570-', 1_048_570, MIB + 1],
    ['bytes=-5', MIB - 4, MIB + 1],
  ])('is read in parts: %s', async (range, from, to) => {
    const answer = await raw('GET', ref, { range });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([
      206,
      `bytes ${from}-${to - 1}/${bytes.length}`,
    ]);
    expect((await bytesOf(answer)).equals(bytes.subarray(from, to))).toBe(true);
  });

  test.each(['bytes=9-1', 'bytes=99999999-', 'bytes=0-1,5-6', 'lines=1-2'])(
    'is answered with the whole where %s cannot be',
    async (range) => {
      const answer = await raw('GET', ref, { range });
      expect([answer.status, (await bytesOf(answer)).length]).toEqual([200, bytes.length]);
    },
  );

  test('is not sent again to who has it', async () => {
    const etag = (await raw('HEAD', ref)).headers.get('etag') ?? '';
    const answer = await raw('GET', ref, { 'if-none-match': etag });
    expect(answer.status).toBe(304);
  });

  test('stands in pages and histories without its bytes, and says so', async () => {
    for (const path of [`Binary?_id=${ref.slice(7)}`, `${ref}/_history`]) {
      const { json, text } = await server.ask('initiator', 'GET', path);
      const [entry] = (json as unknown as Bundle).entry ?? [];
      expect(entry?.resource).toMatchObject({
        contentType: 'application/pdf',
        meta: { tag: [{ code: 'SUBSETTED' }] },
      });
      expect(entry?.resource).not.toHaveProperty('data');
      expect(text).not.toContain('stored-file');
    }
  });

  test('stands in a batch without its bytes, too', async () => {
    const entry = [{ request: { method: 'GET', url: ref } }];
    for (const type of ['batch', 'transaction']) {
      const { text } = await server.ask('initiator', 'POST', '', { resourceType: 'Bundle', type, entry });
      expect(text).toContain('SUBSETTED');
      expect(text).not.toMatch(/"data"|stored-file/);
    }
  });

  test('shows the elements that are asked for', async () => {
    const accept = 'application/fhir+json';
    const part = await (await raw('GET', `${ref}?_elements=contentType`, { accept })).json();
    expect(part).not.toHaveProperty('data');
    const whole = (await (await raw('GET', `${ref}?_elements=data`, { accept })).json()) as { data: string };
    expect(Buffer.from(whole.data, 'base64').equals(bytes)).toBe(true);
  });

  test('keeps its earlier versions when it is written again', async () => {
    const other = randomBytes(MIB);
    const written = await raw('PUT', ref, PDF, other);
    expect(written.status).toBe(200);
    expect((await bytesOf(await raw('GET', ref))).equals(other)).toBe(true);
    const { json } = await server.ask('initiator', 'GET', `${ref}/_history`);
    const entries = (json as unknown as Bundle).entry ?? [];
    const { meta } = (entries.at(-1)?.resource ?? {}) as { readonly meta?: { readonly versionId?: string } };
    const first = meta?.versionId ?? '';
    expect((await bytesOf(await raw('GET', `${ref}/_history/${first}`))).equals(bytes)).toBe(true);
  });

  test('is not written when the same bytes come again', async () => {
    const same = randomBytes(MIB);
    const own = await upload(same);
    const before = [filesThere(), (await raw('HEAD', own)).headers.get('etag')];
    expect((await raw('PUT', own, PDF, same)).status).toBe(200);
    for (let n = 0; n < 50 && filesThere().length > (before[0]?.length ?? 0); n += 1) await setTimeout(20);
    expect([filesThere(), (await raw('HEAD', own)).headers.get('etag')]).toEqual(before);
  });

  test('keeps its bytes when the rest of it is patched, and loses them to others', async () => {
    const content = randomBytes(MIB);
    const own = await upload(content);
    const patch = [{ op: 'replace', path: '/contentType', value: 'image/png' }];
    expect((await server.ask('initiator', 'PATCH', own, patch)).status).toBe(200);
    const shown = await raw('GET', own);
    expect(shown.headers.get('content-type')).toBe('image/png');
    expect((await bytesOf(shown)).equals(content)).toBe(true);
    const data = [{ op: 'add', path: '/data', value: 'YWJj' }];
    expect((await server.ask('initiator', 'PATCH', own, data)).status).toBe(200);
    expect((await bytesOf(await raw('GET', own))).toString()).toBe('abc');
  });

  test('is answered with its bytes where the representation is asked for', async () => {
    const answer = await raw('POST', 'Binary', { ...PDF, prefer: 'return=representation' }, bytes);
    const { data } = (await answer.json()) as { data: string };
    expect(Buffer.from(data, 'base64').equals(bytes)).toBe(true);
  });

  test('is read by nobody else', async () => {
    expect((await server.ask('recipient', 'GET', ref)).status).toBe(404);
  });
});

describe('who needs the bytes of a file has them', () => {
  test('an import of a clinical document that is stored', async () => {
    const source = readFileSync(new URL('../../fixtures/ccda/referral-note.xml', import.meta.url), 'utf8');
    const long = `${source}<!-- ${'x'.repeat(200_000)} -->`;
    const before = filesThere().length;
    const ref = await upload(Buffer.from(long), { 'content-type': 'application/hl7-cda+xml' });
    expect(filesThere()).toHaveLength(before + 1);
    const parameter = [{ name: 'source', valueReference: { reference: ref } }];
    const parameters = { resourceType: 'Parameters', parameter };
    const imported = await server.ask('initiator', 'POST', '$import-ccda', parameters);
    expect([imported.status, imported.says]).toEqual([200, '']);
  });

  test('a message or a package, which is told of it by whatever row', async () => {
    const bytes = randomBytes(MIB + 2);
    const ref = (await upload(bytes)) as Ref;
    const view = commitViewOf(server.running.store.snapshot());
    const limited = {
      everything: false,
      organization: 'Organization/initiator',
      payload: 'community',
    } as const;
    for (const reads of [view, shownView(view, limited)]) {
      const { data } = (await reads.resource(ref)) as unknown as { data: string };
      expect(Buffer.from(data, 'base64').equals(bytes)).toBe(true);
    }
  });

  test('the audit of a read by another, for a file and for what an archive holds (baa-messaging MS51)', async () => {
    const files = [randomBytes(200_000), randomBytes(300_000)] as const;
    const [file, inside] = files;
    const zip = await writeZip([{ name: 'a.pdf', bytes: inside }], Date.UTC(2026, 0, 1));
    for (const [bytes, hashes] of [
      [file, [file]],
      [zip, [zip, inside]],
    ] as const) {
      const ref = (await upload(bytes)) as Ref;
      const snapshot = server.running.store.snapshot();
      const version = await snapshot.read(ref, { everything: true });
      const placed = placeFile(version?.text ?? '');
      const told = { custodian: version?.custodian, text: placed.text };
      expect(await fileTold(callerOf('recipient'), told, placed.file, snapshot)).toEqual({
        fileHashes: hashes.map((one) => createHash('sha256').update(one).digest('hex')),
      });
      expect(await fileTold(callerOf('initiator'), told, placed.file, snapshot)).toEqual({});
    }
  });

  test('a notification with a payload', async () => {
    const receiver = await openReceiver([saying(200), saying(200)]);
    const endpoint = `http://127.0.0.1:${receiver.port}/hook`;
    await server.create('initiator', {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'test',
      criteria: 'Binary?',
      channel: { type: 'rest-hook', endpoint, payload: 'application/fhir+json' },
    });
    const bytes = randomBytes(MIB + 3);
    const ref = await upload(bytes);
    for (let n = 0; n < 250 && receiver.received.length === 0; n += 1) await setTimeout(20);
    const [sent] = receiver.received;
    const { data, id } = JSON.parse(String(sent?.body)) as { data: string; id: string };
    expect([`Binary/${id}`, Buffer.from(data, 'base64').equals(bytes)]).toEqual([ref, true]);
    await receiver.close();
  });
});

test('no client says which file a Binary is', async () => {
  const [id] = filesThere();
  const url = 'https://closeloop.dev/fhir/StructureDefinition/stored-file';
  const _data = { extension: [{ url, valueString: `${id} ${MIB} ${'0'.repeat(64)}` }] };
  const claim = { resourceType: 'Binary', contentType: 'application/pdf', _data };
  const refused = await server.ask('initiator', 'POST', 'Binary', claim);
  expect([refused.status, refused.code]).toEqual([422, 'field-frozen']);
  const entry = [{ resource: claim, request: { method: 'POST', url: 'Binary' } }];
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
  expect((await server.ask('initiator', 'POST', '', bundle)).code).toBe('field-frozen');
  const own = await upload(randomBytes(MIB));
  const patch = [{ op: 'add', path: '/_data', value: _data }];
  expect((await server.ask('initiator', 'PATCH', own, patch)).code).toBe('field-frozen');
});

test('the sweep takes away what no commit names, once nobody can name it any more', async () => {
  const { store } = server.running;
  const lost = () => Readable.from([randomBytes(1000)]);
  const [young, old] = [await store.files.put(lost()), await store.files.put(lost())];
  const then = (Date.now() - 2 * 3_600_000) / 1000;
  for (const id of filesThere()) if (id !== young.id) utimesSync(join(folder, 'files', id), then, then);
  const before = filesThere();
  await sweepFiles(store, Date.now(), new AbortController().signal);
  expect(filesThere()).toEqual(before.filter((id) => id !== old.id));
  await store.files.remove(young.id);
});

test('the hash of the bytes is on record', async () => {
  const bytes = randomBytes(MIB);
  await upload(bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const found = (await server.running.store.verify()).filter(({ says }) => says.includes('files of large'));
  expect(found).toMatchObject([{ ok: true }]);
  const records = [];
  for (const id of filesThere()) records.push(await server.running.store.snapshot().record('file', id));
  expect(records.map((one) => (one?.body as { sha256?: string } | undefined)?.sha256)).toContain(sha256);
});
