/** A whole referral message as BSeR shapes it: every resource claims its profile, and every reference leads within. */
import type { Resource } from '../../../src/fhir/types.ts';

const BSER = 'http://hl7.org/fhir/us/bser/StructureDefinition/';
const UC = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';
const SECTION = 'http://hl7.org/fhir/us/bser/CodeSystem/bser';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const UCUM = 'http://unitsofmeasure.org';

const of = (system: string, code: string) => ({ coding: [{ system, code }] });
const loinc = (code: string) => of('http://loinc.org', code);
const v2 = (code: string) => of('http://terminology.hl7.org/CodeSystem/v2-0203', code);
const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' };

/** The name of an entry as its fullUrl. */
const NAMES = [
  'header',
  'task',
  'order',
  'patient',
  'from',
  'to',
  'practitioner',
  'organization',
  'coverage',
  'consent',
  'feedback',
  'composition',
  'weight',
  'pressure',
  'habit',
] as const;
type Name = (typeof NAMES)[number];
export const urlOf = (name: Name): string =>
  `urn:uuid:00000000-0000-4000-8000-0000000000${10 + NAMES.indexOf(name)}`;
const ref = (name: Name) => ({ reference: urlOf(name) });

type Rest = Readonly<Record<string, unknown>>;
const make = (resourceType: string, profile: string, rest: Rest): Resource => ({
  resourceType,
  meta: { profile: [profile] },
  ...rest,
});

const vital = (profile: string, code: string, rest: Rest): Resource =>
  make('Observation', `${UC}${profile}`, {
    status: 'final',
    category: [of(CATEGORY, 'vital-signs')],
    code: loinc(code),
    subject: ref('patient'),
    effectiveDateTime: '2026-11-01',
    ...rest,
  });
const role = (): Resource =>
  make('PractitionerRole', `${UC}practitionerrole`, {
    practitioner: ref('practitioner'),
    organization: ref('organization'),
    telecom: [{ system: 'phone', value: '1' }],
  });
const mmHg = (value: number) => ({ value, unit: 'mm[Hg]', system: UCUM, code: 'mm[Hg]' });

/** What a referral message carries, by name. */
export const PACKAGE: Readonly<Partial<Record<Name, Resource>>> = {
  header: make('MessageHeader', `${BSER}BSeR-ReferralMessageHeader`, {
    eventCoding: { system: 'http://terminology.hl7.org/CodeSystem/v2-0003', code: 'I12' },
    destination: [{ endpoint: 'https://there.example/', receiver: ref('to') }],
    sender: ref('from'),
    source: { endpoint: 'https://here.example/' },
    focus: [ref('task')],
  }),
  task: make('Task', `${BSER}BSeR-ReferralTask`, {
    identifier: [
      { type: v2('PLAC'), system: 'urn:x', value: '1' },
      { type: v2('FILL'), system: 'urn:y', value: '2', assigner: ref('organization') },
    ],
    status: 'completed',
    statusReason: { text: 'done' },
    businessStatus: of('http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS', '7.0'),
    intent: 'order',
    code: of('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill'),
    focus: ref('order'),
    for: ref('patient'),
    authoredOn: '2026-11-01T00:00:00Z',
    requester: ref('from'),
    owner: ref('to'),
    output: [{ type: { text: 'feedback' }, valueReference: ref('feedback') }],
  }),
  order: make('ServiceRequest', `${BSER}BSeR-ReferralServiceRequest`, {
    identifier: [{ type: v2('PLAC'), system: 'urn:x', value: '1' }],
    status: 'active',
    intent: 'order',
    category: [of('http://snomed.info/sct', '410606002')],
    code: of('http://snomed.info/sct', '306206005'),
    subject: ref('patient'),
    authoredOn: '2026-11-01',
    requester: ref('from'),
    performer: [ref('to')],
    reasonCode: [{ text: 'weight' }],
    insurance: [ref('coverage')],
    supportingInfo: [ref('consent')],
  }),
  patient: make('Patient', `${BSER}bser-patient`, {
    identifier: [{ system: 'urn:x', value: '1' }],
    name: [{ family: 'Everywoman', given: ['Eve'] }],
    gender: 'female',
    telecom: [{ system: 'phone', value: '1' }],
  }),
  from: role(),
  to: role(),
  practitioner: make('Practitioner', `${UC}practitioner`, {
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' }],
    name: [{ family: 'Careful' }],
  }),
  organization: make('Organization', `${UC}organization`, { active: true, name: 'Clinic' }),
  coverage: make('Coverage', `${BSER}BSeR-Coverage`, {
    status: 'active',
    beneficiary: ref('patient'),
    relationship: of('http://terminology.hl7.org/CodeSystem/subscriber-relationship', 'self'),
    payor: [ref('organization')],
  }),
  consent: make('Consent', `${BSER}BSeR-PatientConsent`, {
    status: 'active',
    scope: of('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [of('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'INFA')],
    patient: ref('patient'),
    dateTime: '2026-11-01',
    performer: [ref('patient')],
    policyRule: of('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'OPTIN'),
    provision: { type: 'permit' },
  }),
};

