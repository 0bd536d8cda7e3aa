/**
 * Trust and discovery as the settings put them together: real name server, lists over HTTP and a directory, all on loopback
 * and our own (direct-xdm 4, 5, 13).
 */
import { createPrivateKey } from 'node:crypto';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Answer } from 'dns-packet';
import { importAnchors, importKey } from '../../../src/delivery/direct-administer.ts';
import { FOUND_KIND, keyOfFound, keyOfList, LIST_KIND } from '../../../src/delivery/direct-records.ts';
import { createLog, createWarnings } from '../../../src/http/log.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import { composeDirectTrust, type ComposedTrust } from '../../../src/server/compose-direct-trust.ts';
import { createOutgoing } from '../../../src/server/compose-outgoing.ts';
import { start } from '../../../src/server/compose.ts';
import { readConfig } from '../../../src/server/config.ts';
import { createKeyFiles } from '../../../src/server/direct-key-files.ts';
import { openWorld, type World } from '../../contract/delivery-world.ts';
import { authority, endEntity, listOf, type Issued } from '../../direct-authority.ts';
import { openDirectory } from '../../direct-directory.ts';
import { openNameServer, replyTo } from '../../direct-name-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'closeloop-composed-'));
const lines: string[] = [];
const clock = { now: () => Date.now() };
const log = createLog('debug', (text) => void lines.push(text), clock.now);
const OWN = 'direct.tarn.example.org';
const FROM = `intake@${OWN}` as const;
const signal = new AbortController().signal;
const closing: (() => Promise<unknown>)[] = [];

let world: World;
let composed: ComposedTrust;
let metrics: ReturnType<typeof createMetrics>;
const ca = authority();
const own = endEntity(ca);
const pages = new Map<string, Uint8Array>();
const zone = new Map<string, readonly Answer[]>();
const asked: string[] = [];
let lists = '';

/** A certificate of a peer whose list is at a path of this machine. */
const peer = (domain: string, path: string): Issued =>
  endEntity(ca, { san: `DNS:${domain}`, more: [`crlDistributionPoints=URI:${lists}${path}`] });

const publish = (domain: string, { certificate }: Issued): void => {
  const data = Buffer.concat([Buffer.from([0, 1, 0, 0, 0]), certificate.raw]);
  zone.set(`CERT ${domain}`, [{ type: 'CERT', class: 'IN', name: domain, ttl: 60, data } as Answer]); // the package knows no such type
};

beforeAll(async () => {
  const http = createServer((request, response) => {
    const page = pages.get(request.url ?? '');
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  lists = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const names = await openNameServer((query, { type, name }) => {
    asked.push(`${type} ${name}`);
    return [replyTo(query, { answers: [...(zone.get(`${type} ${name}`) ?? [])] })];
  });
  world = await openWorld();
  const config = readConfig(
    [
      '--direct-keys',
      join(folder, 'keys'),
      '--direct-name-servers',
      `127.0.0.1:${names.port}`,
      '--direct-allow-list',
      '127.0.0.0/8',
    ],
    {},
    'command',
  );
  metrics = createMetrics({ status: () => world.store.status(), inFlight: () => 0, now: clock.now });
  const outgoing = createOutgoing(config, [], clock);
  const warnings = createWarnings(log, 1000, clock.now);
  composed = composeDirectTrust({
    config,
    folder: join(folder, 'keys'),
    store: world.store,
    outgoing,
    log,
    warnings,
    metrics,
  });
  closing.push(
    () => composed.close(),
    () => names.close(),
    () => new Promise((resolve) => http.close(resolve)),
    () => world.close(),
  );
  const administer = {
    store: world.store,
    clock,
    agent: { organization: '', client: 'admin', subject: 'root' },
  } as const;
  await importAnchors(administer, { owner: OWN, certificates: [ca.certificate], in: true, out: true });
  const privateKey = createPrivateKey(readFileSync(own.keyFile));
  const file = () => createKeyFiles(join(folder, 'keys')).write(privateKey, own.certificate.fingerprint256);
  await importKey(administer, { owner: OWN, certificates: [own.certificate], privateKey, file });
});
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true });
});

