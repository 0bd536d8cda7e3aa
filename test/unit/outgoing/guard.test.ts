/** Which connections are made: the same corpus for every purpose, names that lead inside, and names that change (rules 6.3). */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAdmitAddress } from '../../../src/outgoing/admit.ts';
import type { Resolve } from '../../../src/outgoing/guard.ts';
import { ConnectionFailed, type ConnectionPurpose } from '../../../src/ports/outgoing.ts';
import { answer, openReceiver } from '../../contract/receiver.ts';
import { parseAllowed } from '../../../src/resources/outgoing-address.ts';
import { guardOf, httpOf } from '../../guarded.ts';

const PURPOSES: Readonly<Record<ConnectionPurpose, (host: string) => string>> = {
  'rest-hook': (host) => `https://${host}:8443/hook`,
  'hl7v2-mllp': (host) => `mllp://${host}:2575`,
  jwks: (host) => `https://${host}:8443/keys`,
  'sign-on': (host) => `https://${host}:8443/realms/clinic`,
  'client-keys': (host) => `https://${host}:8443/jwks`,
  'malware-scanner': (host) => `clamd://${host}:3310`,
  'audit-feed': (host) => `syslogs://${host}:6514`,
  'mail-relay': (host) => `smtps://${host}:465`,
  'sms-gateway': (host) => `https://${host}:8443/texts`,
  'direct-relay': (host) => `smtps://${host}:465`,
  'direct-mailbox': (host) => `imaps://${host}:993`,
  'direct-bundle': (host) => `https://${host}:8443/anchors.p7b`,
  'direct-list': (host) => `http://${host}:8080/ca.crl`,
  'direct-directory': (host) => `ldap://${host}:1389`,
};
const PURPOSE_NAMES = Object.keys(PURPOSES) as readonly ConnectionPurpose[]; // the keys of a literal

/** What names resolve to here; any other does not resolve. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['1.1.1.1', '2606:4700:4700::1111'],
  'half.example': ['1.1.1.1', '10.0.0.1'],
  'inner.example': ['192.168.1.7'],
  'metadata.example': ['169.254.169.254'],
  'mapped.example': ['::ffff:127.0.0.1'],
};
const resolve: Resolve = async (host) => NAMES[host] ?? Promise.reject(new Error('ENOTFOUND'));

const failureOf = async (connecting: Promise<unknown>): Promise<string> => {
  const error = await connecting.catch((thrown: unknown) => thrown);
  return error instanceof ConnectionFailed ? error.failure : String(error);
};

/** What the operator alone names leads nowhere else: a file that is scanned is sent in the clear. */
test('(directory DR40) the malware scanner is at no place that nobody listed', async () => {
  const destination = { purpose: 'malware-scanner', address: 'clamd://public.example:3310' } as const;
  expect(await guardOf({ purpose: 'malware-scanner', resolve }).permits(destination)).toBe(false);
  const listed = guardOf({ purpose: 'malware-scanner', resolve, allowList: ['public.example:3310'] });
  expect(await listed.permits(destination)).toBe(true);
});

const TO_PUBLIC = PURPOSE_NAMES.filter((purpose) => purpose !== 'malware-scanner');

