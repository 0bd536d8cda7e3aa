/**
 * The receiving of a message (rules 7). Nobody waits behind a message, so the server bounces none: every message ends in
 * one commit that holds its bytes, what it changes, its audit and its acknowledgment, and a repetition gets the same
 * acknowledgment.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Batch } from '../../hl7v2/batch.ts';
import { turnAway } from '../../hl7v2/messages/supported.ts';
import type { Acknowledgment, ReceivedMessage, UnopenedFrame } from '../../hl7v2/received.ts';
import { emptyQuarantined } from '../../operations/attachments/empty-quarantined.ts';
import type { OperationContext } from '../../operations/context.ts';
import { isOurFault } from '../../operations/our-fault.ts';
import { buildCommit, commitPlanned, type PreparedCommit } from '../../operations/write/commit.ts';
import { openDraft } from '../../operations/write/draft.ts';
import type { CommitKey, Snapshot } from '../../ports/store.ts';
import { auditReceipt } from '../audit-receipt.ts';
import { errorName } from '../error-name.ts';
import { keptUnread, malwareIn } from '../malware.ts';
import { asked, quarantined, remark, type MessageVerdict } from '../fate.ts';
import type { MessageKey } from '../inbound-message.ts';
import { requestOf } from '../message-caller.ts';
import type { ProcessedMessage } from '../processed-message.ts';
import { closeCorrected, noteRefused } from '../refused-messages.ts';
import type { WaitingMessages } from '../waiting.ts';
import { acknowledgmentOf, notKept } from './acknowledgment.ts';
import type { ReceiveParts } from './door.ts';
import { messageKeyOf, openArrived, takeApart, type Incoming } from './incoming.ts';
import { processMessage } from './process-message.ts';

/** What the receiving of a message works with. */
interface Receiving {
  readonly context: OperationContext;
  readonly parts: ReceiveParts;
  readonly waiting: WaitingMessages;
}

/** Resolves when the fate of the message is on disk. Never rejects: what cannot be put there is `not-kept`. */
export async function receiveMessage(
  receiving: Receiving,
  received: ReceivedMessage,
): Promise<Acknowledgment> {
  const { context } = receiving;
  const incoming = await opened(receiving, received.link.name, () =>
    openArrived(context, received, context.clock.now(), context.settings.aheadToleranceMs),
  );
  if ('refused' in incoming) return incoming.refused;
  const turnedAway = turnedAwayBy(incoming);
  try {
    const infected = turnedAway === undefined ? await malwareIn(context, incoming.bytes) : undefined;
    if (infected !== undefined) return await commitUnderKey(receiving, incoming, infected);
    // Without a key: the server gives the same answer each time, and the control id stays free.
    if (turnedAway !== undefined) return await commitMessage(receiving, { incoming, verdict: turnedAway });
    return await commitUnderKey(receiving, incoming);
  } catch (error) {
    return notKept(error);
  }
}

/** Takes a frame apart; see {@link openArrived} for what cannot be opened. */
export const takeFrameApart = (
  receiving: Receiving,
  link: string,
  bytes: Uint8Array,
): Promise<Batch | UnopenedFrame | undefined> =>
  opened(receiving, link, () => takeApart(receiving.context, link, bytes));

/** A large frame cannot be opened when all threads are busy, or when it costs too much; its sender may send less. */
async function opened<Result>(
  { parts }: Receiving,
  link: string,
  open: () => Promise<Result>,
): Promise<Result | UnopenedFrame> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof OperationOutcomeError))
      parts.log('a frame could not be opened', { link, error: errorName(error) });
    return { refused: notKept(error) };
  }
}

/**
 * The verdict about a message that the link does not take at all (rules 7.2): acknowledged, stored nowhere, and nobody's
 * work. A message that cannot be read, or that comes from a facility which may not speak on this link, is not ignored:
 * somebody is to know of it.
 */
function turnedAwayBy({ link, header, barred }: Incoming): MessageVerdict | undefined {
  if (header === undefined) return undefined;
  const turned = turnAway(header, link);
  return turned?.fate === 'ignored' && barred !== undefined ? undefined : turned;
}

