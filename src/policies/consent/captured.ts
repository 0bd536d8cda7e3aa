/** What a person captures of a consent, and the Consent that it makes (compliance K2; 45 CFR 164.508(c), 42 CFR 2.31(a)). */
import type { CodeableConcept, Coding, Ref, Reference, Resource } from '../../fhir/types.ts';
import { ACT_CODE } from '../labels/confidentiality.ts';
import { PURPOSE_SYSTEM } from '../purpose.ts';
import { CONSENT_KIND_SYSTEM, kindRow, type ConsentKind } from './kinds.ts';
import { CONSENT_EXTENSIONS, COUNSELING_NOTE, TPO_RECIPIENTS } from './read-consent.ts';

export interface CapturedConsent {
  readonly kind: ConsentKind;
  readonly patient: Ref;
  /** Who keeps the consent and relies on it. */
  readonly keeper: Ref;
  readonly from: readonly Reference[];
  readonly to: readonly Reference[];
  /** Codes of v3-ActReason. */
  readonly purposes: readonly string[];
  /** Names of labels: codes of ActCode, or `system|code`. */
  readonly labels: readonly string[];
  /** Types of resources. */
  readonly types: readonly string[];
  readonly codes: readonly CodeableConcept[];
  readonly data: readonly Reference[];
  /** What may be told, in words. */
  readonly text: string | undefined;
  /** A day or an event. */
  readonly until: string | undefined;
  readonly event: string | undefined;
  readonly statements: readonly string[];
  readonly signers: readonly Reference[];
  /** Why one who is not the patient may sign. */
  readonly authority: string | undefined;
  readonly signedAt: string | undefined;
  /** The patient asks for it, and nobody has agreed yet (45 CFR 164.522(a)(1)(i); compliance R1). */
  readonly isRequest?: boolean;
}

/** What a kind means where the form leaves it out: whom it names, what it covers, and what for. */
const IMPLIED: Readonly<Partial<Record<ConsentKind, Partial<CapturedConsent>>>> = {
  'part2-tpo': {
    to: [{ reference: TPO_RECIPIENTS }],
    purposes: ['TREAT', 'HPAYMT', 'HOPERAT'],
    labels: ['42CFRPart2'],
  },
  'part2-specific': { labels: ['42CFRPart2'] },
  'part2-proceedings': { labels: ['42CFRPart2'], purposes: ['HLEGAL'] },
  'part2-counseling-notes': { labels: [COUNSELING_NOTE, 'PSYTHPN', '42CFRPart2'] },
};

/** What is captured, with what its kind implies. */
export function withImplied(captured: CapturedConsent): CapturedConsent {
  const { kind, from, to, purposes, labels, types, data, keeper } = captured;
  const implied = IMPLIED[kind] ?? {};
  const saysWhat = labels.length + types.length + data.length > 0;
  return {
    ...captured,
    from: from.length > 0 ? from : [{ reference: keeper }],
    to: to.length > 0 ? to : (implied.to ?? []),
    purposes: purposes.length > 0 ? purposes : (implied.purposes ?? []),
    labels: saysWhat ? labels : (implied.labels ?? []),
  };
}

const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const PROFILE = 'https://closeloop.dev/fhir/StructureDefinition/consent';

const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

/** @param source the document that was signed, or by which the spoken word is on record */
export function buildConsent(captured: CapturedConsent, source: Ref | undefined): Resource {
  const { kind, patient, keeper, signers, signedAt } = captured;
  const extension = extensionsFor(captured);
  return {
    resourceType: 'Consent',
    meta: { profile: [PROFILE] },
    ...(extension.length > 0 && { extension }),
    status: captured.isRequest === true ? 'proposed' : 'active',
    scope: concept('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [
      concept('http://loinc.org', kind === 'patient-messaging' ? ACKNOWLEDGEMENT : CONSENT_DOCUMENT),
    ],
    patient: { reference: patient },
    ...(signedAt !== undefined && { dateTime: signedAt }),
    ...(signers.length > 0 && { performer: signers.slice(0, 1) }),
    organization: [{ reference: keeper }],
    ...(source !== undefined && { sourceReference: { reference: source } }),
    policyRule: { coding: rulesOf(kind) },
    provision: provisionOf(captured),
  };
}

/** LOINC: a consent to release information, and the document that holds it. */
export const CONSENT_DOCUMENT = '64292-6';

/** LOINC: that a privacy policy was acknowledged, as the value set of Consent.category has it. */
const ACKNOWLEDGEMENT = '57016-8';

const rulesOf = (kind: ConsentKind): readonly Coding[] => [
  { system: CONSENT_KIND_SYSTEM, code: kind },
  ...(kind.startsWith('part2-') ? [{ system: ACT_CODE, code: '42CFRPart2CD' }] : []),
];

function provisionOf({
  kind,
  from,
  to,
  purposes,
  labels,
  types,
  codes,
  data,
  until,
}: CapturedConsent): object {
  const actors = (role: string, references: readonly Reference[]) =>
    references.map((reference) => ({ role: concept(PARTICIPATION, role), reference }));
  const actor = [...actors('CST', from), ...actors('IRCP', to)];
  const isDenied = kindRow(kind).effect === 'deny';
  return {
    type: isDenied ? 'deny' : 'permit',
    ...(until !== undefined && { period: { end: until } }),
    ...(actor.length > 0 && { actor }),
    ...(labels.length > 0 && { securityLabel: labels.map(labelCoding) }),
    ...(purposes.length > 0 && { purpose: purposes.map((code) => ({ system: PURPOSE_SYSTEM, code })) }),
    ...(types.length > 0 && {
      class: types.map((code) => ({ system: 'http://hl7.org/fhir/resource-types', code })),
    }),
    ...(codes.length > 0 && { code: codes }),
    ...(data.length > 0 && { data: data.map((reference) => ({ meaning: 'instance', reference })) }),
  };
}

/** The Coding of a label by its name. */
function labelCoding(name: string): Coding {
  const at = name.lastIndexOf('|');
  return at < 0 ? { system: ACT_CODE, code: name } : { system: name.slice(0, at), code: name.slice(at + 1) };
}

function extensionsFor({ statements, text, event, authority, signers }: CapturedConsent): readonly object[] {
  const [, ...others] = signers;
  const signing = [
    ...(authority === undefined ? [] : [{ url: 'authority', valueString: authority }]),
    ...others.slice(0, 1).map((valueReference) => ({ url: 'signer', valueReference })),
  ];
  return [
    ...statements.map((valueCode) => ({ url: CONSENT_EXTENSIONS.statements, valueCode })),
    ...(text === undefined ? [] : [{ url: CONSENT_EXTENSIONS.information, valueString: text }]),
    ...(event === undefined ? [] : [{ url: CONSENT_EXTENSIONS.expirationEvent, valueString: event }]),
    ...(signing.length === 0 ? [] : [{ url: CONSENT_EXTENSIONS.authority, extension: signing }]),
  ];
}
