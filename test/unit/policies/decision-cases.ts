/**
 * Disclosures with the decision that each must get, and the paragraph that says so. Every policy and every guard decides
 * some of them: `mutations.test.ts` asks that no vote can be lost or turned around unseen.
 */
import { NO_AGREEMENT } from '../../../src/agreements/state.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import type { Basis } from '../../../src/policies/basis.ts';
import { factsOfLabels } from '../../../src/policies/facts.ts';
import type { Disclosure } from '../../../src/policies/index.ts';
import { BASIS_CASES, claiming, permitting, resting, toKinds, TOLD_TASK } from './basis-cases.ts';

export interface DecisionCase {
  /** The paragraph, and what happens. */
  readonly says: string;
  readonly disclosure: Disclosure;
  readonly permitted: boolean;
  /** The policy that decides; `none`: none permits it. */
  readonly policy: string;
}

type Row = readonly [says: string, disclosure: Disclosure, permitted: boolean, policy: string];

const unclaimed = (more: Partial<Disclosure>): Disclosure => ({ ...TOLD_TASK, ...more });
const labelled = (...labels: readonly string[]): Partial<Disclosure> => ({
  facts: factsOfLabels(new Set(labels)),
});
const denial = (kind?: string): Partial<Disclosure> => ({
  consents: [
    {
      resourceType: 'Consent',
      status: 'active',
      scope: {},
      ...(kind && {
        policyRule: {
          coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: kind }],
        },
      }),
      provision: { type: 'deny' },
    } as Resource,
  ],
});

const PART2 = '42CFRPart2';
const COUNSELING_NOTE = 'https://closeloop.dev/fhir/CodeSystem/label|sud-counseling-note';
const DENYING_CONSENT = 'consent that denies';
const PERMITTING_CONSENT = 'consent that permits';
const WITHIN = { sameEntity: true } as const;
const COMMUNITY = { ...toKinds('community-organization'), healthRelated: true } as const;
const place = { what: { type: 'Location', ref: 'Location/1' }, parties: false, patient: undefined } as const;
const consentItself = { what: { type: 'Consent', ref: 'Consent/1' } } as const;

const IN_FORCE = { agreement: { ...NO_AGREEMENT, state: 'active', contract: 'Contract/1' } } as const;
const QUALIFIED = { agreement: { ...NO_AGREEMENT, qualified: true } } as const;
const VENDOR = { ...toKinds('business-associate'), purpose: 'HOPERAT' } as const;
const BY_VENDOR: Partial<Disclosure> = {
  discloserKinds: new Set(['business-associate']),
  purpose: 'HOPERAT',
};
const PROGRAM: Partial<Disclosure> = { ...VENDOR, discloserKinds: new Set(['provider', 'part2-program']) };
const OPEN_MESSAGE: Partial<Disclosure> = {
  ...VENDOR,
  what: { type: 'Communication', ref: 'Communication/1' },
  patient: undefined,
  phi: false,
};

// prettier-ignore
const USES: readonly Row[] = [
  ['45 CFR 160.103: a place is about nobody',              unclaimed(place), true, 'directory'],
  ['45 CFR 160.103: the place of a patient is',            unclaimed({ ...place, patient: 'Patient/1' }), false, 'none'],
  ['B01: a use within one entity',                         claiming('own', WITHIN), true, 'own'],
  ['B01: of what nobody else might be told',               claiming('payment', { ...WITHIN, ...toKinds('employer') }), true, 'own'],
  ['B01: of what is sensitive toward others',              claiming('treatment-own', { ...WITHIN, ...toKinds('school'), ...labelled('HIV') }), true, 'own'],
  ['B01: not for what is no use of its own',               claiming('serious-threat', WITHIN), false, 'serious-threat'],
  ['B01, 42 CFR 2.12(c)(3): guarded there as well',        claiming('own', { ...WITHIN, ...labelled(PART2) }), false, 'part2'],
  ['B01: guarded, and the patient permits it',             claiming('own', { ...WITHIN, ...labelled(PART2), ...permitting('part2-tpo') }), true, 'own'],
  ['B01, 164.522(a): restricted there as well',            claiming('own', { ...WITHIN, ...denial('hipaa-restrictions') }), false, 'patient-consent'],
  ['D2: a denial of disclosures is none of uses',          claiming('own', { ...WITHIN, ...denial() }), true, 'own'],
  ['B01, B30: claimed of two entities',                    claiming('own'), false, 'own'],
];

