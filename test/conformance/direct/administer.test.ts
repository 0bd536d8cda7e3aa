/** Trust in Direct mail as an administrator settles it on the command line, and as doctor sees it (direct-xdm 4, 5, 11). */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { Finding } from '../../../src/ports/store.ts';
import { createLog } from '../../../src/http/log.ts';
import { readConfig } from '../../../src/server/config.ts';
import { openConfiguredStore } from '../../../src/server/compose-store.ts';
import { administerDirect } from '../../../tools/admin/direct.ts';
import { Trouble, UsageError } from '../../../tools/command.ts';
import { examineDirect } from '../../../tools/doctor/direct.ts';
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

/** `admin direct` as a process of its own. */
const called = (...words: readonly string[]) => tool('admin', ['direct', ...words]);

/** The same command in this process: what it prints. */
async function direct(words: readonly string[], direction?: string): Promise<string> {
  const lines: string[] = [];
  const config = readConfig(SETTINGS, {}, 'command');
  const print = (line: string): void => void lines.push(`${line}\n`);
  await administerDirect({ words, direction, signer: undefined, config, print });
  return lines.join('');
}

const examined = (): readonly Finding[] =>
  examineDirect(readConfig([...SETTINGS, '--direct-domains', domains], {}, 'command'));

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
  expect(examined()).toContainEqual({
    ok: false,
    says: expect.stringMatching(
      /^direct\.tarn\.example\.org: no key .* → npm run admin -- direct import-key$/,
    ),
  });
  const { fingerprint256 } = own.certificate;
  expect(await called('import-key', DOMAIN, own.certificateFile, own.keyFile)).toMatchObject({ code: 0 });
  const [file = ''] = readdirSync(keys);
  expect(statSync(join(keys, file)).mode & 0o777).toBe(0o600);
  expect(await called('import-anchor', DOMAIN, ca.certificateFile, '--direction', 'in')).toMatchObject({
    code: 0,
  });
  await direct(['add-bundle', DOMAIN, 'https://bundles.example.org/anchors.p7b']);
  await direct(['import-certificate', 'intake@direct.alder.example.org', peer.certificateFile]);

  const listed = await called('list');
  expect(listed.out.split('\n').map((line) => line.split('\t').slice(0, 3).join(' '))).toEqual([
    `key ${DOMAIN} ${fingerprint256}`,
    `anchor ${DOMAIN} ${ca.certificate.fingerprint256}`,
    `bundle ${DOMAIN} https://bundles.example.org/anchors.p7b`,
    `certificate intake@direct.alder.example.org ${peer.certificate.fingerprint256}`,
    '',
  ]);

  const shown = await direct(['show-dns-record', DOMAIN]);
  const { raw } = own.certificate;
  expect(shown).toBe(
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
  expect(examined()).toContainEqual({
    ok: false,
    says: expect.stringMatching(/ can be read by others → chmod 600/),
  });

  for (const words of [
    ['remove', 'key', DOMAIN, fingerprint256],
    ['remove', 'anchor', DOMAIN, ca.certificate.fingerprint256],
    ['remove', 'bundle', DOMAIN, 'https://bundles.example.org/anchors.p7b'],
    ['remove', 'certificate', 'intake@direct.alder.example.org'],
  ])
    await direct(words);
  expect(readdirSync(keys)).toEqual([]);
  expect(await direct(['list'])).toBe('');
  expect(await called('remove', 'certificate', 'intake@direct.alder.example.org')).toMatchObject({
    code: 1,
    err: expect.stringContaining('intake@direct.alder.example.org has no certificate.\n'),
  });
}, 120_000);

test('what would not work is refused, and changes nothing (direct-xdm 4)', async () => {
  const other = endEntity(ca);
  const old = endEntity(ca, { notAfter: '20260101000000Z' });
  const text = freshFile('txt');
  writeFileSync(text, 'no certificate');
  type Refusal = typeof Trouble | typeof UsageError;
  const cases: readonly (readonly [
    words: readonly string[],
    by: Refusal,
    says: RegExp,
    direction?: string,
  ])[] = [
    [
      ['import-key', DOMAIN, own.certificateFile, other.keyFile],
      Trouble,
      /private key is not that of the certificate/,
    ],
    [
      ['import-key', 'direct.other.example.org', own.certificateFile, own.keyFile],
      Trouble,
      /names neither the address/,
    ],
    [['import-key', DOMAIN, old.certificateFile, old.keyFile], Trouble, /has expired/],
    [
      ['import-key', 'not an owner', own.certificateFile, own.keyFile],
      UsageError,
      /neither a Direct address nor a domain/,
    ],
    [['import-anchor', DOMAIN, own.certificateFile], Trouble, /not the certificate of an authority/],
    [['import-anchor', DOMAIN, text], UsageError, /holds no certificate/],
    [['import-anchor', DOMAIN, ca.certificateFile], UsageError, /in, out or both/, 'up'],
    [['add-bundle', DOMAIN, 'http://bundles.example.org/a.p7b'], Trouble, /by https/],
    [['remove', 'anchor', DOMAIN, 'AA:BB'], Trouble, /has no anchor AA:BB/],
    [['remove', 'rule', DOMAIN, 'x'], UsageError, /remove key, anchor/],
  ];
  for (const [words, by, says, direction] of cases) {
    const refused = direct(words, direction);
    await expect(refused).rejects.toThrow(by);
    await expect(refused).rejects.toThrow(says);
  }
  expect(await called('renew')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/direct import-key/),
  });
  expect(await direct(['list'])).toBe('');
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
