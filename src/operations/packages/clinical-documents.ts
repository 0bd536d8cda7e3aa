/**
 * The clinical document of a package (360x 6, ccda 12.3): a Referral Note of what the order reaches and the receiver may
 * see; for an answer the recipient's note, byte for byte where it is a clinical document, as sections where it is words, and
 * as an Unstructured Document where it is a file.
 */
import { createHash } from 'node:crypto';
import { readFileHeader } from '../../ccda/read/header-of-file.ts';
import { writeDocument, type DocumentContent } from '../../ccda/write/document.ts';
import { partyAt } from '../../ccda/write/from-bundle.ts';
import type { PrivacyNotice } from '../../ccda/write/privacy.ts';
import { DOCUMENTS } from '../../ccda/write/templates.ts';
import { formatInstant } from '../../fhir/datetime.ts';
import { oidOfUuid, uuidOf } from '../../fhir/identifier.ts';
import type { Reference, Resource } from '../../fhir/types.ts';
import { CODING, CONSENT_CLASS } from '../../direct/xdm/codes.ts';
import type { SubmissionDocument, XdmCode } from '../../direct/xdm/submission.ts';
import { CDA_TYPE } from '../../hl7v2/mapping/clinical-document.ts';
import { readDateTime } from '../../hl7v2/mapping/moment.ts';
import type { DocumentReading } from '../../hl7v2/messages/reading.ts';
import { contentOfOrder, reasonWords } from '../extended/ccda/content.ts';
import type { Gathered } from '../extended/ccda/gather.ts';

/** The media type of a clinical document in a package (360x 5.3). */
const IN_PACKAGE = 'text/xml';
const LANGUAGE = 'en-US';

/** Media types of files that an Unstructured Document may hold (C-CDA R2.1). */
const FILES: ReadonlySet<string> = new Set([
  'application/pdf',
  'application/msword',
  'text/rtf',
  'text/html',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/tiff',
]);

/** Why a note cannot travel as a clinical document; undefined when it can. */
export function whyNoDocument({ contentType }: DocumentReading): string | undefined {
  const type = mediaTypeOf(contentType);
  return type === CDA_TYPE || type === 'text/plain' || FILES.has(type)
    ? undefined
    : `a note of type ${type} has no place in a clinical document: PDF, RTF, HTML, an image or plain text has`;
}

const mediaTypeOf = (contentType: string): string => contentType.split(';')[0]?.trim().toLowerCase() ?? '';

/** What documents are made of. */
export interface DocumentSource {
  /** What the receiver may be told, by reference. */
  readonly gathered: Gathered;
  readonly task: Resource;
  readonly order: Resource;
  /** With the numbers that the message gives, and no other. */
  readonly patient: Resource;
  /** Who sends it. */
  readonly sender: Resource | undefined;
  readonly notice: PrivacyNotice | undefined;
  /** Absolute base of the server. */
  readonly base: string;
  /** Milliseconds since 1970 of the commit. */
  readonly at: number;
}

/** The request: what the order reaches. */
export function referralNote({ gathered, order, patient, notice, base }: DocumentSource): SubmissionDocument {
  const content = contentOfOrder(gathered, order, { kind: 'referral-note', sections: undefined, base });
  return written({ ...content, patient, notice }, { base, lookUp: gathered.lookUp });
}

/** The recipient's note. */
export async function noteDocument(note: DocumentReading, told: DocumentSource): Promise<SubmissionDocument> {
  const type = mediaTypeOf(note.contentType);
  const bytes = Buffer.from(note.data, 'base64');
  if (type === CDA_TYPE) return asItIs(bytes, note, told);
  const words = type === 'text/plain' ? bytes.toString('utf8') : undefined;
  const content: DocumentContent = {
    ...answering(told, note.title, note.data),
    time: note.date?.includes('T') === true ? note.date : formatInstant(told.at),
    confidentiality: note.confidentiality ?? 'N',
    ...(words === undefined
      ? { sections: [], file: { mediaType: type, data: note.data } }
      : {
          sections: [
            { name: 'reason-for-referral', resources: [told.order], words: reasonWords(told.order) },
            { name: 'assessment-and-plan', resources: [], words },
          ],
        }),
  };
  return written(content, { base: told.base, lookUp: told.gathered.lookUp });
}

