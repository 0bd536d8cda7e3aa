/**
 * Trust as it changes: anchors for each domain, bundles that are refreshed, lists that come and go, keys that follow each
 * other, on a real store and over real HTTP (direct-xdm 4, 10, 11, 14).
 */
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createAddressBook } from '../../../src/delivery/direct-address-book.ts';
import {
  addBundle,
  importAnchors,
  importFound,
  importIntermediates,
  importKey,
  removeTrust,
  type AdministerParts,
} from '../../../src/delivery/direct-administer.ts';
import { refreshBundles } from '../../../src/delivery/direct-bundles.ts';
import { createRevocationLists, type FetchBytes } from '../../../src/delivery/direct-lists.ts';
import { BUNDLE_KIND, keyOfBundle, type BundleRow } from '../../../src/delivery/direct-records.ts';
import { createDirectTrust } from '../../../src/delivery/direct-trust.ts';
import { checkCertificate } from '../../../src/direct/certificates/check-certificate.ts';
import { ConnectionFailed, type ConnectionPurpose } from '../../../src/ports/outgoing.ts';
import type { DirectAddress } from '../../../src/ports/direct.ts';
import { warnOfExpiry } from '../../../src/server/direct-expiry.ts';
import { createKeyFiles } from '../../../src/server/direct-key-files.ts';
import { httpOf } from '../../guarded.ts';
import { fakeTime } from '../../fake-time.ts';
import { openWorld, type World } from '../../contract/delivery-world.ts';
import { authority, endEntity, freshFile, issue, listOf, RSA, type Issued } from '../../direct-authority.ts';

const TLS = join(import.meta.dirname, '../../fixtures/tls');
const START = Date.parse('2026-11-30T12:00:00Z');
const HOUR = 3600_000;
const DAY = 24 * HOUR;
const TARN: DirectAddress = 'intake@direct.tarn.example.org';
const ALDER: DirectAddress = 'intake@direct.alder.example.org';
const [TARN_DOMAIN, ALDER_DOMAIN] = ['direct.tarn.example.org', 'direct.alder.example.org'];
const BOTH = { in: true, out: true };
const never = new AbortController().signal;

let time = fakeTime(START);
let world: World;
let administer: AdministerParts;
const folder = mkdtempSync(join(tmpdir(), 'closeloop-keys-'));
const files = createKeyFiles(folder);
const servers: Server[] = [];
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  time = fakeTime(START);
  world = await openWorld({ clock: time });
  administer = {
    store: world.store,
    clock: time,
    agent: { organization: '', client: 'admin', subject: 'root' },
  };
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await world.close();
});

/** What is served, by path; absent: 404. Over TLS by a name that the guard resolves to this machine. */
async function serve(
  pages: Map<string, Uint8Array>,
  tls = false,
): Promise<{ readonly base: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const listen = (
    request: { url?: string | undefined },
    response: { writeHead(status: number): unknown; end(body?: Uint8Array): unknown },
  ) => {
    asked.push(request.url ?? '');
    const page = pages.get(request.url ?? '');
    response.writeHead(page === undefined ? 404 : 200);
    response.end(page);
  };
  const server = tls
    ? createTlsServer(
        {
          key: readFileSync(join(TLS, 'receiver.key.pem')),
          cert: readFileSync(join(TLS, 'receiver.cert.pem')),
        },
        listen,
      )
    : createServer(listen);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { base: tls ? `https://receiver.test:${port}` : `http://127.0.0.1:${port}`, asked };
}

function fetchFor(purpose: ConnectionPurpose): FetchBytes {
  const ca = readFileSync(join(TLS, 'receiver.cert.pem'), 'utf8');
  const resolve = () => Promise.resolve(['127.0.0.1']);
  const http = httpOf({ purpose, allowList: ['127.0.0.0/8'], resolve, ca });
  return async (url, signal) => {
    const { status, bytes } = await http.send(
      new URL(url),
      { method: 'GET', headers: [], signal, responseBytesMax: 4_000_000 },
      true,
    );
    if (status !== 200) throw new ConnectionFailed('refused');
    return bytes;
  };
}

