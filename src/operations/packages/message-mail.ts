/**
 * The mail of a message to an organization without an account (baa-messaging MS15): its words and its files, as the receiver
 * may see them, with the notice of 42 CFR 2.32 first where it is owed. The subject says nothing of anybody.
 */
import { present } from '../../delivery/subject.ts';
import { withBytes } from '../../delivery/binary-bytes.ts';
import type { MailFile } from '../../direct/mime/compose.ts';
import type { Resource } from '../../fhir/types.ts';
import { noticeTexts } from '../../policies/part2/notice.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { NoticeOfEntry } from '../../ports/rail.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { commitViewOf } from '../referral-messages/commit-view.ts';
import { findMessageEnds } from './correspondents.ts';

/** What is mailed; or the words for what it lacks. */
export type BuiltMessageMail =
  | {
      readonly kind: 'mail';
      readonly from: DirectAddress;
      readonly text: string;
      readonly files: readonly MailFile[];
      /** The notice that is owed, a text for each paragraph. */
      readonly notice: readonly string[];
    }
  | { readonly kind: 'lacks'; readonly lacks: readonly string[] };

/** @param at milliseconds since 1970: addresses of today */
export async function buildMessageMail(
  entry: ClaimedEntry,
  asOf: Snapshot,
  now: Snapshot,
  { noticeOf, at }: { readonly noticeOf: NoticeOfEntry | undefined; readonly at: number },
): Promise<BuiltMessageMail> {
  const version = await asOf.read(entry.subject, entry.sight);
  if (version?.text === undefined || version.custodian === '')
    return lacking('the message is not here any more');
  const today = commitViewOf(now);
  const ends = await findMessageEnds(entry.receiver, version.custodian, today, at);
  if (ends.kind === 'lacks') return ends;
  const owed = await noticeOf?.();
  const notice = owed === undefined || owed === 'none' ? [] : noticeTexts(owed);
  const message = parseStored(present({ ...version, text: version.text, notice: 'none' }, entry.sight));
  const files = await filesOf(message, entry, asOf);
  if (files === undefined)
    return lacking('a file of the message is not here any more, or is too large for mail');
  const sender = await today.resource(version.custodian);
  const name = sender?.['name'];
  const lines = [
    ...notice,
    `A message of ${typeof name === 'string' ? name : ends.from}:`,
    ...valuesAt(message, 'payload.contentString').filter((text) => typeof text === 'string'),
    'Answer by mail to this address.',
  ];
  return { kind: 'mail', from: ends.from, text: `${lines.join('\n\n')}\n`, files, notice };
}

const lacking = (why: string): BuiltMessageMail => ({ kind: 'lacks', lacks: [why] });

/** Bytes of all files of one mail. */
const BYTES_MAX = 15 * 1024 * 1024;

/** The files of a message; undefined where one cannot be sent. */
async function filesOf(
  message: Resource,
  { sight }: ClaimedEntry,
  asOf: Snapshot,
): Promise<readonly MailFile[] | undefined> {
  const files: MailFile[] = [];
  let left = BYTES_MAX;
  for (const url of valuesAt(message, 'payload.contentAttachment.url')) {
    const ref = typeof url === 'string' ? localRefOf(url) : undefined;
    if (ref === undefined || typeOf(ref) !== 'Binary') return undefined;
    const version = await asOf.read(ref, sight);
    if (version?.text === undefined) return undefined;
    const binary = await withBytes(asOf, parseStored(version.text), left);
    const { data, contentType } = binary as { readonly data?: unknown; readonly contentType?: unknown }; // a Binary
    if (typeof data !== 'string' || typeof contentType !== 'string') return undefined;
    const bytes = Buffer.from(data, 'base64');
    left -= bytes.length;
    if (left < 0) return undefined;
    files.push({ fileName: `FILE${files.length + 1}${ENDINGS[contentType] ?? '.bin'}`, contentType, bytes });
  }
  return files;
}

const ENDINGS: Readonly<Record<string, string>> = {
  'application/pdf': '.pdf',
  'application/xml': '.xml',
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/tiff': '.tif',
  'text/plain': '.txt',
  'text/xml': '.xml',
};
