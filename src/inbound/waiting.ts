/**
 * Messages that wait (rules 7.5): parked until an earlier message comes, or received before their referral. After each
 * transition the server tries them again, in the order in which their senders wrote them; after `parkMs` it asks a person.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import { identifierToken } from '../fhir/identifier.ts';
import type { Identifier, Ref } from '../fhir/types.ts';
import type { OperationContext } from '../operations/context.ts';
import { buildCommit, commitPlanned, type PreparedCommit } from '../operations/write/commit.ts';
import { openDraft } from '../operations/write/draft.ts';
import type { LogFault, MessageSettings, Waiting } from '../ports/inbound.ts';
import { EVERYTHING } from '../ports/query.ts';
import { SearchRefused, type Snapshot } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { errorName } from './error-name.ts';
import { createExpectedNumbers, type ExpectedNumbers } from './expected-numbers.ts';
import { remark } from './fate.ts';
import type { InboundMessage } from './inbound-message.ts';
import { ownRequest, requestOf } from './message-caller.ts';
import type { MessageFormat } from './message-format.ts';
import type { ProcessedMessage } from './processed-message.ts';
import { archivedMessageOf, inOrder, referralNumbersOf, readOpenItem } from './read-archive.ts';
import {
  findAllWaiting,
  findOverdue,
  findUnconsented,
  findWaiting,
  turnItem,
  WAITING,
  type OpenItem,
} from './work-items.ts';

export interface WaitingMessages extends Waiting {
  /** Tries the messages again that a processed message may have made possible. Throws nothing. */
  after(processed: ProcessedMessage): Promise<void>;
}

interface WaitingParts {
  readonly settings: Pick<MessageSettings, 'parkMs'>;
  readonly log: LogFault;
}

/** What every function here works with. */
interface Work<Message extends InboundMessage> extends WaitingParts {
  readonly context: OperationContext;
  readonly format: MessageFormat<Message>;
  readonly expected: ExpectedNumbers;
}

export function createWaiting<Message extends InboundMessage>(
  context: OperationContext,
  parts: WaitingParts,
  format: MessageFormat<Message>,
): WaitingMessages {
  const expected = createExpectedNumbers(() => findAllWaiting(context.store.snapshot()));
  const work: Work<Message> = { ...parts, context, format, expected };
  return {
    after: (processed) => quietly(work, () => tryAfter(work, processed)),
    touched: (refs) => quietly(work, () => tryTouched(work, refs)),
    askAboutOverdue: () => askAboutOverdue(work),
  };
}

async function quietly({ log }: WaitingParts, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (isClosing(error)) return;
    log('messages that wait could not be looked at', { error: errorName(error) });
  }
}

async function tryAfter<Message extends InboundMessage>(
  work: Work<Message>,
  processed: ProcessedMessage,
): Promise<void> {
  const { verdict, number, draft } = processed;
  if (number === undefined) return;
  const waits = verdict.kind !== undefined && WAITING.includes(verdict.kind);
  if (waits) await work.expected.add(number);
  // The message for which this one waits may have come while this one was put aside.
  if (waits || draft.moves.length > 0) {
    await reapplyNewer(work, [processed, ...(await tryAll(work, number))]);
  }
}

async function tryTouched<Message extends InboundMessage>(
  work: Work<Message>,
  refs: readonly Ref[],
): Promise<void> {
  const tasks = refs.filter((ref) => typeOf(ref) === 'Task');
  const consents = refs.filter((ref) => typeOf(ref) === 'Consent');
  if ((tasks.length === 0 && consents.length === 0) || (await work.expected.isEmpty())) return;
  const snapshot = work.context.store.snapshot();
  for (const consent of consents) await tryConsented(work, snapshot, consent);
  for (const task of tasks) {
    for (const number of await referralNumbersOf(snapshot, task)) {
      await reapplyNewer(work, await tryAll(work, number));
    }
  }
}

/** What an organization captured may be what its messages waited for: those of several referrals in one order, too (K4, P5). */
async function tryConsented<Message extends InboundMessage>(
  work: Work<Message>,
  snapshot: Snapshot,
  consent: Ref,
): Promise<void> {
  const keeper = (await snapshot.read(consent, EVERYTHING))?.custodian ?? '';
  if (keeper === '') return;
  const numbers = new Map<string, Identifier>();
  for (const { task } of await inOrder(snapshot, await findUnconsented(snapshot, keeper))) {
    const number = task['groupIdentifier'] as Identifier | undefined; // planItem's
    if (number !== undefined) numbers.set(identifierToken(number), number);
  }
  for (const number of numbers.values()) await reapplyNewer(work, await tryAll(work, number));
}