async function commitUnderKey(
  receiving: Receiving,
  incoming: Incoming,
  verdict?: MessageVerdict,
): Promise<Acknowledgment> {
  const key = messageKeyOf(incoming);
  try {
    return await commitMessage(receiving, { incoming, key, ...(verdict !== undefined && { verdict }) });
  } catch (error) {
    if (!isReused(error)) throw error;
  }
  return commitMessage(receiving, { incoming, key: keyOfOther(key), verdict: OTHER_CONTENT });
}

/** The key of other content under a known control id: the server keeps it apart, and refuses it by that number (rules 7.2). */
const keyOfOther = ({ scope, id, fingerprint }: MessageKey): MessageKey => ({
  scope,
  id: `${id} other:${fingerprint}`,
  fingerprint,
});

const OTHER_CONTENT = quarantined([
  remark('idempotency-key-reused', 'E', 'MSH-10', 'another message came under this control id'),
]);

const isReused = (error: unknown): boolean =>
  error instanceof OperationOutcomeError && error.code === 'idempotency-key-reused';

interface Committing {
  readonly incoming: Incoming;
  /** Undefined for a message that is not stored. */
  readonly key?: MessageKey;
  /** The verdict, where it is decided already. */
  readonly verdict?: MessageVerdict;
}

interface Prepared extends PreparedCommit, ProcessedMessage {
  readonly acknowledgment: Acknowledgment;
}

async function commitMessage(
  { context, parts, waiting }: Receiving,
  committing: Committing,
): Promise<Acknowledgment> {
  const { committed, result } = await commitPlanned(context, (snapshot) =>
    prepare(context, parts, committing, snapshot),
  );
  if (committed.replayed) return { ...readAcknowledgment(committed.reply), fate: 'repeated' };
  context.committed(result.commit.writes.map(({ ref }) => ref));
  if (result.verdict.malware !== undefined) await emptyQuarantined(context, result.archived.binary);
  await waiting.after(result);
  return result.acknowledgment;
}

/** A message that cannot be applied for a reason that nobody foresaw is a person's work, and stored all the same. */
async function prepare(
  context: OperationContext,
  parts: ReceiveParts,
  committing: Committing,
  snapshot: Snapshot,
): Promise<Prepared> {
  const { incoming, verdict } = committing;
  try {
    return await prepareWith(context, parts, committing, snapshot);
  } catch (error) {
    if (verdict !== undefined || isOurFault(error)) throw error;
    parts.log('a message could not be applied', { link: incoming.link.name, error: errorName(error) });
    return prepareWith(context, parts, { ...committing, verdict: NOT_APPLIED }, snapshot);
  }
}

const NOT_APPLIED = asked('message-unfit', [
  remark('internal', 'E', '', 'the message could not be applied; see the log'),
]);

async function prepareWith(
  context: OperationContext,
  { settings }: ReceiveParts,
  { incoming, key, verdict }: Committing,
  snapshot: Snapshot,
): Promise<Prepared> {
  const request = requestOf(context, incoming);
  const open = () => openDraft(context, request, snapshot);
  const beside = verdict === undefined ? {} : { given: verdict };
  const processed = await processMessage(open, incoming, settings, beside);
  const acknowledgment = acknowledgmentOf(processed.verdict, incoming.link);
  const { draft, archived } = processed;
  const { duplicateWindowMs } = settings;
  if (key !== undefined && acknowledgment.code === 'AA')
    await closeCorrected(draft, incoming, key, duplicateWindowMs);
  else if (key !== undefined) await noteRefused(draft, incoming, key, archived, duplicateWindowMs);
  draft.records.push(...keptUnread(processed.verdict, archived.binary, draft.now));
  const offered = await buildCommit(draft, request, key && commitKey(key, acknowledgment, duplicateWindowMs));
  const receipt = auditReceipt(request, processed, incoming.receiver);
  const commit = { ...offered.commit, audit: [...offered.commit.audit, receipt] };
  return { ...offered, ...processed, commit, acknowledgment };
}

const commitKey = (key: MessageKey, acknowledgment: Acknowledgment, countsMs: number): CommitKey => ({
  ...key,
  countsMs,
  refused: acknowledgment.code !== 'AA',
  reply: { pieces: [JSON.stringify(acknowledgment)], holes: [] },
});

function readAcknowledgment(reply: string | undefined): Acknowledgment {
  if (reply === undefined) throw new Error('a replayed commit has a reply');
  return JSON.parse(reply) as Acknowledgment; // written by commitKey
}
