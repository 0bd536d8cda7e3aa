/**
 * A referral in which every element of R4 that a message could carry is filled, and the trip of it through all messages:
 * what is built is encoded, parsed and read again.
 */
import type {
  Appointment,
  Patient,
  Practitioner,
  Reference,
  Resource,
  ServiceRequest,
  Task,
} from '../../../../src/fhir/types.ts';
import { encodeMessage, parseMessage, type Message } from '../../../../src/hl7v2/message.ts';
import { buildMessage } from '../../../../src/hl7v2/build.ts';
import {
  buildMessages,
  type Segments,
  type ReferralEvent,
} from '../../../../src/hl7v2/messages/build-messages.ts';
import {
  BUILDING_DEFAULTS,
  type BuildingContext,
  type ReferralResources,
} from '../../../../src/hl7v2/messages/building.ts';
import { readMessage } from '../../../../src/hl7v2/messages/read-message.ts';
import type {
  DocumentReading,
  UnreadMessage,
  MessageReading,
  ReadingContext,
} from '../../../../src/hl7v2/messages/reading.ts';

const V2_0203 = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const SCT = 'http://snomed.info/sct';

export interface World {
  readonly patient: Patient;
  readonly request: ServiceRequest;
  readonly task: Task;
  readonly practitioner: Practitioner;
  readonly appointment: Appointment;
  readonly note: DocumentReading;
}

const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const typed = (code: string) => ({ coding: [{ system: V2_0203, code }] });
const period = { start: '2020-01-01', end: '2030-01-01' };
const ref = (reference: string) => ({ reference });

const CONTACT: Practitioner = {
  resourceType: 'Practitioner',
  id: 'callbck',
  name: [{ family: 'Sato', given: ['Emi'] }],
};

