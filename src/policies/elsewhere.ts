/**
 * Disclosures that a person makes outside this server (compliance B32, B35): on the bases that the server knows, and on
 * those that it does not offer. Both are entered afterwards, so that the patient's accounting is whole (45 CFR 164.528).
 */
import { BASES, isBasis } from './basis.ts';
import type { Purpose } from './purpose.ts';

interface ElsewhereRow {
  readonly purpose: Purpose;
  /** Section of 45 CFR, and the paragraph that permits it. */
  readonly section: string;
  readonly paragraph: string;
  readonly title: string;
}

/** Codes of https://closeloop.dev/fhir/CodeSystem/disclosure-basis beside those that a referral may claim. */
// prettier-ignore
export const ELSEWHERE_BASES = {
  'law-enforcement':        { purpose: 'HLEGAL',  section: '164.512', paragraph: '(f)',    title: 'for a law enforcement purpose' },
  'coroner':                { purpose: 'HLEGAL',  section: '164.512', paragraph: '(g)',    title: 'to a coroner, medical examiner or funeral director' },
  'organ-donation':         { purpose: 'DONAT',   section: '164.512', paragraph: '(h)',    title: 'for organ, eye or tissue donation' },
  'research':               { purpose: 'HRESCH',  section: '164.512', paragraph: '(i)',    title: 'for research' },
  'specialized-government': { purpose: 'GOV',     section: '164.512', paragraph: '(k)',    title: 'for a specialized government function' },
  'limited-data-set':       { purpose: 'HRESCH',  section: '164.514', paragraph: '(e)',    title: 'as a limited data set' },
  'incident':               { purpose: 'HCOMPL',  section: '164.402', paragraph: '(1)',    title: 'by mistake, which no basis permits' },
} as const satisfies Record<string, ElsewhereRow>;

/** What a person may say a disclosure rested on. */
export type DisclosedOn = keyof typeof BASES | keyof typeof ELSEWHERE_BASES;

export const isElsewhereBasis = (code: string | undefined): code is DisclosedOn =>
  isBasis(code) || (code !== undefined && Object.hasOwn(ELSEWHERE_BASES, code));

/** Purpose and section of a basis, offered here or not. */
export const rowOfBasis = (code: DisclosedOn): Pick<ElsewhereRow, 'purpose' | 'section'> =>
  isBasis(code) ? BASES[code] : ELSEWHERE_BASES[code];