/** A copy of the consent with which content of Part 2 is told: in words, for receivers without FHIR (compliance P30). */
export function consentCopy(scope: string, consent: Resource, told: DocumentSource): SubmissionDocument {
  const words = `${scope}\n\n${JSON.stringify(consent, undefined, 1)}\n`;
  const data = Buffer.from(words).toString('base64');
  const content: DocumentContent = {
    ...answering(told, 'Consent', data),
    type: { code: '64292-6', display: 'Release of information consent' },
    time: formatInstant(told.at),
    confidentiality: 'R',
    sections: [],
    file: { mediaType: 'text/plain', data },
  };
  const document = written(content, { base: told.base, lookUp: told.gathered.lookUp });
  return { ...document, kind: 'consent', classCode: CONSENT_CLASS };
}

/** The header of a document that belongs to the order. Its id is made of what it tells. */
function answering(
  { gathered, task, order, patient, sender, notice, base, at }: DocumentSource,
  title: string | undefined,
  data: string,
) {
  const setId = uuidOf(`${base}/Task/${task.id ?? ''} ${createHash('sha256').update(data).digest('hex')}`);
  const { lookUp } = gathered;
  const author = partyAt(lookUp, task['owner'] as Reference | undefined);
  const device: Resource = { resourceType: 'Device', id: 'closeloop', deviceName: [{ name: 'Closeloop' }] };
  return {
    kind: 'consultation-note' as const,
    id: uuidOf(`${setId} ${at} ${notice === undefined ? '' : notice.texts.join(' ')}`),
    setId,
    version: 1,
    title,
    patient,
    author: author.person === undefined ? { device, organization: author.organization ?? sender } : author,
    custodian: sender ?? author.organization ?? { resourceType: 'Organization', name: 'unknown' },
    recipients: [partyAt(lookUp, task['requester'] as Reference | undefined)],
    order,
    notice,
  };
}

function written(content: DocumentContent, options: Parameters<typeof writeDocument>[1]): SubmissionDocument {
  const { xml } = writeDocument(content, options);
  const { code, display } = content.type ?? DOCUMENTS[content.kind];
  const type: XdmCode = { code, system: CODING.loinc, display };
  const isRestricted = content.notice !== undefined && content.confidentiality !== 'V';
  return {
    kind: 'clinical-document',
    bytes: Buffer.from(xml, 'utf8'),
    uniqueId: oidOfUuid(content.id),
    mimeType: IN_PACKAGE,
    classCode: type,
    typeCode: type,
    formatCode: formatOf(content.file !== undefined, true),
    confidentiality: [entryConfidentiality(isRestricted ? 'R' : content.confidentiality)],
    creationTime: Date.parse(content.time),
    languageCode: LANGUAGE,
    title: content.title ?? DOCUMENTS[content.kind].title,
  };
}

/** A clinical document as its author wrote it. */
async function asItIs(
  bytes: Uint8Array,
  note: DocumentReading,
  { notice, at }: DocumentSource,
): Promise<SubmissionDocument> {
  const header = await readFileHeader(bytes);
  const { code, display } = DOCUMENTS['consultation-note'];
  const type: XdmCode = {
    code: header.code ?? code,
    system: CODING.loinc,
    display: header.display ?? display,
  };
  const time = header.time === undefined ? undefined : readDateTime(header.time, 'Z')?.dateTime;
  const created = time === undefined ? Number.NaN : Date.parse(time);
  const said = header.confidentiality ?? note.confidentiality ?? 'N';
  return {
    kind: 'clinical-document',
    bytes,
    uniqueId: documentIdOf(header.id),
    mimeType: IN_PACKAGE,
    classCode: type,
    typeCode: type,
    formatCode: formatOf(header.isFile, header.isVersioned),
    confidentiality: [entryConfidentiality(notice !== undefined && said !== 'V' ? 'R' : said)],
    creationTime: Number.isNaN(created) ? at : created,
    languageCode: header.language ?? LANGUAGE,
    title: header.title ?? DOCUMENTS['consultation-note'].title,
  };
}

const formatOf = (isFile: boolean, isVersioned: boolean): XdmCode => ({
  code: `urn:hl7-org:sdwg:ccda-${isFile ? 'nonXMLBody' : 'structuredBody'}:${isVersioned ? '2.1' : '1.1'}`,
  system: CODING.format,
});

/** Confidentiality alone, never why: V, R or N (360x 5.2). */
export const entryConfidentiality = (code: string): XdmCode => ({
  code: code === 'V' || code === 'R' ? code : 'N',
  system: CODING.confidentiality,
});

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The unique id of a document by the id in its header. */
function documentIdOf(id: string): string {
  const [root = '', extension] = id.split('^');
  const oid = UUID.test(root) ? oidOfUuid(root) : root;
  return extension === undefined ? oid : `${oid}^${extension}`;
}
