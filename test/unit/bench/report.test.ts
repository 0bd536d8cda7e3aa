/** The page of figures: the bench's tables on top, and what people wrote below them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { pageOf } from '../../../tools/bench/report.ts';
import { atLeast, isMet, showNumber, type Figure } from '../../../tools/bench/figure.ts';

const loading: Figure = { name: 'resources loaded', value: Number.NaN, unit: '/s', target: atLeast(6000) };
const mix: Figure = { name: 'the mix', value: 1700, unit: '/s', target: atLeast(1600), note: 'a|b' };

test('a new page keeps what people wrote, from its first heading to the end', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/performance.md'), 'utf8');
  const byHand = page.slice(page.indexOf('## How to repeat'));
  expect(byHand).toContain('## Where the time goes');
  const once = pageOf([{ name: 'The mix', figures: [mix] }], 'npm run bench', page);
  expect(once.endsWith(byHand)).toBe(true);
  expect(once).toContain('| the mix<br>a\\|b | 1,700 /s | ≥ 1,600 /s | met |');
  expect(pageOf([{ name: 'The mix', figures: [mix] }], 'npm run bench', once)).toBe(once);
});

test('what was not measured in a run is neither met nor missed', () => {
  expect(isMet(loading)).toBeUndefined();
  expect(showNumber(loading.value)).toBe('–');
});
