/** How docs/compliance.md finds the tests of a rule: by what their names cite. */
import { expect, test } from '@jest/globals';
import { COMPLIANCE, testsOf } from '../../../tools/compliance/index.ts';
import { readRuleTests, rulesIn } from '../../../tools/compliance/rule-tests.ts';

test.each<[string, readonly string[]]>([
  ['(compliance L2)', ['compliance L2']],
  ['(compliance L2, L5)', ['compliance L2', 'compliance L5']],
  ['(compliance C1 to C3)', ['compliance C1', 'compliance C2', 'compliance C3']],
  ['(compliance L6; harmony Z3, Z4)', ['compliance L6', 'harmony Z3', 'harmony Z4']],
  ['(audit-compliance AU20 and AU21)', ['audit-compliance AU20', 'audit-compliance AU21']],
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
