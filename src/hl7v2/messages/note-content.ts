/**
 * The content of a note: OBX-5 of one OBX, or of several, because some systems bound the length of a segment (HL7
 * v2.5.1, 7.4.2; ED 2.A.24). The function joins a content that comes in parts, and adds a finding that says so (rules
 * 7.8).
 */
import { Buffer } from 'node:buffer';
import type { Ed } from '../datatypes.ts';
import { CDA_TYPE, isClinicalDocument } from '../mapping/clinical-document.ts';
import { contentTypeOf } from '../mapping/codes.ts';
import type { Obx } from '../segments/obx.ts';
import type { Findings } from './findings.ts';

interface NoteContent {
  /** The OBX with the beginning. */
  readonly obx: Obx;
  readonly contentType: string;
  readonly data: string;
}

/**
 * The first encapsulated document; without one, the lines of text together. `observations` are those that are not
 * withdrawn. Undefined, with a finding, when there is no document, or none that can be decoded.
 */
export function readNoteContent(observations: readonly Obx[], findings: Findings): NoteContent | undefined {
  const ordered = inOrder(observations);
  const documents = ordered.flatMap((obx) =>
    obx.observationValue.flatMap((value) => (value.kind === 'document' ? [{ obx, ed: value.document }] : [])),
  );
  const [one] = documents;
  if (one === undefined) {
    if (ordered !== observations) findings.add('document-parts');
    return readLines(ordered, findings);
  }
  const parts = partsOfOne(documents);
  if (documents.length > parts.length) findings.add('more-documents');
  const data = joined(
    parts.map(({ ed }) => ed),
    findings,
  );
  if (data === undefined) findings.add('encoding');
  if (data === undefined || data === '') {
    if (data === '') findings.add('document');
    return undefined;
  }
  const contentType = typeOfContent(one.ed, data);
  if (contentType === UNKNOWN) findings.add('content-type');
  return { obx: one.obx, contentType, data };
}

/** The OBX of one observation in the order of their sub-ID, where that gives an order; else the same array. */
function inOrder(observations: readonly Obx[]): readonly Obx[] {
  if (!isNumbered(observations)) return observations;
  const ordered = observations.toSorted((a, b) => Number(a.observationSubId) - Number(b.observationSubId));
  return ordered.every((obx, index) => obx === observations[index]) ? observations : ordered;
}

/** Whether OBX-4 gives the order of several OBX: they belong to one observation, and each has its own number. */
export function isNumbered(observations: readonly Obx[]): boolean {
  const numbers = observations.map(({ observationSubId: id = '' }) =>
    /^\d{1,9}$/.test(id) ? Number(id) : undefined,
  );
  const isEach = !numbers.includes(undefined) && new Set(numbers).size === numbers.length;
  return observations.length > 1 && isEach && namesOf(observations).size === 1;
}

/** OBX-3.1 of each. */
const namesOf = (observations: readonly Obx[]): ReadonlySet<string | undefined> =>
  new Set(observations.map(({ observationIdentifier }) => observationIdentifier?.identifier));

interface Encapsulated {
  readonly obx: Obx;
  readonly ed: Ed;
}

/**
 * The first document with its parts in further OBX. MDM is about one document (TXA), so a part has the same type and
 * encoding as the beginning, and does not begin like a document itself. Content that is neither text nor begins like a
 * document could be either.
 */
function partsOfOne(documents: readonly Encapsulated[]): readonly Encapsulated[] {
  const [one] = documents;
  if (one === undefined) return [];
  const isText = isTextual(one.ed) && !begins(ENVELOPE, one.ed);
  if (!isText && !begins(BEGINNING, one.ed)) return documents.slice(0, 1);
  const another = isText ? ENVELOPE : BEGINNING;
  const end = documents.findIndex(
    (other, index) => index > 0 && (!isAlike(one, other) || begins(another, other.ed)),
  );
  return end === -1 ? documents : documents.slice(0, end);
}

const isAlike = (a: Encapsulated, b: Encapsulated): boolean =>
  a.ed.typeOfData === b.ed.typeOfData &&
  a.ed.dataSubtype === b.ed.dataSubtype &&
  a.ed.encoding === b.ed.encoding &&
  a.obx.observationIdentifier?.identifier === b.obx.observationIdentifier?.identifier;