/** What a feedback document carries. */
export const DOCUMENT: Readonly<Partial<Record<Name, Resource>>> = {
  composition: make('Composition', `${BSER}BSeR-ReferralFeedbackComposition`, {
    status: 'final',
    type: loinc('11488-4'),
    subject: ref('patient'),
    date: '2026-11-01',
    author: [ref('to')],
    title: 'Feedback',
    section: [
      { code: of(SECTION, 'RSRFS'), focus: ref('order'), text },
      { code: of(SECTION, 'ORFSI'), entry: [ref('weight'), ref('pressure'), ref('habit')] },
    ],
  }),
  ...Object.fromEntries(
    (['order', 'patient', 'from', 'to', 'practitioner', 'organization', 'coverage', 'consent'] as const).map(
      (name) => [name, PACKAGE[name]],
    ),
  ),
  weight: vital('body-weight', '29463-7', {
    valueQuantity: { value: 70, unit: 'kg', system: UCUM, code: 'kg' },
  }),
  pressure: vital('blood-pressure', '85354-9', {
    component: [
      { code: loinc('8480-6'), valueQuantity: mmHg(120) },
      { code: loinc('8462-4'), valueQuantity: mmHg(80) },
    ],
  }),
  habit: make('Observation', `${UC}observation-social-history`, {
    status: 'final',
    category: [of(CATEGORY, 'social-history')],
    code: loinc('82589-3'),
    subject: ref('patient'),
    valueString: 'college',
  }),
};

type Parts = Readonly<Partial<Record<Name, Resource>>>;

const entriesOf = (parts: Parts) =>
  NAMES.flatMap((name) =>
    parts[name] === undefined ? [] : [{ fullUrl: urlOf(name), resource: parts[name] }],
  );

/** Where a part stands in its Bundle. */
export const entryOf = (parts: Parts, name: Name): number =>
  NAMES.filter((each) => parts[each] !== undefined).indexOf(name);

export const documentOf = (parts: Parts): Resource =>
  make('Bundle', `${BSER}BSeR-ReferralFeedbackDocumentBundle`, {
    id: 'document',
    type: 'document',
    identifier: { system: 'urn:x', value: '1' },
    timestamp: '2026-11-01T00:00:00Z',
    entry: [
      { fullUrl: urlOf('composition'), resource: parts.composition },
      ...entriesOf(parts).filter(({ fullUrl }) => fullUrl !== urlOf('composition')),
    ],
  });

export const messageOf = (parts: Parts): Resource =>
  make('Bundle', `${BSER}BSeR-ReferralMessageBundle`, {
    type: 'message',
    timestamp: '2026-11-01T00:00:00Z',
    entry: entriesOf(parts),
  });
