/**
 * The FHIR engine's door for messages (rules 7). Behind a message nobody waits: it is never bounced. Every message ends in one
 * commit that holds its bytes, what it changes, its audit and its answer; then the answer is told, and told again.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Acknowledgment, Receive, UnopenedFrame } from '../../hl7v2/received.ts';
import type { CommitKey, Snapshot } from '../../ports/store.ts';
import { auditReceipt } from '../audit-receipt.ts';
import { buildCommit, commitPlanned, type PreparedCommit } from '../../operations/write/commit.ts';
import type { OperationContext } from '../../operations/context.ts';
import { openDraft } from '../../operations/write/write.ts';
import {
  acknowledgmentOf,
  asked,
  isOurFault,
  notKept,
  quarantined,
  remark,
  REUSED,
  type MessageVerdict,
} from '../fate.ts';
import { createMessageActions } from './person-actions.ts';
import { admit } from './admit.ts';
import { closeCorrected, noteRefused } from '../refused-messages.ts';
import { messageKeyOf, openArrived, takeApart, type Incoming, type MessageKey } from './incoming.ts';
import { processMessage, type ProcessedMessage } from './process-message.ts';
import { requestOf } from '../message-caller.ts';
import { createWaiting } from '../waiting.ts';
import type { MessageDoor, ReceiveParts } from './door.ts';

interface Prepared extends PreparedCommit, ProcessedMessage {
  readonly acknowledgment: Acknowledgment;
}

export function createMessageDoor(context: OperationContext, parts: ReceiveParts): MessageDoor {
  const { settings } = parts;
  const waiting = createWaiting(context, parts);

  const receive: Receive = async (received) => {
    const now = context.clock.now();
    const incoming = await tried(received.link.name, () =>
      openArrived(context, received, now, context.settings.aheadToleranceMs),
    );
    if ('refused' in incoming) return incoming.refused;
    const turnedAway = admit(incoming);
    return turnedAway === undefined ? keep(incoming, messageKeyOf(incoming)) : audit(incoming, turnedAway);
  };

  /** Opening a large frame fails when all threads are busy, or the frame costs too much: its sender is told, and may send less. */
  async function tried<Result>(link: string, work: () => Promise<Result>): Promise<Result | UnopenedFrame> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OperationOutcomeError))
        parts.log('a frame could not be opened', { link, error: nameOf(error) });
      return { refused: notKept(error) };
    }
  }

  /** Under no key: what is not taken is told so each time, and its control id is free for what is. */
  async function audit(incoming: Incoming, verdict: MessageVerdict): Promise<Acknowledgment> {
    try {
      return await offerMessage((snapshot) => prepareKept(incoming, undefined, snapshot, verdict));
    } catch (error) {
      return notKept(error);
    }
  }

  async function keep(incoming: Incoming, key: MessageKey): Promise<Acknowledgment> {
    try {
      return await offerMessage((snapshot) => prepare(incoming, key, snapshot));
    } catch (error) {
      if (!isReused(error)) return notKept(error);
    }
    return keepOther(incoming, key);
  }

  /** Another content under a number that is known: kept apart, and refused by that number (rules 7.2). */
  async function keepOther(
    incoming: Incoming,
    { scope, id, fingerprint }: MessageKey,
  ): Promise<Acknowledgment> {
    const verdict = quarantined([remark('idempotency-key-reused', 'E', 'MSH-10', REUSED)]);
    const other = { scope, id: `${id} other:${fingerprint}`, fingerprint };
    try {
      return await offerMessage((snapshot) => prepareKept(incoming, other, snapshot, verdict));
    } catch (error) {
      return notKept(error);
    }
  }

  async function offerMessage(
    prepareOne: (snapshot: Snapshot) => Promise<Prepared>,
  ): Promise<Acknowledgment> {
    const { committed, result } = await commitPlanned(context, prepareOne);
    if (committed.replayed) return { ...readAcknowledgment(committed.reply), fate: 'repeated' };
    context.committed(result.commit.writes.map(({ ref }) => ref));
    await waiting.after(result);
    return result.acknowledgment;
  }

  /** What cannot be applied for a reason that nobody foresaw is a person's work, and still kept. */
  async function prepare(incoming: Incoming, key: MessageKey, snapshot: Snapshot): Promise<Prepared> {
    try {
      return await prepareWith(incoming, key, snapshot);
    } catch (error) {
      if (isOurFault(error)) throw error;
      parts.log('a message could not be applied', { link: incoming.link.name, error: nameOf(error) });
      const says = 'the message could not be applied; see the log';
      return prepareKept(
        incoming,
        key,
        snapshot,
        asked('message-unfit', [remark('internal', 'E', '', says)]),
      );
    }
  }

  const prepareKept = (
    incoming: Incoming,
    key: MessageKey | undefined,
    snapshot: Snapshot,
    verdict: MessageVerdict,
  ) => prepareWith(incoming, key, snapshot, verdict);

  async function prepareWith(
    incoming: Incoming,
    key: MessageKey | undefined,
    snapshot: Snapshot,
    given?: MessageVerdict,
  ): Promise<Prepared> {
    const request = requestOf(context, incoming);
    const open = () => openDraft(context, request, snapshot);
    const settled = await processMessage(open, incoming, settings, given === undefined ? {} : { given });
    const answer = acknowledgmentOf(settled.verdict, incoming.link);
    const { draft, kept } = settled;
    const { duplicateWindowMs } = settings;
    if (key !== undefined && answer.code === 'AA')
      await closeCorrected(draft, incoming, key, duplicateWindowMs);
    else if (key !== undefined) await noteRefused(draft, incoming, key, kept, duplicateWindowMs);
    const offered = await buildCommit(settled.draft, request, key && commitKey(key, answer));
    const commit = { ...offered.commit, audit: [...offered.commit.audit, auditReceipt(request, settled)] };
    return { ...offered, ...settled, commit, acknowledgment: answer };
  }

  const commitKey = (key: MessageKey, answer: Acknowledgment): CommitKey => ({
    ...key,
    countsMs: settings.duplicateWindowMs,
    refused: answer.code !== 'AA',
    reply: { pieces: [JSON.stringify(answer)], holes: [] },
  });

  return {
    parts,
    receive,
    takeApart: (link, bytes) => tried(link, () => takeApart(context, link, bytes)),
    waiting,
    actions: createMessageActions(context, { parts, waiting }),
  };
}

function readAcknowledgment(reply: string | undefined): Acknowledgment {
  if (reply === undefined) throw new Error('a replayed commit has a reply');
  return JSON.parse(reply) as Acknowledgment; // written by commitKey
}

const isReused = (error: unknown): boolean =>
  error instanceof OperationOutcomeError && error.code === 'idempotency-key-reused';

/** Never the message of an error, which may quote a patient. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
