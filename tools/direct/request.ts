/** A request for a referral as an initiator mails it (IHE 360X, PCC-55): the order of examples/omg-o19.hl7 and a Referral Note. */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDocument } from '../../src/ccda/write/document.ts';
import { CODING, HL7V2_MIME } from '../../src/direct/xdm/codes.ts';
import type { Submission, SubmissionDocument, XdmCode } from '../../src/direct/xdm/submission.ts';
import { writeXdm } from '../../src/direct/xdm/write-package.ts';
import { oidOfUuid } from '../../src/fhir/identifier.ts';
import type { Resource } from '../../src/fhir/types.ts';
import type { DirectAddress } from '../../src/ports/direct.ts';

export interface RequestAbout {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** The number of the referral: letters, digits and hyphens. */
  readonly number: string;
}

export interface MailedRequest {
  readonly zip: Uint8Array;
  readonly submission: Submission;
}

const ORDER = readFileSync(join(import.meta.dirname, '../../examples/omg-o19.hl7'), 'utf8');
const INITIATOR = '2.999.360.1';
const PATIENT = { value: 'MRN-40417', assigner: `${INITIATOR}.5` };
/** MSH-7 of the example, and what the note says of its time. */
const WRITTEN = Date.UTC(2026, 10, 22, 14, 5, 12);

const NORMAL: XdmCode = { code: 'N', system: CODING.confidentiality, display: 'Normal' };

/** The package; each has ids of its own. */
export async function buildRequest({ from, to, number }: RequestAbout): Promise<MailedRequest> {
  const submission: Submission = {
    uniqueId: newOid(),
    sourceId: INITIATOR,
    submissionTime: Date.now(),
    author: { institution: { name: 'Elm Street Family Medicine' }, telecom: from },
    intendedRecipient: { institution: { name: 'Riverside Nutrition Services' }, telecom: to },
    referralId: { value: number, assigner: `${INITIATOR}.15` },
    sourcePatientId: PATIENT,
    sourcePatientInfo: [
      ['PID-3', `${PATIENT.value}^^^&${PATIENT.assigner}&ISO`],
      ['PID-5', 'Sample^Marisol^J^^^^L'],
      ['PID-7', '19710308'],
      ['PID-8', 'F'],
    ],
    title: 'Referral request',
    documents: [orderOf(number), noteOf(number)],
  };
  const about = { institution: 'Elm Street Family Medicine', application: 'Demonstration' };
  return { submission, zip: await writeXdm(submission, about) };
}

const newOid = (): string => oidOfUuid(randomUUID());

function orderOf(number: string): SubmissionDocument {
  const message = ORDER.replaceAll('R-2026-00731', number)
    .replace('DEMO-000001', number.slice(0, 20))
    .replaceAll(/\r?\n/g, '\r');
  return {
    kind: 'message',
    bytes: Buffer.from(message),
    uniqueId: newOid(),
    mimeType: HL7V2_MIME,
    classCode: { code: 'OMG', system: CODING.messageCode, display: 'General clinical order' },
    typeCode: { code: 'OMG_O19', system: CODING.messageStructure, display: 'General clinical order' },
    formatCode: { code: 'urn:ihe:pcc:360x:hl7:OMG:O19:2017', system: CODING.format },
    confidentiality: [NORMAL],
    creationTime: WRITTEN,
    languageCode: 'en-US',
    title: 'Referral order',
  };
}

function noteOf(number: string): SubmissionDocument {
  const id = uuidFrom(`note of ${number}`);
  const referral: XdmCode = { code: '57133-1', system: CODING.loinc, display: 'Referral note' };
  return {
    kind: 'clinical-document',
    bytes: Buffer.from(referralNote(id)),
    uniqueId: oidOfUuid(id),
    mimeType: 'text/xml',
    classCode: referral,
    typeCode: referral,
    formatCode: { code: 'urn:hl7-org:sdwg:ccda-structuredBody:2.1', system: CODING.format },
    confidentiality: [NORMAL],
    creationTime: WRITTEN,
    languageCode: 'en-US',
    title: 'Referral Note',
  };
}

const uuidFrom = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

function referralNote(id: string): string {
  const name = [{ family: 'Okafor', given: ['Ngozi'] }];
  const clinic: Resource = {
    resourceType: 'Organization',
    id: '1',
    identifier: [{ system: 'urn:ietf:rfc:3986', value: `urn:oid:${INITIATOR}` }],
    name: 'Elm Street Family Medicine',
  };
  const person: Resource = {
    resourceType: 'Practitioner',
    id: '1',
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1999999984' }],
    name,
  };
  const role: Resource = {
    resourceType: 'PractitionerRole',
    id: '1',
    practitioner: { reference: 'Practitioner/1' },
    organization: { reference: 'Organization/1' },
  };
  const patient: Resource = {
    resourceType: 'Patient',
    id: '1',
    identifier: [{ system: `urn:oid:${PATIENT.assigner}`, value: PATIENT.value }],
    name: [{ family: 'Sample', given: ['Marisol', 'J'] }],
    gender: 'female',
    birthDate: '1971-03-08',
  };
  const known = new Map([clinic, person, role, patient].map((one) => [`${one.resourceType}/1`, one]));
  return writeDocument(
    {
      kind: 'referral-note',
      id,
      setId: uuidFrom(`set of ${id}`),
      version: 1,
      time: '2026-11-22T09:05:12-05:00',
      confidentiality: 'N',
      patient,
      author: { person, role, organization: clinic },
      custodian: clinic,
      recipients: [],
      sections: [
        {
          name: 'assessment',
          resources: [],
          words: 'Osteoarthritis of the knee. Is a walking programme advisable before surgery?',
        },
      ],
    },
    {
      base: 'https://elm-street.example/fhir',
      lookUp: (reference) => known.get(reference?.reference ?? ''),
    },
  ).xml;
}
