/**
 * The rules of threads and messages (baa-messaging MS1 to MS8), for every Communication that a client writes: who sends, who
 * may change what, which moves there are, and what the server fills in. A plain Communication about a referral meets none of
 * them. Whether its recipients may be told is asked afterwards, like every disclosure.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import { hasServerExtensions, withServerExtensionsOf } from '../../messaging/extensions.ts';
import { limitFault } from '../../messaging/limits.ts';
import { messageShape } from '../../messaging/shape.ts';
import { isUnsent, statusMove } from '../../messaging/statuses.ts';
import { typeOf } from '../../resources/element.ts';
import { placesIn, replan, type Draft, type Planned } from '../write/draft.ts';
import { decideMessage, decidePlain } from './decide-content.ts';
import { changeHeader, openHeader } from './headers.ts';
import { noMove } from './no-move.ts';
import { joinReferralThread } from './referral-thread.ts';
import { checkSender, isParty, notCustodian, ownDraftOf } from './senders.ts';
import { changeSentMessage } from './sent.ts';
import { completeFromThread, withinThread } from './threads.ts';
import { withAudience } from './audience.ts';
import { awaitAnswer } from './unanswered.ts';

/** @throws OperationOutcomeError what the rules refuse */
export async function checkMessages(draft: Draft): Promise<void> {
  const { caller, importing } = draft;
  if (importing || (caller.administrator && caller.organization === undefined)) return;
  const written = [...draft.planned.values()].filter(
    ({ ref, origin }) => typeOf(ref) === 'Communication' && origin === 'client',
  );
  // A message has from its thread what it does not say, also where one Bundle brings both.
  const isHeader = ({ after }: Planned): boolean =>
    after !== undefined && messageShape(after.plain) === 'header';
  for (const planned of [...written.filter(isHeader), ...written.filter((one) => !isHeader(one))])
    await checkOne(draft, draft.planned.get(planned.ref) ?? planned);
}

async function checkOne(draft: Draft, planned: Planned): Promise<void> {
  const { before, after } = planned;
  const stood = before === undefined ? 'plain' : messageShape(before);
  if (after === undefined) return checkDelete(draft, planned, stood);
  const isStill = before !== undefined && stood !== 'plain';
  const goesOn = isStill ? await change(draft, planned, before, after.plain) : await begin(draft, planned);
  if (!goesOn) return;
  // The reason of a retraction is words, too.
  const isRetracted =
    after.plain['status'] === 'entered-in-error' && before?.['status'] !== 'entered-in-error';
  if (!isStill || stood === 'header' || isUnsent(before) || isRetracted) await decideMessage(draft, planned);
  await withAudience(draft, planned.ref);
}

/** Something new, or a plain Communication that names recipients now. @returns whether it is a header or a message */
async function begin(draft: Draft, planned: Planned): Promise<boolean> {
  await joinReferralThread(draft, planned);
  await completeFromThread(draft, planned);
  const shape = shapeOf(draft, planned);
  if (shape === 'plain') {
    if (hasServerExtensions(resourceIn(draft, planned.ref)) || hasServerExtensions(planned.before))
      replan(draft, planned.ref, (tree) => withServerExtensionsOf(tree, planned.before));
    decidePlain(draft, planned);
    return false;
  }
  await checkSender(draft, planned);
  if (shape === 'header') await openHeader(draft, planned);
  else await send(draft, planned, undefined);
  return true;
}

async function change(draft: Draft, planned: Planned, before: Resource, after: Resource): Promise<boolean> {
  if (!(await isParty(draft, planned, before))) throw notCustodian(planned);
  const isHeader = messageShape(before) === 'header';
  if (isHeader && isUnsent(before)) {
    if (!ownDraftOf(draft, planned)) throw notCustodian(planned);
    await checkSender(draft, planned);
    await openHeader(draft, planned);
  } else if (isHeader) await changeHeader(draft, planned, before, after);
  else if (isUnsent(before)) await changeUnsent(draft, planned, before);
  else await changeSentMessage(draft, planned, before, after);
  return true;
}

const shapeOf = (draft: Draft, { ref }: Planned) => messageShape(resourceIn(draft, ref));

const resourceIn = (draft: Draft, ref: Planned['ref']): Resource => {
  const after = draft.planned.get(ref)?.after;
  if (after === undefined) throw new Error(`nothing planned for ${ref}`);
  return after.plain;
};

/** A message is deleted as long as it is a draft; later it is retracted. */
function checkDelete(draft: Draft, planned: Planned, stood: ReturnType<typeof messageShape>): void {
  if (stood === 'plain' || planned.before === undefined) return;
  if (!ownDraftOf(draft, planned)) throw notCustodian(planned);
  if (stood === 'message' && planned.before['status'] === 'preparation') return;
  throw new OperationOutcomeError('message-frozen', {
    diagnostics: `${planned.ref} was sent: what was sent is not deleted`,
    expression: placesIn(planned),
  });
}

/** A draft is changed and sent by its author's organization; what waits is taken back at most. */
async function changeUnsent(draft: Draft, planned: Planned, before: Resource): Promise<void> {
  if (!ownDraftOf(draft, planned)) throw notCustodian(planned);
  if (before['status'] !== 'preparation')
    return changeSentMessage(draft, planned, before, resourceIn(draft, planned.ref));
  await completeFromThread(draft, planned);
  await checkSender(draft, planned);
  await send(draft, planned, 'preparation');
}

/** Words for a message that is to be sent; a plain client says that it is done. */
const SENDING: ReadonlySet<unknown> = new Set(['in-progress', 'completed', 'unknown']);

/** Sends a message, or keeps it as a draft. */
async function send(draft: Draft, planned: Planned, from: 'preparation' | undefined): Promise<void> {
  const resource = resourceIn(draft, planned.ref);
  const said = resource['status'];
  const to = SENDING.has(said) ? 'in-progress' : said;
  const isKept = from === to;
  if (!isKept && statusMove('message', from, to, ['sender']) === undefined)
    throw noMove(planned, from ?? 'new', said);
  const fault = limitFault(resource);
  if (fault !== undefined)
    throw new OperationOutcomeError('message-too-large', {
      diagnostics: fault,
      expression: placesIn(planned),
    });
  await withinThread(draft, planned, resource);
  const isSent = to === 'in-progress';
  const sent = isSent ? draft.now : undefined;
  replan(draft, planned.ref, (tree) => {
    const { received: _received, sent: _sent, ...rest } = withServerExtensionsOf(tree, planned.before);
    return { ...rest, status: to, ...(sent !== undefined && { sent }) } as Resource; // a Communication still
  });
  if (isSent) await awaitAnswer(draft, planned);
}
