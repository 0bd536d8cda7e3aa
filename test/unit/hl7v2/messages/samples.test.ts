/** Every published sample: read to the resources written out here, and built from them again, field for field. */
import { describe, expect, test } from '@jest/globals';
import type {
  Appointment,
  Patient,
  Practitioner,
  Reference,
  ServiceRequest,
  Task,
} from '../../../../src/fhir/types.ts';
import type { Resource } from '../../../../src/fhir/types.ts';
import { encodeMessage, parseMessage } from '../../../../src/hl7v2/message.ts';
import type { ReferralEvent } from '../../../../src/hl7v2/messages/build-messages.ts';
import {
  BUILDING_DEFAULTS,
  type BuildingContext,
  type ReferralResources,
} from '../../../../src/hl7v2/messages/building.ts';
import { readMessage } from '../../../../src/hl7v2/messages/read-message.ts';
import type {
  DocumentReading,
  MessageReading,
  RequestReading,
  VisitReading,
} from '../../../../src/hl7v2/messages/reading.ts';
import { validateResource } from '../../../../src/resources/validate.ts';
import { sample, SAMPLES } from '../samples.ts';
import { built, readingContext } from './full.ts';

const V2_0203 = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const typed = (code: string) => ({ coding: [{ system: V2_0203, code }] });
const id = (n: number) => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as const;

function readSample(name: string): MessageReading {
  const state = name.includes('confirmation') ? ('in-progress/5.2' as const) : undefined;
  const reading = readMessage(parseMessage(sample(name)), readingContext({ state, ...ORGANIZATIONS }));
  if (reading.kind === 'fault') throw new Error(reading.issue);
  return reading;
}

const ORGANIZATIONS = {
  sendingOrganization: 'Organization/s',
  receivingOrganization: 'Organization/r',
} as const;

// — what they say

const MRN = { type: typed('MR'), system: 'urn:oid:2.999.10.1.5', value: 'MQ-40417' };
const RECIPIENTS_MRN = { type: typed('MR'), system: 'urn:oid:2.999.20.1.11', value: 'S88213' };

const PATIENT: Patient = {
  resourceType: 'Patient',
  identifier: [MRN],
  name: [{ use: 'official', family: 'Quintero', given: ['Marisol', 'J'] }],
  gender: 'female',
  birthDate: '1971-03-08',
  address: [
    {
      use: 'home',
      line: ['12 Alder Way'],
      city: 'Fairmont',
      state: 'OR',
      postalCode: '97999',
      country: 'US',
    },
  ],
};

const OKAFOR: Practitioner = {
  resourceType: 'Practitioner',
  identifier: [{ type: typed('NPI'), system: 'http://hl7.org/fhir/sid/us-npi', value: '1999999984' }],
  name: [{ use: 'official', family: 'Okafor', given: ['Ngozi', 'R'] }],
  qualification: [{ code: { text: 'MD' } }],
};

const LINDQVIST: Practitioner = {
  resourceType: 'Practitioner',
  identifier: [{ type: typed('NPI'), system: 'http://hl7.org/fhir/sid/us-npi', value: '1888888884' }],
  name: [{ use: 'official', family: 'Lindqvist', given: ['Tor'] }],
  qualification: [{ code: { text: 'MD' } }],
};

const PLACER = { type: typed('PLAC'), system: 'urn:oid:2.999.10.1.15', value: 'R-2025-00731' };

const REQUEST: ServiceRequest = {
  resourceType: 'ServiceRequest',
  meta: { profile: ['http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralServiceRequest'] },
  identifier: [{ ...PLACER, assigner: { reference: 'Organization/s' } }],
  status: 'active',
  intent: 'order',
  category: [
    {
      coding: [
        { system: 'http://snomed.info/sct', code: '386053000', display: 'Evaluation procedure (procedure)' },
      ],
    },
  ],
  code: { coding: [{ system: 'http://snomed.info/sct', code: '3457005', display: 'Patient referral' }] },
  orderDetail: [{ text: 'Is injection therapy advisable before surgery?' }],
  quantityQuantity: { value: 2 },
  subject: { reference: id(3) },
  occurrencePeriod: { end: '2025-04-15T23:59:59-05:00' },
  authoredOn: '2025-03-14T09:03:00-05:00',
  requester: { reference: id(2) },
  performer: [{ reference: 'Organization/r' }],
  reasonCode: [
    {
      coding: [{ system: 'http://snomed.info/sct', code: '396275006', display: 'Osteoarthritis' }],
      text: 'Osteoarthritis',
    },
    { text: 'Knee pain limiting stairs' },
  ],
};

