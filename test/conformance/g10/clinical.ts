/** What is known of a patient, one resource or more of each type of the kit's sequence 1.7, with the least that is valid. */
import type { Resource } from '../../../src/fhir/types.ts';
import { to } from '../../resources.ts';

const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const said = (text: string) => ({ text });
const CLINICAL = 'http://terminology.hl7.org/CodeSystem';

/** The eight categories by which ONC narrows scopes (smart 4.5), each with its type. */
export const CATEGORIES = [
  ['Condition', `${CLINICAL}/condition-category`, 'encounter-diagnosis'],
  ['Condition', `${CLINICAL}/condition-category`, 'problem-list-item'],
  ['Condition', 'http://hl7.org/fhir/us/core/CodeSystem/condition-category', 'health-concern'],
  ['Observation', `${CLINICAL}/observation-category`, 'laboratory'],
  ['Observation', `${CLINICAL}/observation-category`, 'social-history'],
  ['Observation', `${CLINICAL}/observation-category`, 'vital-signs'],
  ['Observation', `${CLINICAL}/observation-category`, 'survey'],
  ['Observation', 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category', 'sdoh'],
] as const;

/** One resource of each category. */
export const categorized = (patient: string): readonly Resource[] =>
  CATEGORIES.map(([resourceType, system, code]) => {
    const common = { resourceType, subject: to(patient), category: [coded(system, code)], code: said(code) };
    const clinicalStatus = coded(`${CLINICAL}/condition-clinical`, 'active');
    return resourceType === 'Observation'
      ? { ...common, status: 'final', valueString: code }
      : { ...common, clinicalStatus };
  });

/** The other types that are searched by `patient`. */
export const clinical = (patient: string, practitioner: string): readonly Resource[] => [
  {
    resourceType: 'AllergyIntolerance',
    clinicalStatus: coded(`${CLINICAL}/allergyintolerance-clinical`, 'active'),
    patient: to(patient),
    code: said('penicillin'),
  },
  { resourceType: 'CarePlan', status: 'active', intent: 'plan', subject: to(patient) },
  {
    resourceType: 'CareTeam',
    status: 'active',
    subject: to(patient),
    participant: [{ member: to(practitioner) }],
  },
  { resourceType: 'Device', patient: to(patient), type: said('pacemaker') },
  { resourceType: 'DiagnosticReport', status: 'final', code: said('blood count'), subject: to(patient) },
  {
    resourceType: 'DocumentReference',
    status: 'current',
    subject: to(patient),
    content: [{ attachment: { contentType: 'text/plain', data: 'QSBub3Rl' } }],
  },
  {
    resourceType: 'Goal',
    lifecycleStatus: 'active',
    description: said('walk every day'),
    subject: to(patient),
  },
  {
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: said('influenza'),
    patient: to(patient),
    occurrenceDateTime: '2026-10-01',
  },
  {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: said('aspirin'),
    subject: to(patient),
  },
  { resourceType: 'Procedure', status: 'completed', code: said('appendectomy'), subject: to(patient) },
  {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: `${CLINICAL}/v3-ActCode`, code: 'AMB' },
    subject: to(patient),
  },
  { resourceType: 'Coverage', status: 'active', beneficiary: to(patient), payor: [to(patient)] },
  {
    resourceType: 'MedicationDispense',
    status: 'completed',
    medicationCodeableConcept: said('aspirin'),
    subject: to(patient),
  },
  { resourceType: 'Specimen', type: said('blood'), subject: to(patient) },
  { resourceType: 'RelatedPerson', patient: to(patient), name: [{ family: 'Byron' }] },
  { resourceType: 'QuestionnaireResponse', status: 'completed', subject: to(patient) },
];
