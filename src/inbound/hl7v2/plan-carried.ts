/**
 * The documents that came beside a message (direct-xdm 8; 360x 6): each becomes a document of the referral, and a clinical
 * document is read as `$import-ccda` would, in the same commit.
 */
import { Buffer } from 'node:buffer';
import { CDA_TYPE } from '../../hl7v2/mapping/clinical-document.ts';
import type { DocumentReading } from '../../hl7v2/messages/reading.ts';
import type { Identifier, Ref } from '../../fhir/types.ts';
import { numberKey } from '../../operations/extended/ccda/filing.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { readPreview } from '../../operations/write/preview.ts';
import type { Remark } from '../../ports/inbound.ts';
import { NOTE_PAIRED } from '../../resources/message-codes.ts';
import type { Referral } from '../find-referral.ts';
import type { CarriedDocument } from './carried.ts';
import type { Incoming } from './incoming.ts';
import {
  planClinicalDocument,
  readClinicalDocument,
  unread,
  type IncomingDocument,
  type ReadDocument,
} from './plan-clinical-document.ts';
import { planDocument, type ReferralNote } from './plan-note.ts';

/** What became of the documents. */
interface PlannedDocuments {
  /** The first clinical document: the note of the event that came with it. */
  readonly note: ReferralNote | undefined;
  readonly remarks: readonly Remark[];
  /** Resources were made of a clinical document. */
  readonly isConverted: boolean;
  /** A clinical document is about somebody else (direct-xdm 8, check 3). */
  readonly isOfAnother: boolean;
}

/** Whether a clinical document came with a message. */
export const carriesNote = ({ carried }: Incoming): boolean =>
  carried?.documents.some(({ isClinical }) => isClinical) === true;

/** @param refused why clinical documents are not to be read: what was made of them before was refused */
export async function planCarried(
  draft: Draft,
  incoming: Incoming,
  referral: Referral,
  fullUrls: Map<string, Ref>,
  refused: string | undefined,
): Promise<PlannedDocuments> {
  const remarks: Remark[] = [];
  let note: ReferralNote | undefined;
  let isConverted = false;
  let isOfAnother = false;
  for (const carried of incoming.carried?.documents ?? []) {
    const document = readingOf(carried);
    const read = await readOne(draft, incoming, document, referral, refused);
    const { clinical } = read;
    remarks.push(...read.remarks);
    isOfAnother ||= read.isOfAnother === true;
    // Paired: it came with its status, and belongs to no other.
    const ref = planDocument(draft, document, referral, incoming, { state: NOTE_PAIRED, clinical });
    if (carried.isClinical) note ??= { document: ref };
    if (clinical === undefined) continue;
    planClinicalDocument(draft, clinical, ref, fullUrls);
    isConverted = true;
  }
  return { note, remarks, isConverted, isOfAnother };
}

async function readOne(
  draft: Draft,
  incoming: Incoming,
  document: DocumentReading,
  referral: Referral,
  refused: string | undefined,
): Promise<ReadDocument> {
  if (document.contentType !== CDA_TYPE) return { clinical: undefined, remarks: [] };
  if (refused !== undefined) return { clinical: undefined, remarks: [unread(incoming, refused)] };
  const read = await readClinicalDocument(draft, incoming, document, referral);
  if (read.clinical === undefined) return read;
  return { ...read, clinical: await meetingOrder(draft, read.clinical, referral) };
}

/** The document with the order of its referral, which may be planned and not stored yet. */
async function meetingOrder(
  draft: Draft,
  clinical: IncomingDocument,
  { request }: Referral,
): Promise<IncomingDocument> {
  const order = await readPreview(draft, request);
  const numbers = (order?.['identifier'] ?? []) as readonly Identifier[]; // validated structure
  const own = numbers.map((number) => [numberKey(number), request] as const);
  const { found } = clinical;
  return {
    ...clinical,
    found: { ...found, meets: { ...found.meets, orders: new Map([...found.meets.orders, ...own]) } },
  };
}

const readingOf = ({ contentType, bytes, title, isClinical }: CarriedDocument): DocumentReading => ({
  contentType: isClinical ? CDA_TYPE : contentType,
  data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  title,
  identifier: undefined,
  type: undefined,
  date: undefined,
  docStatus: undefined,
  confidentiality: undefined,
});
