/** Each basis that a referral may claim, as a table of what passes and of what is refused with one condition broken. */
import { BASES, type Basis } from '../../../src/policies/basis.ts';
import { NO_EVIDENCE, type ClaimEvidence } from '../../../src/policies/claim.ts';
import type { ConsentKind } from '../../../src/policies/consent/kinds.ts';
import type { Permit } from '../../../src/policies/consent/permit.ts';
import type { Disclosure } from '../../../src/policies/index.ts';
import type { PartyKind } from '../../../src/policies/party-kind.ts';
import { DISCLOSURE } from './disclosure.ts';

export const TOLD_TASK: Disclosure = { ...DISCLOSURE, what: { type: 'Task', ref: 'Task/1' } };

/** A disclosure on a basis that its referral claims. */
export const claiming = (claimed: Basis, more: Partial<Disclosure> = {}): Disclosure => ({
  ...TOLD_TASK,
  claimed,
  purpose: BASES[claimed].purpose,
  ...more,
});

export const toKinds = (...kinds: PartyKind[]) => ({ recipientKinds: new Set(kinds) });
export const resting = (evidence: Partial<ClaimEvidence>) => ({ evidence: { ...NO_EVIDENCE, ...evidence } });
export const evidenceFile = (code: string, current = true) =>
  ({ ref: 'DocumentReference/1', current, codes: [code] }) as const;
export const permitting = (kind: ConsentKind, more: Partial<Permit> = {}): Partial<Disclosure> => ({
  permits: [
    {
      kind,
      source: 'Consent/1',
      patient: 'Patient/1',
      from: { named: ['Organization/a'], treating: false },
      to: { named: ['Organization/b'], treating: false },
      purposes: [],
      labels: undefined,
      types: undefined,
      refs: undefined,
      since: 0,
      until: undefined,
      ...more,
    },
  ],
});

/** One case that passes for each basis, and what each condition says when it alone is broken. */
export interface BasisCase {
  readonly passes: Partial<Disclosure>;
  readonly broken: readonly (readonly [change: Partial<Disclosure>, says: string])[];
}

const oversightBy = resting({ authority: new Set(['oversight-agency']) });
const court = resting({ law: 'Order 17', files: [evidenceFile('court-order')] });
const process = resting({ files: [evidenceFile('legal-process'), evidenceFile('assurance')] });
const notSaid = 'the law that requires or authorizes it, or the agreement of the patient';
const threat = { justification: 'Said so today', clinician: true };

// prettier-ignore
export const BASIS_CASES: Readonly<Partial<Record<Basis, BasisCase>>> = {
  'treatment': { passes: {}, broken: [
    [toKinds('community-organization'), 'a recipient that is of the kind provider'],
    [{ purpose: 'HPAYMT' }, 'the purpose of treatment'],
  ] },
  'treatment-own': { passes: { ...toKinds('community-organization'), healthRelated: true }, broken: [
    [toKinds('court'), 'a recipient that is of the kind community-organization or school'],
    [{ discloserKinds: new Set(['community-organization']) }, 'a discloser of the kind provider'],
    [{ healthRelated: false }, 'a service that has to do with health: a category or a code of one'],
  ] },
  'payment': { passes: toKinds('health-plan'), broken: [
    [toKinds('employer'), 'a recipient that is of the kind health-plan or provider'],
  ] },
  'operations': { passes: { ...toKinds('health-plan'), ...resting({ related: true }) }, broken: [
    [toKinds('school'), 'a recipient that is of the kind health-plan or provider'],
    [resting({}), 'a relationship of discloser and recipient with the patient, on record here'],
  ] },
  'required-by-law': { passes: { ...toKinds(), ...resting({ law: 'Code 12' }) }, broken: [
    [resting({}), 'the law that it rests on'],
    [resting({ law: ' ' }), 'the law that it rests on'],
  ] },
  'public-health': { passes: { ...toKinds('public-health-authority'), ...resting({ activity: 'disease-or-injury' }) }, broken: [
    [toKinds('provider'), 'a recipient that is of the kind public-health-authority'],
    [resting({}), 'the activity of public health'],
    [resting({ activity: 'toString' }), 'the activity of public health'],
  ] },
  'child-abuse': { passes: toKinds('protective-services'), broken: [
    [toKinds('court'), 'a recipient for protective services, or the law or the authority that entitles it'],
  ] },
  'abuse-neglect': { passes: { ...toKinds('protective-services'), ...resting({ law: 'Act, s. 4', informed: 'risk-of-harm' }) }, broken: [
    [toKinds('court'), 'a recipient that is of the kind protective-services'],
    [resting({ law: 'Act, s. 4' }), 'whether the patient was informed'],
    [resting({ informed: 'informed' }), notSaid],
    [resting({ informed: 'informed', files: [evidenceFile('patient-agreement', false)] }), notSaid],
  ] },
  'oversight': { passes: { ...toKinds('oversight-agency'), ...oversightBy }, broken: [
    [toKinds('provider'), 'a recipient that is of the kind oversight-agency'],
    [resting({}), 'an authority of the kind oversight-agency'],
    [resting({ authority: new Set(['court']) }), 'an authority of the kind oversight-agency'],
  ] },
  'judicial-order': { passes: { ...toKinds('court'), ...court }, broken: [
    [toKinds('provider'), 'a court as recipient, or as the authority that orders it'],
    [resting({ files: [evidenceFile('court-order')] }), 'the law that it rests on'],
    [resting({ law: 'Order 17' }), 'the order of the court'],
  ] },
  'judicial-process': { passes: { ...toKinds('court'), ...process }, broken: [
    [toKinds('employer'), 'a court as recipient, or as the authority of the process'],
    [resting({ files: [evidenceFile('assurance')] }), 'the subpoena or other process'],
    [resting({ files: [evidenceFile('legal-process')] }), 'the assurance of notice, or of a qualified protective order'],
  ] },
  'serious-threat': { passes: { ...toKinds(), ...resting(threat) }, broken: [
    [resting({ clinician: true }), 'a justification'],
    [resting({ justification: 'Said so today' }), 'a clinician who asserts it'],
  ] },
  'correctional': { passes: { ...toKinds('correctional'), ...resting({ files: [evidenceFile('representation')] }) }, broken: [
    [toKinds('provider'), 'a recipient that is of the kind correctional'],
    [resting({}), 'what the institution represents'],
  ] },
  'workers-compensation': { passes: { ...toKinds('employer'), ...resting({ law: 'Labor Code' }) }, broken: [
    [toKinds('school'), 'a recipient that is of the kind workers-compensation or employer or health-plan'],
    [resting({}), 'the law that it rests on'],
  ] },
  'emergency': { passes: resting({ emergency: true }), broken: [
    [toKinds('school'), 'a recipient that is of the kind provider'],
    [resting({}), 'emergency access by $break-glass'],
  ] },
  'secretary': { passes: { ...toKinds('oversight-agency'), ...resting({ administrator: true }) }, broken: [
    [toKinds('provider'), 'a recipient that is of the kind oversight-agency'],
    [resting({}), 'an administrator to claim it'],
  ] },
};