// prettier-ignore
const CONTENT: readonly Row[] = [
  ['C13: a Consent that denies',                           unclaimed({ ...consentItself, ...labelled(DENYING_CONSENT) }), false, 'consents-themselves'],
  ['C13: one that permits, to whom it does not name',      unclaimed({ ...consentItself, ...labelled(PERMITTING_CONSENT) }), false, 'consents-themselves'],
  ['C13: one that permits, to whom it names',              unclaimed({ ...consentItself, ...labelled(PERMITTING_CONSENT), ...permitting('part2-tpo') }), true, 'treatment'],
  ['P9: a counseling note',                                unclaimed({ ...labelled(COUNSELING_NOTE, PART2), ...permitting('part2-tpo') }), false, 'counseling-notes'],
  ['P9: with a consent for such notes',                    unclaimed({ ...labelled(COUNSELING_NOTE, PART2), ...permitting('part2-counseling-notes', { labels: [COUNSELING_NOTE] }) }), true, 'treatment'],
  ['B15, B33: a psychotherapy note',                       unclaimed({ ...labelled('PSYTHPN'), ...permitting('hipaa-auth') }), false, 'psychotherapy-notes'],
  ['B33: with an authorization for notes alone',           unclaimed({ ...labelled('PSYTHPN'), ...permitting('hipaa-auth', { labels: ['PSYTHPN'] }) }), true, 'treatment'],
  ['42 CFR 2.13(a): a record of Part 2',                   unclaimed(labelled(PART2)), false, 'part2'],
  ['42 CFR 2.33(a): with a consent',                       unclaimed({ ...labelled(PART2), ...permitting('part2-tpo') }), true, 'treatment'],
  ['S6: sensitive, to a school',                           claiming('treatment-own', { ...toKinds('school'), healthRelated: true, ...labelled('HIV') }), false, 'sensitive-labels'],
  ['S6: with an authorization that names it',               claiming('treatment-own', { ...toKinds('school'), healthRelated: true, ...labelled('HIV'), ...permitting('hipaa-auth', { labels: ['HIV'] }) }), true, 'treatment-own'],
  ['S6: sensitive, to a provider',                         unclaimed(labelled('HIV')), true, 'treatment'],
  ['L3: guarded, and denied',                              unclaimed({ ...labelled(PART2), ...denial() }), false, 'part2'],
];

// prettier-ignore
const DENIED: readonly Row[] = [
  ['C1: what the patient denies',                          unclaimed(denial()), false, 'patient-consent'],
  ['L3: denied, and to a business associate',              unclaimed({ ...denial(), ...toKinds('business-associate') }), false, 'patient-consent'],
  ['R2: a restriction that does not bind',                 claiming('required-by-law', { ...resting({ law: 'Code 12' }), ...denial('hipaa-restrictions') }), true, 'required-by-law'],
  ['B06: a business associate without an agreement',       claiming('business-associate', toKinds('business-associate')), false, 'agreement'],
  ['B06: whatever else it is, where the claim says so',    claiming('business-associate', toKinds('business-associate', 'provider')), false, 'agreement'],
  ['B06: where nothing is claimed',                        unclaimed(toKinds('business-associate')), false, 'agreement'],
  ['B06: for treatment by it',                             claiming('treatment', toKinds('business-associate')), false, 'agreement'],
  ['B06: for payment',                                     claiming('payment', toKinds('business-associate')), false, 'agreement'],
  ['B06: one that is a provider as well, as a provider',   unclaimed(toKinds('business-associate', 'provider')), true, 'treatment'],
  ['BA4: under an agreement in force',                     unclaimed({ ...VENDOR, ...IN_FORCE }), true, 'business-associate'],
  ['BA4: under one, as it is claimed',                     claiming('business-associate', { ...VENDOR, ...IN_FORCE }), true, 'business-associate'],
  ['B06: claimed for what is about nobody',               claiming('business-associate', { ...VENDOR, patient: undefined, phi: false }), false, 'business-associate'],
  ['BA4: that has ended',                                  claiming('business-associate', { ...VENDOR, agreement: { ...NO_AGREEMENT, state: 'expired' } }), false, 'agreement'],
  ['BA4: under one, claimed as what it is not',            claiming('payment', { ...VENDOR, ...IN_FORCE }), false, 'payment'],
  ['BA4: a provider for operations that also works for others', unclaimed({ ...toKinds('business-associate', 'provider'), purpose: 'HOPERAT' }), false, 'agreement'],
  ['BA12: by an associate, without one',                   unclaimed(BY_VENDOR), false, 'agreement'],
  ['BA12: by an associate, under one',                     unclaimed({ ...BY_VENDOR, ...IN_FORCE }), true, 'business-associate'],
  ['BA4: nobody knows what it is, and there is no referral', unclaimed({ ...toKinds(), shared: false }), false, 'agreement'],
  ['BA4: the same, under an agreement in force',           unclaimed({ ...toKinds(), shared: false, ...IN_FORCE }), true, 'business-associate'],
  ['BA11: in an emergency',                                claiming('emergency', { ...VENDOR, ...resting({ emergency: true }) }), false, 'agreement'],
  ['BA10: a message about the agreement itself',           unclaimed(OPEN_MESSAGE), true, 'no-health-information'],
  ['MS20: a message that may hold anything',               unclaimed({ ...OPEN_MESSAGE, phi: true }), false, 'agreement'],
  ['P18: a record of Part 2 to who serves the program',    claiming('business-associate', { ...PROGRAM, ...labelled(PART2), ...IN_FORCE }), true, 'business-associate'],
  ['P18: without an agreement',                            claiming('business-associate', { ...PROGRAM, ...labelled(PART2) }), false, 'part2'],
  ['BA8: of a program that is no covered entity, by an agreement of an associate', unclaimed({ ...PROGRAM, discloserKinds: new Set(['part2-program']), ...labelled(PART2), ...IN_FORCE }), false, 'part2'],
  ['BA8: by one of a qualified service organization',      unclaimed({ ...PROGRAM, discloserKinds: new Set(['part2-program']), ...labelled(PART2), ...QUALIFIED }), true, 'business-associate'],
  ['BA8: which is not enough for a covered entity',        unclaimed({ ...PROGRAM, ...QUALIFIED }), false, 'agreement'],
  ['B06: on a basis that is not the discloser\'s',         claiming('required-by-law', { ...toKinds('business-associate'), ...resting({ law: 'Code 12' }) }), true, 'required-by-law'],
  ['B03: the setting asks for an authorization',           unclaimed({ ...COMMUNITY, communityNeedsAuthorization: true }), false, 'community-authorization'],
  ['B03: there is one',                                    unclaimed({ ...COMMUNITY, communityNeedsAuthorization: true, ...permitting('community-referral') }), true, 'treatment-own'],
];