function trustOf(graceMs = DAY) {
  const lists = createRevocationLists({
    store: world.store,
    clock: time,
    fetchBytes: fetchFor('direct-list'),
  });
  const readKey = (file: string) => {
    try {
      return files.read(file);
    } catch {
      return undefined;
    }
  };
  return { lists, trust: createDirectTrust({ store: world.store, readKey, lists, graceMs }) };
}

async function judge(
  leaf: Issued,
  to: DirectAddress,
  from: DirectAddress,
  trust: ReturnType<typeof trustOf>['trust'],
) {
  const anchors = await trust.anchorsFor(to, 'in');
  const material = { leaf: leaf.certificate, intermediates: await trust.intermediatesFor(to) };
  const revocation = await trust.revocationFor(material, anchors, time.now(), never);
  return checkCertificate(material, from, 'sign', anchors, time.now(), revocation);
}

const own = (key: Issued, owner: string) => {
  const privateKey = createPrivateKey(readFileSync(key.keyFile));
  const file = () => files.write(privateKey, key.certificate.fingerprint256);
  return importKey(administer, { owner, certificates: [key.certificate], privateKey, file });
};

const trusts = (owner: string, anchor: Issued, directions = BOTH) =>
  importAnchors(administer, { owner, certificates: [anchor.certificate], ...directions });

describe('anchors belong to a domain or an address, and to a direction (direct-xdm 4)', () => {
  const [one, other] = [authority(), authority()];
  const sender: DirectAddress = 'desk@direct.birch.example.org';
  const leaf = endEntity(one, { san: 'DNS:direct.birch.example.org' });

  test('two domains with different anchors', async () => {
    await trusts(TARN_DOMAIN, one);
    await trusts(ALDER_DOMAIN, other);
    const { trust } = trustOf();
    expect(await judge(leaf, TARN, sender, trust)).toBeUndefined();
    expect(await judge(leaf, ALDER, sender, trust)).toBe('untrusted');
    expect(await judge(leaf, 'intake@direct.other.example.org', sender, trust)).toBe('untrusted');
  });

  test('who may write is not whom one writes to', async () => {
    await trusts(TARN_DOMAIN, one, { in: true, out: false });
    const { trust } = trustOf();
    expect(await trust.anchorsFor(TARN, 'in')).toHaveLength(1);
    expect(await trust.anchorsFor(TARN, 'out')).toEqual([]);
  });

  test('an address with anchors of its own does not trust those of its domain', async () => {
    await trusts(TARN_DOMAIN, one);
    await trusts(TARN, other);
    const { trust } = trustOf();
    expect(await judge(leaf, TARN, sender, trust)).toBe('untrusted');
    expect(await judge(leaf, `desk@${TARN_DOMAIN}`, sender, trust)).toBeUndefined();
  });

  test('an address whose own bundle was not fetched yet trusts nobody (direct-xdm 4)', async () => {
    await trusts(TARN_DOMAIN, one);
    const url = 'https://bundles.example.org/tarn.p7b';
    await addBundle(administer, { owner: TARN, url, signer: undefined, in: true, out: false });
    const { trust } = trustOf();
    expect(await judge(leaf, TARN, sender, trust)).toBe('untrusted');
    // Nothing of its own says to whom it writes.
    expect(await trust.anchorsFor(TARN, 'out')).toHaveLength(1);
  });

  test('an authority between is known, and trusted below an anchor alone', async () => {
    const between = authority({ issuer: one });
    const below = endEntity(between, { san: 'DNS:direct.birch.example.org' });
    const { trust } = trustOf();
    await importIntermediates(administer, { owner: TARN_DOMAIN, certificates: [between.certificate] });
    expect(await judge(below, TARN, sender, trust)).toBe('untrusted');
    await trusts(TARN_DOMAIN, one);
    expect(await judge(below, TARN, sender, trust)).toBeUndefined();
  });

  test('an anchor that was removed is trusted no more, at once', async () => {
    await trusts(TARN_DOMAIN, one);
    const { trust } = trustOf();
    expect(await judge(leaf, TARN, sender, trust)).toBeUndefined();
    await removeTrust(administer, 'anchor', TARN_DOMAIN, one.certificate.fingerprint256);
    expect(await judge(leaf, TARN, sender, trust)).toBe('untrusted');
  });

  test('each change is an audited commit', async () => {
    await trusts(TARN_DOMAIN, one);
    const rows = await world.store.snapshot().audit({ viewer: undefined, names: [], count: 10 });
    expect(rows[0]?.entry).toMatchObject({
      event: 'admin',
      query: expect.stringContaining('direct import-anchor direct.tarn.example.org'),
    });
  });
});

