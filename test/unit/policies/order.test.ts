/** In which order the policies are asked (compliance L3): most protective first, so that no permit hides a denial. */
import { describe, expect, test } from '@jest/globals';
import {
  decide,
  STEPS_OF_DECISION,
  type Disclosure,
  type Policy,
  type Step,
} from '../../../src/policies/index.ts';
import { NO_EVIDENCE } from '../../../src/policies/claim.ts';
import { DISCLOSURE } from './disclosure.ts';

/** Stands for what guards content: it withholds what the patient paid for. */
const guard: Policy = {
  name: 'guard',
  law: '45 CFR 164.522(a)(1)(vi)',
  vote: ({ facts }) => (facts.selfPay ? 'deny' : 'abstain'),
};
const STEPS: readonly Step[] = STEPS_OF_DECISION.map((step) =>
  step.asks.startsWith('(b)') ? { ...step, policies: [guard] } : step,
);

const consent = (kind?: string) => ({
  resourceType: 'Consent',
  status: 'active',
  scope: {},
  ...(kind && {
    policyRule: { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: kind }] },
  }),
  provision: { type: 'deny' },
});

/** What makes each step answer, without touching the others. */
// prettier-ignore
const ANSWERS: readonly (readonly [step: string, policy: string, change: Partial<Disclosure>])[] = [
  ['a', 'own',                { sameEntity: true }],
  ['b', 'guard',              { facts: { ...DISCLOSURE.facts, selfPay: true } }],
  // It speaks of disclosures alone, so that a use within one entity is not its business.
  ['c', 'patient-consent',    { consents: [consent()] }],
  ['d', 'agreement',          { recipientKinds: new Set(['business-associate']) }],
  ['e', 'authorization',      { claimed: 'authorization' }],
  ['f', 'treatment',          {}],
];

const PAIRS = ANSWERS.flatMap((one, at) =>
  ANSWERS.slice(at + 1).map((other) => [one, other] as const),
).filter(
  // A business associate is told as one unless another basis is claimed, and for nobody else is there a basis to be found.
  ([[one], [other]]) => !(one === 'd' && other === 'e'),
);

/** What both steps have an answer to. */
const both = ([, , one]: (typeof ANSWERS)[number], [, , other]: (typeof ANSWERS)[number]): Disclosure => ({
  ...DISCLOSURE,
  evidence: NO_EVIDENCE,
  ...other,
  ...one,
});

describe('(compliance L3) of two steps that have an answer the first decides', () => {
  test.each(PAIRS.map(([one, other]) => [one[0], other[0], one, other] as const))(
    '(%s) before (%s)',
    (_a, _b, one, other) => {
      expect(decide(both(one, other), STEPS).policy).toBe(one[1]);
    },
  );

  test('(d) before (e)', () => {
    const disclosure: Disclosure = {
      ...DISCLOSURE,
      recipientKinds: new Set(['business-associate']),
      claimed: 'payment',
      purpose: 'HPAYMT',
    };
    expect(decide(disclosure, STEPS).policy).toBe('agreement');
  });
});

describe('(compliance L3) a server that asked in another order would decide otherwise', () => {
  const cases: readonly Disclosure[] = [
    DISCLOSURE,
    ...PAIRS.map(([one, other]) => both(one, other)),
    { ...DISCLOSURE, recipientKinds: new Set(['business-associate']), claimed: 'payment', purpose: 'HPAYMT' },
    // An authorization that is claimed and not there, between providers: treatment would permit.
    { ...DISCLOSURE, claimed: 'authorization' },
    { ...DISCLOSURE, facts: { ...DISCLOSURE.facts, selfPay: true }, claimed: 'authorization' },
    // The organization asks more than the law: found as treatment of its own it would be permitted.
    {
      ...DISCLOSURE,
      recipientKinds: new Set(['community-organization']),
      healthRelated: true,
      communityNeedsAuthorization: true,
    },
  ];
  const swaps = STEPS.flatMap((_step, at) =>
    STEPS.slice(at + 1).map((_other, by) => [at, at + 1 + by] as const),
  );
  test.each(swaps.map(([one, other]) => ['abcdef'[one], 'abcdef'[other], one, other] as const))(
    '(%s) and (%s) swapped',
    (_a, _b, one, other) => {
      const mutated = STEPS.map((step, at) => STEPS[at === one ? other : at === other ? one : at] ?? step);
      const noticed = cases.filter(
        (disclosure) => decide(disclosure, mutated).policy !== decide(disclosure, STEPS).policy,
      );
      expect(noticed.length).toBeGreaterThan(0);
    },
  );

  test.each(STEPS.map(({ asks }, at) => [asks, at] as const))('without %s', (_asks, at) => {
    const mutated = STEPS.filter((_step, other) => other !== at);
    const noticed = cases.filter(
      (disclosure) => decide(disclosure, mutated).policy !== decide(disclosure, STEPS).policy,
    );
    expect(noticed.length).toBeGreaterThan(0);
  });
});

test('(compliance L3(a)) what the law guards even within one entity, and what the patient restricts there, is asked further', () => {
  const within: Disclosure = { ...DISCLOSURE, sameEntity: true };
  expect(decide(within).policy).toBe('own');
  expect(decide({ ...within, consents: [consent()] }).policy).toBe('own');
  expect(decide({ ...within, consents: [consent('hipaa-restrictions')] }).policy).toBe('patient-consent');
  for (const fact of ['part2', 'psychotherapy', 'counseling'] as const) {
    const { policy } = decide({ ...within, facts: { ...DISCLOSURE.facts, [fact]: true } });
    expect(policy).not.toBe('own');
  }
});
