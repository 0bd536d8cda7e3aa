/** MLLP over TLS, who may speak is who can show the right one. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { listeningOf } from '../../../src/rails/hl7v2-mllp/index.ts';
import { initiatorLink, openLinked, openWire, order, saysOf, type Linked } from './linked.ts';

/** A CA, three that it certified, and two that certified themselves. */
const pathOf = (name: string): string => join(import.meta.dirname, '../../fixtures/tls', name);

const fingerprintOf = (name: string): string =>
  new X509Certificate(readFileSync(pathOf(`${name}.cert.pem`))).fingerprint256;

/** How a peer introduces itself. */
const as = (name?: string): ConnectionOptions =>
  name === undefined
    ? {}
    : { cert: readFileSync(pathOf(`${name}.cert.pem`)), key: readFileSync(pathOf(`${name}.key.pem`)) };

/** A link that is known by this certificate alone. */
const byCertificate = (name: string) =>
  initiatorLink({ name, addresses: [], certificates: [fingerprintOf(name)] });

let server: Linked;

beforeAll(async () => {
  const own = { cert: pathOf('server.cert.pem'), key: pathOf('server.key.pem') };
  const mutual = { ...own, ca: pathOf('ca.cert.pem') };
  server = await openLinked([
    { tls: own, links: [initiatorLink({ name: 'by-address' })] },
    { tls: mutual, links: [initiatorLink({ name: 'by-ca' })] },
    { tls: mutual, links: [byCertificate('engine')] },
    { tls: own, links: [byCertificate('pinned')] },
  ]);
});
afterAll(async () => {
  await server.close();
});

/** What a peer is told at a port; '' when it is turned away. */
async function speak(index: number, id: string, who: ConnectionOptions): Promise<string> {
  const port = server.ports[index] ?? 0;
  const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(pathOf('ca.cert.pem')), ...who });
  const wire = await openWire(port, socket);
  wire.send(order({ id }));
  const answer = wire.answers(1);
  await Promise.race([answer, wire.closed]);
  wire.close();
  const [text = ''] = await wire.answers();
  return saysOf(text).trim();
}

describe('at a port with', () => {
  test.each<[what: string, port: number, who: string | undefined, heard: boolean]>([
    ['TLS, a peer without a certificate', 0, undefined, true],
    ['a CA, a peer of that CA', 1, 'engine', true],
    ['a CA, a peer without a certificate', 1, undefined, false],
    ['a CA, a peer with a certificate of its own making', 1, 'unknown', false],
    ['a CA and a certificate, the peer that has it', 2, 'engine', true],
    ['a CA and a certificate, another peer of the CA', 2, 'other', false],
    ['a certificate alone, the peer that has it', 3, 'pinned', true],
    ['a certificate alone, another peer', 3, 'unknown', false],
    ['a certificate alone, a peer without any', 3, undefined, false],
  ])('%s', async (_what, port, who, heard) => {
    const id = `TLS-${port}-${who ?? 'none'}`;
    expect(await speak(port, id, as(who))).toBe(heard ? `AA ${id}` : '');
    const found = await server.search('administrator', `ServiceRequest?identifier=R-${id}`);
    expect(found).toHaveLength(heard ? 1 : 0);
  });

  test('TLS, a peer that speaks plainly is turned away, and the next one heard', async () => {
    const [port = 0] = server.ports;
    const wire = await openWire(port, connectPlain({ host: '127.0.0.1', port }));
    wire.send(order({ id: 'PLAIN-1' }));
    await wire.closed;
    expect(await wire.answers()).toEqual([]);
    expect(await speak(0, 'PLAIN-2', as())).toBe('AA PLAIN-2');
  });
});

type Raw = Readonly<Record<string, unknown>>;
const link = (more: Raw): Raw => ({ links: [initiatorLink(more)] });
describe('settings that would let in the wrong peers keep the server from starting', () => {
  test.each<[string, Raw, string]>([
    ['beyond loopback without TLS', { host: '0.0.0.0', ...link({}) }, 'without tls'],
    ['a link that is known by nothing', link({ addresses: [] }), 'it has neither'],
    ['a certificate without TLS', link({ certificates: ['ab'.repeat(32)] }), 'no tls'],
    [
      'a fingerprint that is none',
      { tls: {}, ...link({ certificates: ['ab'] }) },
      'not a SHA-256 fingerprint',
    ],
    ['an address that is none', link({ addresses: ['engine.example.org'] }), 'is not an address or network'],
    [
      'a sender that is no organization',
      link({ senders: [{ facility: '1', organization: 'x' }] }),
      'not an Organization/id',
    ],
    ['a word that is none of the option', link({ acknowledge: 'sometimes' }), 'acknowledge'],
    ['an option that there is not', link({ acknowlege: 'always' }), 'acknowlege'],
    ['a port that is none', { port: 'mllp', ...link({}) }, 'port'],
  ])('%s', (_what, entry, says) => {
    expect(() => listeningOf(entry, 'links.json[0]')).toThrow(says);
  });

  test('beyond loopback without TLS is taken when it is said to be meant', () => {
    expect(listeningOf({ host: '0.0.0.0', plain: true, ...link({}) }, 'links.json[0]').host).toBe('0.0.0.0');
  });
});
