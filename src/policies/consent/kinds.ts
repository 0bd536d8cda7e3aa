/**
 * The kinds of Consents (compliance C2): what each does, the law it follows, and what it must hold to be valid. A Consent
 * says its kind in `policyRule`; one that says none is a general OPTIN or OPTOUT.
 */
import type { Coding, Consent, Resource } from '../../fhir/types.ts';

export const CONSENT_KIND_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/consent-kind';

/** What a valid Consent says. `policies/consent/elements.ts` tells how each is found. */
export type ConsentElement =
  | 'patient'
  | 'discloser'
  | 'recipient'
  | 'information'
  | 'purpose'
  | 'expiry'
  | 'signed-form'
  | 'date'
  | 'signer'
  | 'authority'
  | 'both-signatures'
  | 'participants'
  | 'revocation'
  | 'conditioning'
  | 'redisclosure'
  | 'hipaa-redisclosure'
  | 'refusal-consequences'
  | 'plain-language'
  | 'copy-given'
  | 'notes-alone'
  | 'counseling-alone'
  | 'proceedings-alone'
  | 'no-proceedings';

/** Content that is withheld from everybody unless a Consent of a kind that names it permits (compliance B15, P2, P9). */
export type GuardedContent = 'part2' | 'psychotherapy' | 'counseling';

interface ConsentKindRow {
  /** A Consent of kind `general` may do either; a `record` says that something was given, and does neither. */
  readonly effect: 'deny' | 'permit' | 'either' | 'record';
  readonly law: string;
  readonly display: string;
  /** What makes it valid, each with the paragraph or the rule that asks for it. */
  readonly elements: Readonly<Partial<Record<ConsentElement, string>>>;
  /** A spoken word suffices. */
  readonly oral?: true;
  /** `none` is an expiry: it lasts until it is revoked. */
  readonly openEnded?: true;
  /** Guarded content that it releases; what is not guarded needs no mention here. */
  readonly releases?: readonly GuardedContent[];
  /** How it ends must be on record: when, by whom and how (compliance A13, R4, C11). */
  readonly endsOnRecord?: true;
}

/** 42 CFR 2.31(a), as far as it is the same for every consent under Part 2. */
const PART2_ELEMENTS = {
  patient: '2.31(a)(1)',
  discloser: '2.31(a)(2)',
  information: '2.31(a)(3)',
  recipient: '2.31(a)(4)(i)',
  participants: '2.31(a)(4)(ii)',
  purpose: '2.31(a)(5)',
  revocation: '2.31(a)(6)',
  expiry: '2.31(a)(7)',
  'signed-form': '2.31(a)(8)',
  signer: '2.31(a)(8)',
  authority: '2.31(a)(8)',
  'both-signatures': '2.31(a)(8)',
  date: '2.31(a)(9)',
} as const;

