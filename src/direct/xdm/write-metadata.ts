/** Writes METADATA.XML: a SubmitObjectsRequest of ebRIM 3.0 (ITI TF-3 4.2.3; direct-xdm 7.1, 360x 5.1 to 5.3). */
import { createHash } from 'node:crypto';
import { uuidOf } from '../../fhir/identifier.ts';
import { element, text, type Attributes, type Xml, type XmlChild } from '../../xml/elements.ts';
import { DECLARATION } from '../../xml/encode.ts';
import { documentFileName, REFERRAL_CONTENT } from './codes.ts';
import {
  APPROVED,
  ASSOCIATION_TYPE,
  CLASSIFICATION_TYPE,
  ENTRY,
  HAS_MEMBER,
  IDENTIFIER_TYPE,
  LCM,
  REFERENCE_IDS,
  RIM,
  SET,
  SET_NODE,
  SET_TYPE,
  STABLE_DOCUMENT,
} from './ebrim.ts';
import type { Submission, SubmissionDocument, XdmCode, XdmKind, XdmParty } from './submission.ts';
import { cxOf, dtmOf, recipientOf, referralCxOf, VALUE_MAX, xcnOf, xonOf, xtnOf } from './values.ts';

/** Names where none is given: there are readers that need one. */
export const USUAL_NAMES = {
  set: 'Referral',
  message: 'Message about a referral',
  'clinical-document': 'Clinical document',
  consent: 'Consent',
  other: 'Document',
} as const satisfies Readonly<Record<XdmKind | 'set', string>>;

/** Characters of a name (FreeFormText of ebRIM). */
const NAME_MAX = 1024;

/** An object that is being described: its id, from which those of its parts are made. */
interface Described {
  readonly id: string;
}

const rim = (name: string, attributes: Attributes = {}, ...children: readonly XmlChild[]): Xml =>
  element(`rim:${name}`, attributes, ...children);

/** Ids are made of what they are of, so that the same submission has the same. */
const idOf = (...of: readonly string[]): string => `urn:uuid:${uuidOf(of.join(' '))}`;

/** The id of a submission set, and of the entry at a place. */
export const setIdOf = (submission: Submission): string =>
  submission.entryUuid ?? idOf(submission.uniqueId, 'set');
export const entryIdOf = (submission: Submission, index: number): string =>
  submission.documents[index]?.entryUuid ?? idOf(submission.uniqueId, 'entry', String(index));

/** METADATA.XML in UTF-8. */
export function writeMetadata(submission: Submission): Uint8Array {
  const set = { id: setIdOf(submission) };
  const list = rim(
    'RegistryObjectList',
    {},
    submission.documents.map((document, index) => entryElement(submission, document, index)),
    setElement(submission, set),
    rim('Classification', {
      id: idOf(set.id, 'node'),
      objectType: CLASSIFICATION_TYPE,
      classifiedObject: set.id,
      classificationNode: SET_NODE,
    }),
    submission.documents.map((_document, index) => memberElement(set, entryIdOf(submission, index))),
  );
  const request = element('lcm:SubmitObjectsRequest', { 'xmlns:lcm': LCM, 'xmlns:rim': RIM }, list);
  return new TextEncoder().encode(`${DECLARATION}\n${request}\n`);
}

// — the two kinds of objects; the XSD fixes the order of what is in them: slots, name, classifications, identifiers

function entryElement(submission: Submission, document: SubmissionDocument, index: number): Xml {
  const entry = { id: entryIdOf(submission, index) };
  const { patientId, sourcePatientId, sourcePatientInfo } = submission;
  return rim(
    'ExtrinsicObject',
    { id: entry.id, mimeType: document.mimeType, objectType: STABLE_DOCUMENT, status: APPROVED },
    slot('creationTime', [dtmOf(document.creationTime)]),
    slot('languageCode', [document.languageCode]),
    slot('sourcePatientId', sourcePatientId === undefined ? [] : [cxOf(sourcePatientId)]),
    slot(
      'sourcePatientInfo',
      (sourcePatientInfo ?? []).map(([field, value]) => `${field}|${value}`).filter(fits),
    ),
    slot('URI', [documentFileName(index, document.mimeType)]),
    slot('size', [String(document.bytes.length)]),
    slot('hash', [sha1Of(document.bytes)]),
    slot(REFERENCE_IDS, [referralCxOf(submission.referralId)]),
    nameElement(document.title ?? USUAL_NAMES[document.kind]),
    author(entry, ENTRY.author, document.author),
    coded(entry, ENTRY.classCode, [document.classCode]),
    coded(entry, ENTRY.confidentiality, document.confidentiality),
    coded(entry, ENTRY.eventCode, document.eventCodes),
    coded(entry, ENTRY.formatCode, [document.formatCode]),
    coded(entry, ENTRY.facilityType, optional(document.facilityType)),
    coded(entry, ENTRY.practiceSetting, optional(document.practiceSetting)),
    coded(entry, ENTRY.typeCode, [document.typeCode]),
    patientId === undefined
      ? undefined
      : identifier(entry, ENTRY.patientId, 'XDSDocumentEntry.patientId', cxOf(patientId)),
    identifier(entry, ENTRY.uniqueId, 'XDSDocumentEntry.uniqueId', document.uniqueId),
  );
}