const find = async (to: `${string}@${string}`) =>
  composed.discovery.find(to, await composed.trust.anchorsFor(FROM, 'out'), [], clock.now(), signal);

test('a certificate is found in DNS, its list fetched, and both are remembered (direct-xdm 5, 10)', async () => {
  const [domain, to] = ['direct.alder.example.org', 'desk@direct.alder.example.org'] as const;
  const alder = peer(domain, '/alder.crl');
  publish(domain, alder);
  pages.set('/alder.crl', listOf(ca));
  expect(await find(to)).toMatchObject({
    source: 'dns',
    certificate: { fingerprint256: alder.certificate.fingerprint256 },
  });
  expect(await find(to)).toMatchObject({ source: 'address-book' });
  expect(asked).toEqual([`CERT desk.${domain}`, `CERT ${domain}`]);
  const snapshot = world.store.snapshot();
  expect((await snapshot.record(FOUND_KIND, keyOfFound(domain, true)))?.body).toMatchObject({
    source: 'dns',
    result: 'trusted',
  });
  expect(
    (await snapshot.record(LIST_KIND, keyOfList(`${lists}/alder.crl`, ca.certificate)))?.body,
  ).not.toHaveProperty('failingSince');
});

test('one that was revoked is 5.7.11 (direct-xdm 6, 14)', async () => {
  const [domain, to] = ['direct.birch.example.org', 'desk@direct.birch.example.org'] as const;
  const revoked = peer(domain, '/birch.crl');
  publish(domain, revoked);
  pages.set('/birch.crl', listOf(ca, { revoked: [{ certificate: revoked }] }));
  expect(await find(to)).toEqual({ failure: '5.7.11', faults: ['revoked'], isTemporary: false });
});

test('none at all is 5.7.31 (direct-xdm 6)', async () => {
  expect(await find('desk@direct.nowhere.example.org')).toEqual({
    failure: '5.7.31',
    faults: [],
    isTemporary: false,
  });
});

test('a directory that DNS names is asked last (direct-xdm 5)', async () => {
  const [domain, to] = ['direct.ash.example.org', 'desk@direct.ash.example.org'] as const;
  const [foreign, well] = [
    endEntity(ca, { san: 'DNS:direct.other.example.org' }),
    endEntity(ca, { san: `email:${to}` }),
  ];
  publish(domain, foreign);
  const directory = await openDirectory(({ base, value }) =>
    base === ''
      ? { entries: [{ dn: '', attributes: { namingContexts: ['o=ash'] } }] }
      : {
          entries:
            value === to
              ? [{ dn: 'o=ash', attributes: { 'userCertificate;binary': [well.certificate.raw] } }]
              : [],
        },
  );
  closing.unshift(() => directory.close());
  const data = { target: '127.0.0.1', port: directory.port, priority: 0, weight: 0 };
  zone.set(`SRV _ldap._tcp.${domain}`, [{ type: 'SRV', name: `_ldap._tcp.${domain}`, ttl: 60, data }]);
  expect(await find(to)).toMatchObject({
    source: 'ldap',
    certificate: { fingerprint256: well.certificate.fingerprint256 },
  });
});

test('our key signs, and its expiry is a metric (direct-xdm 11)', async () => {
  const key = await composed.trust.signerFor(FROM, clock.now());
  expect(key?.certificate.fingerprint256).toBe(own.certificate.fingerprint256);
  await composed.jobs.warnOfExpiry(signal);
  expect(await metrics.render()).toContain(
    `closeloop_direct_certificate_expiry_timestamp_seconds{kind="key",owner="${OWN}",fingerprint="${own.certificate.fingerprint256}"} 2051222400`,
  );
});

test('a server with a folder of keys starts, and its jobs look after trust', async () => {
  const data = join(folder, 'data');
  const running = await start(
    readConfig(['--demo', '--port', '0', '--data-dir', data, '--direct-keys', join(folder, 'keys')], {}),
    log,
  );
  const answer = await fetch(`http://127.0.0.1:${running.port}/metrics`);
  const text = await answer.text();
  await running.stop();
  for (const job of ['direct-bundles', 'direct-lists', 'direct-expiry'])
    expect(text).toContain(`job="${job}"`);
});
