/**
 * A mutation run over the votes (compliance L1, L3): each policy and each guard is dropped, and its vote turned around, and
 * steps change places. A case of the table must get another decision from every such mutant.
 */
import { describe, expect, test } from '@jest/globals';
import { tellingOf } from '../../../src/policies/guarded-content.ts';
import { guardAgainst, GUARDS, type ContentGuard } from '../../../src/policies/guards/index.ts';
import { decide, STEPS_OF_DECISION, type Policy, type Step, type Vote } from '../../../src/policies/index.ts';
import { DECISION_CASES, type DecisionCase } from './decision-cases.ts';

/** A mutant, by its name, and which cases notice it. */
type Mutant = readonly [name: string, noticedBy: readonly DecisionCase[]];

/** Mutants that decide as the original does, and why. */
const NO_STATE_IS_LISTED =
  'compliance S7: the table of states is empty as shipped, so that this guard never withholds; guards.test.ts asks it with rows';
const EQUIVALENT: Readonly<Record<string, string>> = {
  '(b) state-rows dropped': NO_STATE_IS_LISTED,
  '(b) state-rows inverted': NO_STATE_IS_LISTED,
  'guard state-rows dropped': NO_STATE_IS_LISTED,
  'guard state-rows never withholds': NO_STATE_IS_LISTED,
  'guard state-rows permits nobody': NO_STATE_IS_LISTED,
};

const letterOf = ({ asks }: Step): string => asks.slice(0, 3);

const noticing = (steps: readonly Step[]): readonly DecisionCase[] =>
  DECISION_CASES.filter(({ disclosure, permitted, policy }) => {
    const decision = decide(disclosure, steps);
    return decision.permitted !== permitted || decision.policy !== policy;
  });

const INVERSE: Readonly<Record<Vote, Vote>> = { permit: 'deny', deny: 'permit', abstain: 'abstain' };

/** What may become of a policy in its step. */
const POLICY_MUTATIONS: readonly (readonly [says: string, mutate: (policy: Policy) => readonly Policy[]])[] =
  [
    ['dropped', () => []],
    ['inverted', (policy) => [{ ...policy, vote: (disclosure) => INVERSE[policy.vote(disclosure)] }]],
    ['always denies', (policy) => [{ ...policy, vote: () => 'deny' }]],
    ['always permits', (policy) => [{ ...policy, vote: () => 'permit' }]],
  ];

const POLICY_MUTANTS: readonly Mutant[] = STEPS_OF_DECISION.flatMap((step, at) =>
  step.policies.flatMap((policy, place) =>
    POLICY_MUTATIONS.map(([says, mutate]): Mutant => {
      const policies = step.policies.flatMap((one, other) => (other === place ? mutate(policy) : [one]));
      return [
        `${letterOf(step)} ${policy.name} ${says}`,
        noticing(STEPS_OF_DECISION.with(at, { ...step, policies })),
      ];
    }),
  ),
);

const STEP_MUTANTS: readonly Mutant[] = STEPS_OF_DECISION.flatMap((step, at): readonly Mutant[] => {
  const dropped: Mutant = [`${letterOf(step)} dropped`, noticing(STEPS_OF_DECISION.toSpliced(at, 1))];
  const next = STEPS_OF_DECISION[at + 1];
  if (next === undefined) return [dropped];
  const swapped = STEPS_OF_DECISION.toSpliced(at, 2, next, step);
  return [dropped, [`${letterOf(step)} and ${letterOf(next)} swapped`, noticing(swapped)]];
});

/** The guards as the store asks them, on what the cases would tell. */
const GUARD_MUTATIONS: readonly (readonly [
  says: string,
  mutate: (guard: ContentGuard) => readonly ContentGuard[],
])[] = [
  ['dropped', () => []],
  ['never withholds', (guard) => [{ ...guard, isPermitted: () => true }]],
  ['always withholds', (guard) => [{ ...guard, guards: () => true, isPermitted: () => false }]],
  ['permits nobody', (guard) => [{ ...guard, isPermitted: () => false }]],
];

const withheldIn = ({ disclosure }: DecisionCase, guards: readonly ContentGuard[]): string | undefined =>
  guardAgainst(tellingOf(disclosure), disclosure.permits, disclosure.now, guards)?.name;

const GUARD_MUTANTS: readonly Mutant[] = GUARDS.flatMap((guard, at) =>
  GUARD_MUTATIONS.map(([says, mutate]): Mutant => {
    const guards = GUARDS.toSpliced(at, 1, ...mutate(guard));
    return [
      `guard ${guard.name} ${says}`,
      DECISION_CASES.filter((one) => withheldIn(one, guards) !== withheldIn(one, GUARDS)),
    ];
  }),
);

const MUTANTS = [...POLICY_MUTANTS, ...STEP_MUTANTS, ...GUARD_MUTANTS];

describe('(compliance L1, L3) the table of decisions', () => {
  test.each(DECISION_CASES.map((one) => [one.says, one] as const))(
    '%s',
    (_says, { disclosure, permitted, policy }) => {
      expect(decide(disclosure)).toMatchObject({ permitted, policy });
    },
  );
});

describe('(compliance L1, L3) every mutant is noticed', () => {
  test.each(MUTANTS.filter(([name]) => !Object.hasOwn(EQUIVALENT, name)))('%s', (_name, noticedBy) => {
    expect(noticedBy.length).toBeGreaterThan(0);
  });

  test.each(Object.entries(EQUIVALENT))('but %s, which is none: %s', (name) => {
    expect(MUTANTS.find(([one]) => one === name)?.[1]).toEqual([]);
  });
});
