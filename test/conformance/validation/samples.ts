/** One rich valid resource of every type that is served; BSeR's two as its guide shapes them. */
import type { Resource } from '../../../src/fhir/types.ts';
import { BODY_TYPES, RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { fullest } from './fullest.ts';

const NARRATIVE = {
  status: 'generated',
  div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>A <b>referral</b> &amp; its <a href="#x">reasons</a><br/></p></div>',
};
const concept = (system: string, code: string, text = 'words') => ({
  coding: [{ system, code, display: text }],
  text,
});
const sct = (code: string) => concept('http://snomed.info/sct', code);
const loinc = (code: string) => concept('http://loinc.org', code);
const ref = (reference: string) => ({ reference, display: 'shown' });
const identifier = (value: string) => ({ use: 'official', system: 'urn:oid:1.2.36.146.595.217.0.1', value });
const v2 = (code: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }],
});
const telecom = [{ system: 'phone', value: '+1 555 0100', use: 'work', rank: 1, period: { start: '2020' } }];
const address = [
  {
    use: 'work',
    type: 'both',
    line: ['1 Main St', 'Suite 2'],
    _line: [null, { extension: [{ url: 'http://example.org/unit', valueString: '2' }] }],
    city: 'Springfield',
    postalCode: '12345',
    country: 'US',
  },
];
const attachment = {
  contentType: 'application/pdf',
  data: 'SGVsbG8=',
  title: 'Letter',
  creation: '2026-01-02',
};
const BSER = 'http://hl7.org/fhir/us/bser/StructureDefinition';

