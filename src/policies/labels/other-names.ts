/**
 * The systems of HL7's labels under the names that they had in other releases, and in HL7 v2 and C-CDA. Who labels by one of
 * these means the label, so it stands beside by the name that R4 has (compliance P2, S1).
 */
import type { Coding } from '../../fhir/types.ts';
import { ACT_CODE, CONFIDENTIALITY } from './confidentiality.ts';

const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['http://hl7.org/fhir/v3/ActCode', ACT_CODE],
  ['http://hl7.org/fhir/v3/Confidentiality', CONFIDENTIALITY],
  ['http://terminology.hl7.org/CodeSystem/ActCode', ACT_CODE],
  ['urn:oid:2.16.840.1.113883.5.4', ACT_CODE],
  ['urn:oid:2.16.840.1.113883.5.25', CONFIDENTIALITY],
]);

/** Codes that guard content by themselves: nobody writes one without meaning it, and without a system it means this. */
const UNMISTAKABLE: ReadonlySet<string> = new Set(['42CFRPart2', 'PSYTHPN', 'HIPAAPsyNotes', 'HIPAASelfPay']);

/** The label that a coding means; none where it is one already, or means no label. */
export function labelOfOtherName({ system, code }: Coding): readonly Coding[] {
  if (code === undefined) return [];
  if (system === undefined) return UNMISTAKABLE.has(code) ? [{ system: ACT_CODE, code }] : [];
  const named = OTHER_NAMES.get(system);
  return named === undefined ? [] : [{ system: named, code }];
}
