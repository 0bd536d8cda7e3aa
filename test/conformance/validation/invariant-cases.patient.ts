/** Invariants of what is said of a patient, planned and billed: an element that breaks one, and the same mended. */
import { patient, subject, text } from './invariant-cases.holders.ts';
import type { Row } from './invariant-cases.ts';

const UCUM = 'http://unitsofmeasure.org';
const status = (system: string, code: string) => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/allergyintolerance-${system}`, code }],
});
const list = { status: 'current', mode: 'snapshot' };
const listed = { item: subject };
const family = { status: 'completed', patient, relationship: text };
const dispense = { status: 'completed', medicationCodeableConcept: text };

export const PATIENT_ROWS: Readonly<Record<string, readonly Row[]>> = {
  AllergyIntolerance: [
    ['ait-1', { patient }, { patient, clinicalStatus: status('clinical', 'active') }],
    [
      'ait-1',
      { patient, verificationStatus: status('verification', 'confirmed') },
      { patient, verificationStatus: status('verification', 'entered-in-error') },
    ],
    [
      'ait-2',
      {
        patient,
        clinicalStatus: status('clinical', 'active'),
        verificationStatus: status('verification', 'entered-in-error'),
      },
      { patient, verificationStatus: status('verification', 'entered-in-error') },
    ],
  ],
  AppointmentResponse: [
    [
      'apr-1',
      { appointment: subject, participantStatus: 'accepted' },
      { appointment: subject, participantStatus: 'accepted', participantType: [text] },
    ],
  ],
  'CarePlan.activity': [
    [
      'cpl-3',
      { reference: subject, detail: { status: 'scheduled' } },
      { outcomeReference: [subject], detail: { status: 'scheduled' } },
    ],
  ],
  'CareTeam.participant': [
    [
      'ctm-1',
      { member: { reference: 'Organization/o' }, onBehalfOf: subject },
      { member: { reference: 'http://other.example/Practitioner/p' }, onBehalfOf: subject },
    ],
    [
      'ctm-1',
      { member: { reference: 'Patient/p' }, onBehalfOf: subject },
      { member: subject, onBehalfOf: subject },
    ],
  ],
  'CoverageEligibilityResponse.insurance.item': [
    ['ces-1', { excluded: true }, { category: text }],
    ['ces-1', { category: text, productOrService: text }, { productOrService: text }],
  ],
  FamilyMemberHistory: [
    ['fhs-1', { ...family, ageString: 'x', bornDate: '1950' }, { ...family, bornDate: '1950' }],
    ['fhs-2', { ...family, estimatedAge: true }, { ...family, ageString: 'x', estimatedAge: true }],
  ],
  'Goal.target': [['gol-1', { detailString: 'x' }, { detailString: 'x', measure: text }]],
  Group: [
    [
      'grp-1',
      { type: 'person', actual: false, member: [{ entity: subject }] },
      { type: 'person', actual: true, member: [{ entity: subject }] },
    ],
  ],
  'Immunization.education': [
    ['imm-1', { publicationDate: '2026' }, { publicationDate: '2026', documentType: 'x' }],
  ],
  List: [
    ['lst-1', { ...list, entry: [listed], emptyReason: text }, { ...list, emptyReason: text }],
    [
      'lst-2',
      { ...list, entry: [{ ...listed, deleted: true }] },
      { ...list, mode: 'changes', entry: [{ ...listed, deleted: true }] },
    ],
    [
      'lst-3',
      { ...list, entry: [{ ...listed, date: '2026' }] },
      { ...list, mode: 'working', entry: [{ ...listed, date: '2026' }] },
    ],
  ],
  'MedicationAdministration.dosage': [
    ['mad-1', { text: 'x' }, { dose: { value: 1 } }],
    ['mad-1', { text: 'x' }, { rateQuantity: { value: 1 } }],
  ],
  MedicationDispense: [
    [
      'mdd-1',
      { ...dispense, whenPrepared: '2026-01-02', whenHandedOver: '2026-01-01' },
      { ...dispense, whenPrepared: '2026-01-01', whenHandedOver: '2026-01-01' },
    ],
  ],
  'RequestGroup.action': [
    ['rqg-1', { title: 'x' }, { resource: subject }],
    ['rqg-1', { resource: subject, action: [{ resource: subject }] }, { action: [{ resource: subject }] }],
  ],
  'RiskAssessment.prediction': [
    [
      'ras-1',
      { probabilityRange: { low: { value: 1, code: 'kg', system: UCUM } } },
      { probabilityRange: { low: { value: 1, code: '%', system: UCUM } } },
    ],
    [
      'ras-1',
      { probabilityRange: { high: { value: 1, code: 'kg', system: UCUM } } },
      { probabilityRange: { high: { value: 1, code: '%', system: UCUM } } },
    ],
    ['ras-2', { probabilityDecimal: 100.5 }, { probabilityDecimal: 100 }],
  ],
};
