/** The long runs are listed once; the page of their figures is made from that list and the last figures. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { figuresIn, pageOf } from '../../../tools/prove/page.ts';
import { PROOFS, type Proof } from '../../../tools/prove/proofs.ts';

const TOP = join(import.meta.dirname, '../../..');

test.each(Object.entries<Proof>(PROOFS))('%s goes as far as it is asked to', (name, { file, runs, env }) => {
  const shared = file === 'contract/search.embedded.test.ts' ? 'contract/search-random.ts' : file;
  const says = env === undefined ? `proofOf('${name}')` : `npm run prove -- ${name}`;
  expect(readFileSync(join(TOP, 'test', shared), 'utf8')).toContain(says);
  expect([runs.quick <= runs.ci, runs.ci < runs.full]).toEqual([true, true]);
});

test('docs/proofs.md lists them as they are, with the last figures of each', () => {
  const page = readFileSync(join(TOP, 'docs/proofs.md'), 'utf8');
  const last = figuresIn(page);
  expect([...last.keys()]).toEqual(Object.keys(PROOFS));
  expect(page).toBe(pageOf(last));
});
