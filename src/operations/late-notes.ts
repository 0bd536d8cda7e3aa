/**
 * A note that a recipient uploads after the outcome: it moves nothing, and is told all the same, as MDM^T02 without a
 * status (rules 1.15). What cannot be sent is a work item of the recipient.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Ref, Resource } from '../fhir/types.ts';
import type { OutboxEntry } from '../ports/store.ts';
import { isReferralTask, readState } from '../referral/state.ts';
import { LATE_NOTE } from '../referral/transactions.ts';
import { localRef, typeOf, valuesAt } from '../resources/element.ts';
import { focusOf } from '../resources/referral-rules/consequences.ts';
import { missingIn } from './coming.ts';
import type { Draft } from './draft.ts';
import { FATE_SYSTEM } from './receive/marks.ts';
import { surroundingsOf } from './surroundings.ts';
import { isUnheard, UNHEARD, withhold } from './withheld.ts';

/** A file, and the referral that had ended before it came. */
interface Late {
  readonly file: Ref;
  readonly task: Resource;
}

/** Adds an entry of the outbox for each party that is told of a note; a work item where it cannot be sent. */
export async function tellLateNotes(draft: Draft): Promise<void> {
  if (draft.room.lacks === undefined || draft.importing) return;
  const told = new Set<string>();
  for (const late of await lateOnes(draft)) {
    for (const entry of await entriesOf(draft, late)) {
      // A referral may have several Tasks, and a file several referrals.
      const key = `${entry.receiver} ${late.file} ${focusOf(late.task) ?? ''}`;
      if (told.has(key) || isToldAnyway(draft, entry)) continue;
      told.add(key);
      const unheard = await isUnheard(draft, entry);
      const missing = unheard ? [UNHEARD] : await missingIn(draft, entry);
      if (missing.length === 0) draft.tells.push(entry);
      else withholdNote(draft, late, entry, missing);
    }
  }
}

/** It was withheld before, by itself or as what an outcome waited for, and is sent with this write. */
const isToldAnyway = ({ tells }: Draft, { order, receiver, subject }: OutboxEntry): boolean =>
  tells.some((entry) => entry.order === order && entry.receiver === receiver && entry.subject === subject);

/** Who is told of a note: the initiator, by each of its Endpoints, when the recipient wrote it. */
async function entriesOf(draft: Draft, { file, task }: Late): Promise<readonly OutboxEntry[]> {
  const { caller, now, room } = draft;
  const around = surroundingsOf(draft);
  const initiator = await around.partyOf(task['requester']);
  const recipient = await around.partyOf(task['owner']);
  if (recipient === undefined || recipient !== caller.organization) return [];
  const ref: Ref = `Task/${task.id ?? ''}`;
  const move = { task: ref, tid: '', from: '', to: '', event: LATE_NOTE, by: 'referralRecipient' } as const;
  const entries = await room.address([], [{ ...move, initiator, recipient }], Date.parse(now));
  return entries.map((entry) => ({ ...entry, subject: file }));
}

function withholdNote(draft: Draft, { task }: Late, entry: OutboxEntry, missing: readonly string[]): void {
  withhold(draft, {
    entry,
    owner: draft.caller.organization ?? '',
    basedOn: focusOf(task),
    state: readState(task),
    says: `a note after the outcome is not sent to ${entry.receiver}: ${missing.join('; ')}`,
    place: 'DocumentReference.context.related',
  });
}

/** New files, and new contents of files, whose order's referral had ended with its outcome. */
async function lateOnes(draft: Draft): Promise<readonly Late[]> {
  const around = surroundingsOf(draft);
  const found: Late[] = [];
  for (const { ref, before, after } of draft.planned.values()) {
    if (typeOf(ref) !== 'DocumentReference' || after === undefined || !isNews(before, after.plain)) continue;
    const related = valuesAt(after.plain, 'context.related').flatMap((one) => localRef(one) ?? []);
    for (const order of new Set(related.filter((one) => typeOf(one) === 'ServiceRequest'))) {
      for (const task of await around.find('Task', 'focus', order)) {
        const isMoved = draft.moves.some((move) => move.task === `Task/${task.id}`);
        if (!isMoved && isReferralTask(task) && readState(task) === 'completed') {
          found.push({ file: ref, task });
        }
      }
    }
  }
  return found;
}

/** A change of its words, labels or status is no other note; a message that is kept is none. */
const isNews = (before: Resource | undefined, after: Resource): boolean =>
  after['status'] !== 'entered-in-error' &&
  !valuesAt(after, 'category.coding.system').includes(FATE_SYSTEM) &&
  !isDeepStrictEqual(valuesAt(before, 'content'), valuesAt(after, 'content'));
