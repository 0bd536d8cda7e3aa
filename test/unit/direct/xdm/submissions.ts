/** Submissions to write: the request of the fixtures in our words, and any submission there can be. */
import { HL7V2_MIME, REFERRAL_CONTENT } from '../../../../src/direct/xdm/codes.ts';
import type {
  ReceivedSubmission,
  Submission,
  SubmissionDocument,
  XdmCode,
  XdmParty,
} from '../../../../src/direct/xdm/submission.ts';
import { entryIdOf, USUAL_NAMES, setIdOf, sha1Of } from '../../../../src/direct/xdm/write-metadata.ts';
import { isExpressible } from '../../../../src/xml/characters.ts';
import * as fc from '../../../chance.ts';

export const ABOUT = { institution: 'Alder Family Medicine', application: 'Closeloop 0.2.0' } as const;

const code = (value: string, system: string, display: string): XdmCode => ({ code: value, system, display });
const LOINC = '2.16.840.1.113883.6.1';
const FORMATS = '1.3.6.1.4.1.19376.1.2.3';
const AT = Date.UTC(2025, 2, 14, 14, 5, 12);

const OKAFOR: XdmParty = {
  institution: { name: 'Alder Family Medicine', id: { value: '2.999.10.1', assigner: '2.999.10.1' } },
  person: {
    id: { value: '1999999984', assigner: '2.16.840.1.113883.4.6' },
    idType: 'NPI',
    family: 'Okafor',
    given: 'Ngozi',
    degree: 'MD',
  },
};

const SENDER = {
  confidentiality: [code('N', '2.16.840.1.113883.5.25', 'normal')],
  creationTime: AT,
  languageCode: 'en-US',
  facilityType: code('35971002', '2.16.840.1.113883.6.96', 'Ambulatory care site'),
  practiceSetting: code('207Q00000X', '2.16.840.1.113883.6.101', 'Family Medicine'),
  author: OKAFOR,
} as const;

/** The entry of the order (360x 5.2). */
export const ORDER: SubmissionDocument = {
  kind: 'message',
  mimeType: HL7V2_MIME,
  bytes: new TextEncoder().encode('MSH|^~\\&|\rPID|\r'),
  uniqueId: '2.25.101',
  classCode: code('OMG', '2.16.840.1.113883.18.30', 'OMG'),
  typeCode: code('OMG_O19', '2.16.840.1.113883.18.214', 'OMG_O19'),
  formatCode: code('urn:ihe:pcc:360x:hl7:OMG:O19:2017', FORMATS, '360X Referral Request'),
  title: 'Referral order',
  ...SENDER,
};

/** The entry of the referral note (360x 5.3). */
export const NOTE: SubmissionDocument = {
  kind: 'clinical-document',
  mimeType: 'text/xml',
  bytes: new TextEncoder().encode('<ClinicalDocument xmlns="urn:hl7-org:v3"/>'),
  uniqueId: '2.999.10.1.7^note-1',
  classCode: code('57133-1', LOINC, 'Referral note'),
  typeCode: code('57133-1', LOINC, 'Referral note'),
  formatCode: code('urn:hl7-org:sdwg:ccda-structuredBody:2.1', FORMATS, 'C-CDA 2.1 structured body'),
  title: 'Referral note of Marisol Quintero',
  ...SENDER,
};

/** A request (360x 5.1). */
export const REQUEST: Submission = {
  uniqueId: '2.25.100',
  sourceId: '2.999.10.1',
  submissionTime: AT + 3000,
  author: { ...OKAFOR, telecom: 'nokafor@direct.alder.example.org' },
  intendedRecipient: { telecom: 'intake@direct.tarn.example.org' },
  referralId: { value: 'R-2025-00731', assigner: '2.999.10.1.15' },
  sourcePatientId: { value: 'MQ-40417', assigner: '2.999.10.1.5' },
  sourcePatientInfo: [
    ['PID-3', 'MQ-40417^^^&2.999.10.1.5&ISO'],
    ['PID-5', 'Quintero^Marisol^J^^^^L'],
    ['PID-7', '19710308'],
  ],
  title: 'Referral request',
  documents: [ORDER, NOTE],
};

/** What is read of a submission: with what is made from it. */
export const asReceived = (submission: Submission): ReceivedSubmission => ({
  ...submission,
  title: submission.title ?? USUAL_NAMES.set,
  entryUuid: setIdOf(submission),
  contentType: submission.contentType ?? REFERRAL_CONTENT,
  documents: submission.documents.map((document, index) => ({
    ...document,
    title: document.title ?? USUAL_NAMES[document.kind],
    entryUuid: entryIdOf(submission, index),
    hash: sha1Of(document.bytes),
  })),
});