describe('bundles (direct-xdm 4)', () => {
  const [one, other] = [authority(), authority()];
  const publisher = issue({ key: RSA, extensions: ['keyUsage=digitalSignature'] });

  function bundleOf(...certificates: readonly Issued[]): Uint8Array {
    const [pem, bundle] = [freshFile('pem'), freshFile('p7b')];
    writeFileSync(pem, certificates.map(({ certificate }) => certificate.toString()).join('\n'));
    execFileSync('openssl', ['crl2pkcs7', '-nocrl', '-certfile', pem, '-outform', 'DER', '-out', bundle]);
    return readFileSync(bundle);
  }
  function signedBundle(bundle: Uint8Array, signer: Issued): Uint8Array {
    const [inner, out] = [freshFile('p7b'), freshFile('p7m')];
    writeFileSync(inner, bundle);
    const keys = ['-signer', signer.certificateFile, '-inkey', signer.keyFile];
    execFileSync('openssl', [
      'cms',
      '-sign',
      '-binary',
      '-nodetach',
      '-outform',
      'DER',
      '-in',
      inner,
      '-out',
      out,
      ...keys,
    ]);
    return readFileSync(out);
  }

  async function bundleWorld(signer?: Issued) {
    const pages = new Map<string, Uint8Array>();
    const { base, asked } = await serve(pages, true);
    const url = `${base}/anchors`;
    await addBundle(administer, { owner: TARN_DOMAIN, url, signer: signer?.certificate, ...BOTH });
    const warned: string[] = [];
    const parts = {
      store: world.store,
      clock: time,
      fetchBytes: fetchFor('direct-bundle'),
      warn: (_: string, failure: string) => void warned.push(failure),
    };
    const refresh = async () => {
      await refreshBundles(parts, never);
      const record = await world.store
        .snapshot()
        .record(BUNDLE_KIND, keyOfBundle({ owner: TARN_DOMAIN, url }));
      return record?.body as BundleRow;
    };
    return { pages, asked, warned, refresh, put: (page: Uint8Array) => void pages.set('/anchors', page) };
  }

  const printsOf = async (trust: ReturnType<typeof trustOf>['trust']) =>
    (await trust.anchorsFor(TARN, 'in')).map(({ fingerprint256 }) => fingerprint256).toSorted();
  const prints = (...all: readonly Issued[]) =>
    all.map(({ certificate }) => certificate.fingerprint256).toSorted();

  test('are fetched once a day, and an anchor that is gone from one is trusted no more', async () => {
    const { put, asked, refresh } = await bundleWorld();
    const { trust } = trustOf();
    put(bundleOf(one, other));
    await refresh();
    expect(await printsOf(trust)).toEqual(prints(one, other));
    put(bundleOf(other));
    time.pass(DAY - 1);
    await refresh();
    expect(asked).toHaveLength(1);
    expect(await printsOf(trust)).toEqual(prints(one, other));
    time.pass(1);
    await refresh();
    expect(await printsOf(trust)).toEqual(prints(other));
  });

  test.each<[what: string, page: () => Uint8Array | undefined, failure: string]>([
    ['empties the set', () => bundleOf(endEntity(one)), 'empty'],
    ['is no bundle', () => Buffer.from('<html>'), 'unreadable'],
    ['is signed, by whom nobody said', () => signedBundle(bundleOf(other), publisher), 'signer-missing'],
    ['is not there', () => undefined, 'refused'],
  ])('one that %s is refused: the last one stays', async (_what, page, failure) => {
    const { put, pages, warned, refresh } = await bundleWorld();
    const { trust } = trustOf();
    put(bundleOf(one));
    await refresh();
    const next = page();
    if (next === undefined) pages.clear();
    else put(next);
    time.pass(DAY);
    expect(await refresh()).toMatchObject({ failure });
    expect(await printsOf(trust)).toEqual(prints(one));
    expect(warned).toEqual([failure]);
    put(bundleOf(other));
    expect((await refresh()).failure).toBeUndefined();
    expect(await printsOf(trust)).toEqual(prints(other));
  });

  test('one with a signer is taken from that signer alone', async () => {
    const { put, refresh } = await bundleWorld(publisher);
    const { trust } = trustOf();
    put(signedBundle(bundleOf(one), publisher));
    expect((await refresh()).failure).toBeUndefined();
    for (const page of [
      signedBundle(bundleOf(other), issue({ extensions: ['keyUsage=digitalSignature'] })),
      bundleOf(other),
    ]) {
      put(page);
      time.pass(DAY);
      expect((await refresh()).failure).toMatch(/^(wrong-signer|unsigned)$/);
      expect(await printsOf(trust)).toEqual(prints(one));
    }
  });

  test('one that is not reached is asked for again, and written down once', async () => {
    const { refresh, warned } = await bundleWorld();
    const first = await refresh();
    const { seq } = world.store.status();
    expect(await refresh()).toEqual(first);
    expect(first).toMatchObject({ failure: 'refused', anchors: [] });
    expect(warned).toEqual(['refused']);
    expect(world.store.status().seq).toBe(seq);
  });
});

