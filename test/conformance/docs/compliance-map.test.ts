/** How docs/compliance.md finds the tests of a rule: by what their names cite. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { COMPLIANCE, testsOf } from '../../../tools/compliance/index.ts';
import { readRuleTests, rulesIn } from '../../../tools/compliance/rule-tests.ts';

test.each<[string, readonly string[]]>([
  ['(compliance L2)', ['compliance L2']],
  ['(compliance L2, L5)', ['compliance L2', 'compliance L5']],
  ['(compliance C1 to C3)', ['compliance C1', 'compliance C2', 'compliance C3']],
  ['(compliance L6; harmony Z3, Z4)', ['compliance L6', 'harmony Z3', 'harmony Z4']],
  ['(audit-compliance AU20 and AU21)', ['audit-compliance AU20', 'audit-compliance AU21']],
  ['(identity ID-13, ID-17)', ['identity ID-13', 'identity ID-17']],
  ['(smart SM-26 to SM-28)', ['smart SM-26', 'smart SM-27', 'smart SM-28']],
  ['(compliance 4)', []],
])('%s cites %j', (marker, rules) => {
  expect(rulesIn(marker)).toEqual(rules);
});

test('each paragraph has a rule, and each rule a test', () => {
  const tests = readRuleTests();
  for (const { law, rules } of COMPLIANCE.flatMap(({ citations }) => citations)) {
    expect([law, rules.length]).not.toEqual([law, 0]);
    for (const rule of rules) expect(testsOf(rule, tests)).not.toEqual([]);
  }
  expect(() => testsOf('compliance none', tests)).toThrow('No test cites (compliance none)');
});

test('each requirement that the rules of identity name has a test', () => {
  const tests = readRuleTests();
  const rules = readFileSync(join(import.meta.dirname, '../../../docs/rules.md'), 'utf8');
  const [, identity = ''] = rules.split('## 10. Who somebody is');
  const cited = identity.match(/(?:identity|smart) [A-Z]+-\d+[^();]*/g) ?? [];
  const named = [...new Set(cited.flatMap((words) => rulesIn(`(${words})`)))];
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((rule) => !tests.has(rule))).toEqual([]);
});
