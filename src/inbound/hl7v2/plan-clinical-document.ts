/**
 * A clinical document inside a message (C-CDA in MDM^T02): what `$import-ccda` would make of it, planned with its note in
 * one commit. The resources are the sender's (harmony Z45). A document that cannot be read is a note all the same.
 */
import { Buffer } from 'node:buffer';
import type { ConvertedDocument } from '../../ccda/read/convert.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import { CDA_TYPE } from '../../hl7v2/mapping/clinical-document.ts';
import type { DocumentReading } from '../../hl7v2/messages/reading.ts';
import { convertInThread } from '../../operations/extended/ccda/convert.ts';
import {
  describeDocument,
  digestOf,
  documentFormat,
  numberKey,
  documentEntries,
} from '../../operations/extended/ccda/filing.ts';
import { meet, type Found } from '../../operations/extended/ccda/meet.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { planSent } from '../../operations/write/planned-resources.ts';
import { readPreview } from '../../operations/write/preview.ts';
import type { Remark } from '../../ports/inbound.ts';
import { isSameRecorded } from '../../resources/same-person.ts';
import { remark } from '../fate.ts';
import { isOurFault } from '../../operations/our-fault.ts';
import type { Referral } from '../find-referral.ts';
import { requestOf } from '../message-caller.ts';
import type { Incoming } from './incoming.ts';

/** A clinical document that was read, and what it meets in the sender's sight. */
export interface IncomingDocument {
  readonly bytes: Uint8Array;
  readonly converted: ConvertedDocument;
  readonly found: Found;
}

/** What became of a document that was to be read. */
export interface ReadDocument {
  /** Undefined for what is no clinical document, or is kept without being read. */
  readonly clinical: IncomingDocument | undefined;
  readonly remarks: readonly Remark[];
  /** It is about somebody else than the referral. */
  readonly isOfAnother?: true;
}

/** Reads the document of a note. Throws only what says nothing about the document: the store’s faults. */
export async function readClinicalDocument(
  draft: Draft,
  incoming: Incoming,
  { contentType, data }: DocumentReading,
  referral: Referral,
): Promise<ReadDocument> {
  if (contentType !== CDA_TYPE) return { clinical: undefined, remarks: [] };
  const request = requestOf(draft.context, incoming);
  const bytes = Buffer.from(data, 'base64');
  try {
    const converted = await convertInThread(draft.context, request, bytes, undefined);
    const unfit = await whyUnfit(draft, converted, referral);
    if (unfit !== undefined)
      return {
        clinical: undefined,
        remarks: [unread(incoming, unfit)],
        ...(unfit === OF_ANOTHER && { isOfAnother: true }),
      };
    const source = { bytes, seen: [] };
    const found = await meet(draft.context, request, draft.snapshot, converted, source, referral.patient);
    return {
      clinical: { bytes, converted, found },
      remarks: remarksOf(incoming, converted, found, referral),
    };
  } catch (error) {
    if (isOurFault(error)) throw error;
    return { clinical: undefined, remarks: [unread(incoming, whyUnread(error))] };
  }
}

/** Why a document is not read. A defect of the reader says no more than that: its message may quote a patient. */
export const whyUnread = (error: unknown): string =>
  error instanceof OperationOutcomeError
    ? `${error.code} ${error.issues[0]?.diagnostics ?? ''}`.trim()
    : 'its reader failed';

/** The document was kept, and nothing was made of it. */
export const unread = (incoming: Incoming, why: string): Remark =>
  remark(
    'content-not-taken',
    'W',
    placeOf(incoming),
    `the clinical document is kept, and was not read: ${why}`,
  );

/** Where a clinical document is: in its message, or beside it in a package. */
const placeOf = ({ carried }: Incoming): string => (carried === undefined ? 'OBX-5' : '');

const OF_ANOTHER = 'its patient is not the one of the referral';

/** Why nothing is made of a document that can be read; undefined when something may be. */
async function whyUnfit(
  draft: Draft,
  { bundle }: ConvertedDocument,
  { patient }: Referral,
): Promise<string | undefined> {
  const resources = (bundle.entry ?? []).map(({ resource }) => resource as unknown as Resource);
  if (resources.length > draft.context.settings.bundleEntriesMax) return 'it has too many entries';
  const named = resources.find(({ resourceType }) => resourceType === 'Patient');
  const known = patient === undefined ? undefined : await readPreview(draft, patient);
  if (named === undefined || known === undefined || !isSameRecorded(named, known)) return OF_ANOTHER;
  return undefined;
}

function remarksOf(
  incoming: Incoming,
  { facts }: ConvertedDocument,
  { known }: Found,
  { order }: Referral,
): readonly Remark[] {
  const own = new Set(((order['identifier'] ?? []) as readonly Identifier[]).map(numberKey));
  const isOthers = facts.fulfills.length > 0 && !facts.fulfills.some((number) => own.has(numberKey(number)));
  return [
    ...(known === undefined
      ? []
      : [unread(incoming, 'the same document is kept already, and was read then')]),
    ...(isOthers
      ? [
          remark(
            'content-not-taken',
            'W',
            placeOf(incoming),
            'inFulfillmentOf names another order; the note belongs to the referral of the message',
          ),
        ]
      : []),
  ];
}

/** The DocumentReference of a note with what its document says; what the message says of the note stays. */
export function describeNote(
  note: Resource,
  { bytes, converted, found: { meets, known } }: IncomingDocument,
): Resource {
  const { masterIdentifier, identifier, status, type, ...said } = describeDocument(converted, meets);
  const number = note['masterIdentifier'] as Identifier | undefined; // TXA-12
  const labels = [...((note['securityLabel'] ?? []) as readonly unknown[]), ...(said.securityLabel ?? [])];
  const [content] = note['content'] as readonly [{ readonly attachment: object }]; // planned by the caller
  return {
    ...note,
    ...said,
    masterIdentifier,
    identifier: [...(number === undefined ? [] : [number]), ...(identifier ?? [])],
    ...(known === undefined && { status }),
    type: note['type'] ?? type,
    ...(labels.length > 0 && { securityLabel: labels }),
    content: [
      { attachment: { ...content.attachment, ...digestOf(bytes) }, format: documentFormat(converted) },
    ],
  };
}

/** Plans what was read from the document, unless it was before. Its placeholders are in `fullUrls` afterwards. */
export function planClinicalDocument(
  draft: Draft,
  { converted, found: { meets, known } }: IncomingDocument,
  document: Ref,
  fullUrls: Map<string, Ref>,
): void {
  if (known !== undefined) return;
  for (const { fullUrl, resource } of documentEntries(converted, meets, document, draft.context.newId))
    fullUrls.set(fullUrl, planSent(draft, resource));
}
