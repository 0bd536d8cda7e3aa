/** A Direct mail in the archive: its bytes, what the envelope said of it, and the mail read again. */
import { Buffer } from 'node:buffer';
import { URI_SYSTEM } from '../../fhir/identifier.ts';
import type { Ref } from '../../fhir/types.ts';
import { MAIL_LIMITS, type MailLimits } from '../../direct/mime/limits.ts';
import { readMail } from '../../direct/mime/read.ts';
import { LARGE, shareBytes } from '../../operations/heavy.ts';
import type { OperationContext } from '../../operations/context.ts';
import type { DirectAddress, DirectMail, Distrust } from '../../ports/direct.ts';
import type { RecordWrite } from '../../ports/record.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { ArchiveContent } from '../archive.ts';
import { unwrapFrame, wrapFrame } from '../hl7v2/message-bytes.ts';
import { DIRECT_LINK } from './direct-link.ts';

/** Records of what the signed bytes of a mail do not say; key: the kept document. */
const KIND = 'direct-mail';

interface KeptEnvelope {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  readonly writtenTo?: readonly DirectAddress[];
  readonly messageId?: string;
  readonly subject: string;
  readonly sentAt?: number;
  readonly receivedAt: number;
  readonly distrust?: Distrust;
  readonly through: DirectMail['through'];
  readonly broughtBy?: Ref;
}

export function writeKeptMail(document: Ref, mail: DirectMail): RecordWrite {
  const { from, to, writtenTo, messageId, subject, sentAt, receivedAt, distrust, through, broughtBy } = mail;
  const body: KeptEnvelope = {
    from,
    to,
    ...(writtenTo !== undefined && { writtenTo }),
    ...(messageId !== undefined && { messageId }),
    subject,
    ...(sentAt !== undefined && { sentAt }),
    receivedAt,
    ...(distrust !== undefined && { distrust }),
    through,
    ...(broughtBy !== undefined && { broughtBy }),
  };
  return { kind: KIND, key: document, expect: 'any', body };
}

export const isKeptMail = async (snapshot: Snapshot, document: Ref): Promise<boolean> =>
  (await snapshot.record(KIND, document)) !== undefined;

/** Its size was judged when it came, by a setting that may be another one today. */
const KEPT_LIMITS: MailLimits = { ...MAIL_LIMITS, bytesMax: Infinity };

/** A kept mail, read again, by the stored text of its Binary; undefined for what is no mail. */
export async function readKeptMail(
  snapshot: Snapshot,
  document: Ref,
  text: string,
): Promise<DirectMail | undefined> {
  const record = await snapshot.record(KIND, document);
  if (record === undefined) return undefined;
  const kept = record.body as KeptEnvelope; // this file writes it
  const bytes = unwrapFrame(text);
  const told = {
    from: kept.from,
    to: kept.to,
    messageId: kept.messageId,
    subject: kept.subject,
    sentAt: kept.sentAt,
    receivedAt: kept.receivedAt,
    distrust: kept.distrust,
    through: kept.through,
    ...(kept.broughtBy !== undefined && { broughtBy: kept.broughtBy }),
    // Whoever sent it was answered when it came.
    asksDispatched: false,
    isAutomatic: true,
    bytes,
  };
  const reading = kept.distrust === undefined ? readMail(messageIn(bytes, kept), KEPT_LIMITS) : undefined;
  if (reading?.kind !== 'mail') return { ...told, references: [], parts: [], context: new Map() };
  const { references, parts, context } = reading;
  const writtenTo = kept.writtenTo;
  return { ...told, ...(writtenTo !== undefined && { writtenTo }), references, parts, context };
}

/** The head of what was signed. */
const HEAD_BYTES = 65_536;
const HEADER_END = /\r?\n\r?\n/;

/**
 * The message in the signed bytes: what they wrap (direct-xdm 2), or themselves. An entity that was signed without the
 * header of its mail is given the header that its envelope had.
 */
function messageIn(bytes: Uint8Array, { from, to }: KeptEnvelope): Uint8Array {
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1');
  const end = HEADER_END.exec(head);
  const header = end === null ? '' : head.slice(0, end.index);
  if (end !== null && /^content-type:\s*message\/rfc822/im.test(header))
    return bytes.subarray(end.index + end[0].length);
  if (/^from:/im.test(header)) return bytes;
  return Buffer.concat([Buffer.from(`From: <${from}>\r\nTo: <${to}>\r\n`), bytes]);
}

/** What the archive stores of a mail. */
export async function contentOfMail(
  { heavy }: OperationContext,
  { bytes, messageId }: DirectMail,
  about: { readonly uniqueId: string | undefined; readonly type: string },
): Promise<ArchiveContent> {
  const wrapped =
    bytes.length < LARGE ? wrapFrame(bytes) : await heavy(DIRECT_LINK, 'wrapFrame', shareBytes(bytes));
  const number = about.uniqueId === undefined ? messageId : `urn:oid:${about.uniqueId}`;
  return {
    ...wrapped,
    contentType: 'message/rfc822',
    size: bytes.length,
    ...(number !== undefined && {
      identifier: { ...(about.uniqueId !== undefined && { system: URI_SYSTEM }), value: number },
    }),
    type: about.type,
  };
}
