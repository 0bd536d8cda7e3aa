/** The versions of TLS that the ports of this server take (baa-messaging MS13; harmony Z28). */
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { listen } from '../../../src/http/listen.ts';
import { createMllpRail, listeningOf } from '../../../src/rails/hl7v2-mllp/index.ts';
import { readConfig, warningsOf } from '../../../src/server/config.ts';
import { LISTENING } from '../fhir-http/door.ts';
import { initiatorLink } from '../hl7v2-mllp/linked.ts';
import { shakeHands } from '../../tls-shake.ts';
import { openPort, talkTo } from '../../unit/rails/direct/smtp-world.ts';

type Lowest = '1.3' | '1.2';

const pathOf = (name: string): string => join(import.meta.dirname, '../../fixtures/tls', name);
const [cert, key] = [pathOf('server.cert.pem'), pathOf('server.key.pem')];

interface Port {
  readonly port: number;
  /** A socket at which the handshake begins. */
  readonly begin: () => Promise<ConnectionOptions>;
  readonly close: () => Promise<unknown>;
}

const MLLP_SETTINGS = {
  messageBytesMax: 1_000_000,
  messageTimeoutMs: 1000,
  idleTimeoutMs: 0,
  unreadBytesMax: 1_000_000,
  connectionsMax: 5,
  connectionsPerPeerMax: 5,
  heldBytesMax: 4_000_000,
  connect: () => Promise.reject(new Error('nothing is sent')),
  replyBytesMax: 1_000_000,
  drainMs: 100,
};

const PORTS: Readonly<Record<string, (lowest: Lowest) => Promise<Port>>> = {
  async http(lowest) {
    const settings = { ...LISTENING, tlsCert: cert, tlsKey: key, tlsMinVersion: lowest };
    const listener = await listen(settings, { inFlight: 0, draining: false });
    return plainly(listener.port, () => listener.drain(100));
  },
  async mllp(lowest) {
    const rail = createMllpRail({
      listening: [listeningOf({ port: 0, tls: { cert, key }, links: [initiatorLink()] }, 'test')],
      clock: { now: () => Date.now() },
      newControlId: () => 'never asked for',
      log: () => undefined,
      settings: { ...MLLP_SETTINGS, tlsMinVersion: lowest },
    });
    const [open] = await rail.listen(
      () => Promise.reject(new Error('nothing is received')),
      () => Promise.resolve(undefined),
    );
    return plainly(open?.port ?? 0, async () => rail.close());
  },
  async smtp(lowest) {
    const certificate = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
    const port = await openPort({ certificate, settings: { tlsMinVersion: lowest } });
    const begin = async (): Promise<ConnectionOptions> => {
      const talk = await talkTo(port.port);
      await talk.say('EHLO peer.example.org');
      expect(await talk.say('STARTTLS')).toMatch(/^220/);
      talk.socket.removeAllListeners('data');
      return { socket: talk.socket };
    };
    return { port: port.port, begin, close: () => port.close() };
  },
};

const plainly = (port: number, close: () => Promise<unknown>): Port => ({
  port,
  begin: async () => ({ socket: connectPlain({ port, host: '127.0.0.1' }) }),
  close,
});

const shake = async ({ begin }: Port, version: SecureVersion): Promise<string> =>
  shakeHands(await begin(), version);

const VERSIONS: readonly SecureVersion[] = ['TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

describe.each(Object.keys(PORTS))('at a port of %s', (name) => {
  test.each<[Lowest, readonly string[]]>([
    ['1.3', ['refused', 'refused', 'TLSv1.3']],
    ['1.2', ['refused', 'TLSv1.2', 'TLSv1.3']],
  ])('the lowest version is %s (baa-messaging MS13)', async (lowest, expected) => {
    const port = await PORTS[name]?.(lowest);
    if (port === undefined) throw new Error(`no port ${name}`);
    const shaken: string[] = [];
    for (const version of VERSIONS) shaken.push(await shake(port, version));
    await port.close();
    expect(shaken).toEqual(expected);
  });
});

test('1.3 is the default, and 1.2 warns by name at each start', () => {
  const warned = (argv: readonly string[]) =>
    warningsOf(readConfig(argv, {})).filter((line) => line.startsWith('tlsMinVersion'));
  expect(readConfig([], {}).tlsMinVersion).toBe('1.3');
  expect(warned([])).toEqual([]);
  expect(warned(['--tls-min-version', '1.2'])).toHaveLength(1);
});
