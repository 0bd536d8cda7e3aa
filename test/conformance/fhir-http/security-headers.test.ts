/** Security headers stand on every kind of answer, whoever writes it: our door, Express, or the socket alone. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listen } from '../../../src/http/listen.ts';
import { createSecurityHeaders } from '../../../src/http/security-headers.ts';
import { LISTENING, openDoor, sendBytes, type Door } from './door.ts';

/** Written out: what a scanner of a hospital looks for. */
const WANTED: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none';frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
  'X-Content-Type-Options': 'nosniff',
  'X-DNS-Prefetch-Control': 'off',
  'X-Download-Options': 'noopen',
  'X-Frame-Options': 'DENY',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '0',
};

let door: Door;
let full: Door;
beforeAll(async () => {
  door = await openDoor({ settings: { metricsToken: 'of the operators' } });
  full = await openDoor({ settings: { requestsInFlightMax: 0 } });
});
afterAll(() => Promise.all([door.close(), full.close()]));

/** The status and the headers of the first answer. */
function headOf(received: string): readonly [status: number, headers: Readonly<Record<string, string>>] {
  const [start = '', ...lines] = (received.split('\r\n\r\n')[0] ?? '').split('\r\n');
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
  // Twice the same header would be two lines, of which the object has the last.
  expect(new Set(headers.map(([name]) => name)).size).toBe(headers.length);
  return [Number(start.split(' ')[1]), Object.fromEntries(headers)];
}

const LONG = JSON.stringify({ resourceType: 'Task', note: 'long '.repeat(1900) });
const KNOWN = 'known';

/** `METHOD target` and further header lines, a body after an empty one. `known` brings the initiator's token. */
const ANSWERS: readonly (readonly [
  what: string,
  status: number,
  head: string,
  lines?: readonly string[],
  body?: string,
])[] = [
  ['a create', 201, 'POST /fhir/Task', [KNOWN], '{"resourceType":"Task"}'],
  ['a resource', 200, 'GET /fhir/Task/kept', [KNOWN]],
  ['a resource, by HEAD', 200, 'HEAD /fhir/Task/kept', [KNOWN]],
  ['a resource in XML', 200, 'GET /fhir/Task/kept', [KNOWN, 'Accept: application/fhir+xml']],
  ['a large resource', 200, 'GET /fhir/Task/long', [KNOWN]],
  ['a compressed resource', 200, 'GET /fhir/Task/long', [KNOWN, 'Accept-Encoding: gzip']],
  ['a search', 200, 'GET /fhir/Task?_count=1', [KNOWN]],
  ['a delete', 204, 'DELETE /fhir/Task/1', [KNOWN]],
  ['the capability statement', 200, 'GET /fhir/metadata'],
  ['the SMART configuration', 200, 'GET /fhir/.well-known/smart-configuration'],
  ['OpenAPI', 200, 'GET /fhir/openapi.json'],
  ['OPTIONS', 204, 'OPTIONS /fhir/Task'],
  [
    'a preflight',
    204,
    'OPTIONS /fhir/Task',
    ['Origin: https://app.example.org', 'Access-Control-Request-Method: PUT'],
  ],
  ['an answer to another origin', 200, 'GET /fhir/Task', [KNOWN, 'Origin: https://app.example.org']],
  ['no token', 401, 'GET /fhir/Task/1'],
  ['a wrong token', 401, 'GET /fhir/Task/1', ['Authorization: Bearer x']],
  ['nothing below the base', 404, 'GET /fhir/Nothing', [KNOWN]],
  ['no such resource', 404, 'GET /fhir/Task/none', [KNOWN]],
  ['a method that is not offered', 405, 'PUT /fhir/Task', [KNOWN], '{}'],
  ['a format that is not offered', 406, 'GET /fhir/Task', [KNOWN, 'Accept: text/turtle']],
  ['a body that is none', 400, 'POST /fhir/Task', [KNOWN], 'no JSON'],
  ['a body of another type', 415, 'POST /fhir/Task', [KNOWN, 'Content-Type: image/png'], '{}'],
  ['a body too large', 413, 'POST /fhir/Task', [KNOWN], `{"x":"${'x'.repeat(11_000)}"}`],
  ['an address too long', 414, `GET /fhir/Task?a=${'a'.repeat(1000)}`, [KNOWN]],
  ['an address that cannot be decoded', 400, 'GET /fhir/Task/%', [KNOWN]],
  ['a fault of ours', 500, 'GET /fhir/Task/broken/_history', [KNOWN]],
  ['outside the base', 404, 'GET /elsewhere'],
  ['a target that is none', 404, 'GET ftp://[x/fhir'],
  ['alive', 200, 'GET /health/live'],
  ['ready', 200, 'GET /health/ready'],
  ['metrics', 200, 'GET /metrics', ['Authorization: Bearer of the operators']],
  ['metrics, refused', 401, 'GET /metrics'],
  ['an expectation that is not met', 417, 'GET /fhir/metadata', ['Expect: more']],
];