/** Codes of https://closeloop.dev/fhir/CodeSystem/consent-kind. */
export const CONSENT_KINDS = {
  'hipaa-restrictions': {
    effect: 'deny',
    law: '45 CFR 164.522(a)(1)',
    display: 'Restriction of uses and disclosures',
    elements: { date: 'I5', signer: 'I5' },
    endsOnRecord: true,
  },
  'hipaa-self-pay': {
    effect: 'deny',
    law: '45 CFR 164.522(a)(1)(vi)',
    display: 'Restriction toward a health plan of what was paid in full',
    elements: { date: 'I5', signer: 'I5', recipient: 'R3' },
    endsOnRecord: true,
  },
  'hipaa-auth': {
    effect: 'permit',
    law: '45 CFR 164.508(c)',
    display: 'Authorization',
    elements: {
      information: 'A1',
      discloser: 'A2',
      recipient: 'A3',
      purpose: 'A4',
      expiry: 'A5',
      'signed-form': 'A6',
      date: 'A6',
      signer: 'A6',
      authority: 'A6',
      revocation: 'A7',
      conditioning: 'A8',
      redisclosure: 'A9',
      'plain-language': 'A10',
      'copy-given': 'A10',
      'notes-alone': 'A12',
    },
    releases: ['psychotherapy'],
    endsOnRecord: true,
  },
  'part2-tpo': {
    effect: 'permit',
    law: '42 CFR 2.31',
    display: 'Single consent for all future treatment, payment and operations under 42 CFR Part 2',
    elements: {
      ...PART2_ELEMENTS,
      'hipaa-redisclosure': '2.31(a)(4)(iii)',
      redisclosure: '2.31(a)(10)',
      'refusal-consequences': '2.31(a)(10)',
      'no-proceedings': '2.31(d)',
    },
    openEnded: true,
    releases: ['part2'],
    endsOnRecord: true,
  },
  'part2-specific': {
    effect: 'permit',
    law: '42 CFR 2.31',
    display: 'Consent to a disclosure under 42 CFR Part 2',
    elements: { ...PART2_ELEMENTS, 'hipaa-redisclosure': '2.31(a)(4)(iii)', 'no-proceedings': '2.31(d)' },
    releases: ['part2'],
    endsOnRecord: true,
  },
  'part2-counseling-notes': {
    effect: 'permit',
    law: '42 CFR 2.31(b)',
    display: 'Consent to tell counseling notes of substance use treatment',
    elements: { ...PART2_ELEMENTS, 'counseling-alone': '2.31(b)', 'no-proceedings': '2.31(d)' },
    releases: ['counseling', 'part2', 'psychotherapy'],
    endsOnRecord: true,
  },
  'part2-proceedings': {
    effect: 'permit',
    law: '42 CFR 2.31(d)',
    display: 'Consent to use in civil, criminal, administrative or legislative proceedings',
    elements: { ...PART2_ELEMENTS, 'proceedings-alone': '2.31(d)' },
    releases: ['part2'],
    endsOnRecord: true,
  },
  'part2-patient-notice': {
    effect: 'record',
    law: '42 CFR 2.22',
    display: 'The patient was given the notice of 42 CFR 2.22',
    elements: { date: '2.22' },
    oral: true,
  },
  'involved-person': {
    effect: 'permit',
    law: '45 CFR 164.510(b)',
    display: 'Person involved in the care of the patient',
    elements: { recipient: '164.510(b)(1)', date: '164.510(b)(2)', signer: '164.510(b)(2)' },
    oral: true,
    endsOnRecord: true,
  },
  'patient-messaging': {
    effect: 'permit',
    law: '45 CFR 164.522(b)',
    display: 'Messages to the patient by ordinary channels',
    elements: { date: '164.522(b)', signer: '164.522(b)' },
    endsOnRecord: true,
  },
  'community-referral': {
    effect: 'permit',
    law: '45 CFR 164.506(c)(1), 164.508',
    display: 'Referral to a community organization',
    elements: {
      information: 'B03',
      recipient: 'B03',
      purpose: 'B03',
      date: 'B03',
      signer: 'B03',
    },
    oral: true,
    endsOnRecord: true,
  },
  general: {
    effect: 'either',
    law: 'BSeR-PatientConsent',
    display: 'General consent or denial',
    elements: {},
    oral: true,
  },
} as const satisfies Record<string, ConsentKindRow>;

export type ConsentKind = keyof typeof CONSENT_KINDS;

export const kindRow = (kind: ConsentKind): ConsentKindRow => CONSENT_KINDS[kind];

/** HL7's codes for three of the kinds (http://hl7.org/fhir/R4/valueset-consent-policy.html). */
const POLICY_CODES = 'http://terminology.hl7.org/CodeSystem/consentpolicycodes';
const SHARED: ReadonlySet<string> = new Set(['hipaa-restrictions', 'hipaa-self-pay', 'hipaa-auth']);

/** The kinds that a Consent says, each once. One that says two is refused when it is written. */
export function kindsSaid(consent: Resource): readonly ConsentKind[] {
  const { policyRule } = consent as unknown as Consent; // validated structure
  return [...new Set((policyRule?.coding ?? []).flatMap((coding) => kindIn(coding) ?? []))];
}

/** The kind of a Consent; `general` where none stands, and where two stand: a form for two purposes is none for either. */
export function kindOf(consent: Resource): ConsentKind {
  const [kind, other] = kindsSaid(consent);
  return kind === undefined || other !== undefined ? 'general' : kind;
}

function kindIn({ system, code = '' }: Coding): ConsentKind | undefined {
  const isOurs = system === CONSENT_KIND_SYSTEM || (system === POLICY_CODES && SHARED.has(code));
  return isOurs && Object.hasOwn(CONSENT_KINDS, code) ? (code as ConsentKind) : undefined;
}