const TASK: Task = {
  resourceType: 'Task',
  meta: { profile: ['http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask'] },
  status: 'received',
  businessStatus: {
    coding: [
      {
        system: 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS',
        code: '2.0',
        display: 'Service Request Created',
      },
    ],
    text: 'Service Request Created',
  },
  intent: 'order',
  code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
  focus: { reference: id(4) },
  for: { reference: id(3) },
  authoredOn: '2025-03-14T09:03:00-05:00',
  requester: { reference: id(2) },
  owner: { reference: 'Organization/r' },
  restriction: { period: { start: '2025-03-14T09:03:00-05:00', end: '2025-06-12T09:03:00-05:00' } },
};

const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const SATO: Practitioner = {
  resourceType: 'Practitioner',
  id: 'callbck',
  name: [{ family: 'Sato', given: ['Emi'] }],
};

const visit = (status: Appointment['status'], start: string, end: string, created?: string): Appointment => ({
  resourceType: 'Appointment',
  contained: [SATO],
  identifier: [{ system: 'urn:oid:2.999.20.1.14', value: 'A-7120' }],
  status,
  start,
  end,
  minutesDuration: 30,
  ...(created !== undefined && { created }),
  basedOn: [{ type: 'ServiceRequest', identifier: PLACER }],
  participant: [
    { actor: { type: 'Patient', display: 'Patient' }, status: 'accepted' },
    {
      type: [{ coding: [{ system: PARTICIPATION, code: 'ATND' }] }],
      actor: { reference: id(2) },
      status: 'accepted',
    },
    {
      type: [{ coding: [{ system: PARTICIPATION, code: 'CALLBCK' }] }],
      actor: { reference: '#callbck' },
      status: 'accepted',
    },
  ],
});

const FIRST = ['2025-04-02T14:00:00-05:00', '2025-04-02T14:30:00-05:00'] as const;
const SECOND = ['2025-04-07T09:30:00-05:00', '2025-04-07T10:00:00-05:00'] as const;

// prettier-ignore
const VISITS = [
  ['pcc-60-appointment-booked',    visit('booked', ...FIRST, '2025-03-15T08:30:00-05:00')],
  ['pcc-60-rescheduled',           visit('booked', ...SECOND)],
  ['pcc-60-appointment-cancelled', visit('cancelled', ...SECOND)],
  ['pcc-61-no-show',               visit('noshow', ...SECOND)],
] as const;

// prettier-ignore
const STATUSES = [
  ['pcc-55-accept',               'send-acceptance',                undefined, '2025-03-14T15:02:00Z'],
  ['pcc-55-decline',              'send-decline',                   'No appointment available before the requested date', '2025-03-14T15:15:44Z'],
  ['pcc-56-decline-after-accept', 'send-decline',                   'Coverage does not include this clinic', '2025-03-20T10:15:00Z'],
  ['pcc-57-outcome',              'send-referral-outcome',          undefined, '2025-04-21T17:45:00Z'],
  ['pcc-58-cancel-request',       'send-cancellation-request',      'Patient chose another clinic', '2025-03-18T12:00:00-05:00'],
  ['pcc-58-cancel-confirmation',  'send-cancellation-confirmation', undefined, '2025-03-18T18:15:00Z'],
  ['pcc-59-interim-note',         'send-interim-note',              undefined, '2025-04-07T16:30:00Z'],
] as const;

const SPOKEN = SAMPLES.map(([name]) => name).filter((name) => name.startsWith('pcc-'));

