/**
 * MDM^T02: a note of the recipient, interim or with the outcome (rules 7.4) ⇄ a document: a C-CDA, a PDF, a text. OBX-5
 * holds it as ED; TXA tells of it; ORC-2 or TXA-14 says whose referral it belongs to.
 */
import { Buffer } from 'node:buffer';
import { buildMessage, type SegmentValues } from '../build.ts';
import type { Cwe, Ed } from '../datatypes.ts';
import {
  completionOf,
  confidentialityOf,
  contentTypeOf,
  docStatusOf,
  unavailableBy,
  isAvailabilityRead,
  withdrawnBy,
} from '../mapping/codes.ts';
import { readConcept, writeConcept } from '../mapping/concept.ts';
import { readNumber, writeNumber } from '../mapping/identity.ts';
import { writeDateTime, writeInstant } from '../mapping/moment.ts';
import { toFhirString } from '../mapping/plain.ts';
import { segmentsNamed, type Message } from '../message.ts';
import { buildEvn } from '../segments/evn.ts';
import { buildObr } from '../segments/obr.ts';
import { buildObx, readObx, type Obx } from '../segments/obx.ts';
import { buildOrc } from '../segments/orc.ts';
import { buildPv1 } from '../segments/pv1.ts';
import { buildTxa, readTxa } from '../segments/txa.ts';
import { readFirst, readPast } from './about.ts';
import { buildPerson, fillerNumber, placerNumber, type BuildingContext, type Referral } from './building.ts';
import type { Findings } from './findings.ts';
import { buildHeader } from './header.ts';
import { REFERRAL_NOTE } from './order.ts';
import type { DocumentReading, Header, NoteReading, ReadingContext } from './reading.ts';

// — reading

/** The document of a note, or that its author takes it back: what is withdrawn is evidence of nothing. */
export function readNote(
  message: Message,
  header: Header,
  context: ReadingContext,
  findings: Findings,
): Pick<NoteReading, 'document' | 'withdrawal'> {
  const observations = segmentsNamed(message, 'OBX').map(readObx);
  const txa = readFirst(message, 'TXA', readTxa);
  const taken = observations.map(({ observationResultStatus }) => withdrawnBy(observationResultStatus));
  const unavailable = unavailableBy(txa?.documentAvailabilityStatus);
  const availability = txa?.documentAvailabilityStatus ?? 'AV';
  if (unavailable !== undefined) findings.add('unavailable');
  else if (!isAvailabilityRead(availability)) findings.add('availability');
  if (taken.some((status) => status !== undefined)) findings.add('withdrawn');
  const left = observations.filter((_, at) => taken[at] === undefined);
  const status = unavailable ?? (left.length === 0 ? taken[0] : undefined);
  if (status === undefined) {
    return { document: readDocument(message, left, header, context, findings), withdrawal: undefined };
  }
  const identifier = readNumber(txa?.uniqueDocumentNumber, context.namespaces);
  return { document: undefined, withdrawal: { status, identifier } };
}

/** The document; undefined when there is none, or none that could be decoded. */
function readDocument(
  message: Message,
  observations: readonly Obx[],
  { sendingFacility = '' }: Header,
  context: ReadingContext,
  findings: Findings,
): DocumentReading | undefined {
  const content = readContent(observations, findings);
  if (content === undefined) return undefined;
  const txa = readFirst(message, 'TXA', readTxa);
  const { observationIdentifier, dateTimeOfTheObservation } = content.obx;
  const type = readConcept(observationIdentifier ?? typeOfDocument(txa?.documentType), sendingFacility);
  const title = txa?.documentTitle[0] ?? txa?.uniqueDocumentFileName;
  return {
    contentType: content.contentType,
    data: content.data,
    title: toFhirString(title) ?? type?.text ?? type?.coding?.[0]?.display,
    identifier: readNumber(txa?.uniqueDocumentNumber, context.namespaces),
    type,
    date:
      readPast(txa?.originationDateTime, 'TXA-6', context, findings) ??
      readPast(txa?.activityDateTime, 'TXA-4', context, findings) ??
      readPast(dateTimeOfTheObservation, 'OBX-14', context, findings),
    docStatus: docStatusOf(txa?.documentCompletionStatus) as DocumentReading['docStatus'], // the table's
    confidentiality: confidentialityOf(txa?.documentConfidentialityStatus),
  };
}