// prettier-ignore
const SIGNED: readonly Row[] = [
  ['B07: a referral tells no patient',                     claiming('individual'), false, 'individual'],
  ['B09: nor a relative',                                  claiming('involved-person'), false, 'involved-person'],
  ['B08: an authorization',                                claiming('authorization', { ...toKinds(), ...permitting('hipaa-auth') }), true, 'authorization'],
  ['B08: none, and treatment would permit it',             claiming('authorization'), false, 'authorization'],
  ['B15: an authorization for notes',                      claiming('psychotherapy-notes', { ...toKinds(), ...permitting('hipaa-auth', { labels: ['PSYTHPN'] }) }), true, 'psychotherapy-notes'],
  ['B15: one for all, and treatment would permit it',      claiming('psychotherapy-notes', permitting('hipaa-auth')), false, 'psychotherapy-notes'],
];

// prettier-ignore
const FOUND_ONES: readonly Row[] = [
  ['L3(f): a provider, and no claim',                      unclaimed({}), true, 'treatment'],
  ['L3(f): a community organization, and no claim',        unclaimed(COMMUNITY), true, 'treatment-own'],
  ['L3(f), B31: anybody else',                             unclaimed(toKinds('employer')), false, 'none'],
  ['B30: treatment, claimed of a community organization',  claiming('treatment', COMMUNITY), false, 'treatment'],
  ['B30: the treatment of one\'s own, of a provider',      claiming('treatment-own', { healthRelated: true }), false, 'treatment-own'],
];

/** Each basis with all that it asks for, and with one condition broken. */
const CLAIMED_ONES: readonly Row[] = Object.entries(BASIS_CASES).flatMap(([name, { passes, broken }]) => {
  const basis = name as Basis; // a key of the table
  return [
    [`B30: ${basis}, all there`, claiming(basis, passes), true, basis] as const,
    ...broken.map(
      ([change, lacks]) =>
        [`B30: ${basis} without ${lacks}`, claiming(basis, { ...passes, ...change }), false, basis] as const,
    ),
  ];
});

export const DECISION_CASES: readonly DecisionCase[] = [
  ...USES,
  ...CONTENT,
  ...DENIED,
  ...SIGNED,
  ...FOUND_ONES,
  ...CLAIMED_ONES,
].map(([says, disclosure, permitted, policy]) => ({ says, disclosure, permitted, policy }));
