/**
 * The resources that the two EHRs of the demonstration send: a referral package, a visit, a feedback document (BSeR).
 */
import { randomUUID } from 'node:crypto';
import type { Resource } from '../../src/fhir/types.ts';
import { ORGANIZATIONS } from './organizations.ts';

const IDENTIFIER_TYPE = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const PROFILE = 'http://hl7.org/fhir/us/bser/StructureDefinition';
const BSER = 'http://hl7.org/fhir/us/bser/CodeSystem/bser';

const DAY_MS = 86_400_000;
const { initiator, recipient } = ORGANIZATIONS;

const coded = (system: string, code: string, display: string) => ({
  coding: [{ system, code, display }],
  text: display,
});

/** Patient, coverage, consent, order and Task in one transaction; the entries refer to each other by urn:uuid. */
export function packageOf(now = new Date()): Resource {
  const [patient, order] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`];
  const coverage = `urn:uuid:${randomUUID()}`;
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      entry(patient, buildPatient()),
      entry(coverage, buildCoverage(patient)),
      entry(order, buildOrder(patient, coverage, now)),
      entry(`urn:uuid:${randomUUID()}`, buildTask(patient, order, now)),
    ],
  };
}

const entry = (fullUrl: string, resource: Resource) => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: resource.resourceType },
});

const buildPatient = (): Resource => ({
  resourceType: 'Patient',
  identifier: [
    {
      type: coded(IDENTIFIER_TYPE, 'MR', 'Medical record number'),
      system: `urn:oid:${initiator.oid}`,
      value: `MRN-${randomUUID().slice(0, 8)}`,
    },
  ],
  name: [{ family: 'Sample', given: ['Sidney'] }],
  gender: 'female',
  birthDate: '1979-03-07',
});

const buildCoverage = (patient: string): Resource => ({
  resourceType: 'Coverage',
  status: 'active',
  beneficiary: { reference: patient },
  relationship: coded('http://terminology.hl7.org/CodeSystem/subscriber-relationship', 'self', 'Self'),
  payor: [{ display: 'Example Health Plan' }],
});

const buildOrder = (patient: string, coverage: string, now: Date): Resource => ({
  resourceType: 'ServiceRequest',
  meta: { profile: [`${PROFILE}/BSeR-ReferralServiceRequest`] },
  identifier: [
    {
      type: coded(IDENTIFIER_TYPE, 'PLAC', 'Placer Identifier'),
      system: `urn:oid:${initiator.oid}`,
      value: `R-${randomUUID().slice(0, 8)}`,
      assigner: { reference: initiator.ref },
    },
  ],
  status: 'active',
  intent: 'order',
  category: [coded('http://snomed.info/sct', '409073007', 'Education')],
  code: coded('http://snomed.info/sct', '3457005', 'Patient referral'),
  subject: { reference: patient },
  authoredOn: now.toISOString(),
  requester: { reference: initiator.role },
  performer: [{ reference: recipient.role }],
  reasonCode: [{ text: 'Obesity: nutrition counselling' }],
  insurance: [{ reference: coverage }],
});

const buildTask = (patient: string, order: string, now: Date): Resource => ({
  resourceType: 'Task',
  meta: { profile: [`${PROFILE}/BSeR-ReferralTask`] },
  status: 'requested',
  intent: 'order',
  code: coded('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill', 'Fulfill the focal request'),
  focus: { reference: order },
  for: { reference: patient },
  authoredOn: now.toISOString(),
  requester: { reference: initiator.role },
  owner: { reference: recipient.role },
});

/** A visit in a week. */
export function visitFor(order: string, patient: string, now = Date.now()): Resource {
  const start = new Date(now + 7 * DAY_MS);
  return {
    resourceType: 'Appointment',
    status: 'booked',
    basedOn: [{ reference: order }],
    start: start.toISOString(),
    end: new Date(start.getTime() + 1_800_000).toISOString(),
    participant: [
      { actor: { reference: patient }, status: 'accepted' },
      { actor: { reference: recipient.role }, status: 'accepted' },
    ],
  };
}

/** @param data the C-CDA in base64 */
export const consultationNote = (order: string, data: string): Resource => ({
  resourceType: 'DocumentReference',
  status: 'current',
  type: coded('http://loinc.org', '11488-4', 'Consult note'),
  content: [{ attachment: { contentType: 'application/hl7-cda+xml', data } }],
  context: { related: [{ reference: order }] },
});

/** The outcome as a document: a Composition whose summary section is about the order. */
export function feedback(order: string, patient: string, now = new Date()): Resource {
  const composition: Resource = {
    resourceType: 'Composition',
    id: randomUUID(),
    status: 'final',
    type: coded('http://loinc.org', '11488-4', 'Consult note'),
    subject: { reference: patient },
    date: now.toISOString(),
    author: [{ reference: recipient.role }],
    title: 'Referral outcome',
    section: [
      {
        title: 'Summary',
        code: { coding: [{ system: BSER, code: 'RSRFS' }] },
        focus: { reference: order },
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml">Six sessions attended; weight goal reached.</div>',
        },
      },
    ],
  };
  return {
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` },
    timestamp: now.toISOString(),
    entry: [{ fullUrl: `urn:uuid:${composition.id}`, resource: composition }],
  };
}
