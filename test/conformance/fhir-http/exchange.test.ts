/** http://hl7.org/fhir/R4/http.html at the door: what reaches the FHIR engine, what the client gets back, what it is refused. */
import { get, request as httpRequest } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ISSUES, OperationOutcomeError, type IssueCode } from '../../../src/fhir/issue.ts';
import { AT, BASE, openDoor, sendBytes, type Door } from './door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const JSON_BODY = { 'content-type': 'application/fhir+json' };
const TASK = '{"resourceType":"Task","status":"draft"}';

interface Outcome {
  readonly issue: readonly {
    code: string;
    diagnostics?: string;
    details: { coding: readonly { code: string }[] };
  }[];
}

/** Refusal code and status of a response. */
async function refusalOf(response: Response): Promise<readonly [code: string | undefined, status: number]> {
  expect(response.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
  expect(response.headers.get('x-request-id')).not.toBeNull();
  const outcome = (await response.json()) as Outcome;
  return [outcome.issue[0]?.details.coding[0]?.code, response.status];
}

/** The same, from the table. */
const row = (code: IssueCode) => [code, ISSUES[code].http];

const sendRaw = (text: string): Promise<string> => sendBytes(door.port, text);

/** Sends with an Idempotency-Key; what the FHIR engine got of it. */
async function sendKeyed(path: string, method: string, body: string) {
  await door.fetch(path, { method, headers: { ...JSON_BODY, 'idempotency-key': 'k' }, body });
  return door.performed.at(-1)?.idempotencyKey;
}

describe('replies', () => {
  test('a create: 201, weak ETag, versioned absolute Location, Last-Modified', async () => {
    const response = await door.fetch('/Task', { method: 'POST', headers: JSON_BODY, body: TASK });
    expect(response.status).toBe(201);
    const { id, meta } = (await response.json()) as { id: string; meta: { versionId: string } };
    expect(response.headers.get('location')).toBe(`${BASE}/Task/${id}/_history/${meta.versionId}`);
    expect(response.headers.get('etag')).toBe(`W/"${meta.versionId}"`);
    expect(response.headers.get('last-modified')).toBe(new Date(AT).toUTCString());
  });

  test('the literal of a decimal and characters beyond ASCII come back as they were sent', async () => {
    const body = '{"resourceType":"Task","x":1.50,"note":"Müller 日本 🩺"}';
    const created = await door.fetch('/Task', { method: 'POST', headers: JSON_BODY, body });
    const text = await created.text();
    expect(text).toContain('"x":1.50,"note":"Müller 日本 🩺"');
    expect(Number(created.headers.get('content-length'))).toBe(Buffer.byteLength(text));
  });

  test('_pretty keeps literals, too', async () => {
    const body = '{"resourceType":"Task","x":1.50}';
    const created = await door.fetch('/Task?_pretty=true', { method: 'POST', headers: JSON_BODY, body });
    expect(await created.text()).toContain('\n  "x": 1.50,\n');
  });

  test('HEAD has the headers of GET and no body', async () => {
    const created = await door.fetch('/Task', { method: 'POST', headers: JSON_BODY, body: TASK });
    const { id } = (await created.json()) as { id: string };
    const [get, head] = [
      await door.fetch(`/Task/${id}`),
      await door.fetch(`/Task/${id}`, { method: 'HEAD' }),
    ];
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    for (const name of ['etag', 'content-length', 'content-type', 'last-modified']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
  });

  test('a delete: 204 without body', async () => {
    const response = await door.fetch('/Task/1', { method: 'DELETE' });
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  test('the request id of the client is used when it is fit for a log', async () => {
    const ids = ['trace-1', 'not fit; for "logs"'].map(async (id) => {
      const { headers } = await door.fetch('/Task', { headers: { 'x-request-id': id } });
      return headers.get('x-request-id') === id;
    });
    expect(await Promise.all(ids)).toEqual([true, false]);
  });

  test.each([
    ['well formed', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, 'a'.repeat(32)],
    ['all zeros', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`, undefined],
    ['of an unknown version', `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, undefined],
    ['nonsense', 'Verhoeven', undefined],
  ])('a traceparent that is %s (W3C Trace Context)', async (_what, traceparent, traceId) => {
    const requestId = `trace-${Math.random()}`;
    await door.fetch('/Task', { headers: { traceparent, 'x-request-id': requestId } });
    const line = door.logLines().find((one) => one['requestId'] === requestId);
    expect([line?.['status'], line?.['traceId']]).toEqual([200, traceId]);
  });
});

describe('requests as the FHIR engine gets them', () => {
  test('POST _search is the query, then the form', async () => {
    await door.fetch('/Task/_search?status=draft', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'patient=Patient%2F1&code=a+b',
    });
    expect(door.performed.at(-1)).toMatchObject({
      interaction: 'search-type',
      type: 'Task',
      query: [
        ['status', 'draft'],
        ['patient', 'Patient/1'],
        ['code', 'a b'],
      ],
      queryText: 'status=draft&patient=Patient%2F1&code=a+b',
    });
  });

  test.each(['batch', 'transaction'])('a Bundle of type %s', async (type) => {
    await door.fetch('', {
      method: 'POST',
      headers: JSON_BODY,
      body: JSON.stringify({ resourceType: 'Bundle', type }),
    });
    expect(door.performed.at(-1)).toMatchObject({ interaction: type, type: undefined });
  });

  test('conditions, preferences and the caller', async () => {
    await door.fetch('/Task/1', {
      method: 'PUT',
      headers: {
        ...JSON_BODY,
        'if-match': 'W/"3"',
        prefer: 'return=minimal',
      },
      body: TASK,
    });
    expect(door.performed.at(-1)).toMatchObject({
      interaction: 'update',
      id: '1',
      ifMatch: ['3'],
      prefer: { return: 'minimal' },
      caller: {
        organization: 'Organization/initiator',
        client: 'test',
        subject: 'ana',
        address: '127.0.0.1',
        administrator: false,
      },
    });
  });

  test('a patch is a JSON value', async () => {
    const body = '[{"op":"replace","path":"/status","value":"draft"}]';
    await door.fetch('/Task/1', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json-patch+json' },
      body,
    });
    expect(door.performed.at(-1)).toMatchObject({ interaction: 'patch', patch: JSON.parse(body) });
  });

  test('the fingerprint of an Idempotency-Key covers method, address and body', async () => {
    const first = await sendKeyed('/Task', 'POST', TASK);
    expect(first).toMatchObject({ id: 'k', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await sendKeyed('/Task', 'POST', TASK)).toEqual(first);
    const others = [
      await sendKeyed('/Task', 'POST', `${TASK} `),
      await sendKeyed('/Patient', 'POST', TASK),
      await sendKeyed('/Task/1', 'PUT', TASK),
    ];
    expect(new Set([first, ...others].map((key) => key?.fingerprint)).size).toBe(4);
  });

  test.each([
    ['gzip', gzipSync(TASK)],
    ['deflate', deflateSync(TASK)],
    ['br', brotliCompressSync(TASK)],
    ['identity', Buffer.from(TASK)],
  ])('a body in %s', async (encoding, body) => {
    const headers = { ...JSON_BODY, 'content-encoding': encoding };
    const response = await door.fetch('/Task', { method: 'POST', headers, body: new Uint8Array(body) });
    expect(response.status).toBe(201);
  });

  test('the signal aborts when the client goes, and only then', async () => {
    const signals: AbortSignal[] = [];
    const arrival = Promise.withResolvers<void>();
    const slow = await openDoor({
      perform: ({ signal, id }) =>
        new Promise((resolve) => {
          signals.push(signal);
          if (id === 'quick') resolve({ status: 200, text: '{}' });
          else signal.addEventListener('abort', () => resolve({ status: 200, text: '{}' }));
          arrival.resolve();
        }),
    });
    const leaving = new AbortController();
    const gone = slow.fetch('/Task/slow', { signal: leaving.signal }).catch(() => 'gone');
    await arrival.promise;
    leaving.abort();
    expect(await gone).toBe('gone');
    expect((await slow.fetch('/Task/quick')).status).toBe(200);
    while (signals[0]?.aborted !== true) await new Promise((resolve) => setTimeout(resolve, 5));
    await slow.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(slow.logLines().map(({ status }) => status)).toEqual(expect.arrayContaining([499, 200]));
  });
});

describe('refusals', () => {
  const post = (headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer> = TASK) => ({
    method: 'POST',
    headers,
    body,
  });

  test.each<[name: string, path: string, init: RequestInit, code: IssueCode]>([
    ['unknown type', '/Medication', {}, 'type-unknown'],
    ['unknown path', '/nothing', {}, 'not-found'],
    ['unknown operation', '/Task/$explode', {}, 'operation-unknown'],
    ['bad id', '/Task/a_b', {}, 'id-invalid'],
    ['broken percent-encoding in the path', '/Task/%zz', {}, 'id-invalid'],
    ['broken percent-encoding in the query', '/Task?status=%zz', {}, 'search-value-invalid'],
    ['invalid UTF-8 in the query', '/Task?status=%ff', {}, 'search-value-invalid'],
    ['long address', `/Task?status=${'x'.repeat(1000)}`, {}, 'url-too-long'],
    ['Turtle wanted', '/Task', { headers: { accept: 'text/turtle' } }, 'not-acceptable'],
    ['Turtle wanted by _format', '/Task?_format=ttl', {}, 'not-acceptable'],
    ['Turtle sent', '/Task', post({ 'content-type': 'text/turtle' }), 'media-type-unsupported'],
    ['no Content-Type', '/Task', post({ 'content-type': '' }), 'media-type-unsupported'],
    [
      'other charset',
      '/Task',
      post({ 'content-type': 'application/fhir+json; charset=utf-16' }),
      'media-type-unsupported',
    ],
    [
      'a patch that calls itself neither',
      '/Task/1',
      { ...post({ 'content-type': 'application/json' }), method: 'PATCH' },
      'media-type-unsupported',
    ],
    ['unknown encoding', '/Task', post({ ...JSON_BODY, 'content-encoding': 'zstd' }), 'encoding-unsupported'],
    [
      'encoding named like a property',
      '/Task',
      post({ ...JSON_BODY, 'content-encoding': 'constructor' }),
      'encoding-unsupported',
    ],
    [
      'two encodings',
      '/Task',
      post({ ...JSON_BODY, 'content-encoding': 'gzip, gzip' }),
      'encoding-unsupported',
    ],
    [
      'not the encoding it says',
      '/Task',
      post({ ...JSON_BODY, 'content-encoding': 'gzip' }),
      'encoding-invalid',
    ],
    [
      'cut gzip',
      '/Task',
      post({ ...JSON_BODY, 'content-encoding': 'gzip' }, new Uint8Array(gzipSync(TASK).subarray(0, 20))),
      'encoding-invalid',
    ],
    ['large body', '/Task', post(JSON_BODY, 'x'.repeat(10_001)), 'body-too-large'],
    ['far too large body', '/Task', post(JSON_BODY, 'x'.repeat(50_001)), 'body-too-large'],
    [
      'small body that inflates',
      '/Task',
      post({ ...JSON_BODY, 'content-encoding': 'gzip' }, new Uint8Array(gzipSync('x'.repeat(1_000_000)))),
      'body-too-large',
    ],
    ['no body', '/Task', { method: 'POST', headers: JSON_BODY }, 'body-missing'],
    ['no JSON', '/Task', post(JSON_BODY, '{"resourceType":'), 'json-invalid'],
    ['duplicate key', '/Task', post(JSON_BODY, '{"resourceType":"Task","a":1,"a":2}'), 'json-invalid'],
    ['__proto__', '/Task', post(JSON_BODY, '{"resourceType":"Task","__proto__":{}}'), 'json-invalid'],
    ['lone surrogate', '/Task', post(JSON_BODY, '{"resourceType":"Task","a":"\\ud800"}'), 'json-invalid'],
    ['invalid UTF-8', '/Task', post(JSON_BODY, new Uint8Array([0x7b, 0xff, 0x7d])), 'json-invalid'],
    [
      'too deep',
      '/Task',
      post(JSON_BODY, `{"resourceType":"Task","a":${'['.repeat(40)}${']'.repeat(40)}}`),
      'json-invalid',
    ],
    ['an array', '/Task', post(JSON_BODY, '[]'), 'json-invalid'],
    [
      'If-Match nonsense',
      '/Task/1',
      { ...post({ ...JSON_BODY, 'if-match': 'yes' }), method: 'PUT' },
      'header-invalid',
    ],
    [
      'Idempotency-Key with a space',
      '/Task',
      post({ ...JSON_BODY, 'idempotency-key': 'a b' }),
      'header-invalid',
    ],
    ['a resource at the base', '', post(JSON_BODY), 'resource-type-mismatch'],
    [
      'a Bundle of another type',
      '',
      post(JSON_BODY, '{"resourceType":"Bundle","type":"document"}'),
      'bundle-invalid',
    ],
    ['what the FHIR engine refuses', '/Task/none', {}, 'not-found'],
  ])('%s', async (_name, path, init, code) => {
    expect(await refusalOf(await door.fetch(path, init))).toEqual(row(code));
  });

  test.each([
    ['PUT', '/Task', 'GET, HEAD, POST'],
    ['POST', '/AuditEvent', 'GET, HEAD'],
    ['POST', '/metadata', 'GET, HEAD'],
  ])('405 says what is allowed: %s %s', async (method, path, allow) => {
    const response = await door.fetch(path, { method, headers: JSON_BODY, body: TASK });
    expect(response.headers.get('allow')).toBe(allow);
    expect(await refusalOf(response)).toEqual(row('method-not-allowed'));
  });

  test.each([
    ['/Task', post(JSON_BODY, '{'), { event: 'create', action: 'C', issue: 'json-invalid', entities: [] }],
    [
      '/Task/1?x=1',
      { ...post(JSON_BODY, '{'), method: 'PUT' },
      { event: 'update', entities: ['Task/1'], query: 'x=1' },
    ],
    ['', post(JSON_BODY, '{'), { event: 'transaction', action: 'E', issue: 'json-invalid' }],
    ['/Medication', {}, { event: 'operation', issue: 'type-unknown', entities: [] }],
  ])('is audited before it is told, when it is known who asked: %s', async (path, init, entry) => {
    const before = [door.refused.length, door.performed.length];
    await door.fetch(path, init);
    await door.fetch(path, { ...init, anonymous: true });
    await door.fetch('/Task/none');
    expect([door.refused.length, door.performed.length]).toEqual([
      (before[0] ?? 0) + 1,
      (before[1] ?? 0) + 1,
    ]);
    const agent = { organization: 'Organization/initiator', client: 'test', subject: 'ana' };
    expect(door.refused.at(-1)).toMatchObject({ ...entry, outcome: '4', agent });
  });

  test('a fault of ours says the request id and nothing else', async () => {
    const response = await door.fetch('/Task/broken/_history', { headers: { 'x-request-id': 'r-500' } });
    const text = await response.clone().text();
    expect(await refusalOf(response)).toEqual(row('internal'));
    expect(text).toContain('r-500');
    expect(text).not.toMatch(/secret|TypeError|at /);
    const fault = door.logLines().find(({ level }) => level === 'error');
    expect(fault).toMatchObject({ requestId: 'r-500', stack: expect.stringContaining('TypeError') });
  });

  test('(compliance L8) behind a refusal for want of a fact, the operator reads the cause and the client does not', async () => {
    const cause = new TypeError('the secret of the disk');
    const refusal = Object.assign(new OperationOutcomeError('busy', { retryAfter: 1 }), { cause });
    const unasked = await openDoor({ perform: () => Promise.reject(refusal) });
    const response = await unasked.fetch('/Task/1', { headers: { 'x-request-id': 'r-503' } });
    expect(await response.clone().text()).not.toContain('secret');
    expect(await refusalOf(response)).toEqual(row('busy'));
    const fault = unasked.logLines().find(({ level }) => level === 'error');
    expect(fault).toMatchObject({ requestId: 'r-503', stack: expect.stringContaining('TypeError') });
    await unasked.close();
  });

  test('while draining: 503, Retry-After, and the connection ends', async () => {
    door.traffic.draining = true;
    const response = await door.fetch('/Task');
    door.traffic.draining = false;
    expect(response.headers.get('retry-after')).toBe('5');
    expect(response.headers.get('connection')).toBe('close');
    expect(await refusalOf(response)).toEqual(row('server-stopping'));
  });

  test('outside the base: an OperationOutcome that says where the base is', async () => {
    for (const path of ['/', '/fhirx/Task', '/favicon.ico', '//x']) {
      const response = await fetch(door.origin + path);
      expect([path, ...(await refusalOf(response))]).toEqual([path, 'not-found', 404]);
    }
  });
});

describe('bounds on what is worked on', () => {
  test('a client with too many requests gets 429, the others go on; a full server says 503', async () => {
    const held = Promise.withResolvers<void>();
    const full = await openDoor({
      settings: { requestsInFlightMax: 3, requestsPerClientMax: 1 },
      perform: async () => {
        await held.promise;
        return { status: 200, text: '{}' };
      },
    });
    const first = full.fetch('/Task/1');
    while (full.performed.length < 1) await new Promise((resolve) => setTimeout(resolve, 2));
    const second = await full.fetch('/Task/1');
    expect(second.headers.get('retry-after')).toBe('1');
    expect(await refusalOf(second)).toEqual(row('too-many-requests'));
    const others = ['a', 'b'].map(async (client) => {
      const token = await full.issuer.sign({
        subject: client,
        client,
        scope: '',
        organization: 'Organization/initiator',
      });
      return full.fetch('/Task/1', { headers: { authorization: `Bearer ${token}` } });
    });
    while (full.performed.length < 3) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await refusalOf(await full.fetch('/Task/1'))).toEqual(row('busy'));
    held.resolve();
    const done = await Promise.all([first, ...others]);
    expect(done.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await full.fetch('/Task/1')).status).toBe(200);
    expect(full.traffic.inFlight).toBe(0);
    await full.close();
  });
});

describe('(rules 5) shares', () => {
  test('an organization has one share, however many clients it names; another is answered', async () => {
    const held = Promise.withResolvers<void>();
    const full = await openDoor({
      settings: { requestsInFlightMax: 9, requestsPerClientMax: 9, requestsPerOrganizationMax: 3 },
      bearer: { findOrganization: async (name) => ('reference' in name ? name.reference : undefined) },
      perform: async ({ caller }) => {
        if (caller.organization === 'Organization/initiator') await held.promise;
        return { status: 200, text: '{}' };
      },
    });
    const ask = async (client: string, organization: 'Organization/initiator' | 'Organization/other') => {
      const token = await full.issuer.sign({ subject: client, client, scope: '', organization });
      return full.fetch('/Task/1', { headers: { authorization: `Bearer ${token}` } });
    };
    const first = ['a', 'b', 'c'].map((client) => ask(client, 'Organization/initiator'));
    while (full.performed.length < 3) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await refusalOf(await ask('d', 'Organization/initiator'))).toEqual(row('too-many-requests'));
    expect((await ask('e', 'Organization/other')).status).toBe(200);
    held.resolve();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await ask('d', 'Organization/initiator')).status).toBe(200);
    await full.close();
  });
});

