/**
 * A note that a recipient uploads after the outcome: it moves nothing, so no message brings it to a party that is told by
 * messages alone. Whoever wrote it is warned, and a person of theirs is asked to send it in another way (rules 1.15).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { LATE_NOTE, type Told } from '../ports/rail.ts';
import { note } from '../referral/ruling.ts';
import { isReferralTask, readState } from '../referral/state.ts';
import { localRef, typeOf, valuesAt } from '../resources/element.ts';
import { focusOf } from '../resources/referral-rules/consequences.ts';
import type { Surroundings } from '../resources/rules.ts';
import { plan, type Draft } from './draft.ts';
import { surroundingsOf } from './surroundings.ts';
import { planWorkItem } from './work-item.ts';

/** Plans a work item for each party that is not told of a note. */
export async function checkLateNotes(draft: Draft, source: Told): Promise<void> {
  const { lacks, address } = draft.room;
  if (lacks === undefined || draft.importing || draft.byMessage) return;
  const around = surroundingsOf(draft);
  for (const [task, resource] of await lateOnes(draft, around)) {
    const [initiator, recipient] = [
      await around.partyOf(resource['requester']),
      await around.partyOf(resource['owner']),
    ];
    if (recipient === undefined || recipient !== draft.caller.organization) continue;
    const told = {
      task,
      tid: '',
      from: '',
      to: '',
      event: LATE_NOTE,
      initiator,
      recipient,
      by: 'referralRecipient',
    } as const;
    for (const entry of await address([], [told], Date.parse(draft.now))) {
      const asked = { ...entry, id: '0', at: draft.now, seq: Number.MAX_SAFE_INTEGER };
      const missing = await lacks(entry.rail, asked, source);
      if (missing.length === 0) continue;
      const says = `a note after the outcome is not sent to ${entry.receiver}: ${missing.join('; ')}`;
      const item = planWorkItem(draft.room.newId(), {
        kind: 'message-incomplete',
        says,
        focus: task,
        authoredOn: draft.now,
        owner: recipient,
        basedOn: focusOf(resource),
        input: [{ type: { text: 'event' }, valueString: LATE_NOTE }],
      });
      plan(draft, item);
      draft.notes.push(note('warning', says, ['DocumentReference.context.related']));
    }
  }
}

/** Completed referrals whose order this gives a new file; a new output of theirs is refused. */
async function lateOnes(draft: Draft, around: Surroundings): Promise<ReadonlyMap<Ref, Resource>> {
  const found = new Map<Ref, Resource>();
  for (const { ref, before, after } of draft.planned.values()) {
    if (typeOf(ref) !== 'DocumentReference' || before !== undefined || after === undefined) continue;
    const related = valuesAt(after.plain, 'context.related').flatMap((one) => localRef(one) ?? []);
    for (const order of new Set(related.filter((one) => typeOf(one) === 'ServiceRequest'))) {
      for (const task of await around.find('Task', 'focus', order)) {
        const key: Ref = `Task/${task.id}`;
        const isMoved = draft.moves.some((move) => move.task === key);
        if (!isMoved && isReferralTask(task) && readState(task) === 'completed') found.set(key, task);
      }
    }
  }
  return found;
}
