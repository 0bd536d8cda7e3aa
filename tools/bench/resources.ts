/**
 * The referrals of the bench: resources as BSeR's parties write them. Each is a function of its number, so that a
 * loaded resource can be asked for without remembering it.
 */
import type { Resource } from '../../src/fhir/types.ts';

export const CLINICS = 4;
export const SERVICES = 16;
/** The number of referrals of a patient. */
const PER_PATIENT = 4;

export const PLACER = 'urn:oid:2.999.1.1';
export const FILLER = 'urn:oid:2.999.1.2';
export const MRN = 'urn:oid:2.999.1.3';

export const clinicOf = (i: number): string => `clinic-${i % CLINICS}`;
export const serviceOf = (i: number): string => `service-${Math.floor(i / CLINICS) % SERVICES}`;
export const patientIdOf = (i: number): string =>
  `p${Math.floor(i / (PER_PATIENT * CLINICS)) * CLINICS + (i % CLINICS)}`;
/** Whether this referral is its patient's first. */
export const bringsPatient = (i: number): boolean => i % (PER_PATIENT * CLINICS) < CLINICS;

/** Whose token is of the first clinic, by thirty granular scopes: a Task of the bench satisfies the last of them. */
export const NARROWED = 'narrowed';

export const organizationIds: readonly string[] = [
  ...Array.from({ length: CLINICS }, (_, i) => `clinic-${i}`),
  ...Array.from({ length: SERVICES }, (_, i) => `service-${i}`),
];

const coded = (system: string, code: string, display: string) => ({
  coding: [{ system, code, display }],
  text: display,
});

export const organization = (id: string): Resource => ({
  resourceType: 'Organization',
  id,
  identifier: [{ system: 'https://bench.example.org/organizations', value: id }],
  active: true,
  name: `Organization ${id}`,
});

const FAMILIES = ['Chalmers', 'Windsor', 'Okafor', 'Nguyen', 'Garcia', 'Müller', 'Haddad', 'Kowalski'];
const GIVEN = ['Peter', 'Ama', 'Lan', 'Jose', 'Eva', 'Noor', 'Jan', 'Mei', 'Tom', 'Ines', 'Olu'];

export const patient = (id: string, i: number): Resource => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: MRN, value: `mrn-${id}` }],
  active: true,
  name: [{ use: 'official', family: FAMILIES[i % FAMILIES.length], given: [GIVEN[i % GIVEN.length], 'B.'] }],
  telecom: [{ system: 'phone', value: `+1 555 ${String(1_000_000 + i)}`, use: 'home' }],
  gender: i % 2 === 0 ? 'female' : 'male',
  birthDate: `19${String(40 + (i % 60))}-0${1 + (i % 9)}-1${i % 10}`,
  address: [
    { line: [`${i} Main Street`], city: 'Springfield', state: 'IL', postalCode: String(60_000 + (i % 9999)) },
  ],
});

const placer = (value: string) => ({
  type: coded('http://terminology.hl7.org/CodeSystem/v2-0203', 'PLAC', 'Placer Identifier'),
  system: PLACER,
  value,
});

/** The organizations and the patient of a referral. */
export interface Case {
  readonly placer: string;
  /** `Patient/id`, or the fullUrl of an entry. */
  readonly subject: string;
  readonly requester: string;
  readonly performer: string;
}

export const caseOf = (i: number): Case => ({
  placer: `r${i}`,
  subject: `Patient/${patientIdOf(i)}`,
  requester: `Organization/${clinicOf(i)}`,
  performer: `Organization/${serviceOf(i)}`,
});

/** About 1.5 KB. */
export const serviceRequest = (about: Case, id?: string): Resource => ({
  resourceType: 'ServiceRequest',
  ...(id !== undefined && { id }),
  identifier: [placer(about.placer)],
  status: 'active',
  intent: 'order',
  priority: 'routine',
  category: [coded('http://snomed.info/sct', '3457005', 'Patient referral')],
  code: coded('http://snomed.info/sct', '306206005', 'Referral to service'),
  subject: { reference: about.subject },
  occurrencePeriod: { start: '2026-11-23T00:00:00Z', end: '2026-12-31T00:00:00Z' },
  authoredOn: '2026-11-22T09:00:00Z',
  requester: { reference: about.requester },
  performer: [{ reference: about.performer }],
  reasonCode: [
    coded('http://hl7.org/fhir/sid/icd-10-cm', 'E66.9', 'Obesity, unspecified'),
    coded('http://hl7.org/fhir/sid/icd-10-cm', 'R73.03', 'Prediabetes'),
  ],
  note: [
    {
      text: 'Patient asks for an appointment in the afternoon. Interpreter needed. Please send the outcome of the first visit and a plan for the following months to the practice.',
    },
  ],
});