/** TXA-2 is an IS of table 0270; engines send a CE all the same, and say then which table. */
const typeOfDocument = (type: Cwe | undefined): Cwe | undefined =>
  type?.identifier === undefined || type.nameOfCodingSystem !== undefined
    ? type
    : { ...type, nameOfCodingSystem: 'HL70270' };

interface Content {
  readonly obx: Obx;
  readonly contentType: string;
  readonly data: string;
}

/** The first encapsulated document; without one, the lines of text together. */
function readContent(observations: readonly Obx[], findings: Findings): Content | undefined {
  const documents = observations.flatMap((obx) =>
    obx.observationValue.flatMap((value) => (value.kind === 'document' ? [{ obx, ed: value.document }] : [])),
  );
  const [one] = documents;
  if (one === undefined) return readLines(observations, findings);
  const parts = partsOfOne(documents);
  if (parts.length > 1) findings.add('document-parts');
  if (documents.length > parts.length) findings.add('more-documents');
  const data = joined(parts.map(({ ed }) => decodeData(ed)));
  if (data === undefined) findings.add('encoding');
  if (data === undefined || data === '') {
    if (data === '') findings.add('document');
    return undefined;
  }
  const contentType = typeOfContent(one.ed, data);
  if (contentType === UNKNOWN) findings.add('content-type');
  return { obx: one.obx, contentType, data };
}

interface Encapsulated {
  readonly obx: Obx;
  readonly ed: Ed;
}

/**
 * The first document, and what of it stands in further OBX: some systems bound the length of a segment. A part says the same
 * of itself as the beginning does, and begins like no document.
 */
function partsOfOne(documents: readonly Encapsulated[]): readonly Encapsulated[] {
  const [one] = documents;
  if (one === undefined || !beginsDocument(one.ed)) return documents.slice(0, 1);
  const end = documents.findIndex(
    (other, index) => index > 0 && (!isAlike(one, other) || beginsDocument(other.ed)),
  );
  return end === -1 ? documents : documents.slice(0, end);
}

const isAlike = (a: Encapsulated, b: Encapsulated): boolean =>
  a.ed.typeOfData === b.ed.typeOfData &&
  a.ed.dataSubtype === b.ed.dataSubtype &&
  a.ed.encoding === b.ed.encoding &&
  a.obx.observationIdentifier?.identifier === b.obx.observationIdentifier?.identifier;

/** How the bytes of documents begin: PDF, markup, RTF, archives, images. */
const BEGINNING =
  /^(?:\xef\xbb\xbf)?\s*(?:%PDF-|<\?xml|<ClinicalDocument|<html|<!DOCTYPE|\{\\rtf|PK|II\*|MM|\xff\xd8\xff|\x89PNG|GIF8|\xd0\xcf)/i;

const beginsDocument = (ed: Ed): boolean =>
  BEGINNING.test(Buffer.from((decodeData(ed) ?? '').slice(0, 64), 'base64').toString('latin1'));

/** Base64 of all bytes; undefined when one part is not what its encoding says. */
function joined(parts: readonly (string | undefined)[]): string | undefined {
  const [only] = parts;
  if (parts.length === 1) return only;
  if (parts.includes(undefined)) return undefined;
  return Buffer.concat(parts.map((part) => Buffer.from(part ?? '', 'base64'))).toString('base64');
}

function readLines(observations: readonly Obx[], findings: Findings): Content | undefined {
  const lines = observations.flatMap(({ observationValue }) =>
    observationValue.flatMap((value) => (value.kind === 'text' ? [value.text] : [])),
  );
  const [obx] = observations;
  const text = lines.join('\n');
  if (obx === undefined || text.trim() === '') {
    findings.add('document');
    return undefined;
  }
  return { obx, contentType: 'text/plain', data: Buffer.from(text).toString('base64') };
}

/** Table 0299 → base64 of the bytes; undefined when they are not what the encoding says. */
function decodeData({ encoding, content = '' }: Ed): string | undefined {
  switch (encoding?.toLowerCase()) {
    case 'base64':
      return padded(withoutSpace(content));
    case 'hex':
      return /^(?:[0-9a-f]{2})*$/i.test(withoutSpace(content))
        ? Buffer.from(withoutSpace(content), 'hex').toString('base64')
        : undefined;
    case 'a':
      return Buffer.from(content).toString('base64');
    default:
      return padded(withoutSpace(content)) ?? Buffer.from(content).toString('base64');
  }
}

const withoutSpace = (content: string): string =>
  /\s/.test(content) ? content.replaceAll(/\s+/g, '') : content;

/** Base64 with its padding, which some senders leave out; undefined when it is none. */
function padded(content: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(content)) return undefined;
  const bare = content.replace(/=+$/, '');
  return bare.length % 4 === 1 ? undefined : bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
}

