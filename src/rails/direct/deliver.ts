/**
 * Delivers one move of a referral as a mail with an XDM package (direct-xdm 2, 8; 360x section 7), and a message to a party
 * without an account as a mail with its words and files (baa-messaging MS15). The package of an entry is
 * the same bytes on every attempt; only the Message-ID is new, so that the receiver knows a repetition by the submission.
 */
import { createHash } from 'node:crypto';
import { fileHashesOf } from '../../delivery/file-hashes.ts';
import { composeMail, PACKAGE_SUBJECT } from '../../direct/mime/compose.ts';
import { writeXdm } from '../../direct/xdm/write-package.ts';
import type { buildSubmission } from '../../operations/packages/build-submission.ts';
import type { BuiltMessageMail } from '../../operations/packages/message-mail.ts';
import type { Clock } from '../../ports/clock.ts';
import { HELD_BACK } from '../../ports/delivered.ts';
import { DIRECT, type DirectAddress } from '../../ports/direct.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { NoticeMissing, type NoticeOfEntry, type Receipt } from '../../ports/rail.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { directAddressOf, isVouchedFor, readVerification } from '../../resources/parties/direct-addresses.ts';
import { dueAfter, type ExpectedTimes } from './expect.ts';
import type { Post, PostAnswer } from './post.ts';
import { retryReceipt } from './retry.ts';
import { messageIdOf } from '../../direct/message-id.ts';
import { writeSent, type SentMail } from './sent.ts';

/** What an entry tells, ready to be packed; or the words for what it lacks. */
export type BuiltSubmission = Awaited<ReturnType<typeof buildSubmission>> | BuiltMessageMail;

/** Builds it: content as of the entry's commit, addresses as of now. The same entry gives the same submission. */
export type BuildSubmission = (
  entry: ClaimedEntry,
  asOf: Snapshot,
  now: Snapshot,
  noticeOf: NoticeOfEntry | undefined,
) => Promise<BuiltSubmission>;

export interface DirectDeliverParts {
  readonly build: BuildSubmission;
  readonly post: Post;
  readonly clock: Clock;
  readonly times: ExpectedTimes;
  /** The secret of Message-IDs. */
  readonly messageKey: () => Promise<Uint8Array>;
  /** Name and version of this program, in packages. */
  readonly application: string;
}

/** What is mailed for one entry. */
interface Delivery {
  readonly entry: ClaimedEntry;
  readonly asOf: Snapshot;
  readonly now: Snapshot;
  readonly signal: AbortSignal;
  readonly noticeOf: NoticeOfEntry | undefined;
}

export async function deliverMail(parts: DirectDeliverParts, delivery: Delivery): Promise<Receipt> {
  const { entry, asOf, now, noticeOf } = delivery;
  const again = (why: string): Receipt =>
    retryReceipt(why, entry.attempt, Date.parse(entry.at), parts.clock.now());
  const receiver = resourceOf(await now.read(entry.receiver, EVERYTHING));
  const to = directAddressOf(receiver);
  if (receiver === undefined || to === undefined)
    return { outcome: 'refused', why: 'the receiver has no Direct address' };
  // What was verified is the address as of now, and nothing about a patient goes to another (directory DR44, DR45).
  if (!isVouchedFor(receiver, await readVerification(now, entry.receiver)))
    return again(`${HELD_BACK}the address of the Endpoint is not verified`);
  const built = await parts.build(entry, asOf, now, noticeOf);
  if (built.kind === 'lacks') return { outcome: 'refused', why: built.lacks.join('; ') };
  const packed =
    built.kind === 'mail'
      ? await packMessage(parts, built, entry, to)
      : await packMail(parts, built, entry, to);
  const { from, messageId, bytes } = packed;
  const answer = await parts.post({ from, to, messageId, bytes, isOfNobody: false }, delivery.signal);
  const uniqueId = built.kind === 'mail' ? messageId : built.submission.uniqueId;
  return receiptOf(parts, { ...packed, entry, to, uniqueId }, answer);
}

/** The subject of a message: it is seen by whoever lists mails. */
const MESSAGE_SUBJECT = 'A secure message';