const written = (head: string, lines: readonly string[], body: string, token: string): string =>
  [
    `${head} HTTP/1.1`,
    'Host: a',
    'Connection: close',
    ...(body === '' ? [] : [`Content-Length: ${body.length}`]),
    ...(body === '' || lines.some((line) => line.startsWith('Content-Type'))
      ? []
      : ['Content-Type: application/fhir+json']),
    ...lines.map((line) => (line === KNOWN ? `Authorization: Bearer ${token}` : line)),
    '',
    body,
  ].join('\r\n');

describe('security headers stand on (house 9a4)', () => {
  beforeAll(async () => {
    for (const [id, body] of [
      ['kept', '{"resourceType":"Task"}'],
      ['long', LONG],
    ])
      await door.fetch(`/Task/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/fhir+json' },
        body: body ?? '',
      });
  });

  test.each(ANSWERS)('%s: %i', async (_what, wanted, head, lines = [], body = '') => {
    const [status, headers] = headOf(await sendBytes(door.port, written(head, lines, body, door.token)));
    expect([status, headers]).toEqual([wanted, expect.objectContaining(WANTED)]);
  });

  test.each([
    ['a server that stops', 503, 'GET /fhir/Task'],
    ['a server that stops: not ready', 503, 'GET /health/ready'],
  ])('%s: %i', async (_what, wanted, head) => {
    door.traffic.draining = true;
    const received = await sendBytes(door.port, written(head, [KNOWN], '', door.token));
    door.traffic.draining = false;
    expect(headOf(received)).toEqual([wanted, expect.objectContaining(WANTED)]);
  });

  test('a server with too much to do: 503', async () => {
    const received = await sendBytes(full.port, written('GET /fhir/Task', [KNOWN], '', full.token));
    expect(headOf(received)).toEqual([503, expect.objectContaining(WANTED)]);
  });

  test('a server that only begins: 503', async () => {
    const listener = await listen(LISTENING, { inFlight: 0, draining: false });
    const received = await sendBytes(listener.port, written('GET /fhir/metadata', [], '', ''));
    await listener.drain(0);
    expect(headOf(received)).toEqual([503, expect.objectContaining(WANTED)]);
  });

  test.each([
    ['no HTTP', 400, 'HELLO\r\n\r\n'],
    ['two lengths', 400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}'],
    ['a request without Host', 400, 'GET /fhir/metadata HTTP/1.1\r\n\r\n'],
    ['a head too long', 431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'1'.repeat(20_000)}\r\n\r\n`],
  ])('%s: %i', async (_what, wanted, text) => {
    const received = await sendBytes(door.port, text);
    expect(headOf(received)).toEqual([wanted, expect.objectContaining(WANTED)]);
    expect(received).toContain('"resourceType":"OperationOutcome"');
  });

  test('a head that does not arrive in time: 408', async () => {
    const settings = { ...LISTENING, headersTimeoutMs: 100, requestTimeoutMs: 100 };
    const listener = await listen(settings, { inFlight: 0, draining: false });
    const received = await sendBytes(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\n');
    await listener.drain(0);
    expect(headOf(received)).toEqual([408, expect.objectContaining(WANTED)]);
  });
});

test('without TLS, browsers are not told to stay there (RFC 6797, 7.2)', () => {
  const { 'Strict-Transport-Security': transport, ...others } = WANTED;
  expect(transport).toBeDefined();
  expect(createSecurityHeaders(false)).toEqual(others);
  expect(createSecurityHeaders(true)).toEqual(WANTED);
});
