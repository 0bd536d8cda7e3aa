/**
 * Confidentiality (HL7 v3 Confidentiality, as the Healthcare Privacy and Security Classification System orders it): a
 * resource has one code, and a whole has the highest of its parts.
 */
import type { Coding } from '../../fhir/types.ts';

export const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
export const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

/** From the least confidential to the most: U L M N R V. */
const ORDER: readonly string[] = ['U', 'L', 'M', 'N', 'R', 'V'];

/** How confidential a code is; less than every code for what is none. */
export const rankOf = (code: string | undefined): number => ORDER.indexOf(code ?? '');

export const isConfidentiality = ({ system }: Coding): boolean => system === CONFIDENTIALITY;

/** Whether the name of a label is that of a confidentiality. */
export const isConfidentialityName = (label: string): boolean => label.startsWith(`${CONFIDENTIALITY}|`);

/** The label with the highest confidentiality; undefined where none says any. */
export function highestOf(labels: Iterable<Coding>): Coding | undefined {
  let highest: Coding | undefined;
  for (const label of labels)
    if (isConfidentiality(label) && rankOf(label.code) > rankOf(highest?.code)) highest = label;
  return highest;
}

/**
 * Labels that make what bears them restricted (compliance S2): substance use treatment under 42 CFR Part 2, psychotherapy
 * notes (45 CFR 164.508(a)(2)), what a patient paid in full (164.522(a)(1)(vi)) and what a minor consented to alone.
 */
const RESTRICTED: ReadonlySet<string> = new Set([
  '42CFRPart2',
  'HIPAAPsyNotes',
  'PSYTHPN',
  'HIPAASelfPay',
  'ADOL',
]);

/** The label by which something is restricted, if there is one. */
export const restrictingOf = (labels: readonly Coding[]): Coding | undefined =>
  labels.find(({ system, code }) => system === ACT_CODE && RESTRICTED.has(code ?? ''));