/** @throws NoticeMissing when the text lacks the notice that is owed */
async function packMessage(
  { clock, messageKey }: DirectDeliverParts,
  { from, text, files, notice }: Extract<BuiltMessageMail, { kind: 'mail' }>,
  { id, attempt }: ClaimedEntry,
  to: DirectAddress,
): Promise<PackedMail> {
  if (!notice.every((paragraph) => text.includes(paragraph))) throw new NoticeMissing(DIRECT);
  const messageId = messageIdOf(await messageKey(), { entry: id, attempt, from, to });
  const bytes = await composeMail({
    from,
    to,
    messageId,
    subject: MESSAGE_SUBJECT,
    date: clock.now(),
    text,
    files,
    asks: 'dispatched',
  });
  const told = [Buffer.from(text), ...files.map((file) => file.bytes)];
  const { fileHashes = [] } = await fileHashesOf(files.map((file) => file.bytes));
  const hash = createHash('sha256');
  for (const one of told) hash.update(one);
  const size = told.reduce((sum, one) => sum + one.length, 0);
  return { from, messageId, bytes, hash: hash.digest('hex'), fileHashes, size };
}

interface PackedMail {
  readonly from: DirectAddress;
  readonly messageId: string;
  /** The message, before it is signed and encrypted. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the package, in hex. */
  readonly hash: string;
  readonly fileHashes: readonly string[];
  /** Bytes of the package. */
  readonly size: number;
}

/** @throws NoticeMissing when the text for people lacks the notice that is owed (compliance C10, P23, P30) */
async function packMail(
  { clock, application, messageKey }: DirectDeliverParts,
  { submission, institution, text, notice = [] }: Extract<BuiltSubmission, { kind: 'submission' }>,
  { id, attempt }: ClaimedEntry,
  to: DirectAddress,
): Promise<PackedMail> {
  if (!notice.every((paragraph) => text.includes(paragraph))) throw new NoticeMissing(DIRECT);
  const { telecom: from } = submission.author;
  const about = { institution, application };
  const zip = await writeXdm(submission, { ...about, ...(notice.length > 0 && { notice }) });
  const messageId = messageIdOf(await messageKey(), { entry: id, attempt, from, to });
  const bytes = await composeMail({
    from,
    to,
    messageId,
    subject: PACKAGE_SUBJECT,
    date: clock.now(),
    text,
    files: [{ fileName: 'REFERRAL.ZIP', contentType: 'application/zip', bytes: zip }],
    asks: 'dispatched',
  });
  const { fileHashes = [] } = await fileHashesOf(submission.documents.map(({ bytes: file }) => file));
  return {
    from,
    messageId,
    bytes,
    hash: createHash('sha256').update(zip).digest('hex'),
    fileHashes,
    size: zip.length,
  };
}

interface PostedMail extends Omit<PackedMail, 'bytes'> {
  readonly entry: ClaimedEntry;
  readonly to: DirectAddress;
  readonly uniqueId: string;
}

/** The receipt: what the relay said, and what is waited for from now on. */
function receiptOf(
  { clock, times }: DirectDeliverParts,
  { entry, from, to, messageId, uniqueId, hash, fileHashes, size }: PostedMail,
  answer: PostAnswer,
): Receipt {
  const now = clock.now();
  const at = new Date(now).toISOString();
  const evidence = { at, source: messageId, hash };
  if (answer.kind === 'again') return retryReceipt(answer.why, entry.attempt, Date.parse(entry.at), now);
  if (answer.kind === 'refused')
    return { outcome: 'refused', why: answer.why, evidence: [{ ...evidence, kind: 'smtp-refused' }] };
  if (answer.kind === 'untrusted')
    return { outcome: 'refused', why: answer.why, evidence: [{ ...evidence, kind: 'untrusted' }] };
  if (answer.kind === 'too-large') return { outcome: 'refused', why: answer.why };
  const dueBy = new Date(dueAfter('processed', now, times)).toISOString();
  const sent: SentMail = {
    entry: entry.id,
    receiver: entry.receiver,
    from,
    to,
    messageId,
    mails: entry.attempt,
    isRepeated: false,
    uniqueId,
    hash,
    at,
    waitsFor: 'processed',
    dueBy,
  };
  return {
    outcome: 'accepted',
    says: 'the relay has it',
    bytesHash: hash,
    fileHashes,
    bytes: size,
    evidence: [{ ...evidence, kind: 'smtp-accepted' }],
    records: [writeSent(sent, 'any', now)],
    dueBy,
  };
}