describe('lists of revoked certificates (direct-xdm 4)', () => {
  const sender: DirectAddress = 'desk@direct.birch.example.org';

  async function listWorld(graceMs?: number) {
    const pages = new Map<string, Uint8Array>();
    const { base, asked } = await serve(pages);
    const ca = authority();
    const leaf = endEntity(ca, {
      san: 'DNS:direct.birch.example.org',
      more: [`crlDistributionPoints=URI:${base}/ca.crl`],
    });
    await trusts(TARN_DOMAIN, ca);
    const { trust, lists } = trustOf(graceMs);
    return {
      asked,
      ca,
      leaf,
      lists,
      put: (list: Uint8Array) => void pages.set('/ca.crl', list),
      clear: () => pages.clear(),
      judge: () => judge(leaf, TARN, sender, trust),
    };
  }

  test('one is fetched when it is first asked for, and kept until its next update', async () => {
    const { asked, ca, put, judge: ask } = await listWorld();
    put(listOf(ca, { nextUpdate: '20261202120000Z' }));
    expect([await ask(), await ask(), asked.length]).toEqual([undefined, undefined, 1]);
    time.pass(2 * DAY + 1000);
    put(listOf(ca, { thisUpdate: '20261202110000Z', nextUpdate: '20261209120000Z' }));
    expect([await ask(), asked.length]).toEqual([undefined, 2]);
  });

  test('a revoked certificate is one, also when a list without it comes after an older one', async () => {
    const { ca, leaf, put, lists, judge: ask } = await listWorld();
    put(
      listOf(ca, {
        thisUpdate: '20261130100000Z',
        nextUpdate: '20261130123000Z',
        revoked: [{ certificate: leaf }],
      }),
    );
    expect(await ask()).toBe('revoked');
    put(listOf(ca, { thisUpdate: '20261129100000Z', nextUpdate: '20261230120000Z' }));
    await lists.refresh(never);
    expect(await ask()).toBe('revoked');
  });

  test('a list that cannot be had is waited for for a day, and then the certificate fails', async () => {
    const { judge: ask } = await listWorld();
    expect(await ask()).toBeUndefined();
    time.pass(DAY - 1);
    expect(await ask()).toBeUndefined();
    time.pass(1);
    expect(await ask()).toBe('revocation-unknown');
  });

  test('or at once, where the setting says so', async () => {
    const { judge: ask } = await listWorld(0);
    expect(await ask()).toBe('revocation-unknown');
  });

  test('a place that fails is asked again after ten minutes, and when it is well all is', async () => {
    const { asked, ca, put, lists, judge: ask } = await listWorld(0);
    expect(await ask()).toBe('revocation-unknown');
    put(listOf(ca));
    expect([await ask(), asked.length]).toEqual(['revocation-unknown', 1]);
    time.pass(10 * 60_000);
    expect([await ask(), asked.length]).toEqual([undefined, 2]);
    await lists.refresh(never);
    expect(asked).toHaveLength(2);
  });

  test('the job fetches what lapses within the hour, before a mail must wait', async () => {
    const { asked, ca, put, lists, judge: ask } = await listWorld(0);
    put(listOf(ca, { nextUpdate: '20261130140000Z' }));
    await ask();
    await lists.refresh(never);
    expect(asked).toHaveLength(1);
    time.pass(HOUR);
    put(listOf(ca, { thisUpdate: '20261130130000Z', nextUpdate: '20261207120000Z' }));
    await lists.refresh(never);
    expect(asked).toHaveLength(2);
    time.pass(2 * DAY);
    expect([await ask(), asked.length]).toEqual([undefined, 2]);
  });

  test('what anybody else puts there takes no list away', async () => {
    const { ca, leaf, put, clear, lists, judge: ask } = await listWorld(0);
    put(listOf(ca, { nextUpdate: '20261130123000Z', revoked: [{ certificate: leaf }] }));
    expect(await ask()).toBe('revoked');
    for (const page of [listOf(authority()), Buffer.from('<html>')]) {
      put(page);
      await lists.refresh(never);
      expect(await ask()).toBe('revoked');
    }
    clear();
    await lists.refresh(never);
    expect(await ask()).toBe('revoked');
  });

  test('two authorities that put their lists into one place take nothing from each other', async () => {
    const { base } = await serve(new Map());
    const [one, other] = [authority(), authority()];
    const points = {
      san: 'DNS:direct.birch.example.org',
      more: [`crlDistributionPoints=URI:${base}/ca.crl`],
    };
    await trusts(TARN_DOMAIN, one);
    await trusts(TARN_DOMAIN, other);
    const { trust } = trustOf();
    for (const issuer of [one, other, one]) {
      expect(await judge(endEntity(issuer, points), TARN, sender, trust)).toBeUndefined();
      time.pass(DAY / 4);
    }
    time.pass(DAY);
    expect(await judge(endEntity(one, points), TARN, sender, trust)).toBe('revocation-unknown');
  });

  test('a list is fetched for a chain that leads to an anchor, and for no other: nobody makes the server connect', async () => {
    const { base, asked } = await serve(new Map());
    const leaf = endEntity(authority(), {
      san: 'DNS:direct.birch.example.org',
      more: [`crlDistributionPoints=URI:${base}/a.crl`],
    });
    await trusts(TARN_DOMAIN, authority());
    expect(await judge(leaf, TARN, sender, trustOf().trust)).toBe('untrusted');
    expect(asked).toEqual([]);
  });
});

