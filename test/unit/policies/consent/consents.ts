/** Complete Consents of each kind, for the tests of their rules: what differs is given. */
import type { Consent, ConsentProvisionActor, Extension, Resource } from '../../../../src/fhir/types.ts';
import type { ConsentKind } from '../../../../src/policies/consent/kinds.ts';

const OURS = 'https://closeloop.dev/fhir';
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

export const actor = (role: 'CST' | 'IRCP', reference: string): ConsentProvisionActor => ({
  role: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: role }] },
  reference: { reference },
});

export const label = (code: string, system = ACT_CODE) => ({ system, code });
export const COUNSELING = label('sud-counseling-note', `${OURS}/CodeSystem/label`);
export const purpose = (code: string) => ({ system: ACT_REASON, code });

export const says = (code: string): Extension => ({
  url: `${OURS}/StructureDefinition/consent-statements`,
  valueCode: code,
});

export const words = (name: string, valueString: string): Extension => ({
  url: `${OURS}/StructureDefinition/${name}`,
  valueString,
});

export const authority = (more: readonly Extension[]): Extension => ({
  url: `${OURS}/StructureDefinition/authority-to-sign`,
  extension: [...more],
});

const STATEMENTS = {
  'hipaa-auth': ['revocation', 'conditioning', 'redisclosure', 'plain-language', 'copy-given'],
  'part2-tpo': ['revocation', 'hipaa-redisclosure', 'redisclosure', 'refusal-consequences'],
  'part2-specific': ['revocation', 'hipaa-redisclosure'],
  'part2-counseling-notes': ['revocation', 'hipaa-redisclosure'],
  'part2-proceedings': ['revocation'],
} as const;

const LABELS: Readonly<Partial<Record<ConsentKind, Consent['provision']>>> = {
  'part2-counseling-notes': { securityLabel: [COUNSELING] },
  'part2-proceedings': { securityLabel: [label('42CFRPart2')], purpose: [purpose('HLEGAL')] },
  'hipaa-auth': { securityLabel: [label('HIV')] },
};

/** A complete Consent by which Organization/a may tell Organization/b. */
export function consentOf(kind: keyof typeof STATEMENTS, more: Partial<Consent> = {}): Consent {
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '64292-6' }] }],
    patient: { reference: 'Patient/p' },
    dateTime: '2026-01-02',
    performer: [{ reference: 'Patient/p' }],
    organization: [{ reference: 'Organization/a' }],
    sourceReference: { reference: 'DocumentReference/signed' },
    policyRule: { coding: [{ system: `${OURS}/CodeSystem/consent-kind`, code: kind }] },
    extension: STATEMENTS[kind].map(says),
    provision: {
      type: 'permit',
      period: { end: '2026-03' },
      actor: [actor('CST', 'Organization/a'), actor('IRCP', 'Organization/b')],
      purpose: [purpose('TREAT')],
      securityLabel: [label('42CFRPart2')],
      ...LABELS[kind],
    },
    ...more,
  };
}

/** The same with other members of its provision. */
export const withProvision = (consent: Consent, more: Consent['provision']): Consent => ({
  ...consent,
  provision: { ...consent.provision, ...more },
});

export const asResource = (consent: Consent): Resource => consent as unknown as Resource;