export const FULL: World = {
  patient: {
    resourceType: 'Patient',
    id: 'p',
    meta: { security: [{ system: 'urn:example', code: 'x' }] },
    extension: [
      {
        url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race',
        extension: [
          {
            url: 'ombCategory',
            valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2106-3', display: 'White' },
          },
          { url: 'text', valueString: 'White' },
        ],
      },
      {
        url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity',
        extension: [
          {
            url: 'ombCategory',
            valueCoding: {
              system: 'urn:oid:2.16.840.1.113883.6.238',
              code: '2186-5',
              display: 'Not Hispanic or Latino',
            },
          },
          { url: 'text', valueString: 'Not Hispanic or Latino' },
        ],
      },
    ],
    identifier: [
      {
        use: 'usual',
        type: { ...typed('MR'), text: 'number' },
        system: 'urn:oid:2.999.1.5',
        value: 'MRN-1',
        period,
        assigner: { display: 'Elm Street' },
      },
      { type: typed('MR'), system: 'urn:oid:2.999.2.5', value: 'S-1' },
      { type: typed('SS'), system: 'http://hl7.org/fhir/sid/us-ssn', value: '999999999' },
    ],
    active: true,
    name: [
      {
        use: 'official',
        text: 'Dr Marisol J Quintero Jr',
        family: 'Quintero',
        given: ['Marisol', 'J'],
        prefix: ['Dr'],
        suffix: ['Jr'],
        period,
      },
      { use: 'maiden', family: 'Vega' },
    ],
    telecom: [
      { system: 'phone', value: '+1 541 555 0100', use: 'home', rank: 1, period },
      { system: 'phone', value: '+1 541 555 0101', use: 'mobile' },
      { system: 'email', value: 'mq@example.org', use: 'home' },
      { system: 'phone', value: '+1 541 555 0102', use: 'work' },
    ],
    gender: 'female',
    birthDate: '1971-03-08',
    deceasedBoolean: false,
    address: [
      {
        use: 'home',
        type: 'physical',
        text: '12 Alder Way, Fairmont',
        line: ['12 Alder Way', 'Unit 3', 'Rear'],
        city: 'Fairmont',
        district: 'Lane',
        state: 'OR',
        postalCode: '97999',
        country: 'US',
        period,
      },
    ],
    maritalStatus: { text: 'married' },
    multipleBirthBoolean: false,
    contact: [{ gender: 'male' }],
    communication: [
      {
        language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en', display: 'English' }] },
        preferred: true,
      },
      { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'es' }] } },
    ],
    generalPractitioner: [ref('Practitioner/gp')],
    managingOrganization: ref('Organization/i'),
    link: [{ other: ref('Patient/old'), type: 'replaces' }],
    photo: [{ title: 'portrait' }],
  },
  practitioner: {
    resourceType: 'Practitioner',
    id: 'dr',
    identifier: [
      {
        use: 'official',
        type: typed('NPI'),
        system: 'http://hl7.org/fhir/sid/us-npi',
        value: '1999999984',
        period,
      },
      { system: 'urn:oid:2.999.1.8', value: 'own' },
    ],
    active: true,
    name: [
      { use: 'official', text: 'x', family: 'Okafor', given: ['Ngozi', 'R'], prefix: ['Dr'], suffix: ['Jr'] },
    ],
    telecom: [{ system: 'phone', value: '1' }],
    address: [{ city: 'Fairmont' }],
    gender: 'female',
    birthDate: '1960-01-01',
    photo: [{ title: 'x' }],
    qualification: [{ code: { text: 'MD' }, period }, { code: { text: 'PhD' } }],
    communication: [{ text: 'English' }],
  },
  request: {
    resourceType: 'ServiceRequest',
    id: 'sr',
    meta: {
      security: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
          code: 'R',
          display: 'restricted',
        },
      ],
    },
    identifier: [
      {
        type: { ...typed('PLAC'), text: 'referral id' },
        use: 'official',
        system: 'urn:oid:2.999.1.15',
        value: 'R-1',
        period,
        assigner: ref('Organization/i'),
      },
      { type: typed('FILL'), system: 'urn:oid:2.999.2.16', value: 'T-1' },
      { system: 'urn:example:other', value: 'third' },
    ],
    instantiatesCanonical: ['http://example.org/plan'],
    instantiatesUri: ['http://example.org/plan'],
    basedOn: [ref('CarePlan/1')],
    replaces: [ref('ServiceRequest/0')],
    requisition: { value: 'g' },
    status: 'active',
    intent: 'order',
    category: [
      {
        coding: [{ system: SCT, code: '386053000', display: 'Evaluation procedure (procedure)' }],
        text: 'x',
      },
    ],
    priority: 'urgent',
    doNotPerform: false,
    code: {
      coding: [
        {
          system: SCT,
          version: '2025',
          code: '183545006',
          display: 'Referral to orthopedic service',
          userSelected: true,
        },
        { system: 'http://loinc.org', code: '57133-1' },
      ],
      text: 'orthopedics',
    },
    orderDetail: [
      { text: 'Is injection advisable?' },
      { coding: [{ system: SCT, code: '91602002', display: 'Arthrocentesis' }], text: 'tap' },
    ],
    quantityQuantity: {
      value: 2,
      unit: 'visits',
      system: 'http://unitsofmeasure.org',
      code: '{visits}',
      comparator: '<',
    },
    subject: { ...ref('Patient/p'), display: 'x' },
    encounter: ref('Encounter/1'),
    occurrencePeriod: { start: '2025-03-15', end: '2025-04-15T23:59:59-05:00' },
    asNeededBoolean: false,
    authoredOn: '2025-03-14T09:03:00-05:00',
    requester: ref('PractitionerRole/dr'),
    performerType: { text: 'x' },
    performer: [ref('Organization/r')],
    locationCode: [{ text: 'x' }],
    locationReference: [ref('Location/1')],
    reasonCode: [
      {
        coding: [
          { system: SCT, version: '2025', code: '396275006', display: 'Osteoarthritis', userSelected: true },
          {
            system: 'http://hl7.org/fhir/sid/icd-10-cm',
            version: '2025',
            code: 'M17.11',
            display: 'Osteoarthritis of knee',
          },
          { system: 'http://example.org/cs', code: 'third', display: 'Third' },
        ],
        text: 'Knee pain, osteoarthritis',
      },
      { text: 'Stairs are hard' },
    ],
    reasonReference: [ref('Condition/1')],
    insurance: [ref('Coverage/1')],
    supportingInfo: [ref('Bundle/1')],
    specimen: [ref('Specimen/1')],
    bodySite: [{ text: 'knee' }],
    note: [{ text: 'Please call first', time: '2025-03-14T09:00:00Z', authorString: 'Okafor' }],
    patientInstruction: 'x',
    relevantHistory: [ref('Provenance/1')],
  },
  task: {
    resourceType: 'Task',
    id: 't',
    identifier: [{ type: typed('PLAC'), value: 't-1' }],
    instantiatesUri: 'http://example.org/plan',
    basedOn: [ref('CarePlan/1')],
    groupIdentifier: { value: 'g' },
    partOf: [ref('Task/0')],
    status: 'rejected',
    statusReason: {
      coding: [{ system: 'http://example.org/why', code: 'capacity', display: 'No capacity' }],
      text: 'Full',
    },
    businessStatus: { text: 'Service Request Declined' },
    intent: 'order',
    priority: 'urgent',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    description: 'x',
    focus: ref('ServiceRequest/sr'),
    for: ref('Patient/p'),
    encounter: ref('Encounter/1'),
    executionPeriod: period,
    authoredOn: '2025-03-14T09:03:00-05:00',
    lastModified: '2025-03-15T10:00:00-05:00',
    requester: ref('PractitionerRole/dr'),
    performerType: [{ text: 'x' }],
    owner: ref('Organization/r'),
    location: ref('Location/1'),
    reasonCode: { text: 'x' },
    reasonReference: ref('Condition/1'),
    insurance: [ref('Coverage/1')],
    note: [{ text: 'Try the east clinic', time: '2025-03-15T10:00:00Z' }],
    relevantHistory: [ref('Provenance/1')],
    restriction: {
      repetitions: 1,
      period: { start: '2025-03-14T09:03:00-05:00', end: '2025-06-12T09:03:00-05:00' },
      recipient: [ref('Organization/r')],
    },
    input: [{ type: { text: 'x' }, valueString: 'x' }],
    output: [{ type: { text: 'x' }, valueString: 'x' }],
  },
  appointment: {
    resourceType: 'Appointment',
    id: 'a',
    contained: [CONTACT],
    identifier: [
      { use: 'official', system: 'urn:oid:2.999.2.14', value: 'A-1' },
      { system: 'urn:oid:2.999.2.15', value: 'other' },
    ],
    status: 'booked',
    cancelationReason: {
      coding: [{ system: 'http://example.org/why', code: 'prov', display: 'Provider' }],
      text: 'Dr away',
    },
    serviceCategory: [{ text: 'x' }],
    serviceType: [
      { coding: [{ system: SCT, code: '11429006', display: 'Consultation' }], text: 'consult' },
      { text: 'x' },
    ],
    specialty: [{ text: 'x' }],
    appointmentType: { text: 'x' },
    reasonCode: [
      { coding: [{ system: SCT, code: '22253000', display: 'Pain' }], text: 'pain' },
      { text: 'x' },
    ],
    reasonReference: [ref('Condition/1')],
    priority: 5,
    description: 'x',
    supportingInformation: [ref('Task/t')],
    start: '2025-04-02T14:00:00-05:00',
    end: '2025-04-02T14:30:00-05:00',
    minutesDuration: 30,
    slot: [ref('Slot/1')],
    created: '2025-03-15T08:30:00-05:00',
    comment: 'x',
    patientInstruction: 'x',
    basedOn: [ref('ServiceRequest/sr')],
    participant: [
      { actor: ref('Patient/p'), status: 'accepted' },
      {
        type: [{ coding: [{ system: PARTICIPATION, code: 'ATND' }] }],
        actor: ref('PractitionerRole/dr'),
        required: 'required',
        status: 'accepted',
        period,
      },
      {
        type: [{ coding: [{ system: PARTICIPATION, code: 'CALLBCK' }] }],
        actor: ref('#callbck'),
        status: 'accepted',
      },
      { actor: { type: 'Location', display: 'East clinic, context 4' }, status: 'accepted' },
    ],
    requestedPeriod: [period],
  },
  note: {
    contentType: 'application/hl7-cda+xml',
    data: Buffer.from('<?xml version="1.0"?><ClinicalDocument/>').toString('base64'),
    title: 'Consultation',
    identifier: { system: 'urn:oid:2.999.2.20', value: 'D-1' },
    type: { coding: [{ system: 'http://loinc.org', code: '11488-4', display: 'Consult note' }] },
    date: '2025-04-07T16:30:00Z',
    docStatus: 'final',
    confidentiality: 'N',
  },
};