/** Those of a referral, made by hand. */
const HAND_MADE: Readonly<Record<string, Resource>> = {
  ServiceRequest: {
    resourceType: 'ServiceRequest',
    id: 'referral-1',
    meta: {
      profile: [`${BSER}/referral-servicerequest`, `${BSER}/BSeR-ReferralServiceRequest`],
      tag: [{ code: 'x' }],
    },
    text: NARRATIVE,
    contained: [{ resourceType: 'Condition', id: 'c', code: sct('1'), subject: ref('Patient/p') }],
    extension: [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal',
        valueReference: ref('Goal/1'),
      },
    ],
    identifier: [
      { ...identifier('PLAC-1'), type: v2('PLAC'), assigner: ref('Organization/initiator') },
      { ...identifier('FILL-1'), type: v2('FILL'), assigner: ref('Organization/recipient') },
    ],
    status: 'active',
    intent: 'order',
    category: [sct('3457005')],
    priority: 'urgent',
    doNotPerform: false,
    code: sct('306206005'),
    orderDetail: [sct('2')],
    quantityRange: { low: { value: 1 }, high: { value: 2.5 } },
    subject: { ...ref('Patient/p'), type: 'Patient' },
    occurrenceTiming: {
      repeat: {
        boundsPeriod: { start: '2026-01-01' },
        frequency: 1,
        period: 2,
        periodUnit: 'wk',
        timeOfDay: ['10:00:00'],
      },
    },
    authoredOn: '2026-02-28T23:59:60Z',
    requester: ref('PractitionerRole/r'),
    performer: [ref('https://other.example/fhir/Organization/o')],
    reasonCode: [{ ...sct('44054006'), text: 'Type 2 diabetes' }],
    reasonReference: [ref('#c')],
    insurance: [ref('Coverage/1')],
    supportingInfo: [ref('urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e'), ref('Consent/1/_history/3')],
    note: [{ authorReference: ref('Practitioner/1'), time: '2026-01-01', text: 'Prefers *mornings*' }],
  },
  Task: {
    resourceType: 'Task',
    meta: { profile: [`${BSER}/referral-task`, `${BSER}/BSeR-ReferralTask`] },
    identifier: [
      { ...identifier('T-1'), type: v2('PLAC') },
      { ...identifier('T-2'), type: v2('FILL'), assigner: ref('Organization/recipient') },
    ],
    partOf: [ref('Task/parent')],
    status: 'requested',
    statusReason: { text: 'asked for' },
    businessStatus: concept('http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS', '2.0'),
    intent: 'order',
    priority: 'routine',
    code: concept('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill'),
    focus: ref('ServiceRequest/referral-1'),
    for: ref('Patient/p'),
    executionPeriod: { start: '2026-01-01', end: '2026-02' },
    authoredOn: '2026-01-01T10:00:00+01:00',
    lastModified: '2026-01-01T09:00:00Z',
    requester: ref('PractitionerRole/r'),
    owner: ref('Organization/recipient'),
    restriction: { repetitions: 1, recipient: [ref('Organization/recipient')] },
    note: [{ authorString: 'front desk', text: 'call first' }],
    input: [
      { type: { text: 'count' }, valuePositiveInt: 3 },
      {
        type: { text: 'unknown' },
        _valueString: { extension: [{ url: 'http://example.org/absent', valueCode: 'unknown' }] },
      },
    ],
    output: [{ type: { text: 'feedback' }, valueReference: ref('Bundle/feedback') }],
  },
  Consent: {
    resourceType: 'Consent',
    meta: { profile: [`${BSER}/BSeR-PatientConsent`] },
    status: 'active',
    scope: concept('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [concept('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'INFA')],
    patient: ref('Patient/p'),
    dateTime: '2026-01',
    performer: [ref('Patient/p')],
    organization: [ref('Organization/o')],
    sourceAttachment: attachment,
    policyRule: concept('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'OPTIN'),
    verification: [{ verified: true, verificationDate: '2026-01-01' }],
    provision: {
      type: 'permit',
      period: { start: '2026-01-01', end: '2026-12-31' },
      actor: [
        {
          role: concept('http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'IRCP'),
          reference: ref('Organization/o'),
        },
      ],
      data: [{ meaning: 'instance', reference: ref('Task/1') }],
      provision: [
        {
          type: 'deny',
          securityLabel: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
        },
      ],
    },
  },
  Communication: {
    resourceType: 'Communication',
    basedOn: [ref('ServiceRequest/referral-1')],
    status: 'completed',
    priority: 'asap',
    subject: ref('Patient/p'),
    sent: '2026-01-01T10:00:00.123456Z',
    recipient: [ref('Organization/o')],
    sender: ref('PractitionerRole/r'),
    payload: [
      { contentString: 'Please send the last report.' },
      { contentAttachment: { contentType: 'application/pdf', url: 'https://files.example.org/report.pdf' } },
    ],
  },
  AuditEvent: {
    resourceType: 'AuditEvent',
    type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110112' },
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'search-type' }],
    action: 'E',
    recorded: '2026-01-01T10:00:00Z',
    outcome: '0',
    agent: [{ who: ref('Organization/o'), requestor: true, network: { address: '10.0.0.1', type: '2' } }],
    source: { observer: ref('Device/server'), type: [{ code: '4' }] },
    entity: [
      { role: { code: '24' }, query: 'VGFzaz9zdGF0dXM9ZHJhZnQ=' },
      { what: ref('Task/1'), name: 'the task' },
    ],
  },
  Patient: {
    resourceType: 'Patient',
    text: NARRATIVE,
    identifier: [identifier('MRN-1')],
    active: true,
    name: [
      {
        use: 'official',
        family: 'Muster',
        given: [null, 'Maria'],
        _given: [{ extension: [{ url: 'http://example.org/masked', valueBoolean: true }] }, null],
      },
    ],
    telecom,
    gender: 'female',
    birthDate: '1980-02-29',
    _birthDate: {
      extension: [{ url: 'http://example.org/time', valueDateTime: '1980-02-29T01:02:03-05:00' }],
    },
    deceasedBoolean: false,
    address,
    maritalStatus: concept('http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', 'M'),
    multipleBirthInteger: 2,
    contact: [{ relationship: [{ text: 'sister' }], name: { text: 'Erika' }, telecom }],
    communication: [{ language: { text: 'Deutsch' }, preferred: true }],
    generalPractitioner: [ref('PractitionerRole/r')],
    managingOrganization: { identifier: identifier('ORG'), display: 'Clinic' },
    link: [{ other: ref('Patient/q'), type: 'seealso' }],
  },
  RelatedPerson: {
    resourceType: 'RelatedPerson',
    patient: ref('Patient/p'),
    relationship: [concept('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'MTH')],
    name: [{ text: 'Erika Muster' }],
    gender: 'unknown',
    birthDate: '1950',
    communication: [{ language: { text: 'Deutsch' } }],
  },
  Practitioner: {
    resourceType: 'Practitioner',
    identifier: [identifier('NPI')],
    name: [{ family: 'Arzt', prefix: ['Dr.'] }],
    telecom,
    qualification: [{ code: { text: 'MD' }, period: { start: '2001-05' }, issuer: ref('Organization/o') }],
  },
  PractitionerRole: {
    resourceType: 'PractitionerRole',
    practitioner: ref('Practitioner/1'),
    organization: ref('Organization/o'),
    code: [{ text: 'referral desk' }],
    specialty: [sct('394814009')],
    healthcareService: [ref('HealthcareService/1')],
    telecom,
    availableTime: [
      { daysOfWeek: ['mon', 'fri'], availableStartTime: '08:00:00', availableEndTime: '12:00:00.5' },
    ],
    notAvailable: [{ description: 'holiday', during: { start: '2026-12-24' } }],
    endpoint: [ref('Endpoint/1')],
  },
  Organization: {
    resourceType: 'Organization',
    identifier: [identifier('ORG')],
    active: true,
    type: [concept('http://terminology.hl7.org/CodeSystem/organization-type', 'prov')],
    name: 'Community Health',
    alias: ['CH'],
    telecom,
    address,
    partOf: ref('Organization/parent'),
    contact: [{ purpose: { text: 'referrals' }, telecom }],
  },
  Location: {
    resourceType: 'Location',
    status: 'active',
    name: 'Room 1',
    mode: 'instance',
    position: { longitude: -83.6945691, latitude: 42.25475478, altitude: 0 },
    managingOrganization: ref('Organization/o'),
    hoursOfOperation: [{ daysOfWeek: ['sat'], allDay: true }],
  },
  HealthcareService: {
    resourceType: 'HealthcareService',
    providedBy: ref('Organization/o'),
    name: 'Nutrition classes',
    comment: 'Bring *a friend*.',
    appointmentRequired: true,
    eligibility: [{ code: { text: 'adults' }, comment: 'from 18' }],
    availableTime: [{ daysOfWeek: ['tue'], allDay: false }],
    notAvailable: [{ description: 'August' }],
  },
  Endpoint: {
    resourceType: 'Endpoint',
    status: 'active',
    connectionType: {
      system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      code: 'hl7-fhir-rest',
    },
    payloadType: [{ text: 'any' }],
    payloadMimeType: ['application/fhir+json'],
    address: 'https://example.org/fhir',
    header: ['X-Key: 1'],
  },
  Coverage: {
    resourceType: 'Coverage',
    identifier: [{ ...identifier('MEMBER'), type: v2('MB') }],
    status: 'active',
    subscriberId: 'S1',
    beneficiary: ref('Patient/p'),
    relationship: concept('http://terminology.hl7.org/CodeSystem/subscriber-relationship', 'self'),
    period: { start: '2026-01-01' },
    payor: [ref('Organization/payer')],
    class: [{ type: { text: 'group' }, value: 'G1', name: 'Group 1' }],
    order: 1,
    costToBeneficiary: [
      { valueMoney: { value: 25.5, currency: 'USD' }, exception: [{ type: { text: 'retired' } }] },
    ],
  },
  Condition: {
    resourceType: 'Condition',
    clinicalStatus: concept('http://terminology.hl7.org/CodeSystem/condition-clinical', 'resolved'),
    verificationStatus: concept('http://terminology.hl7.org/CodeSystem/condition-ver-status', 'confirmed'),
    category: [{ text: 'problem' }],
    code: sct('44054006'),
    subject: ref('Patient/p'),
    onsetAge: { value: 40, system: 'http://unitsofmeasure.org', code: 'a' },
    abatementString: 'last year',
    stage: [{ summary: { text: 'I' } }],
    evidence: [{ detail: [ref('Observation/1')] }],
  },
  Observation: {
    resourceType: 'Observation',
    status: 'final',
    code: loinc('85354-9'),
    subject: ref('Patient/p'),
    effectiveInstant: '2026-01-01T10:00:00Z',
    issued: '2026-01-01T10:00:00.000+14:00',
    performer: [ref('Practitioner/1')],
    interpretation: [{ text: 'high' }],
    referenceRange: [{ low: { value: 90 }, high: { value: 120 }, text: 'mm[Hg]' }],
    component: [
      {
        code: loinc('8480-6'),
        valueQuantity: { value: 150, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
      },
      { code: loinc('8462-4'), valueQuantity: { value: 9.5e1, comparator: '<' } },
      {
        code: loinc('1'),
        valueSampledData: { origin: { value: 0 }, period: 10, dimensions: 1, data: '1 2 E U' },
      },
      { code: loinc('2'), valueRatio: { numerator: { value: 1 }, denominator: { value: 128 } } },
    ],
  },
  Appointment: {
    resourceType: 'Appointment',
    status: 'booked',
    serviceType: [{ text: 'visit' }],
    reasonReference: [ref('Condition/1')],
    priority: 5,
    start: '2026-03-01T09:00:00Z',
    end: '2026-03-01T09:30:00Z',
    minutesDuration: 30,
    basedOn: [ref('ServiceRequest/referral-1')],
    participant: [
      { actor: ref('Patient/p'), required: 'required', status: 'accepted', period: { end: '2026-03-02' } },
    ],
    requestedPeriod: [{ start: '2026-03-01', end: '2026-03-01' }],
  },
  DocumentReference: {
    resourceType: 'DocumentReference',
    masterIdentifier: { system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.2.3' },
    status: 'current',
    docStatus: 'final',
    type: loinc('57133-1'),
    subject: ref('Patient/p'),
    date: '2026-01-01T10:00:00Z',
    author: [ref('PractitionerRole/r')],
    relatesTo: [{ code: 'replaces', target: ref('DocumentReference/0') }],
    content: [{ attachment: { ...attachment, language: 'en', size: 5, hash: 'SGVsbG8=', url: 'Binary/1' } }],
    context: { related: [ref('ServiceRequest/referral-1')], period: { start: '2026' } },
  },
  Binary: {
    resourceType: 'Binary',
    contentType: 'text/plain',
    securityContext: ref('DocumentReference/1'),
    data: 'SGVs\nbG8=',
  },
  Bundle: {
    resourceType: 'Bundle',
    identifier: identifier('urn:uuid:1'),
    type: 'document',
    timestamp: '2026-01-01T10:00:00Z',
    entry: [
      {
        fullUrl: 'urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e',
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: loinc('11488-4'),
          subject: ref('urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6f'),
          date: '2026-01-01',
          author: [ref('PractitionerRole/r')],
          title: 'Feedback',
        },
      },
      {
        fullUrl: 'urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6f',
        resource: {
          resourceType: 'Patient',
          contained: [{ resourceType: 'Organization', id: 'o', name: 'Clinic' }],
          managingOrganization: { reference: '#o' },
        },
      },
    ],
  },
  Composition: {
    resourceType: 'Composition',
    status: 'final',
    type: loinc('57133-1'),
    subject: ref('Patient/p'),
    date: '2026-01-01T10:00:00Z',
    author: [ref('PractitionerRole/r')],
    title: 'Referral request',
    confidentiality: 'N',
    attester: [{ mode: 'legal', time: '2026-01-01', party: ref('Practitioner/1') }],
    relatesTo: [{ code: 'appends', targetReference: ref('Composition/0') }],
    event: [{ period: { start: '2026-01-01' } }],
    section: [
      {
        title: 'Other information',
        code: concept('http://hl7.org/fhir/us/bser/CodeSystem/bser', 'OSI'),
        text: NARRATIVE,
        mode: 'snapshot',
        entry: [ref('Observation/1')],
        section: [{ text: NARRATIVE }],
      },
    ],
  },
  Contract: {
    resourceType: 'Contract',
    status: 'executed',
    subject: [ref('Organization/o')],
    term: [
      {
        offer: {
          text: 'share referrals',
          party: [{ reference: [ref('Organization/o')], role: { text: 'sender' } }],
        },
        asset: [{ scope: { text: 'referrals' }, valuedItem: [{ net: { value: 1, currency: 'EUR' } }] }],
        action: [{ type: { text: 'send' }, intent: { text: 'care' }, status: { text: 'active' } }],
        group: [{ offer: { text: 'more' } }],
      },
    ],
    signer: [
      {
        type: { code: 'AMENDER' },
        party: ref('Organization/o'),
        signature: [
          {
            type: [{ code: '1.2.840.10065.1.12.1.1' }],
            when: '2026-01-01T10:00:00Z',
            who: ref('Practitioner/1'),
          },
        ],
      },
    ],
    friendly: [{ contentAttachment: attachment }],
  },
  Provenance: {
    resourceType: 'Provenance',
    target: [ref('Task/1/_history/2')],
    occurredPeriod: { start: '2026-01-01' },
    recorded: '2026-01-01T10:00:00Z',
    policy: ['http://example.org/policy'],
    activity: { text: 'update' },
    agent: [{ who: ref('Organization/o'), onBehalfOf: ref('Organization/p') }],
    entity: [
      { role: 'source', what: { identifier: identifier('MSG-1') }, agent: [{ who: ref('Device/1') }] },
    ],
  },
  Subscription: {
    resourceType: 'Subscription',
    status: 'requested',
    contact: [{ system: 'email', value: 'ops@example.org' }],
    end: '2027-01-01T00:00:00Z',
    reason: 'follow referrals',
    criteria: 'Task?status=requested',
    channel: {
      type: 'rest-hook',
      endpoint: 'https://example.org/hook',
      payload: 'application/fhir+json',
      header: ['Authorization: x'],
    },
  },
  Basic: {
    resourceType: 'Basic',
    code: { text: 'work item' },
    subject: ref('Task/1'),
    created: '2026-01-01',
    author: ref('Organization/o'),
    extension: [
      {
        url: 'http://example.org/complex',
        extension: [
          { url: 'decimal', valueDecimal: 1.5 },
          { url: 'uuid', valueUuid: 'urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e' },
          { url: 'oid', valueOid: 'urn:oid:1.2.840' },
          { url: 'meta', valueMeta: { security: [{ code: 'R' }] } },
          { url: 'trigger', valueTriggerDefinition: { type: 'named-event', name: 'x' } },
        ],
      },
    ],
  },
  Parameters: {
    resourceType: 'Parameters',
    parameter: [
      { name: 'a', valueDuration: { value: 1, code: 'h', system: 'http://unitsofmeasure.org' } },
      { name: 'b', resource: { resourceType: 'Patient', active: true } },
      { name: 'c', part: [{ name: 'd', valueInteger: -1 }] },
    ],
  },
};

/** Types of which the sample is made by hand. */
export const BY_HAND: ReadonlySet<string> = new Set(Object.keys(HAND_MADE));

/** Types of which a sample is made from the table of R4's structures. */
const MADE = [...RESOURCE_TYPES.keys(), ...BODY_TYPES].filter((type) => !BY_HAND.has(type));

export const SAMPLES: Readonly<Record<string, Resource>> = {
  ...HAND_MADE,
  ...Object.fromEntries(MADE.map((type) => [type, fullest(type)])),
};
