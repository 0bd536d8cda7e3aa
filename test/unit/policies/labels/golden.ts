/**
 * The golden table: resources, and the labels that the server stores with them (compliance S1). A label with `<` follows from
 * what stands behind it, which its DS4P basis says.
 */
import type { Coding, Resource } from '../../../../src/fhir/types.ts';
import { ICD10, LOINC, RXNORM, SNOMED } from './sensitivity-rows.ts';

const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const CONF = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const subject = { reference: 'Patient/p' };
const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const labels = (...security: Coding[]) => ({ meta: { security } });
const conf = (code: string): Coding => ({ system: CONF, code });
const act = (code: string): Coding => ({ system: ACT, code });
const flag = (name: string) => ({
  url: `https://closeloop.dev/fhir/StructureDefinition/${name}`,
  valueBoolean: true,
});

const condition = (code: string, more: object = {}): Resource => ({
  resourceType: 'Condition',
  subject,
  code: concept(ICD10, code),
  ...more,
});

// prettier-ignore
export const GOLDEN: readonly (readonly [name: string, resource: Resource, labels: string])[] = [
  ['nothing sensitive', condition('I10'), ''],
  ['opioid use by whoever is no program: no 42CFRPart2 by code', condition('F11.20'),
    'N<SUD SUD<F11.20 ETH<F11.20 OPIOIDUD<F11.20'],
  ['a reason of an order', { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject,
    reasonCode: [concept(ICD10, 'F32.1')] }, 'N<MH MH<F32.1 PSY<F32.1'],
  ['a contained medication', { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject,
    medicationReference: { reference: '#m' }, contained: [{ resourceType: 'Medication', id: 'm', code: concept(RXNORM, '195085') }] },
    'N<HIV HIV<195085'],
  ['a medicine that counts beside a reason', { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject,
    medicationCodeableConcept: concept(RXNORM, '1819'), reasonCode: [concept(ICD10, 'F14.20')] },
    'N<SUD SUD<F14.20 ETH<F14.20'],
  ['a medicine for pain', { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject,
    medicationCodeableConcept: concept(RXNORM, '6813'), reasonCode: [concept(ICD10, 'G89.29')] }, ''],
  ['misoprostol beside a pregnancy', { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject,
    medicationCodeableConcept: concept(RXNORM, '42331'), reasonCode: [concept(ICD10, 'O02.1')] }, 'N<SEX SEX<42331'],
  ['a value, and the code of a component', { resourceType: 'Observation', status: 'final', subject, code: concept(LOINC, '11450-4'),
    valueCodeableConcept: concept(SNOMED, '6525002'), component: [{ code: concept(LOINC, '44249-1') }] },
    'N<SUD SUD<6525002 ETH<6525002 MH<44249-1 PSY<44249-1'],
  ['an input of a Task', { resourceType: 'Task', status: 'draft', intent: 'order',
    input: [{ type: { text: 'x' }, valueCodeableConcept: concept(ICD10, 'B20') }] }, 'N<HIV HIV<B20'],
  ['words alone', condition('I10', { note: [{ text: 'opioid dependence, F11.20' }] }), ''],
  ['codes of its labels are no content', condition('I10', { contained: [{ resourceType: 'Basic', id: 'b',
    meta: { tag: [{ system: ICD10, code: 'F11.20' }] } }] }), ''],
  ['a psychotherapy note by its flag', { resourceType: 'DocumentReference', status: 'current', subject, content: [],
    extension: [flag('psychotherapy-note')] }, 'R<PSYTHPN PSYTHPN<PSYTHPN'],
  ['a section that its author flags', { resourceType: 'Composition', status: 'final', subject,
    section: [{ title: 'Session', extension: [flag('psychotherapy-note')] }] }, 'R<PSYTHPN PSYTHPN<PSYTHPN'],
  ['no psychotherapy note by its type', { resourceType: 'DocumentReference', status: 'current', subject, content: [],
    type: concept(LOINC, '28635-1') }, ''],
  ['what a minor consented to', condition('A54.00', { extension: [flag('minor-consented')] }), 'R<ADOL STD<A54.00 ADOL<ADOL'],
  ['a flag that says no', condition('I10', { extension: [{ ...flag('minor-consented'), valueBoolean: false }] }), ''],
  // what its client wrote
  ['a label by the name that its system had in STU3', condition('I10', labels({ system: 'http://hl7.org/fhir/v3/ActCode', code: '42CFRPart2' })),
    'R<42CFRPart2 42CFRPart2 42CFRPart2'],
  ['a label by the OID of its system', condition('I10', labels({ system: 'urn:oid:2.16.840.1.113883.5.4', code: 'PSYTHPN' })),
    'R<PSYTHPN PSYTHPN PSYTHPN'],
  ['a label that guards, without a system', condition('I10', labels({ code: '42CFRPart2' })), 'R<42CFRPart2 42CFRPart2 42CFRPart2'],
  ['a confidentiality by another name', condition('I10', labels({ system: 'http://hl7.org/fhir/v3/Confidentiality', code: 'V' })), 'V V'],
  ['a code of somebody else', condition('I10', labels({ system: 'urn:other', code: '42CFRPart2' })), '42CFRPart2'],
  ['a client’s labels stay', condition('F11.20', labels(act('SUD'), conf('R'))), 'SUD R ETH<F11.20 OPIOIDUD<F11.20'],
  ['a label that came: restricted', condition('I10', labels(act('42CFRPart2'))), 'R<42CFRPart2 42CFRPart2'],
  ['restricted above what its client says', condition('I10', labels(conf('N'), act('42CFRPart2'))), 'R<42CFRPart2 42CFRPart2'],
  ['paid in full', condition('I10', labels(act('HIPAASelfPay'))), 'R<HIPAASelfPay HIPAASelfPay'],
  ['very restricted by hand', condition('F11.20', labels(conf('V'))), 'V SUD<F11.20 ETH<F11.20 OPIOIDUD<F11.20'],
  ['the highest of several', condition('I10', labels(conf('N'), conf('R'), conf('L'))), 'R'],
  ['less than normal by hand', condition('I10', labels(conf('L'))), 'L'],
  ['a label of somebody’s own', condition('I10', labels({ system: 'urn:own', code: 'x' })), 'x'],
];