describe('a sample, read', () => {
  test('the request makes its resources', () => {
    const reading = readSample('pcc-55-request') as RequestReading;
    expect(reading.resources).toEqual([
      { fullUrl: id(3), resource: PATIENT },
      { fullUrl: id(1), resource: OKAFOR },
      {
        fullUrl: id(2),
        resource: {
          resourceType: 'PractitionerRole',
          practitioner: { reference: id(1) },
          organization: { reference: 'Organization/s' },
        },
      },
      { fullUrl: id(4), resource: REQUEST },
      { fullUrl: id(5), resource: TASK },
    ]);
  });

  test.each(STATUSES)('%s is %s', (name, event, reason, occurredAt) => {
    expect(readSample(name)).toMatchObject({ event, referralId: PLACER, occurredAt });
    expect(readSample(name)).toHaveProperty('reason', reason === undefined ? undefined : { text: reason });
  });

  test.each(VISITS)('%s is a visit', (name, appointment) => {
    expect((readSample(name) as VisitReading).appointment).toEqual(appointment);
  });

  test.each(SPOKEN)('%s has nothing to be said about it', (name) => {
    expect(readSample(name).findings).toEqual([]);
  });

  test.each(SPOKEN)('%s knows the patient by the initiator’s number first', (name) => {
    const { patient, event } = readSample(name);
    const both = /accept|outcome|confirmation|interim|60|61/.test(name);
    expect({ event, numbers: patient?.identifiers }).toEqual({
      event,
      numbers: both ? [MRN, RECIPIENTS_MRN] : [MRN],
    });
  });

  test.each([...SPOKEN, 'ref-i12'])('%s makes valid resources', (name) => {
    const reading = readSample(name);
    const made = [
      reading.patient?.resource,
      ...('resources' in reading ? reading.resources.map(({ resource }) => resource) : []),
      'appointment' in reading ? reading.appointment : undefined,
    ].filter((resource) => resource !== undefined);
    expect(made.flatMap((resource) => validateResource(resource as unknown as Resource))).toEqual([]);
  });

  test('what is none of ours is a fault that says so', () => {
    expect(readMessage(parseMessage(sample('rri-i12')), readingContext())).toMatchObject({
      kind: 'fault',
      issue: 'unsupported-message',
      findings: [{ location: 'MSH-9', code: '200', severity: 'E' }],
    });
  });
});

// — and built

const CONTEXT: BuildingContext = {
  ...BUILDING_DEFAULTS,
  controlId: '',
  now: 0,
  zone: 'Z',
  sendingFacility: undefined,
  receivingFacility: undefined,
  patientSystems: { initiator: ['urn:oid:2.999.10.1.5'], recipient: ['urn:oid:2.999.20.1.11'] },
  acceptAcknowledgment: 'NE',
  applicationAcknowledgment: 'NE',
};

const WITHOUT_TIME: ReadonlySet<string> = new Set(['pcc-55-accept', 'pcc-55-request']);

/** The referral as it stood when the sample was sent: of times and reasons what the sample says. */
function told(name: string, reading: MessageReading): ReferralEvent {
  const reason = 'reason' in reading ? reading.reason : undefined;
  const at = WITHOUT_TIME.has(name) ? reading.occurredAt : undefined;
  const clinician = 'appointment' in reading ? LINDQVIST : OKAFOR;
  const referral: ReferralResources = {
    patient: { ...PATIENT, identifier: reading.patient?.identifiers.map((one) => ({ ...one })) ?? [] },
    request: REQUEST,
    task: {
      ...TASK,
      ...(reason !== undefined && { statusReason: reason }),
      ...(at !== undefined && { lastModified: at }),
    },
    resolve: ({ reference }: Reference) =>
      reference === id(2) ? (clinician as object as Resource) : undefined,
  };
  const { event } = reading;
  if (event === 'note' || event === 'patient-update' || event === 'status-ping' || event === 'none')
    throw new Error(`${event} is no event of a referral`);
  const appointment = 'appointment' in reading ? reading.appointment : undefined;
  return { event, from: 'accepted', referral, appointment };
}

describe('a sample, built', () => {
  test.each(SPOKEN)('%s comes out as it was', (name) => {
    const reading = readSample(name);
    const { sentAt = '', controlId, sendingFacility, receivingFacility } = reading;
    const zone = sentAt.endsWith('Z') ? 'Z' : sentAt.slice(-6);
    const context: BuildingContext = {
      ...CONTEXT,
      controlId,
      now: Date.parse(sentAt),
      zone,
      sendingFacility,
      receivingFacility,
      recipientNumber: 'always',
    };
    const message = built({ note: NOTE, ...told(name, reading) }, context).at(-1);
    if (message === undefined) throw new Error('no message');
    expect(encodeMessage(message).split('\r')).toEqual(sample(name).replaceAll('\n', '').split('\r'));
  });
});

/** The sample itself goes without it: of 360X the note travels beside its status. */
const NOTE: DocumentReading = {
  contentType: 'text/plain',
  data: 'YQ==',
  title: undefined,
  identifier: undefined,
  type: undefined,
  date: undefined,
  docStatus: undefined,
  confidentiality: undefined,
};
