/** The profiles of US Core, ODH and BSeR beside the referral's own: a resource that fits each, and breaches of it. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';

const UC = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';
const BSER = 'http://hl7.org/fhir/us/bser/StructureDefinition/';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const SECTION = 'http://hl7.org/fhir/us/bser/CodeSystem/bser';

const of = (system: string, code: string) => ({ coding: [{ system, code }] });
const loinc = (code: string) => of('http://loinc.org', code);
const to = (reference: string) => ({ reference });
const patient = to('Patient/1');
const role = to('PractitionerRole/1');

function make(resourceType: string, profile: string, rest: object): Resource {
  return { resourceType, meta: { profile: [profile] }, ...rest } as Resource; // sound by construction
}

const person = (rest: object = {}) =>
  make('Patient', `${UC}patient`, {
    identifier: [{ system: 'urn:x', value: '1' }],
    name: [{ family: 'Everywoman', given: ['Eve'] }],
    gender: 'female',
    ...rest,
  });
const race = (parts: readonly object[]) => ({ extension: [{ url: `${UC}race`, extension: parts }] });
const omb = (system: string, code: string) => ({ url: 'ombCategory', valueCoding: { system, code } });
const white = omb('urn:oid:2.16.840.1.113883.6.238', '2106-3');
const words = { url: 'text', valueString: 'White' };

const mmHg = (value: number) => ({
  value,
  unit: 'mm[Hg]',
  system: 'http://unitsofmeasure.org',
  code: 'mm[Hg]',
});
const pressure = (rest: object = {}) =>
  make('Observation', `${UC}blood-pressure`, {
    status: 'final',
    category: [of(CATEGORY, 'vital-signs')],
    code: loinc('85354-9'),
    subject: patient,
    effectiveDateTime: '2026-11-01',
    component: [
      { code: loinc('8480-6'), valueQuantity: mmHg(120) },
      { code: loinc('8462-4'), valueQuantity: mmHg(80) },
    ],
    ...rest,
  });
const weight = (rest: object = {}) =>
  make('Observation', `${UC}body-weight`, {
    status: 'final',
    category: [of(CATEGORY, 'vital-signs')],
    code: loinc('29463-7'),
    subject: patient,
    effectiveDateTime: '2026-11-01',
    valueQuantity: { value: 70, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
    ...rest,
  });
const habits = (rest: object = {}) =>
  make('Observation', `${UC}observation-social-history`, {
    status: 'final',
    category: [of(CATEGORY, 'social-history')],
    code: loinc('82589-3'),
    subject: patient,
    valueString: 'college',
    ...rest,
  });
const smoking = (rest: object = {}) =>
  make('Observation', `${UC}smokingstatus`, {
    status: 'final',
    category: [of(CATEGORY, 'social-history')],
    code: loinc('72166-2'),
    subject: patient,
    effectiveDateTime: '2026-11-01',
    valueCodeableConcept: of('http://snomed.info/sct', '8517006'),
    ...rest,
  });
const problem = (rest: object = {}) =>
  make('Condition', `${UC}condition-problems-health-concerns`, {
    clinicalStatus: of('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active'),
    category: [of('http://terminology.hl7.org/CodeSystem/condition-category', 'problem-list-item')],
    code: { text: 'hypertension' },
    subject: patient,
    ...rest,
  });
const inRole = (rest: object = {}) =>
  make('PractitionerRole', `${UC}practitionerrole`, {
    practitioner: to('Practitioner/1'),
    telecom: [{ system: 'phone', value: '1' }],
    ...rest,
  });
const header = (rest: object = {}) =>
  make('MessageHeader', `${BSER}BSeR-ReferralMessageHeader`, {
    eventCoding: { system: 'http://terminology.hl7.org/CodeSystem/v2-0003', code: 'I12' },
    destination: [{ endpoint: 'https://there.example/', receiver: role }],
    sender: role,
    source: { endpoint: 'https://here.example/' },
    focus: [to('Task/1')],
    ...rest,
  });
const consent = (rest: object = {}) =>
  make('Consent', `${BSER}BSeR-PatientConsent`, {
    status: 'active',
    scope: of('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [of('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'INFA')],
    patient,
    dateTime: '2026-11-01',
    performer: [patient],
    policyRule: of('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'OPTIN'),
    provision: { type: 'permit' },
    ...rest,
  });
const coverage = (rest: object = {}) =>
  make('Coverage', `${BSER}BSeR-Coverage`, {
    status: 'active',
    beneficiary: patient,
    relationship: of('http://terminology.hl7.org/CodeSystem/subscriber-relationship', 'self'),
    payor: [to('Organization/1')],
    ...rest,
  });
const feedback = (rest: object = {}) =>
  make('Composition', `${BSER}BSeR-ReferralFeedbackComposition`, {
    status: 'final',
    type: loinc('11488-4'),
    subject: patient,
    date: '2026-11-01',
    author: [role],
    title: 'Feedback',
    section: [{ code: of(SECTION, 'RSRFS'), focus: to('ServiceRequest/1'), text: narrative() }],
    ...rest,
  });
const queries = (rest: object = {}) =>
  make('Bundle', `${BSER}bser-bundle-batch-query-referral-supporting-info`, {
    type: 'batch',
    entry: [{ request: { method: 'GET', url: 'Observation?patient={{patient-id}}&code=85354-9' } }],
    ...rest,
  });

describe('what fits is accepted', () => {
  test.each<[string, Resource]>([
    ['a patient', person()],
    ['a patient with a race', person(race([white, words]))],
    ['a blood pressure', pressure()],
    ['a weight', weight()],
    [
      'a weight that is not known',
      weight({ valueQuantity: undefined, dataAbsentReason: { text: 'refused' } }),
    ],
    ['a habit', habits()],
    ['a smoking status', smoking()],
    ['a problem', problem()],
    ['a role', inRole()],
    ['a message header', header()],
    ['a consent', consent()],
    ['a coverage', coverage()],
    ['feedback', feedback()],
    ['queries', queries()],
  ])('%s', (_what, resource) => {
    expect(errorsOf(resource)).toEqual([]);
  });
});

describe('a breach is refused at its place', () => {
  test.each<[string, Resource, string]>([
    ['a patient without an identifier', person({ identifier: undefined }), 'Patient.identifier'],
    [
      'an identifier without a system',
      person({ identifier: [{ value: '1' }] }),
      'Patient.identifier[0].system',
    ],
    ['no gender', person({ gender: undefined }), 'Patient.gender'],
    ['a telecom without a value', person({ telecom: [{ system: 'phone' }] }), 'Patient.telecom[0].value'],
    ['a race without words', person(race([white])), 'Patient.extension[0].extension'],
    [
      'a race that is none',
      person(race([omb('urn:oid:2.16.840.1.113883.6.238', '9999-9'), words])),
      'Patient.extension[0].extension[0].value',
    ],
    [
      'one component',
      pressure({ component: [{ code: loinc('8480-6'), valueQuantity: mmHg(1) }] }),
      'Observation.component',
    ],
    ['another panel', pressure({ code: loinc('35094-2') }), 'Observation.code'],
    [
      'another unit of pressure',
      pressure({
        component: [
          { code: loinc('8480-6'), valueQuantity: { ...mmHg(16), code: 'kPa' } },
          { code: loinc('8462-4'), valueQuantity: mmHg(80) },
        ],
      }),
      'Observation.component[0].value.code',
    ],
    ['no category of vital signs', pressure({ category: [of(CATEGORY, 'exam')] }), 'Observation.category'],
    [
      'another unit of weight',
      weight({ valueQuantity: { value: 1, unit: 'm', system: 'http://unitsofmeasure.org', code: 'm' } }),
      'Observation.value.code',
    ],
    ['a preliminary smoking status', smoking({ status: 'preliminary' }), 'Observation.status'],
    [
      'a smoking status in words',
      smoking({ valueCodeableConcept: undefined, valueString: 'no' }),
      'Observation.value',
    ],
    ['a problem of no category', problem({ category: [{ text: 'x' }] }), 'Condition.category'],
    ['another event', header({ eventCoding: { system: 'urn:x', code: 'I13' } }), 'MessageHeader.event'],
    [
      'no receiver',
      header({ destination: [{ endpoint: 'https://x.example/' }] }),
      'MessageHeader.destination[0].receiver',
    ],
    ['two Tasks', header({ focus: [to('Task/1'), to('Task/2')] }), 'MessageHeader.focus'],
    ['two categories of consent', consent({ category: [{ text: 'a' }, { text: 'b' }] }), 'Consent.category'],
    ['nobody who agreed', consent({ performer: undefined }), 'Consent.performer'],
    ['two payors', coverage({ payor: [to('Organization/1'), to('Organization/2')] }), 'Coverage.payor'],
    [
      'no summary',
      feedback({ section: [{ code: of(SECTION, 'ORFSI'), text: narrative() }] }),
      'Composition.section',
    ],
    [
      'a summary of nothing',
      feedback({ section: [{ code: of(SECTION, 'RSRFS'), text: narrative() }] }),
      'Composition.section[0].focus',
    ],
    ['queries that are a transaction', queries({ type: 'transaction' }), 'Bundle.type'],
  ])('%s', (_what, resource, place) => {
    expect(errorsOf(resource)).toContain(place);
  });
});

function narrative() {
  return { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' };
}

function errorsOf(resource: Resource): readonly (string | undefined)[] {
  const plain: Resource = JSON.parse(JSON.stringify(resource));
  return validateResource(plain)
    .filter(({ severity = 'error' }) => severity === 'error')
    .map(({ expression, diagnostics }) => expression?.[0] ?? diagnostics);
}
