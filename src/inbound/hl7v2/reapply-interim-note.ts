/**
 * An interim note keeps its place among what its sender wrote (ADR 0019). It is the only event whose effect depends on
 * the state that it meets: from most states it leads to 5.1.4, in some it leaves the state as it is (G4). So when an older
 * event was applied after it, the note has its effect once more, by the row from the state that the older event led to;
 * its document is there already.
 */
import type { Ref } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import { decideEvent } from '../../referral/decide.ts';
import { withState } from '../../referral/state.ts';
import { buildCommit, commitPlanned, type PreparedCommit } from '../../operations/write/commit.ts';
import type { OperationContext } from '../../operations/context.ts';
import { runSteps } from '../../operations/write/write.ts';
import { openDraft } from '../../operations/write/draft.ts';
import type { Incoming } from './incoming.ts';
import { planProvenance } from '../archive.ts';
import type { MessageFormat } from '../message-format.ts';
import { MAPPING } from './archived-message.ts';
import { archivedMessageOf } from '../read-archive.ts';
import { findLaterNote, isOvertaken } from '../order.ts';
import { changeSent } from '../../operations/write/planned-resources.ts';
import { referralOfOrder } from '../find-referral.ts';
import type { ProcessedMessage } from '../processed-message.ts';
import { requestOf } from '../message-caller.ts';
import { actorOf } from '../../operations/request.ts';
import { keeperOfMessage } from '../inbound-message.ts';

/**
 * Lets the latest interim note have its effect after an older message of its sender that moved the referral; nothing
 * where there is none.
 *
 * @throws OperationOutcomeError when the commit is refused
 */
export async function reapplyInterimNote(
  context: OperationContext,
  read: MessageFormat<Incoming>['read'],
  older: ProcessedMessage,
): Promise<void> {
  const { draft, verdict, sentAt } = older;
  const { client: link } = draft.caller;
  const sender = actorOf(draft.caller);
  const { request, actors } = verdict.referral ?? {};
  const isOfRecipient = actors?.has('referralRecipient') === true; // who writes no notes overtakes none
  if (sender === undefined || request === undefined || !isOfRecipient || draft.moves.length === 0) return;
  const snapshot = context.store.snapshot();
  const document = await findLaterNote(snapshot, request, sender, sentAt);
  if (document === undefined) return;
  const item = { document, link, receivedAt: context.clock.now() };
  const note = await read(snapshot, item);
  if (note === undefined) return;
  try {
    const { result } = await commitPlanned(context, (now) =>
      prepare(context, now, note, { request, document }),
    );
    context.committed(result.commit.writes.map(({ ref }) => ref));
  } catch (error) {
    if (error !== NOTHING_TO_DO) throw error;
  }
}

async function prepare(
  context: OperationContext,
  snapshot: Snapshot,
  note: Incoming,
  { request: order, document }: { readonly request: Ref; readonly document: Ref },
): Promise<PreparedCommit> {
  const { sender, receiver, header } = note;
  if (sender === undefined) throw NOTHING_TO_DO;
  const request = requestOf(context, note);
  const draft = openDraft(context, request, snapshot);
  const found = await referralOfOrder(draft, order, { sender, receiver });
  if (found.kind !== 'one' || (await isOvertaken(draft, order, sender, header?.sentAt)) === 'yes')
    throw NOTHING_TO_DO;
  const { referral } = found;
  const decided = decideEvent(referral.state, 'send-interim-note', referral.actors);
  if (decided.kind !== 'move' || decided.state === referral.state) throw NOTHING_TO_DO;
  await changeSent(draft, referral.task, (tree) => withState(tree, decided.state));
  const archived = await archivedMessageOf(snapshot, { document });
  planProvenance(
    draft,
    note,
    archived,
    { custodian: keeperOfMessage(note) ?? sender, chart: referral },
    { assembler: note.carried?.assembler ?? MAPPING, by: note.carried?.broughtBy, codeMaps: [] },
  );
  await runSteps(draft, 'transaction', new Map());
  return buildCommit(draft, request, undefined);
}

/** The note has its effect already. Told by throwing, since a commit that is not made writes nothing. */
const NOTHING_TO_DO = new Error('the note has its effect already');
