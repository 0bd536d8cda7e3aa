/** C-CDA: a document of about 100 KB written from FHIR, and read into FHIR, by the CPU that one takes. */
import { convertDocument } from '../../src/ccda/read/convert.ts';
import { writeDocument } from '../../src/ccda/write/document.ts';
import type { Reference, Resource } from '../../src/fhir/types.ts';
import { atMost, median, type Figure } from './figure.ts';

const RUNS = 50;
/** Runs before the first that counts: the code is compiled by then. */
const WARM = 30;
/** Entries of each kind: the document has about 100 KB with them. */
const ENTRIES = 13;
const MILLISECOND = 1000;

export async function measureCcda(): Promise<readonly Figure[]> {
  const write = (): string => writeDocument(content, { base: 'https://bench.example/fhir', lookUp }).xml;
  const bytes = Buffer.from(write());
  let made = 0;
  const newId = (): string => `00000000-0000-4000-8000-${String((made += 1)).padStart(12, '0')}`;
  const read = () => convertDocument(bytes, { newId, now: '2025-03-14T09:03:00Z' });
  const size = `${Math.round(bytes.length / 1024)} KB, the median of ${RUNS}`;
  return [
    {
      name: 'a Referral Note written from FHIR, CPU',
      value: await cpuOf(write),
      unit: 'ms',
      target: atMost(15),
      note: size,
    },
    {
      name: 'that document read into FHIR, CPU',
      value: await cpuOf(read),
      unit: 'ms',
      target: atMost(15),
      note: size,
    },
  ];
}

async function cpuOf(work: () => unknown): Promise<number> {
  for (let i = 0; i < WARM; i += 1) await work();
  const took: number[] = [];
  for (let i = 0; i < RUNS; i += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    took.push((user + system) / MILLISECOND);
  }
  return median(took);
}

const coded = (system: string, code: string, display: string) => ({ coding: [{ system, code, display }] });
const many = (resourceType: string, make: (index: number) => object): readonly Resource[] =>
  Array.from({ length: ENTRIES }, (_none, index) => ({
    resourceType,
    id: `${index + 1}`,
    subject: { reference: 'Patient/1' },
    ...make(index),
  }));

const day = (index: number): string => `2024-11-${String(index + 10)}`;
const recorder = { reference: 'PractitionerRole/1' };
const note = [{ text: 'Seen in the clinic, and talked over with the patient and the family.' }];

const conditions = many('Condition', (index) => ({
  clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active', 'Active'),
  code: coded('http://snomed.info/sct', `3834${index + 1000}`, 'Hypertensive disorder'),
  onsetDateTime: day(index),
  recordedDate: day(index),
  recorder,
  note,
}));
const medications = many('MedicationRequest', (index) => ({
  status: 'active',
  intent: 'order',
  authoredOn: day(index),
  requester: recorder,
  medicationCodeableConcept: coded(
    'http://www.nlm.nih.gov/research/umls/rxnorm',
    '314076',
    'Lisinopril 10 MG',
  ),
  dosageInstruction: [
    {
      text: 'One tablet a day',
      timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd', boundsPeriod: { start: day(index) } } },
      doseAndRate: [{ doseQuantity: { value: 1 } }],
    },
  ],
  note,
}));
const observations = many('Observation', (index) => ({
  status: 'final',
  code: coded('http://loinc.org', '718-7', 'Hemoglobin'),
  effectiveDateTime: `${day(index)}T08:15:00-05:00`,
  performer: [recorder],
  valueQuantity: { value: 13.2, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
  referenceRange: [{ low: { value: 12, unit: 'g/dL' }, high: { value: 16, unit: 'g/dL' } }],
}));

const name = [{ family: 'Okafor', given: ['Ngozi'] }];
const patient: Resource = {
  resourceType: 'Patient',
  id: '1',
  name,
  gender: 'female',
  birthDate: '1961-07-04',
};
const custodian: Resource = { resourceType: 'Organization', id: '1', name: 'Harbor Clinic' };
const person: Resource = { resourceType: 'Practitioner', id: '1', name };
const role: Resource = {
  resourceType: 'PractitionerRole',
  id: '1',
  practitioner: { reference: 'Practitioner/1' },
  organization: { reference: 'Organization/1' },
};

const known = new Map(
  [patient, custodian, person, role].map((one) => [`${one.resourceType}/${one.id ?? ''}`, one]),
);
const lookUp = (reference: Reference | undefined): Resource | undefined =>
  known.get(reference?.reference ?? '');

const content: Parameters<typeof writeDocument>[0] = {
  kind: 'referral-note',
  id: '9a8b7c6d-0000-4000-8000-000000000001',
  setId: '9a8b7c6d-0000-4000-8000-000000000002',
  version: 1,
  time: '2025-03-14T09:03:00-05:00',
  confidentiality: 'N',
  patient,
  author: { person, role, organization: custodian },
  custodian,
  recipients: [{ organization: custodian }],
  sections: [
    { name: 'problems', resources: conditions },
    { name: 'medications', resources: medications },
    { name: 'results', resources: observations },
    { name: 'assessment', resources: [], words: 'Stable. Please advise.' },
  ],
};