/** The first bytes of documents: PDF, markup, RTF, archives, images. */
const BEGINNING =
  /^(?:\xef\xbb\xbf)?\s*(?:%PDF-|<\?xml|<ClinicalDocument|<html|<!DOCTYPE|\{\\rtf|PK|II\*|MM|\xff\xd8\xff|\x89PNG|GIF8|\xd0\xcf)/i;
/** Those first bytes with which no plain text begins. */
const ENVELOPE = /^(?:\xef\xbb\xbf)?\s*(?:%PDF-|<\?xml|<ClinicalDocument|<html|<!DOCTYPE|\{\\rtf)/i;

const begins = (like: RegExp, ed: Ed): boolean =>
  like.test(Buffer.from((decodeData(ed) ?? '').slice(0, 64), 'base64').toString('latin1'));

const isTextual = ({ typeOfData = '', dataSubtype = '' }: Ed): boolean =>
  contentTypeOf(`${typeOfData}/${dataSubtype}`.toLowerCase()) === 'text/plain';

/** Base64 of all bytes; undefined when a part is not in its stated encoding. */
function joined(parts: readonly Ed[], findings: Findings): string | undefined {
  const [one, ...others] = parts;
  if (one === undefined || others.length === 0) return one && decodeData(one);
  const isPlain = one.encoding?.toLowerCase() === 'a';
  findings.add(isPlain ? 'document-lines' : 'document-parts');
  if (isPlain) {
    const text = parts.map(({ content = '' }) => content.replace(/\r?\n$/, '')).join('\n');
    return Buffer.from(text).toString('base64');
  }
  const whole = joinedText(parts);
  if (whole !== undefined) return whole;
  const decoded = parts.map(decodeData);
  if (decoded.includes(undefined)) return undefined;
  return Buffer.concat(decoded.map((part) => Buffer.from(part ?? '', 'base64'))).toString('base64');
}

/** One base64 text that was cut anywhere: only its end has padding. Undefined when each part was encoded by itself. */
function joinedText(parts: readonly Ed[]): string | undefined {
  const [one] = parts;
  if (one?.encoding?.toLowerCase() !== 'base64') return undefined;
  const texts = parts.map(({ content = '' }) => withoutSpace(content));
  return texts.slice(0, -1).some((text) => text.includes('=')) ? undefined : padded(texts.join(''));
}

/** Lines of text: each OBX, or each repetition, is a line. */
function readLines(observations: readonly Obx[], findings: Findings): NoteContent | undefined {
  const lines = observations.flatMap(({ observationValue }) =>
    observationValue.flatMap((value) => (value.kind === 'text' ? [value.text] : [])),
  );
  const [obx] = observations;
  const texts = observations.filter(({ observationValue: [value] }) => value?.kind === 'text');
  if (namesOf(texts).size > 1) findings.add('several-texts');
  const text = lines.join('\n');
  if (obx === undefined || text.trim() === '') {
    findings.add('document');
    return undefined;
  }
  return { obx, contentType: 'text/plain', data: Buffer.from(text).toString('base64') };
}

/** Table 0299 → base64 of the bytes; undefined when they are not in the stated encoding. */
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

/** Base64 with its padding, which some senders leave out; undefined when the text is no base64. */
function padded(content: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(content)) return undefined;
  const bare = content.replace(/=+$/, '');
  return bare.length % 4 === 1 ? undefined : bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
}

const UNKNOWN = 'application/octet-stream';

/**
 * The content type that the sender states, when the table has it; else the one that the first bytes show. The root element
 * decides what is a clinical document.
 */
function typeOfContent({ typeOfData = '', dataSubtype = '' }: Ed, data: string): string {
  const said = contentTypeOf(`${typeOfData}/${dataSubtype}`.toLowerCase());
  const isXml = said === undefined || said === 'text/plain' || XML_TYPES.has(said);
  if (isXml && isClinicalDocument(data)) return CDA_TYPE;
  const head = Buffer.from(data.slice(0, 400), 'base64')
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (said === CDA_TYPE) return 'text/xml';
  if (head.startsWith('<?xml') && (said === undefined || said === 'text/plain')) return 'text/xml';
  return said ?? (head.startsWith('%PDF-') ? 'application/pdf' : UNKNOWN);
}

const XML_TYPES: ReadonlySet<string> = new Set(['text/xml', CDA_TYPE]);
