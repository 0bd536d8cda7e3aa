/** Invariants of the datatypes and of the types of a referral: an element that breaks one, and the same mended. */
import { SAMPLES } from './samples.ts';

const UCUM = 'http://unitsofmeasure.org';
const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const VERIFIED = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';
const status = (system: string, code: string) => ({ coding: [{ system, code }] });
const request = { method: 'GET', url: 'Task' };
const response = { status: '200' };
const resource = { resourceType: 'Basic', code: { text: 'x' } };
const head = { resourceType: 'MessageHeader', eventCoding: { code: 'x' }, source: { endpoint: 'http://x' } };
const appointment = { status: 'booked', participant: [{ actor: { display: 'x' }, status: 'accepted' }] };
const slot = { start: '2026-01-01T10:00:00Z', end: '2026-01-01T11:00:00Z' };
const document = {
  type: 'document',
  identifier: { system: 'urn:x', value: '1' },
  timestamp: '2026-01-01T10:00:00Z',
};
const composition = {
  fullUrl: 'urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e',
  resource: SAMPLES['Composition'],
};
const condition = { subject: { display: 'x' } };
const consent = { status: 'active', scope: { text: 'x' }, category: [{ text: 'x' }] };
const component = (code: object) => ({ code: { coding: [code] }, valueString: 'x' });

export type Row = readonly [key: string, broken: object, mended: object];

