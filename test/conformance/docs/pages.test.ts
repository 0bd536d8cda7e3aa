/** The pages of `docs`: what they link to is there, and every code, command, setting and metric that they name exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { ISSUES } from '../../../src/fhir/issue.ts';
import { KINDS } from '../../../src/operations/work-item.ts';
import { variableOf } from '../../../src/server/setting.ts';
import { SETTINGS } from '../../../src/server/settings.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...pagesBelow('docs'),
];

function pagesBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

test.each(PAGES)('%s: every link to a file leads to one', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
  const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target);
  const broken = targets.filter((target) => !existsSync(join(ROOT, dirname(page), target)));
  expect(broken).toEqual([]);
});

test('the index leads to every page that stands beside it', () => {
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
  const beside = readdirSync(join(ROOT, 'docs')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  );
  expect(beside.filter((name) => !index.includes(`](${name})`))).toEqual([]);
});

test('the row of the page about resource types is the row of the table', () => {
  const page = readFileSync(join(ROOT, 'docs/how-to/add-a-resource.md'), 'utf8');
  const [, row = 'none'] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
  expect(readFileSync(join(ROOT, 'src/resources/types/plain.ts'), 'utf8')).toContain(row);
});

test('codes of the page for troubleshooting are codes of the refusals', () => {
  const page = readFileSync(join(ROOT, 'docs/troubleshooting.md'), 'utf8');
  const codes = [...page.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(30);
  expect(codes.filter((code) => !(code in ISSUES))).toEqual([]);
});

test('the page of work items has a row for each kind', () => {
  const page = readFileSync(join(ROOT, 'docs/interactions/work-items.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)`/gm)].map(([, code = '']) => code);
  expect(rows.toSorted()).toEqual(Object.keys(KINDS).toSorted());
});

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const SOURCES = sourcesBelow('src');
const VARIABLES = new Set(Object.keys(SETTINGS).map(variableOf));
/** Variables of other programs, and of the tests. */
const FOREIGN = new Set(['NODE_EXTRA_CA_CERTS', 'CCDA_JUDGES', 'MONGODB_SERVER', 'MONGODB_WEAK_URI']);

function sourcesBelow(folder: string): string {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'))
    .join('\n');
}

test.each(PAGES)('%s: every command, variable, metric and refusal it names exists', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const named = (pattern: RegExp): readonly string[] =>
    [...text.matchAll(pattern)].map(([, name = '']) => name);
  const commands = named(/npm run (?:-s |--silent )?([a-z0-9]+)/g).filter((name) => !(name in scripts));
  const metrics = named(/\b(closeloop_[a-z0-9_]+)/g).filter(
    (name) => !SOURCES.includes(name.replace('closeloop_', '')),
  );
  const variables = named(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g)
    .filter((name) => !VARIABLES.has(name) && !VARIABLES.has(name.replace(/_FILE$/, '')))
    .filter((name) => !FOREIGN.has(name) && !SOURCES.includes(`const ${name}`));
  const codes = named(/\b[45]\d\d `([a-z-]+)`/g).filter((name) => !(name in ISSUES));
  expect([...commands, ...metrics, ...variables, ...codes]).toEqual([]);
});