function setElement(submission: Submission, set: Described): Xml {
  const { patientId } = submission;
  return rim(
    'RegistryPackage',
    { id: set.id, objectType: SET_TYPE, status: APPROVED },
    slot('submissionTime', [dtmOf(submission.submissionTime)]),
    slot(
      'intendedRecipient',
      [submission.intendedRecipient, ...(submission.otherRecipients ?? [])].map(recipientOf),
    ),
    slot(REFERENCE_IDS, [referralCxOf(submission.referralId)]),
    nameElement(submission.title ?? USUAL_NAMES.set),
    author(set, SET.author, submission.author),
    coded(set, SET.contentType, [submission.contentType ?? REFERRAL_CONTENT]),
    patientId === undefined
      ? undefined
      : identifier(set, SET.patientId, 'XDSSubmissionSet.patientId', cxOf(patientId)),
    identifier(set, SET.sourceId, 'XDSSubmissionSet.sourceId', submission.sourceId),
    identifier(set, SET.uniqueId, 'XDSSubmissionSet.uniqueId', submission.uniqueId),
  );
}

const memberElement = (set: Described, entryId: string): Xml =>
  rim(
    'Association',
    {
      id: idOf(set.id, 'member', entryId),
      objectType: ASSOCIATION_TYPE,
      associationType: HAS_MEMBER,
      sourceObject: set.id,
      targetObject: entryId,
    },
    slot('SubmissionSetStatus', ['Original']),
  );

// — their parts

/** A slot; none for no values. */
const slot = (name: string, values: readonly string[]): Xml | undefined =>
  values.length === 0
    ? undefined
    : rim(
        'Slot',
        { name },
        rim(
          'ValueList',
          {},
          values.map((value) => valueElement(value)),
        ),
      );

const valueElement = (value: string): Xml => rim('Value', {}, text(value));

const fits = (value: string): boolean => value.length <= VALUE_MAX;

const nameElement = (name: string | undefined): Xml | undefined =>
  name === undefined
    ? undefined
    : rim('Name', {}, rim('LocalizedString', { value: name.slice(0, NAME_MAX) }));

const optional = (code: XdmCode | undefined): readonly XdmCode[] => (code === undefined ? [] : [code]);

/** Codes of one scheme. */
const coded = (of: Described, scheme: string, codes: readonly XdmCode[] | undefined): readonly Xml[] =>
  (codes ?? []).map(({ code, system, display }, index) =>
    rim(
      'Classification',
      {
        id: idOf(of.id, scheme, String(index)),
        objectType: CLASSIFICATION_TYPE,
        classificationScheme: scheme,
        classifiedObject: of.id,
        nodeRepresentation: code,
      },
      slot('codingScheme', [system]),
      nameElement(display),
    ),
  );

/** Who wrote something; nothing for nobody. */
function author(of: Described, scheme: string, party: XdmParty | undefined): Xml | undefined {
  const { person, institution, telecom } = party ?? {};
  const slots = [
    slot('authorPerson', person === undefined ? [] : [xcnOf(person)]),
    slot('authorInstitution', institution === undefined ? [] : [xonOf(institution)]),
    slot('authorTelecommunication', telecom === undefined ? [] : [xtnOf(telecom)]),
  ].filter((one) => one !== undefined);
  if (slots.length === 0) return undefined;
  return rim(
    'Classification',
    {
      id: idOf(of.id, scheme),
      objectType: CLASSIFICATION_TYPE,
      classificationScheme: scheme,
      classifiedObject: of.id,
      nodeRepresentation: '',
    },
    slots,
  );
}

const identifier = (of: Described, scheme: string, name: string, value: string): Xml =>
  rim(
    'ExternalIdentifier',
    {
      id: idOf(of.id, scheme),
      objectType: IDENTIFIER_TYPE,
      registryObject: of.id,
      identificationScheme: scheme,
      value,
    },
    nameElement(name),
  );

export const sha1Of = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
