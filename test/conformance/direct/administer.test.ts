/** Trust in Direct mail as an administrator settles it on the command line, and as doctor sees it (direct-xdm 4, 5, 11). */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createLog } from '../../../src/http/log.ts';
import { readConfig } from '../../../src/server/config.ts';
import { openConfiguredStore } from '../../../src/server/compose-store.ts';
import { childEnv } from '../../child-env.ts';
import { authority, endEntity, freshFile } from '../../direct-authority.ts';

const ROOT = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-direct-'));
const keys = join(folder, 'keys');
const domains = join(folder, 'domains.json');
afterAll(() => rmSync(folder, { recursive: true }));

const SETTINGS = ['--data-dir', join(folder, 'data'), '--direct-keys', keys];
const DOMAIN = 'direct.tarn.example.org';

function tool(
  name: string,
  argv: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(ROOT, `tools/${name}.ts`), ...argv, ...SETTINGS],
      { env: childEnv() },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

const direct = (...words: readonly string[]) => tool('admin', ['direct', ...words]);

async function makeStore(): Promise<void> {
  const log = createLog(
    'error',
    () => undefined,
    () => Date.now(),
  );
  const store = await openConfiguredStore(readConfig(SETTINGS, {}, 'command'), {}, { log });
  await store.close();
}

const ca = authority();
const own = endEntity(ca);
const peer = endEntity(ca, { san: 'email:intake@direct.alder.example.org' });

test('keys, anchors, bundles and certificates are imported, listed, shown and removed (direct-xdm 4)', async () => {
  await makeStore();
  writeFileSync(domains, JSON.stringify([{ domain: DOMAIN, way: 'sta' }]));
  expect((await tool('doctor', ['--direct-domains', domains])).out).toMatch(
    /✗ direct +direct\.tarn\.example\.org: no key .* → npm run admin -- direct import-key/,
  );
  const { fingerprint256 } = own.certificate;
  expect(await direct('import-key', DOMAIN, own.certificateFile, own.keyFile)).toMatchObject({ code: 0 });
  const [file = ''] = readdirSync(keys);
  expect(statSync(join(keys, file)).mode & 0o777).toBe(0o600);
  expect(await direct('import-anchor', DOMAIN, ca.certificateFile, '--direction', 'in')).toMatchObject({
    code: 0,
  });
  expect(await direct('add-bundle', DOMAIN, 'https://bundles.example.org/anchors.p7b')).toMatchObject({
    code: 0,
  });
  expect(
    await direct('import-certificate', 'intake@direct.alder.example.org', peer.certificateFile),
  ).toMatchObject({ code: 0 });

  const listed = await direct('list');
  expect(listed.out.split('\n').map((line) => line.split('\t').slice(0, 3).join(' '))).toEqual([
    `key ${DOMAIN} ${fingerprint256}`,
    `anchor ${DOMAIN} ${ca.certificate.fingerprint256}`,
    `bundle ${DOMAIN} https://bundles.example.org/anchors.p7b`,
    `certificate intake@direct.alder.example.org ${peer.certificate.fingerprint256}`,
    '',
  ]);

  const shown = await direct('show-dns-record', DOMAIN);
  const { raw } = own.certificate;
  expect(shown.out).toBe(
    `${DOMAIN}. IN TYPE37 \\# ${raw.length + 5} 0001000000${raw.toString('hex')}\n` +
      `${DOMAIN}. IN CERT PKIX 0 0 ${raw.toString('base64')}\n`,
  );

  const well = await tool('doctor', ['--direct-domains', domains]);
  expect(well.out).toMatch(/✓ direct +1 private keys can be read, by the server alone/);
  expect(well.out).toMatch(/✓ direct +certificate of direct\.tarn\.example\.org: valid until 2035/);
  expect(well.out).toMatch(/✓ direct +direct\.tarn\.example\.org: 1 anchors/);
  expect(well.out).toMatch(
    /! direct +bundle https:\/\/bundles\.example\.org\/anchors\.p7b .* refreshed never/,
  );
  chmodSync(join(keys, file), 0o644);
  expect((await tool('doctor', ['--direct-domains', domains])).out).toMatch(
    /✗ direct .* can be read by others → chmod 600/,
  );

  for (const words of [
    ['remove', 'key', DOMAIN, fingerprint256],
    ['remove', 'anchor', DOMAIN, ca.certificate.fingerprint256],
    ['remove', 'bundle', DOMAIN, 'https://bundles.example.org/anchors.p7b'],
    ['remove', 'certificate', 'intake@direct.alder.example.org'],
  ])
    expect(await direct(...words)).toMatchObject({ code: 0 });
  expect(readdirSync(keys)).toEqual([]);
  expect((await direct('list')).out).toBe('');
  expect((await direct('remove', 'certificate', 'intake@direct.alder.example.org')).err).toContain(
    'intake@direct.alder.example.org has no certificate.\n',
  );
}, 120_000);

test('what would not work is refused, and changes nothing (direct-xdm 4)', async () => {
  const other = endEntity(ca);
  const old = endEntity(ca, { notAfter: '20260101000000Z' });
  const text = freshFile('txt');
  writeFileSync(text, 'no certificate');
  const cases: readonly (readonly [words: readonly string[], code: number, says: RegExp])[] = [
    [
      ['import-key', DOMAIN, own.certificateFile, other.keyFile],
      1,
      /private key is not that of the certificate/,
    ],
    [
      ['import-key', 'direct.other.example.org', own.certificateFile, own.keyFile],
      1,
      /names neither the address/,
    ],
    [['import-key', DOMAIN, old.certificateFile, old.keyFile], 1, /has expired/],
    [
      ['import-key', 'not an owner', own.certificateFile, own.keyFile],
      2,
      /neither a Direct address nor a domain/,
    ],
    [['import-anchor', DOMAIN, own.certificateFile], 1, /not the certificate of an authority/],
    [['import-anchor', DOMAIN, text], 2, /holds no certificate/],
    [['import-anchor', DOMAIN, ca.certificateFile, '--direction', 'up'], 2, /in, out or both/],
    [['add-bundle', DOMAIN, 'http://bundles.example.org/a.p7b'], 1, /by https/],
    [['remove', 'anchor', DOMAIN, 'AA:BB'], 1, /has no anchor AA:BB/],
    [['remove', 'rule', DOMAIN, 'x'], 2, /remove key, anchor/],
    [['renew'], 2, /direct import-key/],
  ];
  for (const [words, code, says] of cases)
    expect(await direct(...words)).toMatchObject({ code, err: expect.stringMatching(says) });
  expect((await direct('list')).out).toBe('');
  expect(readdirSync(keys)).toEqual([]);
}, 120_000);

test('the help names every word', async () => {
  const { out } = await tool('admin', ['--help']);
  for (const word of [
    'import-key',
    'import-anchor',
    'import-intermediate',
    'import-certificate',
    'add-bundle',
    'show-dns-record',
  ])
    expect(out).toContain(word);
});
