/** A full chart: one patient with something of every kind that a referral could bring along. */
import type { Resource } from '../../../../src/fhir/types.ts';

const LOINC = 'http://loinc.org';
const SNOMED = 'http://snomed.info/sct';
const ICD10CM = 'http://hl7.org/fhir/sid/icd-10-cm';

const subject = { reference: 'Patient/p', display: 'Eve Everywoman' };
const numbered = { ...subject, identifier: { system: 'urn:oid:1.2.3', value: 'MRN-1' } };

export const PATIENT: Resource = {
  resourceType: 'Patient',
  id: 'p',
  meta: { versionId: '3', profile: ['http://hl7.org/fhir/us/bser/StructureDefinition/bser-patient'] },
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Eve, MRN-1</div>' },
  extension: [{ url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex', valueCode: 'F' }],
  identifier: [{ system: 'urn:oid:1.2.3', value: 'MRN-1' }],
  active: true,
  name: [{ family: 'Everywoman', given: ['Eve'] }],
  telecom: [{ system: 'phone', value: '555-0100' }],
  gender: 'female',
  birthDate: '1962-07-19',
  _birthDate: {
    extension: [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime',
        valueDateTime: '1962-07-19T05:12:00Z',
      },
    ],
  },
  address: [{ city: 'Ann Arbor' }],
  maritalStatus: { text: 'married' },
  contact: [{ name: { family: 'Betterhalf' }, organization: { reference: '#employer' } }],
  communication: [{ language: { text: 'Spanish' } }],
  generalPractitioner: [{ reference: 'Practitioner/gp' }],
  managingOrganization: { reference: 'Organization/a' },
};

export const ORDER: Resource = {
  resourceType: 'ServiceRequest',
  id: 'o',
  contained: [
    { resourceType: 'PractitionerRole', id: 'who' },
    { resourceType: 'Condition', id: 'why', code: { text: 'HIV' } },
  ],
  identifier: [{ value: 'CL1' }],
  status: 'active',
  intent: 'order',
  category: [{ text: 'social services' }],
  code: { text: 'food' },
  subject: numbered,
  occurrenceDateTime: '2026-12-01',
  authoredOn: '2026-11-30',
  requester: { reference: '#who' },
  performer: [{ reference: 'Organization/b' }],
  reasonCode: [
    {
      coding: [
        { system: ICD10CM, code: 'Z59.41' },
        { system: ICD10CM, code: 'E11.9' },
      ],
      text: 'hungry',
    },
    { coding: [{ system: ICD10CM, code: 'E11.9' }], text: 'diabetes' },
    { text: 'lives alone' },
  ],
  reasonReference: [{ reference: '#why', display: 'HIV' }],
  insurance: [{ reference: 'Coverage/c' }],
  supportingInfo: [{ reference: 'Observation/a1c', display: 'HbA1c 9.1' }],
  note: [{ text: 'Call in the evening.' }],
  patientInstruction: 'Do not eat.',
};

const TASK: Resource = { resourceType: 'Task', id: 't', status: 'received', intent: 'order', for: numbered };

const observation = (id: string, system: string, code: string): Resource => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system, code }] },
  subject,
});

const about = (resourceType: string, id: string): Resource => ({ resourceType, id, subject });

export const CHART: readonly Resource[] = [
  PATIENT,
  ORDER,
  TASK,
  { resourceType: 'Consent', id: 'yes', patient: subject },
  about('RelatedPerson', 'mother'),
  about('Coverage', 'c'),
  about('Condition', 'diabetes'),
  about('AllergyIntolerance', 'nuts'),
  about('MedicationRequest', 'metformin'),
  about('Medication', 'm'),
  about('DocumentReference', 'note'),
  about('Binary', 'bytes'),
  about('DiagnosticReport', 'lab'),
  about('Encounter', 'visit'),
  about('Communication', 'talk'),
  about('Bundle', 'request'),
  about('Composition', 'request'),
  about('Basic', 'whatever'),
  { resourceType: 'NotOfR4', id: 'x' },
  {
    resourceType: 'Procedure',
    id: 'patches',
    code: { coding: [{ system: SNOMED, code: '151159008' }] },
    subject,
  },
  {
    resourceType: 'Procedure',
    id: 'appendix',
    code: { coding: [{ system: SNOMED, code: '80146002' }] },
    subject,
  },
  observation('bp', LOINC, '85354-9'),
  observation('height', LOINC, '8302-2'),
  observation('length', LOINC, '8306-3'),
  observation('weight', LOINC, '29463-7'),
  observation('bmi', LOINC, '39156-5'),
  observation('a1c', LOINC, '4548-4'),
  observation('job', LOINC, '74165-2'),
  observation('school', LOINC, '82589-3'),
  observation('smokes', LOINC, '72166-2'),
  observation('latch', SNOMED, '288988007'),
  // The code of blood pressure in another system is no blood pressure.
  observation('odd', 'http://example.org/codes', '85354-9'),
  { resourceType: 'Observation', id: 'words', status: 'final', code: { text: 'blood pressure' }, subject },
];
