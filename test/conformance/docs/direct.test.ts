/** The pages for those who connect Direct mail: their files are taken, their commands work, their settings exist. */
import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';
import { localDomainsOf } from '../../../src/rails/direct/domains.ts';
import { SETTINGS } from '../../../src/server/settings.ts';
import { variableOf } from '../../../src/server/setting.ts';
import { judged } from '../../judges.ts';

const root = resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-direct-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pageOf = (name: string): string => readFileSync(join(root, 'docs/how-to', name), 'utf8');
const PAGES = ['connect-direct-own-sta.md', 'connect-direct-edge.md'] as const;
const blocksOf = (page: string, language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block = '']) => block);

test.each(PAGES)('%s: its file of domains is taken as it stands', (name) => {
  writeFileSync(join(folder, 'password'), 'secret\n');
  const [file = ''] = blocksOf(pageOf(name), 'json');
  const given: unknown = JSON.parse(
    file.replaceAll('/etc/closeloop/hisp-password', join(folder, 'password')),
  );
  expect(localDomainsOf(given, name)).toMatchObject([{ domain: 'direct.riverside.example.org' }]);
});

test.each(PAGES)('%s: its settings have the names that they are given', (name) => {
  const variables = new Set(Object.keys(SETTINGS).map(variableOf));
  const named = [...pageOf(name).matchAll(/\b(DIRECT_[A-Z_]+)/g)].map(([, one = '']) => one);
  expect(named.length).toBeGreaterThan(1);
  expect(named.filter((one) => !variables.has(one))).toEqual([]);
});

judged(
  'openssl',
  'the commands for keys, anchors and the DNS work as they stand',
  async () => {
    const page = pageOf('connect-direct-own-sta.md');
    const blocks = blocksOf(page, 'sh');
    const blockWith = (words: string): string => blocks.find((block) => block.includes(words)) ?? '';
    const data = join(folder, 'data');
    mkdirSync(data);
    const settings = `--data-dir ${data} --direct-keys ${join(folder, 'keys')}`;
    const admin = (block: string): string =>
      block
        .replaceAll(
          'npm run admin --',
          `node ${join(root, 'tools/launch.js')} ${join(root, 'tools/admin.ts')}`,
        )
        .replaceAll(/^(node .*)$/gm, `$1 ${settings}`);
    const begin = `node ${join(root, 'tools/launch.js')} ${join(root, 'tools/admin.ts')} import ${join(root, 'examples/directory.json')} ${settings}`;
    const script = [
      begin,
      blockWith('openssl req'),
      admin(blockWith('import-key')),
      admin(blockWith('show-dns')),
    ].join('\n');
    const { stdout } = await promisify(execFile)('bash', ['-c', `set -e\n${script}`], { cwd: folder });

    expect(stdout).toMatch(/^key\tdirect\.riverside\.example\.org\t/m);
    expect(stdout).toMatch(/^anchor\tdirect\.riverside\.example\.org\t.*in\+out$/m);
    expect(stdout).toMatch(/CERT/);
    expect(stdout).toMatch(/TYPE37 \\#/);
  },
  60_000,
);