export const CONTEXT: BuildingContext = {
  ...BUILDING_DEFAULTS,
  controlId: 'C-1',
  now: Date.parse('2025-03-14T14:05:12Z'),
  zone: '-05:00',
  sendingFacility: '2.999.1',
  receivingFacility: '2.999.2',
  patientSystems: { initiator: ['urn:oid:2.999.1.5'], recipient: ['urn:oid:2.999.2.5'] },
  recipientNumber: 'always',
};

export const referralOf = ({ request, task, patient, practitioner }: World): ReferralResources => ({
  request,
  task,
  patient,
  resolve: resolverOf([
    { ...practitioner, id: 'dr' },
    { resourceType: 'PractitionerRole', id: 'dr', practitioner: ref('Practitioner/dr') },
    { resourceType: 'Organization', id: 'r', name: 'Riverside' },
    { resourceType: 'Condition', id: '1', code: { text: 'of the condition' } },
  ]),
});

const resolverOf =
  (resources: readonly object[]) =>
  ({ reference }: Reference): Resource | undefined =>
    (resources as readonly Resource[]).find(({ resourceType, id }) => `${resourceType}/${id}` === reference);

/** Ids in the order they are asked for. */
export function readingContext(more: Partial<ReadingContext> = {}): ReadingContext {
  let count = 0;
  return {
    newId: () => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`,
    zone: 'Z',
    namespaces: {},
    hasDocument: true,
    ...more,
  };
}

/** As it arrives on the other side. */
export const arrived = (message: Message): Message => parseMessage(encodeMessage(message));

export const readAgain = (
  message: Message,
  more: Partial<ReadingContext> = {},
): MessageReading | UnreadMessage => readMessage(arrived(message), readingContext(more));

/** What the messages of one event are made of. */
export function drafted(told: ReferralEvent, context: BuildingContext = CONTEXT): readonly Segments[] {
  const result = buildMessages(told, () => context);
  if (result.kind === 'missing') throw new Error(`no ${result.missing}`);
  return result.messages;
}

/** The messages of one event. */
export const built = (told: ReferralEvent, context: BuildingContext = CONTEXT): readonly Message[] =>
  drafted(told, context).map((segments) => buildMessage(segments));

/** Everything that the other party learns of a referral, by all the events in which anything of it travels. */
export function trip(world: World): readonly (MessageReading | UnreadMessage)[] {
  const referral = referralOf(world);
  const { appointment, note } = world;
  const told: readonly ReferralEvent[] = [
    { event: 'send-referral-package', from: 'draft', referral },
    { event: 'send-decline', from: 'received', referral },
    { event: 'send-acceptance', from: 'received', referral },
    { event: 'send-cancellation-request', from: 'received', referral },
    { event: 'send-referral-outcome', from: 'accepted', referral, note },
    {
      event: 'send-rescheduled-visit-information',
      from: 'in-progress/5.1.1',
      referral,
      appointment: withoutCancelation(appointment),
    },
    { event: 'send-appointment-cancellation-information', from: 'in-progress/5.1.1', referral, appointment },
  ];
  return told.flatMap((each) => built(each)).map((message) => readAgain(message));
}

const withoutCancelation = (appointment: Appointment): Appointment => {
  const copy = { ...appointment };
  delete copy.cancelationReason;
  return copy;
};