describe('keys of ours (direct-xdm 4, 11)', () => {
  const ca = authority();

  test('the newest that is valid signs; the old ones stay to decrypt', async () => {
    const old = endEntity(ca, { notBefore: '20250101000000Z', notAfter: '20261201000000Z' });
    const young = endEntity(ca, { notBefore: '20261101000000Z', notAfter: '20270601000000Z' });
    await own(old, TARN_DOMAIN);
    await own(young, TARN_DOMAIN);
    const { trust } = trustOf();
    const named = async () =>
      (await trust.keysFor(TARN)).map(({ certificate }) => certificate.fingerprint256);
    expect(await named()).toEqual([young, old].map(({ certificate }) => certificate.fingerprint256));
    expect((await trust.signerFor(TARN, START))?.certificate.fingerprint256).toBe(
      young.certificate.fingerprint256,
    );
    expect(await trust.signerFor(TARN, Date.parse('2027-06-02T00:00:00Z'))).toBeUndefined();
    expect(await named()).toHaveLength(2);
    expect(await trust.keysFor(ALDER)).toEqual([]);
  });

  test('one for an address goes before that of its domain, and is nobody else’s', async () => {
    const [domain, address] = [endEntity(ca), endEntity(ca, { san: `email:${TARN}` })];
    await own(domain, TARN_DOMAIN);
    await own(address, TARN);
    const { trust } = trustOf();
    expect((await trust.signerFor(TARN, START))?.certificate.fingerprint256).toBe(
      address.certificate.fingerprint256,
    );
    expect((await trust.signerFor(`desk@${TARN_DOMAIN}`, START))?.certificate.fingerprint256).toBe(
      domain.certificate.fingerprint256,
    );
    expect(await trust.keysFor(TARN)).toHaveLength(2);
  });

  test('one whose file is gone is none', async () => {
    const key = endEntity(ca);
    await own(key, TARN_DOMAIN);
    files.remove(`${key.certificate.fingerprint256.replaceAll(':', '').slice(0, 32).toLowerCase()}.pem`);
    expect(await trustOf().trust.keysFor(TARN)).toEqual([]);
  });

  test('warnings come 30, 7 and 1 days before one expires and when it has, once each (direct-xdm 11)', async () => {
    await own(endEntity(ca, { notAfter: '20270115000000Z' }), TARN_DOMAIN);
    await own(endEntity(ca, { notAfter: '20261220000000Z' }), TARN_DOMAIN); // another one lasts longer
    const lines: string[] = [];
    let count = 0;
    const watch = () =>
      warnOfExpiry({
        store: world.store,
        clock: time,
        log: { write: (_, msg, fields) => void lines.push(`${msg} ${String(fields?.['notAfter'])}`) },
        newId: () => `item-${(count += 1)}`,
      });
    const expiry = Date.parse('2027-01-15T00:00:00Z');
    for (const [days, warnings] of [
      [31, 0],
      [30, 1],
      [29, 1],
      [7, 2],
      [2, 2],
      [1, 3],
      [0.5, 3],
      [-1, 4],
      [-30, 4],
    ] as const) {
      time.pass(expiry - days * DAY - time.now());
      await watch().look();
      await watch().look();
      expect([days, lines.length]).toEqual([days, warnings]);
    }
    const item = await world.store.snapshot().read('Task/item-1', { everything: true });
    expect(JSON.parse(item?.text ?? '{}')).toMatchObject({
      status: 'requested',
      code: { coding: [{ code: 'direct-expiry' }] },
    });
    expect(lines.at(-1)).toMatch(/has expired/);
    expect(watch().status()).toEqual([]);
  });
});

