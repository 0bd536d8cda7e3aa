/**
 * Sends a note that a recipient uploads after the outcome: it moves nothing, and the server still sends it, as MDM^T02
 * without a status (rules 1.15). When it cannot be sent, a work item asks a person of the recipient.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { OutboxEntry } from '../../ports/store.ts';
import { note } from '../../referral/ruling.ts';
import { isReferralTask, modifiedAt, readState } from '../../referral/state.ts';
import { LATE_NOTE, needsNote } from '../../referral/transactions.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { actorOf } from '../request.ts';
import { missingIn } from './coming.ts';
import { type Draft } from './draft.ts';
import { FATE_SYSTEM } from '../../resources/message-codes.ts';
import { changeOwn } from './planned-resources.ts';
import { ruleContextOf } from './rule-context.ts';
import { findWithheld, isUnheard, STILL_OPEN, UNHEARD, withhold } from './withheld.ts';
import { readPreview } from './preview.ts';

/** A file, and the referral that had ended before it came. */
interface Late {
  readonly file: Ref;
  readonly task: Resource;
  /** The note was told, and is an error or deleted now. */
  readonly takenBack: boolean;
}

/** Adds an entry of the outbox for each party that is told of a note; a work item where it cannot be sent. */
export async function tellLateNotes(draft: Draft): Promise<void> {
  if (draft.context.lacks === undefined || draft.importing) return;
  const told = new Set<string>();
  for (const late of await lateOnes(draft)) {
    for (const entry of await entriesOf(draft, late)) {
      // A referral may have several Tasks, and a file several referrals.
      const key = `${entry.receiver} ${late.file} ${focusOf(late.task) ?? ''}`;
      if (told.has(key) || isToldAnyway(draft, entry)) continue;
      told.add(key);
      const missing = await missingOf(draft, late, entry);
      if (missing.length === 0) draft.tells.push(entry);
      else await withholdNote(draft, late, entry, missing);
    }
  }
}

async function missingOf(draft: Draft, { takenBack }: Late, entry: OutboxEntry): Promise<readonly string[]> {
  if (takenBack) return [TAKEN_BACK];
  return (await isUnheard(draft, entry)) ? [UNHEARD] : missingIn(draft, entry);
}

const TAKEN_BACK = 'it was told before, and is taken back; no message says so';

/** It was withheld before, by itself or as what an outcome waited for, and is sent with this write. */
const isToldAnyway = ({ tells }: Draft, { orderingKey, receiver, subject }: OutboxEntry): boolean =>
  tells.some(
    (entry) => entry.orderingKey === orderingKey && entry.receiver === receiver && entry.subject === subject,
  );

/** Who is told of a note: the initiator, by each of its Endpoints, when the recipient wrote it. */
async function entriesOf(draft: Draft, { file, task }: Late): Promise<readonly OutboxEntry[]> {
  const { caller, now, context } = draft;
  const ruleContext = ruleContextOf(draft);
  const initiator = await ruleContext.partyOf(task['requester']);
  const recipient = await ruleContext.partyOf(task['owner']);
  if (recipient === undefined || recipient !== actorOf(caller)) return [];
  const ref: Ref = `Task/${task.id ?? ''}`;
  const move = { task: ref, tid: '', from: '', to: '', event: LATE_NOTE, by: 'referralRecipient' } as const;
  const entries = await context.selectRecipients(
    [],
    [{ ...move, initiator, recipient }],
    Date.parse(now),
    (one) => readPreview(draft, one),
  );
  return entries.map((entry) => ({ ...entry, subject: file }));
}

/** Warns the writer and asks a person: by the open work item of the same note for the same receiver, else by a new one. */
async function withholdNote(
  draft: Draft,
  { task }: Late,
  entry: OutboxEntry,
  missing: readonly string[],
): Promise<void> {
  const says = `a note after the outcome is not sent to ${entry.receiver}: ${missing.join('; ')}`;
  const place = 'DocumentReference.context.related';
  const open = await openItemOf(draft, entry);
  if (open === undefined) {
    const owner = draft.caller.organization ?? '';
    return withhold(draft, { entry, owner, basedOn: focusOf(task), state: readState(task), says, place });
  }
  draft.notes.push(note('warning', says, [place]));
  if ((await readPreview(draft, open))?.['description'] === says) return;
  await changeOwn(draft, open, (tree) => ({ ...modifiedAt(tree, draft.now), description: says }));
}

/** The open work item that asks about this file for this receiver; a person who edits a note again is not asked again. */
async function openItemOf(
  draft: Draft,
  { orderingKey, receiver, subject }: OutboxEntry,
): Promise<Ref | undefined> {
  const items = await findWithheld(draft, [
    { kind: 'reference', param: 'focus', to: [orderingKey] },
    STILL_OPEN,
  ]);
  return items.find(
    (item) =>
      item.status === 'open' &&
      item.event === LATE_NOTE &&
      item.receiver === receiver &&
      item.file === subject,
  )?.ref;
}

/** New files, new contents of files, and files that are taken back, whose order's referral had ended with its outcome. */
async function lateOnes(draft: Draft): Promise<readonly Late[]> {
  const ruleContext = ruleContextOf(draft);
  const found: Late[] = [];
  for (const { ref, before, after } of draft.planned.values()) {
    if (typeOf(ref) !== 'DocumentReference') continue;
    const takenBack = isTakenBack(before, after?.plain);
    if (takenBack ? draft.byMessage : !isNews(before, after?.plain)) continue;
    const related = valuesAt(after?.plain ?? before, 'context.related').flatMap((one) => localRef(one) ?? []);
    for (const order of new Set(related.filter((one) => typeOf(one) === 'ServiceRequest'))) {
      for (const task of await ruleContext.find('Task', 'focus', order)) {
        const isMoved = draft.moves.some((move) => move.task === `Task/${task.id}`);
        if (isMoved || !isReferralTask(task) || readState(task) !== 'completed') continue;
        if (!takenBack || (await wasTold(draft, ref, task))) found.push({ file: ref, task, takenBack });
      }
    }
  }
  return found;
}

/** By itself, or as an output of its referral. */
async function wasTold(draft: Draft, file: Ref, task: Resource): Promise<boolean> {
  if (valuesAt(task, 'output.valueReference').some((one) => localRef(one) === file)) return true;
  const rows = await draft.context.store.outbox({ subject: file, count: TELLINGS_MAX });
  return rows.some(({ event }) => event === LATE_NOTE || needsNote(event));
}

/** Entries of one file that are looked at. */
const TELLINGS_MAX = 100;

const isError = (file: Resource | undefined): boolean => file?.['status'] === 'entered-in-error';
/** A message that is kept is no note. */
const isKept = (file: Resource): boolean => valuesAt(file, 'category.coding.system').includes(FATE_SYSTEM);

/** A change of its words, labels or status is no other note, unless it is no error any more. */
const isNews = (before: Resource | undefined, after: Resource | undefined): boolean =>
  after !== undefined &&
  !isError(after) &&
  !isKept(after) &&
  (isError(before) || !isDeepStrictEqual(valuesAt(before, 'content'), valuesAt(after, 'content')));

const isTakenBack = (before: Resource | undefined, after: Resource | undefined): boolean =>
  before !== undefined && !isError(before) && !isKept(before) && (after === undefined || isError(after));