// — any submission

/** A text of a value: with every delimiter and any script, and short enough that nothing is cut. */
const words = (maxLength = 8): fc.Arbitrary<string> =>
  fc
    .string({
      unit: fc.oneof(
        fc.constantFrom('|', '^', '~', '\\', '&', '<', '>', '"', "'", '%', '\n'),
        fc.string({ minLength: 1, maxLength: 1 }),
        fc.constantFrom('ä', '丂', '😀'),
      ),
      maxLength,
    })
    .map((text) => text.trim())
    .filter((text) => text !== '' && isExpressible(text));

const oid: fc.Arbitrary<string> = fc.bigInt({ min: 1n, max: 1n << 127n }).map((number) => `2.25.${number}`);
const assigned = fc.record({ value: words(), assigner: oid });
const optional = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined });

/** A record without the members that are undefined. */
const sparse = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Value;

const anyCode: fc.Arbitrary<XdmCode> = fc
  .record({ code: words(), system: oid, display: optional(words(30)) })
  .map((made) => sparse(made) as XdmCode);

const address = fc.constantFrom(
  'intake@direct.tarn.example.org',
  "o'brien+x|y@direct.alder.example.org",
  'a^b&c~d@x.example',
) as fc.Arbitrary<NonNullable<XdmParty['telecom']>>;

const institution = fc.record({ name: words(20), id: optional(assigned) }).map(sparse);
const person = fc
  .record({
    id: optional(assigned),
    idType: optional(words(4)),
    family: words(),
    given: optional(words()),
    middle: optional(words()),
    suffix: optional(words(3)),
    prefix: optional(words(3)),
    degree: optional(words(3)),
  })
  .map(sparse);
const parties = (isReachable: boolean): fc.Arbitrary<XdmParty> =>
  fc
    .record({
      institution: isReachable ? optional(institution) : institution,
      person: optional(person),
      telecom: isReachable ? address : optional(address),
    })
    .map((made) => sparse(made) as XdmParty);

const seconds = fc
  .integer({ min: Date.UTC(1980, 0) / 1000, max: Date.UTC(2100, 0) / 1000 })
  .map((s) => s * 1000);

const KINDS = [
  ['clinical-document', 'text/xml', undefined],
  ['consent', 'application/pdf', '59284-0'],
  ['consent', 'text/xml', '57016-8'],
  ['other', 'application/pdf', undefined],
  ['other', 'image/unheard-of', undefined],
] as const;

const documents = (
  kind: SubmissionDocument['kind'],
  mimeType: string,
  classCode?: string,
): fc.Arbitrary<SubmissionDocument> =>
  fc
    .record({
      kind: fc.constant(kind),
      mimeType: fc.constant(mimeType),
      bytes: fc.uint8Array({ maxLength: 64 }),
      uniqueId: oid,
      classCode: anyCode.map((made) => ({ ...made, code: classCode ?? made.code })),
      typeCode: anyCode,
      formatCode: anyCode,
      confidentiality: fc.array(anyCode, { maxLength: 2 }),
      creationTime: seconds,
      languageCode: fc.constantFrom('en-US', 'es'),
      facilityType: optional(anyCode),
      practiceSetting: optional(anyCode),
      eventCodes: optional(fc.array(anyCode, { minLength: 1, maxLength: 2 })),
      title: optional(words(40)),
      author: optional(parties(false)),
    })
    .map((made) => sparse(made) as SubmissionDocument);

/** Any submission that can be written without a cut. */
export const anySubmission: fc.Arbitrary<Submission> = fc
  .record({
    uniqueId: oid,
    sourceId: oid,
    submissionTime: seconds,
    author: parties(true),
    intendedRecipient: parties(true),
    otherRecipients: optional(fc.array(parties(true), { minLength: 1, maxLength: 2 })),
    referralId: assigned,
    patientId: optional(assigned),
    sourcePatientId: optional(assigned),
    sourcePatientInfo: optional(
      fc.array(fc.tuple(fc.constantFrom('PID-3', 'PID-5', 'PID-11'), words(30)), {
        minLength: 1,
        maxLength: 3,
      }),
    ),
    title: optional(words(40)),
    documents: fc
      .tuple(
        documents('message', HL7V2_MIME),
        fc.array(
          fc
            .constantFrom(...KINDS)
            .chain(([kind, mimeType, classCode]) => documents(kind, mimeType, classCode)),
          { maxLength: 3 },
        ),
      )
      .map(([message, others]) => [message, ...others]),
  })
  // Each member is of its type; what is absent is absent.
  .map((made) => sparse(made) as unknown as Submission);