/** The states of loaded referrals, by their number; each service has some in each state. */
const STATES = [
  ['received', '2.0', 'Service Request Created'],
  ['accepted', '3.0', 'Service Request Accepted'],
  ['in-progress', '5.1.1', 'Service Request Event Scheduled'],
  ['completed', '7.0', 'Service Request Fulfillment Completed'],
] as const;

const MINUTE = 60_000;
const BEGAN = Date.UTC(2025, 0, 1);

/** About 1.9 KB. */
export const task = (about: Case, focus: string, i: number, id?: string): Resource => {
  const [status, code, display] = STATES[Math.floor(i / (CLINICS * SERVICES)) % STATES.length] ?? STATES[0];
  const authored = new Date(BEGAN + i * MINUTE).toISOString();
  return {
    resourceType: 'Task',
    ...(id !== undefined && { id }),
    identifier: [{ system: FILLER, value: `f${i}` }, placer(about.placer)],
    status,
    businessStatus: {
      coding: [{ system: 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS', code, display }],
      text: display,
    },
    intent: 'order',
    priority: i % 8 === 0 ? 'urgent' : 'routine',
    code: coded('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill', 'Fulfill the focal request'),
    description: 'Referral for counselling and a supervised programme, with a report after the first visit.',
    focus: { reference: focus },
    for: { reference: about.subject },
    authoredOn: authored,
    lastModified: authored,
    requester: { reference: about.requester },
    owner: { reference: about.performer },
    reasonCode: coded('http://hl7.org/fhir/sid/icd-10-cm', 'E66.9', 'Obesity, unspecified'),
    note: [
      {
        authorReference: { reference: about.requester },
        time: authored,
        text: 'Patient asks for an appointment in the afternoon. Interpreter needed. Please send the outcome of the first visit and a plan for the following months to the practice.',
      },
    ],
    restriction: { repetitions: 1, period: { end: '2026-12-31T00:00:00Z' } },
  };
};

/** A whole referral as one transaction of six resources. */
export function referralBundle(i: number, run: string): Resource {
  const url = (name: string): string =>
    `urn:uuid:${name}000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  const subject = url('a1');
  const about: Case = {
    placer: `${run}-${i}`,
    subject,
    requester: `Organization/${clinicOf(0)}`,
    performer: `Organization/service-${i % SERVICES}`,
  };
  const entries: readonly (readonly [name: string, resource: Resource])[] = [
    ['a1', patient(`${run}-${i}`, i)], // the server gives it an id of its own
    ['a2', serviceRequest(about)],
    ['a3', { ...task(about, url('a2'), i), status: 'requested' }],
    ['a4', coverage(subject, about.requester)],
    ['a5', condition(subject)],
    ['a6', observation(subject, i)],
  ];
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: entries.map(([name, resource]) => ({
      fullUrl: url(name),
      resource,
      request: { method: 'POST', url: resource['resourceType'] },
    })),
  };
}

/** Resources of {@link referralBundle}. */
export const BUNDLE_RESOURCES = 6;

const coverage = (beneficiary: string, payor: string): Resource => ({
  resourceType: 'Coverage',
  status: 'active',
  subscriberId: 'S-1',
  beneficiary: { reference: beneficiary },
  payor: [{ reference: payor }],
});

const condition = (subject: string): Resource => ({
  resourceType: 'Condition',
  clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active', 'Active'),
  code: coded('http://snomed.info/sct', '414916001', 'Obesity'),
  subject: { reference: subject },
  onsetDateTime: '2024-03-01',
});

/** A body mass index between 18 and 48. */
export const observation = (subject: string, i: number, id?: string): Resource => ({
  resourceType: 'Observation',
  ...(id !== undefined && { id }),
  status: 'final',
  code: coded('http://loinc.org', '39156-5', 'Body mass index (BMI) [Ratio]'),
  subject: { reference: subject },
  effectiveDateTime: '2026-11-20',
  valueQuantity: {
    value: 18 + (i % 301) / 10,
    unit: 'kg/m2',
    system: 'http://unitsofmeasure.org',
    code: 'kg/m2',
  },
});
