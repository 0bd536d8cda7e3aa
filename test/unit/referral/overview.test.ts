/** The page for people says everything that the tables say. */
import { expect, test } from '@jest/globals';
import { GAPS, ROWS } from '../../../src/referral/extensions.ts';
import { FIELD_RULES } from '../../../src/referral/fields.ts';
import { transitionsMarkdown } from '../../../src/referral/overview.ts';
import { REWRITTEN_FIELDS } from '../../../src/referral/rewritten.ts';
import { ALL_STATES } from '../../../src/referral/state.ts';

const page = transitionsMarkdown();
const lines = page.split('\n');

test('every row, gap, rewritten and frozen field has its line', () => {
  for (const { tid, event } of ROWS) {
    expect(lines.filter((line) => line.startsWith(`| ${tid} |`) && line.includes(` ${event} `))).toHaveLength(
      1,
    );
  }
  for (const [gap, { decision }] of Object.entries(GAPS)) {
    expect(lines.filter((line) => line.startsWith(`| ${gap} |`) && line.includes(decision))).toHaveLength(1);
  }
  for (const { reason } of REWRITTEN_FIELDS) expect(page).toContain(reason);
  for (const { rule } of FIELD_RULES) expect(page).toContain(rule);
});

test('the diagram names every state and draws every row', () => {
  const diagram = page.slice(page.indexOf('stateDiagram-v2'), page.indexOf("## The guide's rows"));
  expect(diagram.match(/^ {2}state "/gm)).toHaveLength(ALL_STATES.length);
  const drawn = diagram
    .split('\n')
    .flatMap((line) => (/--> .* : (.*)/.exec(line)?.[1] ?? '').split(', ').filter(Boolean));
  expect(drawn.toSorted()).toEqual(ROWS.map(({ tid }) => tid).toSorted());
});

test('no cell breaks its table', () => {
  const tables = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').length);
  expect(new Set(tables)).toEqual(new Set([5, 6, 8, 9]));
});