export const ROWS: Readonly<Record<string, readonly Row[]>> = {
  Age: [
    ['age-1', { value: 3 }, { value: 3, code: 'a', system: UCUM }],
    ['age-1', { value: 3, code: 'a', system: 'urn:x' }, { value: 3, code: 'a', system: UCUM }],
    ['age-1', { value: -1, code: 'a', system: UCUM }, { value: 1, code: 'a', system: UCUM }],
    ['qty-3', { code: 'a' }, { code: 'a', system: UCUM }],
  ],
  Attachment: [['att-1', { data: 'AAAA' }, { data: 'AAAA', contentType: 'text/plain' }]],
  ContactPoint: [['cpt-2', { value: '1' }, { value: '1', system: 'phone' }]],
  Count: [
    ['cnt-3', { value: 3 }, { value: 3, code: '1', system: UCUM }],
    ['cnt-3', { value: 3, code: '2', system: UCUM }, { value: 3, code: '1', system: UCUM }],
    ['cnt-3', { value: 3.5, code: '1', system: UCUM }, { value: 3, code: '1', system: UCUM }],
    ['qty-3', { code: '1' }, { code: '1', system: UCUM }],
  ],
  'DataRequirement.codeFilter': [
    ['drq-1', { valueSet: 'http://x' }, { path: 'code' }],
    ['drq-1', { path: 'code', searchParam: 'code' }, { searchParam: 'code' }],
  ],
  'DataRequirement.dateFilter': [['drq-2', { path: 'a', searchParam: 'b' }, { path: 'a' }]],
  Distance: [
    ['dis-1', { value: 3 }, { value: 3, code: 'm', system: UCUM }],
    ['qty-3', { code: 'm' }, { code: 'm', system: UCUM }],
  ],
  Duration: [
    ['drt-1', { value: 1, code: 'h', system: 'urn:x' }, { value: 1, code: 'h', system: UCUM }],
    ['drt-1', { code: 'h', system: UCUM }, { unit: 'hours' }],
    ['qty-3', { value: 1, code: 'h' }, { value: 1, code: 'h', system: UCUM }],
  ],
  Expression: [['exp-1', { language: 'text/fhirpath' }, { language: 'text/fhirpath', expression: 'true' }]],
  Extension: [
    ['ext-1', { url: 'urn:x' }, { url: 'urn:x', valueCode: 'y' }],
    [
      'ext-1',
      { url: 'urn:x', valueCode: 'y', extension: [{ url: 'z', valueCode: 'y' }] },
      { url: 'urn:x', extension: [{ url: 'z', valueCode: 'y' }] },
    ],
  ],
  Period: [
    ['per-1', { start: '2026-01-02', end: '2026-01-01' }, { start: '2026-01-01', end: '2026-01-01' }],
    ['per-1', { start: '2027', end: '2026' }, { start: '2026', end: '2027' }],
    [
      'per-1',
      { start: '2026-01-01T10:00:00Z', end: '2026-01-01T10:00:00+01:00' },
      { start: '2026-01-01T10:00:00+01:00', end: '2026-01-01T10:00:00Z' },
    ],
  ],
  Quantity: [['qty-3', { value: 1, code: 'mg' }, { value: 1, code: 'mg', system: UCUM }]],
  Range: [
    [
      'rng-2',
      { low: { value: 2, code: 'kg', system: UCUM }, high: { value: 1, code: 'kg', system: UCUM } },
      { low: { value: 1, code: 'kg', system: UCUM }, high: { value: 1, code: 'kg', system: UCUM } },
    ],
  ],
  Ratio: [
    ['rat-1', { numerator: { value: 1 } }, { numerator: { value: 1 }, denominator: { value: 2 } }],
    ['rat-1', { denominator: { value: 1 } }, { extension: [{ url: 'urn:x', valueCode: 'y' }] }],
  ],
  'Timing.repeat': [
    ['tim-1', { duration: 1 }, { duration: 1, durationUnit: 'h' }],
    ['tim-2', { period: 1 }, { period: 1, periodUnit: 'h' }],
    ['tim-4', { duration: -1, durationUnit: 'h' }, { duration: 0, durationUnit: 'h' }],
    ['tim-5', { period: -1, periodUnit: 'h' }, { period: 0, periodUnit: 'h' }],
    ['tim-6', { periodMax: 1 }, { period: 1, periodMax: 1, periodUnit: 'h' }],
    ['tim-7', { durationMax: 1 }, { duration: 1, durationMax: 1, durationUnit: 'h' }],
    ['tim-8', { countMax: 1 }, { count: 1, countMax: 1 }],
    ['tim-9', { offset: 1 }, { offset: 1, when: ['MORN'] }],
    ['tim-9', { offset: 1, when: ['C'] }, { when: ['C'] }],
    ['tim-10', { timeOfDay: ['10:00:00'], when: ['MORN'] }, { timeOfDay: ['10:00:00'] }],
  ],
  TriggerDefinition: [
    [
      'trd-1',
      { type: 'data-added', data: [{ type: 'Task' }], timingDate: '2026' },
      { type: 'data-added', data: [{ type: 'Task' }] },
    ],
    [
      'trd-2',
      { type: 'named-event', name: 'x', condition: { language: 'text/x', expression: 'y' } },
      { type: 'named-event', name: 'x' },
    ],
    ['trd-3', { type: 'named-event' }, { type: 'named-event', name: 'x' }],
    ['trd-3', { type: 'periodic' }, { type: 'periodic', timingDate: '2026' }],
    ['trd-3', { type: 'data-added' }, { type: 'data-added', data: [{ type: 'Task' }] }],
  ],
  Appointment: [
    ['app-2', { ...appointment, status: 'cancelled', start: slot.start }, { ...appointment, ...slot }],
    ['app-3', appointment, { ...appointment, status: 'proposed' }],
    [
      'app-4',
      { ...appointment, ...slot, cancelationReason: { text: 'x' } },
      { ...appointment, ...slot, status: 'noshow', cancelationReason: { text: 'x' } },
    ],
  ],
  'Appointment.participant': [
    ['app-1', { status: 'accepted' }, { status: 'accepted', type: [{ text: 'x' }] }],
  ],
  'AuditEvent.entity': [['sev-1', { name: 'x', query: 'AAAA' }, { query: 'AAAA' }]],
  Bundle: [
    ['bdl-1', { type: 'collection', total: 1 }, { type: 'searchset', total: 1 }],
    [
      'bdl-2',
      { type: 'collection', entry: [{ resource, search: { score: 1 } }] },
      { type: 'searchset', entry: [{ resource, search: { score: 1 } }] },
    ],
    ['bdl-3', { type: 'batch', entry: [{ resource }] }, { type: 'batch', entry: [{ request }] }],
    ['bdl-3', { type: 'collection', entry: [{ request }] }, { type: 'transaction', entry: [{ request }] }],
    [
      'bdl-4',
      { type: 'batch-response', entry: [{ resource }] },
      { type: 'batch-response', entry: [{ response }] },
    ],
    [
      'bdl-4',
      { type: 'collection', entry: [{ response }] },
      { type: 'history', entry: [{ request, response }] },
    ],
    [
      'bdl-7',
      { type: 'collection', entry: [1, 2].map(() => ({ fullUrl: 'http://x/Basic/1', resource })) },
      {
        type: 'collection',
        entry: ['1', '2'].map((versionId) => ({
          fullUrl: 'http://x/Basic/1',
          resource: { ...resource, meta: { versionId } },
        })),
      },
    ],
    [
      'bdl-9',
      { ...document, identifier: { value: '1' }, entry: [composition] },
      { ...document, entry: [composition] },
    ],
    [
      'bdl-10',
      { ...document, timestamp: undefined, entry: [composition] },
      { ...document, entry: [composition] },
    ],
    ['bdl-11', { ...document, entry: [{ resource }] }, { ...document, entry: [composition, { resource }] }],
    ['bdl-12', { type: 'message', entry: [{ resource }] }, { type: 'message', entry: [{ resource: head }] }],
  ],
  'Bundle.entry': [
    ['bdl-5', { fullUrl: 'http://x/Basic/1' }, { fullUrl: 'http://x/Basic/1', resource }],
    [
      'bdl-8',
      { fullUrl: 'http://x/Basic/1/_history/1', resource },
      { fullUrl: 'http://x/Basic/1', resource },
    ],
  ],
  'Composition.section': [
    ['cmp-1', { title: 'x' }, { title: 'x', entry: [{ display: 'x' }] }],
    [
      'cmp-2',
      { entry: [{ display: 'x' }], emptyReason: { text: 'x' } },
      { section: [{ entry: [{ display: 'x' }] }], emptyReason: { text: 'x' } },
    ],
  ],
  Condition: [
    [
      'con-4',
      { ...condition, clinicalStatus: status(CLINICAL, 'active'), abatementString: 'x' },
      { ...condition, clinicalStatus: status(CLINICAL, 'inactive'), abatementString: 'x' },
    ],
    ['con-4', { ...condition, abatementString: 'x' }, condition],
    [
      'con-5',
      {
        ...condition,
        clinicalStatus: status(CLINICAL, 'active'),
        verificationStatus: status(VERIFIED, 'entered-in-error'),
      },
      { ...condition, verificationStatus: status(VERIFIED, 'entered-in-error') },
    ],
  ],
  'Condition.stage': [['con-1', { type: { text: 'x' } }, { summary: { text: 'x' } }]],
  'Condition.evidence': [
    ['con-2', { extension: [{ url: 'urn:x', valueCode: 'y' }] }, { code: [{ text: 'x' }] }],
  ],
  Consent: [['ppc-1', consent, { ...consent, policy: [{ uri: 'http://x' }] }]],
  Observation: [
    [
      'obs-6',
      { status: 'final', code: { text: 'x' }, valueString: 'x', dataAbsentReason: { text: 'x' } },
      { status: 'final', code: { text: 'x' }, dataAbsentReason: { text: 'x' } },
    ],
    [
      'obs-7',
      {
        status: 'final',
        code: { coding: [{ code: 'a' }] },
        valueString: 'x',
        component: [component({ code: 'a' })],
      },
      {
        status: 'final',
        code: { coding: [{ code: 'a' }] },
        valueString: 'x',
        component: [component({ code: 'b' })],
      },
    ],
  ],
  'Observation.referenceRange': [['obs-3', { age: { low: { value: 1 } } }, { text: 'x' }]],
  Organization: [
    ['org-1', { active: true }, { identifier: [{ value: 'x' }] }],
    ['org-2', { name: 'x', address: [{ use: 'home' }] }, { name: 'x', address: [{ use: 'work' }] }],
    ['org-3', { name: 'x', telecom: [{ use: 'home' }] }, { name: 'x', telecom: [{ use: 'work' }] }],
  ],
  'Parameters.parameter': [
    ['inv-1', { name: 'x' }, { name: 'x', valueCode: 'y' }],
    ['inv-1', { name: 'x', valueCode: 'y', resource }, { name: 'x', resource }],
    [
      'inv-1',
      { name: 'x', valueCode: 'y', part: [{ name: 'z', valueCode: 'y' }] },
      { name: 'x', part: [{ name: 'z', valueCode: 'y' }] },
    ],
  ],
  'Patient.contact': [['pat-1', { gender: 'other' }, { organization: { display: 'x' } }]],
  ServiceRequest: [
    [
      'prr-1',
      { status: 'active', intent: 'order', subject: { display: 'x' }, orderDetail: [{ text: 'x' }] },
      {
        status: 'active',
        intent: 'order',
        subject: { display: 'x' },
        orderDetail: [{ text: 'x' }],
        code: { text: 'y' },
      },
    ],
  ],
  Task: [
    [
      'inv-1',
      { status: 'draft', intent: 'order', authoredOn: '2026-01-02', lastModified: '2026-01-01' },
      { status: 'draft', intent: 'order', authoredOn: '2026-01-01', lastModified: '2026-01-01' },
    ],
  ],
};
