/**
 * Asks the rail before the commit whether the moves of a draft can be sent to the other party. The server does not send
 * a message that lacks what its standard requires; it warns the writer, and asks a person of the sender (rules 1.15).
 */
import type { Ref } from '../../fhir/types.ts';
import type { OutboxEntry } from '../../ports/store.ts';
import { readState } from '../../referral/state.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import type { Move } from '../../resources/rules.ts';
import { missingIn } from './coming.ts';
import { keyOfEntry, type Draft } from './draft.ts';
import { isUnheard, UNHEARD, withhold } from './withheld.ts';
import { readPreview } from './preview.ts';

/** Plans a work item, and says so, for each message that would lack what its receiver requires. */
export async function checkMovesTold(draft: Draft): Promise<void> {
  const { lacks, selectRecipients } = draft.context;
  if (lacks === undefined) return;
  for (const entry of await selectRecipients([], draft.moves, Date.parse(draft.now), (ref) =>
    readPreview(draft, ref),
  )) {
    const unheard = await isUnheard(draft, entry);
    if (!unheard && lacks(entry.rail) === undefined) continue;
    const missing = unheard ? [UNHEARD] : await missingIn(draft, entry);
    if (missing.length > 0) await withholdMove(draft, entry, missing);
  }
}

async function withholdMove(draft: Draft, entry: OutboxEntry, missing: readonly string[]): Promise<void> {
  const { receiver, subject, event } = entry;
  const task = await readPreview(draft, subject);
  const move = draft.moves.find((one) => one.task === subject && one.event === event);
  const told = entry.sight.everything ? undefined : entry.sight.organization;
  draft.untold.add(keyOfEntry(entry));
  withhold(draft, {
    entry,
    owner: senderOf(move, told) ?? '',
    basedOn: task === undefined ? undefined : focusOf(task),
    state: task === undefined ? undefined : readState(task),
    says: `${event} is not sent to ${receiver}, which requires more: ${missing.join('; ')}`,
    place: 'Task',
  });
}

/** The party that is not told. */
const senderOf = (move: Move | undefined, told: Ref | undefined): Ref | undefined =>
  move?.initiator === told ? move?.recipient : move?.initiator;