const UNKNOWN = 'application/octet-stream';

/** What the sender says, where the table knows it; else what the first bytes show. */
function typeOfContent({ typeOfData = '', dataSubtype = '' }: Ed, data: string): string {
  const said = contentTypeOf(`${typeOfData}/${dataSubtype}`.toLowerCase());
  const head = Buffer.from(data.slice(0, 400), 'base64')
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  const isMarkup = head.startsWith('<?xml') || head.startsWith('<ClinicalDocument');
  if (isMarkup && (said === undefined || said === 'text/plain')) return 'text/xml';
  return said ?? (head.startsWith('%PDF-') ? 'application/pdf' : UNKNOWN);
}

// — building

/** The note as a message; it goes right before the status that it belongs to. */
export function buildNote(note: DocumentReading, referral: Referral, context: BuildingContext): Message {
  const placer = placerNumber(referral, context);
  const inOrder = context.noteReferralField === 'ORC-2';
  const order = inOrder
    ? [
        buildOrc({
          orderControl: 'RE',
          placerOrderNumber: placer,
          fillerOrderNumber: fillerNumber(referral, context),
        }),
        buildObr({ setId: '1', placerOrderNumber: placer, universalServiceIdentifier: REFERRAL_NOTE }),
      ]
    : [];
  return buildMessage([
    buildHeader('MDM^T02', context),
    buildEvn({ eventTypeCode: 'T02', recordedDateTime: writeInstant(context.now, context.zone) }),
    buildPerson(referral, context, context.recipientNumber === 'always'),
    buildPv1({ setId: '1', patientClass: 'N' }),
    ...order,
    buildTxa({
      setId: '1',
      documentType: { identifier: 'CN' },
      documentContentPresentation: note.contentType.startsWith('text/') ? 'TX' : 'AP',
      originationDateTime: writeDateTime(note.date),
      uniqueDocumentNumber: writeNumber(note.identifier, context.namespaces),
      placerOrderNumber: inOrder || placer === undefined ? [] : [placer],
      documentCompletionStatus: completionOf(note.docStatus),
      documentConfidentialityStatus: note.confidentiality,
      documentTitle: note.title === undefined ? [] : [note.title],
    }),
    buildContent(note),
  ]);
}

const buildContent = ({ contentType, data, type }: DocumentReading): SegmentValues => {
  const [typeOfData, dataSubtype] = contentType.split(';', 1)[0]?.split('/') ?? [];
  return buildObx({
    setId: '1',
    valueType: 'ED',
    observationIdentifier: writeConcept(type) ?? CONSULTATION_NOTE,
    observationValue: [
      { kind: 'document', document: { typeOfData, dataSubtype, encoding: 'Base64', content: data } },
    ],
    observationResultStatus: 'F',
  });
};

const CONSULTATION_NOTE = { identifier: '11488-4', text: 'Consult note', nameOfCodingSystem: 'LN' } as const;
