/** What proves a second factor at somebody else's provider (identity ID-47). */
import { describe, expect, test } from '@jest/globals';
import {
  isTried,
  provesSecondFactor,
  refuseStepUp,
  type ProofRule,
} from '../../../src/identity/external-proof.ts';

const methods = (...any: readonly string[]): ProofRule => ({ kind: 'methods', any });
const level = (without?: string, full?: string): ProofRule => ({
  kind: 'level',
  any: ['2', 'gold'],
  trial: {
    ...(without !== undefined && { without: { methods: [], level: without } }),
    ...(full !== undefined && { with: { methods: [], level: full } }),
  },
});

describe('(identity ID-47) a login from outside counts as one with a second factor', () => {
  test.each<[string, ProofRule, readonly string[], string | undefined, boolean]>([
    ['without a rule, whatever is said', { kind: 'none' }, ['pwd', 'otp', 'mfa'], 'gold', false],
    ['by a word of the rule', methods('otp', 'hwk'), ['pwd', 'otp'], '1', true],
    ['by a word that is not of the rule', methods('mfa'), ['pwd', 'otp'], '1', false],
    ['Keycloak without references: no methods', methods('otp'), [], '1', false],
    ['by a level alone, where methods prove', methods('otp'), [], 'gold', false],
    ['by a word of one factor, however it came into the rule', methods('pwd'), ['pwd'], undefined, false],
    ['by a level that has been tried', level('1', '2'), [], '2', true],
    ['by another level of the rule', level('1', '2'), [], 'gold', true],
    ['by a level that is not of the rule', level('1', '2'), [], '1', false],
    ['by no level', level('1', '2'), [], undefined, false],
    ['by a level that nobody tried', { kind: 'level', any: ['2'] }, [], '2', false],
    ['by a level tried only with the factor', level(undefined, '2'), [], '2', false],
    ['by a level tried only without', level('1'), [], '2', false],
    ['Keycloak says 1 with and without: the trial tells nothing apart', level('1', '1'), [], '2', false],
    ['the level of the rule came without the factor, too', level('2', '2'), [], '2', false],
  ])('%s', (_name, rule, said, acr, expected) => {
    expect(provesSecondFactor(rule, { methods: said, level: acr })).toBe(expected);
  });

  test('rules other than of a level need no trial', () => {
    expect([
      isTried({ kind: 'none' }),
      isTried(methods('otp')),
      isTried(level('1', '2')),
      isTried(level('1')),
    ]).toEqual([true, true, true, false]);
  });
});

describe('(identity ID-47) a step-up elsewhere is what its answer proves, not what was asked', () => {
  const now = 1_800_000_000_000;
  const five = 300_000;
  test.each([
    ['fresh, with proof', now - 1000, ['otp'], undefined],
    ['five minutes old', now - five, ['otp'], undefined],
    ['older', now - five - 1, ['otp'], 'not-fresh'],
    ['without a time', undefined, ['otp'], 'not-fresh'],
    ['a minute ahead of us', now + 60_000, ['otp'], undefined],
    ['further ahead', now + 60_001, ['otp'], 'not-fresh'],
    ['fresh, by a password', now, ['pwd'], 'no-proof'],
    ['fresh, by a cookie', now, [], 'no-proof'],
  ])('%s', (_name, authenticatedAt, said, expected) => {
    const proof = { methods: said, level: '1', authenticatedAt };
    expect(refuseStepUp(methods('otp'), proof, now, five)).toBe(expected);
  });
});
