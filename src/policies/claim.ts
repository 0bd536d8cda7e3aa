/**
 * What an order claims of its basis (compliance D3), as far as the policies look at it, and what they find missing
 * (compliance B30). The words of the claim are the sender's; what its references lead to is looked up.
 */
import type { Ref } from '../fhir/types.ts';
import type { PartyKind } from './party-kind.ts';

/** A document or a Contract that a claim names, as it is stored. */
export interface EvidenceFile {
  readonly ref: Ref;
  /** It is current: a DocumentReference that is not superseded, a Consent that is active, an executed Contract. */
  readonly current: boolean;
  /** Codes of https://closeloop.dev/fhir/CodeSystem/disclosure-evidence that it bears. */
  readonly codes: readonly string[];
}

/** What a claim rests on. */
export interface ClaimEvidence {
  /** The statute, or the number of the order. */
  readonly law: string | undefined;
  readonly justification: string | undefined;
  readonly informed: string | undefined;
  /** Which activity of public health (45 CFR 164.512(b)(1)). */
  readonly activity: string | undefined;
  /** The kinds of the authority that the claim names; undefined: it names none. */
  readonly authority: ReadonlySet<PartyKind> | undefined;
  readonly files: readonly EvidenceFile[];
  /** The order names a clinician who asks. */
  readonly clinician: boolean;
  /** Somebody may break the glass, and did (compliance E1). */
  readonly emergency: boolean;
  /** An administrator makes the claim. */
  readonly administrator: boolean;
  /** Discloser and recipient each have, or had, a relationship with the patient. */
  readonly related: boolean;
}

export const NO_EVIDENCE: ClaimEvidence = {
  law: undefined,
  justification: undefined,
  informed: undefined,
  activity: undefined,
  authority: undefined,
  files: [],
  clinician: false,
  emergency: false,
  administrator: false,
  related: false,
};

/** Codes of https://closeloop.dev/fhir/CodeSystem/disclosure-evidence: `type` of a DocumentReference that is evidence. */
// prettier-ignore
export const EVIDENCE_CODES = {
  'court-order':          'An order of a court (45 CFR 164.512(e)(1)(i))',
  'legal-process':        'A subpoena, a discovery request or other lawful process (45 CFR 164.512(e)(1)(ii))',
  'assurance':            'Satisfactory assurance of notice to the patient, or of a qualified protective order (45 CFR 164.512(e)(1)(ii))',
  'patient-notice':       'The patient was told (45 CFR 164.512(b)(1)(v)(D))',
  'patient-agreement':    'The patient, or who acts for the patient, agreed (45 CFR 164.512(b)(1)(vi), (c)(1)(ii))',
  'representation':       'What a correctional institution represents (45 CFR 164.512(k)(5))',
} as const;

export type EvidenceCode = keyof typeof EVIDENCE_CODES;

/** A piece that a claim lacks. */
export interface LackingPiece {
  /** Behind "Basis abuse-neglect needs …". */
  readonly says: string;
  /** The part of the claim that would hold it, or the element of the order. */
  readonly part:
    | 'law'
    | 'authority'
    | 'informed'
    | 'justification'
    | 'activity'
    | 'evidence'
    | 'performer'
    | 'requester'
    | 'category'
    | 'code';
}

/** Where a piece belongs, as FHIRPath. */
export const placeOfPiece = ({ part }: LackingPiece): string =>
  PARTS.has(part)
    ? `ServiceRequest.extension('https://closeloop.dev/fhir/StructureDefinition/disclosure-basis').extension('${part}')`
    : `ServiceRequest.${part}`;

const PARTS: ReadonlySet<string> = new Set([
  'law',
  'authority',
  'informed',
  'justification',
  'activity',
  'evidence',
  'code',
]);