describe('the address book (direct-xdm 10)', () => {
  const ca = authority();
  const found = endEntity(ca, { san: `email:${ALDER}` });

  test('remembers what was found and trusted for a day, and longer what nothing newer was found for', async () => {
    const book = createAddressBook({ store: world.store, clock: time });
    await book.note(ALDER, found.certificate, 'dns', undefined);
    const count = async (which: 'recent' | 'any') => (await book.find(ALDER, which)).length;
    expect([await count('recent'), await count('any')]).toEqual([1, 1]);
    const { seq } = world.store.status();
    await book.note(ALDER, found.certificate, 'dns', undefined);
    expect(world.store.status().seq).toBe(seq);
    time.pass(DAY);
    expect([await count('recent'), await count('any')]).toEqual([0, 1]);
  });

  test('keeps what is not trusted apart, and writes it no more than once an hour', async () => {
    const book = createAddressBook({ store: world.store, clock: time });
    await book.note(ALDER, found.certificate, 'ldap', 'untrusted');
    const { seq } = world.store.status();
    await book.note(ALDER, endEntity(ca, { san: `email:${ALDER}` }).certificate, 'ldap', 'untrusted');
    expect(world.store.status().seq).toBe(seq);
    expect(await book.find(ALDER, 'any')).toEqual([]);
  });

  test('an administrator names one for good; one that has expired, or is another’s, is refused', async () => {
    await importFound(administer, { address: ALDER, certificate: found.certificate });
    const book = createAddressBook({ store: world.store, clock: time });
    time.pass(30 * DAY);
    expect(await book.find(ALDER, 'recent')).toHaveLength(1);
    await expect(importFound(administer, { address: TARN, certificate: found.certificate })).rejects.toThrow(
      'names neither',
    );
  });
});