/** Messages tried in a row at most, so that nobody can keep the server busy with messages that wait. */
const ROUNDS_MAX = 100;

/** Each message that is applied may make others possible: the server begins again with the earliest. The applied ones. */
async function tryAll<Message extends InboundMessage>(
  work: Work<Message>,
  number: Identifier,
): Promise<readonly ProcessedMessage[]> {
  const { expected, context } = work;
  const processed: ProcessedMessage[] = [];
  if (!(await expected.has(number))) return processed;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const snapshot = context.store.snapshot();
    const items = await inOrder(snapshot, await findWaiting(snapshot, number));
    if (items.length === 0) expected.remove(number);
    const one = await tryFirst(work, items);
    if (one === undefined) break;
    processed.push(one);
  }
  return processed;
}

async function tryFirst<Message extends InboundMessage>(
  work: Work<Message>,
  items: readonly OpenItem[],
): Promise<ProcessedMessage | undefined> {
  for (const item of items) {
    const processed = await guarded(work, item.ref, () => tryAgain(work, item));
    if (processed !== undefined) return processed;
  }
  return undefined;
}

/** A newer message whose effect depends on its place keeps its place, after an older one that moved its referral (ADR 0019). */
async function reapplyNewer<Message extends InboundMessage>(
  work: Work<Message>,
  processed: readonly ProcessedMessage[],
): Promise<void> {
  for (const one of processed) {
    if (one.verdict.referral === undefined || one.draft.moves.length === 0) continue;
    await guarded(work, one.archived.document, () => work.format.reapplyNewer(one));
  }
}

/** A fault of one message harms no other, and not the message that gave the occasion. */
async function guarded<T>({ log }: WaitingParts, about: Ref, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error !== STILL_WAITING) {
      log('a message that waits could not be tried again', { about, error: errorName(error) });
    }
    return undefined;
  }
}

/** A message tried again. */
interface Tried extends PreparedCommit {
  readonly processed: ProcessedMessage;
}

async function tryAgain<Message extends InboundMessage>(
  work: Work<Message>,
  item: OpenItem,
): Promise<ProcessedMessage | undefined> {
  const { context, format } = work;
  const message = await format.read(context.store.snapshot(), item);
  if (message === undefined) return undefined;
  const { committed, result } = await commitPlanned(context, (snapshot) =>
    prepare(work, snapshot, item.ref, message),
  );
  if (!committed.replayed) context.committed(result.commit.writes.map(({ ref }) => ref));
  return result.processed;
}

async function prepare<Message extends InboundMessage>(
  { context, format }: Work<Message>,
  snapshot: Snapshot,
  ref: Ref,
  message: Message,
): Promise<Tried> {
  const item = await readOpenItem(snapshot, ref);
  if (item === undefined) throw STILL_WAITING;
  const request = requestOf(context, message);
  const earlier = { archived: await archivedMessageOf(snapshot, item), item };
  const processed = await format.process(() => openDraft(context, request, snapshot), message, { earlier });
  if (processed.verdict.kind === item.kind) throw STILL_WAITING;
  return { ...(await buildCommit(processed.draft, request, undefined)), processed };
}

async function askAboutOverdue<Message extends InboundMessage>(work: Work<Message>): Promise<void> {
  const { store, clock } = work.context;
  try {
    for (const item of await findOverdue(store.snapshot(), clock.now() - work.settings.parkMs)) {
      await guarded(work, item.ref, () => askPerson(work.context, item));
    }
  } catch (error) {
    if (!isClosing(error)) throw error;
  }
}

async function askPerson(context: OperationContext, { ref }: OpenItem): Promise<void> {
  const { result } = await commitPlanned(context, async (snapshot) => {
    const item = await readOpenItem(snapshot, ref);
    if (item?.kind !== 'message-parked') throw STILL_WAITING;
    const request = ownRequest(context);
    const draft = openDraft(context, request, snapshot);
    const says = 'the message that must come before this one did not come in time';
    const remarks = [remark('transition-not-allowed', 'W', '', says)];
    await turnItem(draft, ref, 'message-unfit', { remarks, referral: undefined });
    return buildCommit(draft, request, undefined);
  });
  context.committed(result.commit.writes.map((write) => write.ref));
}

/** Nothing changed, and the message waits on. Thrown, because a plan that throws makes no commit. */
const STILL_WAITING = new OperationOutcomeError('transition-not-allowed');

/** The store closes. After the next start the server looks at the messages that wait. */
const isClosing = (error: unknown): boolean => error instanceof SearchRefused && error.reason === 'aborted';
