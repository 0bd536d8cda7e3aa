/** When an agreement has to be in force: the table of relations and purposes (baa-messaging 4). */
import { describe, expect, test } from '@jest/globals';
import {
  ASSOCIATE,
  isAssociate,
  readsUnderAgreement,
  needsAgreement,
  RELATIONS,
  relationsOf,
  type Dealings,
} from '../../../src/agreements/applies.ts';
import { BASES, type Basis } from '../../../src/policies/basis.ts';
import { PARTY_KINDS, type PartyKind } from '../../../src/policies/party-kind.ts';

const between = (
  discloser: readonly PartyKind[],
  recipient: readonly PartyKind[],
  more: Partial<Dealings> = {},
): Dealings => ({
  discloserKinds: new Set(discloser),
  recipientKinds: new Set(recipient),
  claimed: undefined,
  forTreatment: true,
  parties: true,
  sameArrangement: false,
  ...more,
});

const OPERATIONS = { forTreatment: false } as const;

// prettier-ignore
const TABLE: readonly (readonly [says: string, asked: Dealings, needs: boolean])[] = [
  ['a specialist, a hospital, a laboratory that tests the patient',   between(['provider'], ['provider']), false],
  ['the same laboratory, interface and provider, for treatment',      between(['provider'], ['provider', ASSOCIATE]), false],
  ['the same laboratory, interface and provider, for operations',     between(['provider'], ['provider', ASSOCIATE], OPERATIONS), true],
  ['the same, claimed as associate',                                  between(['provider'], ['provider'], { claimed: ASSOCIATE }), true],
  ['a laboratory interface that is no provider',                      between(['provider'], [ASSOCIATE]), true],
  ['a plan for its payment',                                          between(['provider'], ['health-plan'], { ...OPERATIONS, claimed: 'payment' }), false],
  ['a community organization in its own name',                        between(['provider'], ['community-organization']), false],
  ['the same, paid to do the function of the discloser',              between(['provider'], ['community-organization', ASSOCIATE]), true],
  ['a vendor for billing',                                            between(['provider'], [ASSOCIATE], { ...OPERATIONS, claimed: 'payment' }), true],
  ['a vendor in an emergency (BA11)',                                 between(['provider'], [ASSOCIATE], { claimed: 'emergency' }), true],
  ['a vendor that calls itself a program of Part 2',                  between(['provider'], [ASSOCIATE, 'part2-program']), true],
  ['an intermediary of Part 2 that is no associate',                  between(['provider'], ['intermediary']), false],
  ['an authority of public health',                                   between(['provider'], ['public-health-authority'], { claimed: 'public-health' }), false],
  ['whom the patient authorized, also where it works for others',     between(['provider'], [ASSOCIATE], { claimed: 'authorization' }), false],
  ['an employer',                                                     between(['provider'], ['employer']), false],
  ['a participant of the same arrangement',                           between(['provider'], [ASSOCIATE], { sameArrangement: true }), false],
  ['the same, claimed as associate',                                  between(['provider'], [ASSOCIATE], { sameArrangement: true, claimed: ASSOCIATE }), true],
  ['nobody knows what, in a shared referral',                         between(['provider'], []), false],
  ['nobody knows what, without one',                                  between(['provider'], [], { parties: false }), true],
];

test.each(TABLE)('(baa-messaging BA4) %s', (_says, asked, needs) => {
  expect(needsAgreement(asked)).toBe(needs);
});

test.each(TABLE)('(baa-messaging BA12) the other way round: %s', (_says, asked, needs) => {
  const { discloserKinds: recipientKinds, recipientKinds: discloserKinds } = asked;
  expect(needsAgreement({ ...asked, discloserKinds, recipientKinds })).toBe(needs);
});

describe('(baa-messaging BA4) each kind beside business-associate, each basis, each purpose', () => {
  const ITSELF: readonly Basis[] = ['treatment', 'treatment-own', 'payment', 'operations', 'emergency'];
  const cases = PARTY_KINDS.filter((kind) => kind !== ASSOCIATE).flatMap((kind) =>
    [undefined, ...(Object.keys(BASES) as Basis[])].flatMap((claimed) =>
      [true, false].map((forTreatment) => ({ kind, claimed, forTreatment })),
    ),
  );
  test.each(cases)('$kind, $claimed, for treatment: $forTreatment', ({ kind, claimed, forTreatment }) => {
    const asOther = needsAgreement(between(['provider'], [kind], { claimed, forTreatment }));
    expect(asOther).toBe(claimed === ASSOCIATE);
    const isOwn = claimed !== undefined && claimed !== ASSOCIATE && !ITSELF.includes(claimed);
    const asBoth = needsAgreement(between(['provider'], [kind, ASSOCIATE], { claimed, forTreatment }));
    const isTreated = kind === 'provider' && forTreatment && claimed !== ASSOCIATE;
    expect(asBoth).toBe(!isOwn && !isTreated);
  });
});

test('(baa-messaging BA4) every row of the table decides something', () => {
  const met = new Set(TABLE.flatMap(([, asked]) => relationsOf(asked)));
  expect([...met].toSorted()).toEqual(Object.keys(RELATIONS).toSorted());
});

// prettier-ignore
test.each<readonly [readonly PartyKind[], boolean]>([
  [[ASSOCIATE], true],
  [[ASSOCIATE, 'part2-program'], true],
  [[ASSOCIATE, 'intermediary'], true],
  [[ASSOCIATE, 'provider'], false],
  [[ASSOCIATE, 'health-plan'], false],
  [[ASSOCIATE, 'community-organization'], false],
  [['provider'], false],
  [[], false],
])('(baa-messaging BA13) who only works for others: %j', (kinds, only) => {
  expect(isAssociate(new Set(kinds))).toBe(only);
});

// prettier-ignore
test.each<readonly [readonly PartyKind[], boolean]>([
  [[ASSOCIATE], true],
  [[ASSOCIATE, 'community-organization'], true],
  [[ASSOCIATE, 'community-organization', 'provider'], false],
  [[ASSOCIATE, 'health-plan'], false],
  [['community-organization'], false],
])('(baa-messaging BA13) whose reads need an agreement: %j', (kinds, gated) => {
  expect(readsUnderAgreement(new Set(kinds))).toBe(gated);
});