describe.each(TO_PUBLIC)('(directory DR40) for %s', (purpose) => {
  test.each([
    ['127.0.0.1'],
    ['127.1'],
    ['0177.0.0.1'],
    ['2130706433'],
    ['0x7f.1'],
    ['0'],
    ['[::]'],
    ['[::1]'],
    ['[::ffff:7f00:1]'],
    ['[::ffff:127.0.0.1]'],
    ['[::ffff:a9fe:a9fe]'],
    ['[64:ff9b::7f00:1]'],
    ['[2002:7f00:1::]'],
    ['[fe80::1%eth0]'],
    ['[fd00::1]'],
    ['169.254.169.254'],
    ['10.0.0.1'],
    ['192.168.0.1'],
    ['１２７.０.０.１'],
    ['localhost'],
    ['localhost.'],
    ['a.localhost'],
    ['LOCALHOST'],
    ['intranet'],
    ['printer.local'],
    ['db.internal'],
    ['half.example'],
    ['inner.example'],
    ['metadata.example'],
    ['mapped.example'],
    ['user@public.example'],
  ])('%s is neither written down nor connected to', async (host) => {
    const guard = guardOf({ purpose, resolve });
    const destination = { purpose, address: PURPOSES[purpose](host) };
    expect(await guard.permits(destination)).toBe(false);
    expect(await failureOf(guard.connect(destination))).toMatch(/^(policy|unreachable)$/);
  });

  test.each([['public.example'], ['unresolved.example'], ['9.9.9.9'], ['[2606:4700:4700::1111]']])(
    '%s may be written down',
    async (host) => {
      const destination = { purpose, address: PURPOSES[purpose](host) };
      expect(await guardOf({ purpose, resolve }).permits(destination)).toBe(true);
    },
  );

  test.each([
    ['22', false],
    ['25', false],
    ['1023', false],
    ['1024', true],
    ['65535', true],
  ])('port %s of a public place: %s', async (port, may) => {
    const address = PURPOSES[purpose]('public.example').replace(/:\d+/, `:${port}`);
    expect(await guardOf({ purpose, resolve }).permits({ purpose, address })).toBe(may);
  });

  test.each([
    ['inner.example', 'inner.example', true],
    ['inner.example.', 'INNER.example', true],
    ['inner.example', '192.168.0.0/16', true],
    ['inner.example', '192.168.1.7', true],
    ['192.168.1.7', '192.168.0.0/16', true],
    ['[::ffff:192.168.1.7]', '192.168.0.0/16', true],
    ['[fd00::7]', '[fd00::/8]', true],
    ['inner.example', '10.0.0.0/8', false],
    ['inner.example', 'other.example', false],
    ['evil.inner.example', 'inner.example', true], // it does not resolve; a connection decides
    ['half.example', '10.0.0.0/8', true],
  ])('%s beside a list of %s: %s', async (host, entry, may) => {
    const { port } = new URL(PURPOSES[purpose](host).replace('mllp:', 'https:'));
    const destination = { purpose, address: PURPOSES[purpose](host) };
    for (const [suffix, expected] of [
      ['', may],
      [`:${port}`, may],
      [':*', may],
    ] as const) {
      const guard = guardOf({ purpose, resolve, allowList: [`${entry}${suffix}`] });
      expect([suffix, await guard.permits(destination)]).toEqual([suffix, expected]);
    }
    const elsewhere = guardOf({ purpose, resolve, allowList: [`${entry}:9`] });
    expect(await elsewhere.permits(destination)).toBe(host.startsWith('evil'));
  });
});

test.each([
  ['::1', true],
  ['fd00::/8', true],
  ['[::1]:*', true],
  ['host', true],
  ['host:1', true],
  ['http://host', true],
  ['host/path', false],
  ['10.0.0.0/99', false],
  ['ftp://host', false],
  ['*', true],
  ['', false],
])('(directory DR40) "%s" as an entry of a list: %s', (entry, is) => {
  expect(parseAllowed(entry, 'rest-hook') !== undefined).toBe(is);
});

test.each([
  ['rest-hook', 'http://public.example:8080/', false],
  ['jwks', 'http://public.example:8080/', false],
  ['rest-hook', 'https://public.example/', true],
  ['rest-hook', 'ftp://public.example/', false],
  ['rest-hook', 'mllp://public.example:2575', false],
  ['hl7v2-mllp', 'https://public.example:2575', false],
  ['hl7v2-mllp', 'mllps://public.example:2575', true],
  ['hl7v2-mllp', 'mllp://public.example', false],
  ['hl7v2-mllp', 'mllp:', false],
  ['hl7v2-mllp', 'elsewhere', false],
] as const)('(directory DR40) %s: %s may be named: %s', async (purpose, address, may) => {
  expect(await guardOf({ purpose, resolve }).permits({ purpose, address })).toBe(may);
});

