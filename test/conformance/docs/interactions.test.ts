/** The pages of `docs/interactions` are sessions: a shell pastes each block, in its order, against the demonstration. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDemo, type Demo } from './demo.ts';
import { faults, readAnswer, readExamples, type Bound, type Shown } from './example.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'docs/interactions');
const README = readFileSync(join(FOLDER, 'README.md'), 'utf8');
const LISTED = [...README.matchAll(/\]\(([a-z0-9-]+\.md)\)/g)].map(([, name = '']) => name);
const PAGES = LISTED.filter((name) => pageOf(name).includes('```http'));
/** The block that a reader pastes before any page. */
const [, PREAMBLE = ''] = /```sh\n(json\(\)[\s\S]*?)```/.exec(README) ?? [];
const BREAK = '=== the next block';

function pageOf(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

/** Where a reader stands, the checkout, without writing into it. */
const folder = mkdtempSync(join(tmpdir(), 'closeloop-pages-'));
for (const name of readdirSync(ROOT)) symlinkSync(join(ROOT, name), join(folder, name));
let demo: Demo;
beforeAll(async () => {
  demo = await openDemo();
  writeFileSync(join(folder, 'demo.json'), JSON.stringify(demo.told));
});
afterAll(async () => {
  await demo.close();
  rmSync(folder, { recursive: true });
});

test('the index lists every page', () => {
  const pages = readdirSync(FOLDER).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect(new Set(LISTED.filter((name) => pages.includes(name)))).toEqual(new Set(pages));
  expect(PREAMBLE).toContain('BASE=');
});

test('the token that the page shows is one of the demonstration, without its times', () => {
  const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(pageOf('tokens.md')) ?? [];
  const [, payload = ''] = (demo.told.tokens['initiator'] ?? '').split('.');
  const { iat, exp, aud, ...claims } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  expect([typeof iat, typeof exp, aud]).toEqual(['number', 'number', demo.told.base]);
  expect(JSON.parse(shown)).toEqual({ ...claims, aud: 'http://localhost:8080/fhir' });
});

// One server for all pages, in the order of the index: a reader goes from one to the next.
describe.each(PAGES)('%s', (page) => {
  const examples = readExamples(pageOf(page));
  const bound: Bound = new Map();
  let printed: readonly string[] = [];
  beforeAll(async () => {
    bound.set('base', demo.told.base);
    const blocks = examples.map(({ script }) => `printf '\n%s\n' '${BREAK}'\n${script}`);
    const script = `set -u\n${PREAMBLE}\n${blocks.join('\n')}`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], {
      cwd: folder,
      timeout: 60_000,
      maxBuffer: 10 ** 8,
    });
    printed = stdout.split(`${BREAK}\n`).slice(1);
  }, 60_000);

  test('every block ran', () => expect(printed).toHaveLength(examples.length));

  const shown = examples.flatMap(({ title, answer }, index): [string, number, Shown][] =>
    answer === undefined ? [] : [[title, index, answer]],
  );
  test.each(shown)('%s', (_title, index, answer) => {
    expect(faults(answer, readAnswer(printed[index] ?? ''), bound)).toEqual([]);
  });
});