describe('raw HTTP', () => {
  test('the absolute form of a target is answered; its host is not believed', async () => {
    const received = await sendRaw(
      `GET http://evil.example/fhir/Task/none HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer ${door.token}\r\nConnection: close\r\n\r\n`,
    );
    expect(received).toMatch(/^HTTP\/1\.1 404 /);
    expect(received).not.toContain('evil');
  });

  test.each([
    ['FHIR', 'http://[evil/fhir/Task/none', 404, 'not-found'],
    ['a page of operators', 'http://[evil/health/live', 200, undefined],
    ['nothing', 'ftp://[evil/fhir/Task', 404, 'not-found'],
    ['the whole server', '*', 404, 'not-found'],
    ['what only begins like the base', '/fhir#x', 404, 'not-found'],
  ])(
    'a target that Express parses otherwise, or not at all, is answered by us: %s',
    async (_what, target, status, code) => {
      const received = await sendRaw(
        `GET ${target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${door.token}\r\nConnection: close\r\n\r\n`,
      );
      const [head = '', body = ''] = received.split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(JSON.parse(body).issue?.[0].details.coding[0].code).toBe(code);
    },
  );

  test.each([
    ['no HTTP', 'HELLO\r\n\r\n', '400 Bad Request'],
    [
      'two lengths',
      'POST /fhir/Task HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
      '400 Bad Request',
    ],
    [
      'length and chunks',
      'POST /fhir/Task HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '400 Bad Request',
    ],
    // Node takes the first of each, a gateway may take the last (RFC 9112, 3.2; RFC 9110, 5.3).
    ['two hosts', 'GET /fhir/Task HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', '400 Bad Request'],
    [
      'two tokens',
      'GET /fhir/metadata HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n',
      '400 Bad Request',
    ],
    [
      'two types of content',
      'GET /fhir/metadata HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\n',
      '400 Bad Request',
    ],
    [
      'two dates of a copy',
      `GET /fhir/metadata HTTP/1.1\r\nHost: a\r\n${'If-Modified-Since: Mon, 30 Nov 2026 16:00:00 GMT\r\n'.repeat(2)}\r\n`,
      '400 Bad Request',
    ],
    [
      'too many lines',
      `GET /fhir/Task HTTP/1.1\r\nHost: a\r\n${'X: 1\r\n'.repeat(40)}\r\n`,
      '431 Request Header Fields Too Large',
    ],
    [
      'a line too long',
      `GET /fhir/Task HTTP/1.1\r\nHost: a\r\nX: ${'1'.repeat(20_000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
  ])('%s', async (_name, text, status) => {
    const received = await sendRaw(text);
    expect(received.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
    expect(received).toContain('"resourceType":"OperationOutcome"');
  });

  test('a body that ends early leaves no trace but a log line', async () => {
    const before = door.performed.length;
    await new Promise<void>((resolve) => {
      const headers = { ...JSON_BODY, authorization: `Bearer ${door.token}`, 'content-length': '100' };
      const req = httpRequest(`${door.origin}/fhir/Task`, { method: 'POST', headers });
      req.on('error', () => resolve());
      req.write('{"resou');
      setTimeout(() => req.destroy(), 30);
    });
    while (!door.logLines().some(({ status }) => status === 499))
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(door.performed.length).toBe(before);
    expect(door.traffic.inFlight).toBe(0);
  });
});

test('a refusal whose words XML cannot say is told in JSON', async () => {
  const speaking = await openDoor({
    perform: async ({ id }) => {
      const diagnostics = id === 'plain' ? 'plain words' : 'a\u0001b';
      throw new OperationOutcomeError('not-found', { diagnostics });
    },
  });
  const typeOf = async (id: string) =>
    (await speaking.fetch(`/Task/${id}`, { headers: { accept: 'application/fhir+xml' } })).headers.get(
      'content-type',
    );
  expect([await typeOf('plain'), await typeOf('odd')]).toEqual([
    'application/fhir+xml; charset=utf-8',
    'application/fhir+json; charset=utf-8',
  ]);
  await speaking.close();
});

describe('documents that need no token', () => {
  test.each([
    ['/metadata', 200],
    ['/metadata?mode=full&_format=json', 200],
    ['/metadata?mode=nonsense', 400],
    ['/metadata?_format=xml', 200],
    ['/metadata?_format=ttl', 406],
    ['/.well-known/smart-configuration', 200],
  ])('%s: %i', async (path, status) => {
    const before = door.performed.length;
    expect((await door.fetch(path, { anonymous: true })).status).toBe(status);
    expect(door.performed.length).toBe(before);
  });

  test('smart-configuration is application/json', async () => {
    const { headers } = await door.fetch('/.well-known/smart-configuration', { anonymous: true });
    expect(headers.get('content-type')).toBe('application/json');
  });
});

describe('browsers', () => {
  const preflight = { 'access-control-request-method': 'PUT' };

  test('a named origin may, and sees ETag, Location and Link', async () => {
    const origin = 'https://app.example.org';
    const asked = await door.fetch('/Task/1', {
      method: 'OPTIONS',
      anonymous: true,
      headers: { origin, ...preflight },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
    expect(asked.headers.get('access-control-allow-methods')).toContain('PATCH');
    for (const name of ['If-Match', 'X-Tab-Id'])
      expect(asked.headers.get('access-control-allow-headers')).toContain(name);
    for (const names of ['authorization, x-epic-client-id,If-Match', 'x-app'])
      expect(
        (
          await door.fetch('/Task/1', {
            method: 'OPTIONS',
            anonymous: true,
            headers: { origin, ...preflight, 'access-control-request-headers': names },
          })
        ).headers.get('access-control-allow-headers'),
      ).toBe(names);
    const { headers } = await door.fetch('/Task', { headers: { origin } });
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    for (const name of ['ETag', 'Location', 'Link'])
      expect(headers.get('access-control-expose-headers')).toContain(name);
    expect(headers.get('vary')).toBe('Origin');
  });

  test('another origin may not', async () => {
    const headers = { origin: 'https://evil.example', ...preflight };
    const asked = await door.fetch('/Task/1', { method: 'OPTIONS', anonymous: true, headers });
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
    expect(asked.headers.get('allow')).toBe('GET, HEAD, PUT, PATCH, DELETE, OPTIONS');
  });

  test.each(['/metadata', '/.well-known/smart-configuration', '/openapi.json'])(
    'OPTIONS names the methods of a document that needs no token: %s',
    async (path) => {
      const asked = await door.fetch(path, { method: 'OPTIONS', anonymous: true });
      expect([asked.status, asked.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    },
  );
});

test('(house 9a5) an exchange whose refusal cannot be sent is over, too: its places are free again', async () => {
  const perform = () => Promise.reject(new OperationOutcomeError('busy', { diagnostics: 1n as never })); // no JSON has it
  const broken = await openDoor({ perform, settings: { requestsPerClientMax: 1 } });
  for (const _ of [1, 2]) await expect(broken.fetch('/Task/1')).rejects.toThrow('fetch failed');
  expect(broken.performed).toHaveLength(2);
  expect(broken.traffic.inFlight).toBe(0);
  await broken.close();
});

test('logs hold templates, never ids, queries or bodies', async () => {
  await door.fetch('/Patient/secret-id?name=Verhoeven', {});
  await door.fetch('/Patient', {
    method: 'POST',
    headers: JSON_BODY,
    body: '{"resourceType":"Patient","name":[{"family":"Verhoeven"}]}',
  });
  const lines = door.logLines();
  const text = JSON.stringify(lines);
  expect(text).not.toMatch(/Verhoeven|secret-id/);
  expect(lines.at(-1)).toMatchObject({
    level: 'info',
    msg: 'request',
    method: 'POST',
    route: '/Patient',
    status: 201,
    client: 'test',
    organization: 'Organization/initiator',
  });
});

describe('what operators ask', () => {
  test('alive and ready', async () => {
    const live = await fetch(`${door.origin}/health/live`);
    expect([live.status, await live.json()]).toEqual([200, { status: 'alive' }]);
    const ready = await fetch(`${door.origin}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'ready', outboxWaiting: 2, outboxOldestAgeMs: expect.any(Number) }),
    ]);
  });

  test.each(['draining', 'writable'] as const)('not ready: %s', async (what) => {
    if (what === 'draining') door.traffic.draining = true;
    else door.status.writable = false;
    const { status } = await fetch(`${door.origin}/health/ready`);
    door.traffic.draining = false;
    door.status.writable = true;
    expect(status).toBe(503);
  });

  test.each([
    [5_000, 200, undefined],
    [5_001, 503, 'clock-behind'],
  ])('(baa-messaging BA5) the clock is %d ms behind: %d', async (ms, expected, why) => {
    door.late.ms = ms;
    const ready = await fetch(`${door.origin}/health/ready`);
    door.late.ms = 0;
    const { why: said } = (await ready.json()) as { why?: string };
    expect([ready.status, said]).toEqual([expected, why]);
  });

  test('metrics count exchanges by interaction, type and class, and show the store', async () => {
    await door.fetch('/Task/none');
    const text = await (await fetch(`${door.origin}/metrics`)).text();
    expect(text).toMatch(
      /closeloop_http_request_duration_seconds_count\{interaction="read",type="Task",status="4xx"\} \d+/,
    );
    expect(text).toContain('closeloop_store_commit_seq 7');
    expect(text).toContain('closeloop_outbox_waiting 2');
    expect(text).toMatch(/closeloop_outbox_oldest_age_seconds [56]\d/);
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });

  test('metrics need the token when there is one', async () => {
    const guarded = await openDoor({ settings: { metricsToken: 'open sesame' } });
    const ask = async (authorization: string) =>
      (await fetch(`${guarded.origin}/metrics`, { headers: { authorization } })).status;
    expect([await ask('Bearer open sesame'), await ask('Bearer other'), await ask('')]).toEqual([
      200, 401, 401,
    ]);
    await guarded.close();
  });

  test.each<[string, Record<string, string>]>([
    ['X-Forwarded-For', { 'x-forwarded-for': '203.0.113.9' }],
    ['X-Forwarded-For of this machine', { 'x-forwarded-for': '127.0.0.1' }],
    ['Forwarded', { forwarded: 'for=203.0.113.9' }],
    ['X-Real-IP', { 'x-real-ip': '203.0.113.9' }],
    ['Via', { via: '1.1 proxy' }],
    ['X-Forwarded-Proto', { 'x-forwarded-proto': 'https' }],
    ['a Host of elsewhere', { host: 'referrals.example.org' }],
  ])('metrics through a proxy on this machine that is not named are refused: %s', async (_what, headers) => {
    const status = (sent: Record<string, string>) =>
      new Promise((resolve, reject) => {
        get(`${door.origin}/metrics`, { headers: sent }, (res) => {
          res.resume();
          resolve(res.statusCode);
        }).once('error', reject);
      });
    expect([await status({}), await status(headers)]).toEqual([200, 401]);
  });

  test('metrics of a proxied stranger are refused', async () => {
    const proxied = await openDoor({ settings: { trustedProxy: ['127.0.0.0/8'] } });
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${proxied.origin}/metrics`, { headers })).status;
    expect([await ask({ 'x-forwarded-for': '203.0.113.9' }), await ask({})]).toEqual([401, 200]);
    await proxied.close();
  });
});