test('(directory DR40) without TLS, public places can be left out', async () => {
  const guard = guardOf({ purpose: 'hl7v2-mllp', resolve, plainToPublic: false });
  const permits = (address: string) => guard.permits({ purpose: 'hl7v2-mllp', address });
  expect(await permits('mllp://public.example:2575')).toBe(false);
  expect(await permits('mllps://public.example:2575')).toBe(true);
});

describe('(directory DR40, DR42) connections', () => {
  let server: Server;
  let port: number;
  let arrived = 0;

  beforeAll(async () => {
    server = createServer((socket) => {
      arrived += 1;
      socket.destroy();
    });
    await new Promise<void>((listening) => {
      server.listen(0, '127.0.0.1', listening);
    });
    port = (server.address() as AddressInfo).port; // it listens
  });
  afterAll(() => void server.close());

  test('a name that is public first and inside later is judged at each connection', async () => {
    const answers = [['1.1.1.1'], ['127.0.0.1']];
    const guard = guardOf({ purpose: 'hl7v2-mllp', resolve: async () => answers.shift() ?? ['127.0.0.1'] });
    const destination = { purpose: 'hl7v2-mllp', address: `mllp://flips.example:${port}` } as const;
    expect(await guard.permits(destination)).toBe(true);
    expect(await failureOf(guard.connect(destination))).toBe('policy');
    expect(arrived).toBe(0);
  });

  test('(directory DR43) an open and a closed inner port answer alike', async () => {
    const guard = guardOf({ purpose: 'hl7v2-mllp' });
    const at = (asked: number) =>
      failureOf(guard.connect({ purpose: 'hl7v2-mllp', address: `mllp://127.0.0.1:${asked}` }));
    expect([await at(port), await at(9)]).toEqual(['policy', 'policy']);
    expect(arrived).toBe(0);
  });

  test('a listed place is connected to under the name that was listed', async () => {
    const guard = guardOf({
      purpose: 'hl7v2-mllp',
      allowList: ['engine.example'],
      resolve: async () => ['127.0.0.1'],
    });
    const socket = await guard.connect({ purpose: 'hl7v2-mllp', address: `mllp://engine.example:${port}` });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.destroy();
  });
});

test('(directory DR40) a redirect is an answer and not followed', async () => {
  const inner = await openReceiver([answer(200)]);
  const outer = await openReceiver([answer(302, { location: `http://127.0.0.1:${inner.port}/` })]);
  const http = httpOf({ allowList: [`127.0.0.1:${outer.port}`] });
  const { status } = await http.send(new URL(`http://127.0.0.1:${outer.port}/`), {
    method: 'GET',
    headers: [],
    signal: AbortSignal.timeout(5000),
    responseBytesMax: 1024,
  });
  expect([status, inner.received.length]).toEqual([302, 0]);
  await Promise.all([http.close(), inner.close(), outer.close()]);
});

test('(directory DR43) so many new addresses of an organization in a day; known ones and other days are free', async () => {
  let now = Date.parse('2026-03-01T23:00:00Z');
  const admit = createAdmitAddress(guardOf({ resolve }), { now: () => now }, { newAddressesMax: 2 });
  const name = (host: string, by: `Organization/${string}` | 'nobody' = 'Organization/a') =>
    admit({ purpose: 'rest-hook', address: `https://${host}/` }, by === 'nobody' ? undefined : by);
  expect(await name('one.example')).toBe('admitted');
  expect(await name('inner.example')).toBe('not-allowed');
  expect(await name('three.example')).toBe('too-many');
  expect(await name('one.example')).toBe('admitted');
  expect(await name('three.example', 'Organization/b')).toBe('admitted');
  expect(await name('three.example', 'nobody')).toBe('admitted');
  now += 2 * 60 * 60 * 1000;
  expect(await name('three.example')).toBe('admitted');
});
