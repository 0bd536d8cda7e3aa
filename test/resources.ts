/** Resources of a BSeR referral as clients write them: the least that is valid, with the parts that a test adds. */
import type { Resource } from '../src/fhir/types.ts';

export const PLACER_SYSTEM = 'urn:oid:2.16.840.1.113883.3.1.1';
export const MRN_SYSTEM = 'urn:oid:1.2.36.146.595.217.0.1';

type More = Readonly<Record<string, unknown>>;
/** `Type/id`, a `urn:uuid:`, or a condition. */
type At = string;

/** `{ reference }`, as most elements hold one. */
export const to = (reference: At): { readonly reference: string } => ({ reference });

const coded = (system: string, code: string) => ({ coding: [{ system, code }] });

// — the directory

export const NPI_SYSTEM = 'http://hl7.org/fhir/sid/us-npi';

/** A number with the right check digit, the same for the same name. */
export function npiOf(name: string): string {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) % 100_000_000;
  const digits = `1${String(sum).padStart(8, '0')}`;
  const luhn = Array.from(digits).reduce((total, digit, at) => {
    const counted = Number(digit) * (at % 2 === 0 ? 2 : 1);
    return total + (counted > 9 ? counted - 9 : counted);
  }, 24);
  return `${digits}${(10 - (luhn % 10)) % 10}`;
}

export const organization = (id: string, more: More = {}): Resource => ({
  resourceType: 'Organization',
  id,
  identifier: [{ system: NPI_SYSTEM, value: npiOf(id) }],
  active: true,
  name: id,
  ...more,
});

export const practitionerRole = (id: string, more: More = {}): Resource => ({
  resourceType: 'PractitionerRole',
  id,
  organization: to(`Organization/${id}`),
  ...more,
});

export const endpoint = (id: string, more: More = {}): Resource => ({
  resourceType: 'Endpoint',
  id,
  status: 'active',
  connectionType: {
    system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
    code: 'hl7-fhir-rest',
  },
  managingOrganization: to(`Organization/${id}`),
  payloadType: [{ text: 'referral' }],
  address: `https://${id}.example.org/fhir`,
  header: [`Authorization: Bearer secret-of-${id}`],
  ...more,
});

// — the referral

export const patient = (more: More = {}): Resource => ({
  resourceType: 'Patient',
  identifier: [{ system: MRN_SYSTEM, value: '12345' }],
  name: [{ family: 'Chalmers', given: ['Peter'] }],
  gender: 'male',
  birthDate: '1974-12-25',
  ...more,
});

export interface Order {
  readonly subject: At;
  readonly requester: At;
  readonly performer: At;
  /** The referral ID. */
  readonly placer?: string;
}

export const placer = (value: string) => ({
  type: coded('http://terminology.hl7.org/CodeSystem/v2-0203', 'PLAC'),
  system: PLACER_SYSTEM,
  value,
});

export const serviceRequest = (order: Order, more: More = {}): Resource => ({
  resourceType: 'ServiceRequest',
  identifier: [placer(order.placer ?? 'R-1')],
  status: 'active',
  intent: 'order',
  code: coded('http://snomed.info/sct', '306206005'),
  subject: to(order.subject),
  authoredOn: '2026-11-22T09:00:00Z',
  requester: to(order.requester),
  performer: [to(order.performer)],
  ...more,
});

export interface Referral {
  readonly focus: At;
  readonly for: At;
  readonly requester: At;
  readonly owner: At;
}

export const task = ({ focus, for: subject, requester, owner }: Referral, more: More = {}): Resource => ({
  resourceType: 'Task',
  status: 'requested',
  intent: 'order',
  code: coded('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill'),
  focus: to(focus),
  for: to(subject),
  authoredOn: '2026-11-22T09:00:00Z',
  requester: to(requester),
  owner: to(owner),
  ...more,
});

/** One `Task.input` or `Task.output` that refers to a resource. */
export const parameter = (reference: At) => ({ type: { text: 'document' }, valueReference: to(reference) });

export const appointment = (request: At, subject: At, more: More = {}): Resource => ({
  resourceType: 'Appointment',
  status: 'booked',
  basedOn: [to(request)],
  start: '2026-12-01T10:00:00Z',
  end: '2026-12-01T10:30:00Z',
  participant: [{ actor: to(subject), status: 'accepted' }],
  ...more,
});

export const communication = (about: readonly At[], more: More = {}): Resource => ({
  resourceType: 'Communication',
  status: 'completed',
  about: about.map(to),
  payload: [{ contentString: 'Is the patient fasting?' }],
  ...more,
});

// — what a referral brings with it

export const coverage = (beneficiary: At, payor: At, more: More = {}): Resource => ({
  resourceType: 'Coverage',
  status: 'active',
  beneficiary: to(beneficiary),
  payor: [to(payor)],
  ...more,
});

export const consent = (subject: At, more: More = {}): Resource => ({
  resourceType: 'Consent',
  status: 'active',
  scope: coded('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
  category: [coded('http://loinc.org', '59284-0')],
  patient: to(subject),
  policyRule: coded('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'OPTIN'),
  ...more,
});

export const condition = (subject: At, more: More = {}): Resource => ({
  resourceType: 'Condition',
  clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active'),
  code: coded('http://snomed.info/sct', '38341003'),
  subject: to(subject),
  ...more,
});

export const observation = (subject: At, more: More = {}): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: coded('http://loinc.org', '8480-6'),
  subject: to(subject),
  valueQuantity: { value: 142, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  ...more,
});

export const binary = (content = 'a letter', more: More = {}): Resource => ({
  resourceType: 'Binary',
  contentType: 'text/plain',
  data: Buffer.from(content, 'utf8').toString('base64'),
  ...more,
});

export const documentReference = (subject: At, url: string, more: More = {}): Resource => ({
  resourceType: 'DocumentReference',
  status: 'current',
  subject: to(subject),
  content: [{ attachment: { contentType: 'text/plain', url } }],
  ...more,
});

// — bundles

export interface Entry {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly fullUrl?: string;
  readonly resource?: object;
  readonly ifNoneExist?: string;
  readonly ifMatch?: string;
}

const bundleOf = (type: string, entries: readonly Entry[]): Resource => ({
  resourceType: 'Bundle',
  type,
  entry: entries.map(({ fullUrl, resource, ...request }) => ({
    ...(fullUrl !== undefined && { fullUrl }),
    ...(resource !== undefined && { resource }),
    request,
  })),
});

export const transaction = (...entries: readonly Entry[]): Resource => bundleOf('transaction', entries);
export const batch = (...entries: readonly Entry[]): Resource => bundleOf('batch', entries);
