/** The pages of `docs`: what they link to is there, and what they call by a code has it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { ISSUES } from '../../../src/fhir/issue.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', ...pagesBelow('docs')];

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

test('codes of the page for troubleshooting are codes of the refusals', () => {
  const page = readFileSync(join(ROOT, 'docs/troubleshooting.md'), 'utf8');
  const codes = [...page.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(30);
  expect(codes.filter((code) => !(code in ISSUES))).toEqual([]);
});
