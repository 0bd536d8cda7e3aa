/**
 * Notes (MDM^T02; rules 7.4): kept as documents of the referral, and paired with the status that they belong to by the
 * referral, within `pairWithinMs`, whichever comes first.
 */
import { parseInstant } from '../../fhir/datetime.ts';
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import type { NoteReading, DocumentReading } from '../../hl7v2/messages/reading.ts';
import type { Remark } from '../../ports/inbound.ts';
import { EVERYTHING, type Match, type Query } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';
import { quarantined, remark, type MessageVerdict } from '../fate.ts';
import { planFeedback, withOutput } from './plan-feedback.ts';
import type { Incoming } from './incoming.ts';
import {
  describeNote,
  planClinicalDocument,
  readClinicalDocument,
  unread,
  type IncomingDocument,
} from './plan-clinical-document.ts';
import { valueOfInput } from '../work-items.ts';
import { keeperOfMessage } from '../inbound-message.ts';
import { closeItem } from '../../operations/write/close-item.ts';
import { mark, NOTE_PAIRED, NOTE_SYSTEM, NOTE_WAITS } from '../../resources/message-codes.ts';
import { changeOwn, changeSent, planSent } from '../../operations/write/planned-resources.ts';
import type { Referral } from '../find-referral.ts';

/** A note as it is kept. */
export interface ReferralNote {
  readonly document: Ref;
}

/** Notes or statuses of one referral that wait for each other, at most. */
const WAITING_MAX = 100;

/** The oldest note of the recipient that came shortly before, or after, `at` and belongs to no status yet. */
export async function findWaitingNote(
  draft: Draft,
  { request, recipient }: Referral,
  at: number,
  withinMs: number,
): Promise<ReferralNote | undefined> {
  const matches = await findMatches(draft, 'DocumentReference', '_lastUpdated', [
    { kind: 'reference', param: 'related', to: [request] },
    { kind: 'reference', param: 'author', to: [recipient] },
    { kind: 'token', param: 'category', system: NOTE_SYSTEM, code: NOTE_WAITS },
    { kind: 'updated', prefix: 'ge', low: at - withinMs, high: at - withinMs },
  ]);
  const [first] = matches;
  return first === undefined ? undefined : { document: first.ref };
}

/** What all of these select, the oldest by `sort` first; at the commit it must still be the same. */
async function findMatches(
  draft: Draft,
  type: 'DocumentReference' | 'Task',
  sort: string,
  of: readonly Query['where'][],
): Promise<readonly Match[]> {
  const query: Query = {
    type,
    where: { kind: 'all', of },
    sort: [{ param: sort, descending: false }],
    sight: EVERYTHING,
    count: WAITING_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  return matches;
}

/** The note's status has come. */
export const pairNote = (draft: Draft, { document }: ReferralNote): Promise<void> =>
  changeOwn(draft, document, (tree) => ({ ...tree, category: [mark(NOTE_SYSTEM, NOTE_PAIRED)] }));

/** How a note is planned. */
interface NoteOptions {
  readonly pairWithinMs: number;
  /** Why its clinical document is not to be read: what was made of it before was refused. */
  readonly unread?: string | undefined;
}

/** What became of a note. */
interface PlannedNote {
  readonly verdict: MessageVerdict;
  /** Whether resources were made of its clinical document. */
  readonly isConverted: boolean;
}

/** Plans a note with what its clinical document says, and gives it to a status that came without one. */
export async function planNote(
  draft: Draft,
  incoming: Incoming,
  reading: NoteReading,
  referral: Referral,
  fullUrls: Map<string, Ref>,
  { pairWithinMs: withinMs, unread: refused }: NoteOptions,
): Promise<PlannedNote> {
  const { document, withdrawal, findings } = reading;
  if (withdrawal !== undefined)
    return only(await withdrawNotes(draft, incoming, findings, withdrawal, referral));
  if (document === undefined) return only(quarantined(findings));
  const { clinical, remarks } =
    refused === undefined
      ? await readClinicalDocument(draft, incoming, document, referral)
      : { clinical: undefined, remarks: [unread(incoming, refused)] };
  const status = referral.actors.has('referralRecipient')
    ? await findStatusWithoutNote(draft, referral, incoming.receivedAt - withinMs)
    : undefined;
  const state = status === undefined ? NOTE_WAITS : NOTE_PAIRED;
  const note: ReferralNote = {
    document: planDocument(draft, document, referral, incoming, { state, clinical }),
  };
  if (clinical !== undefined) planClinicalDocument(draft, clinical, note.document, fullUrls);
  if (status !== undefined) await giveNote(draft, referral, note, status);
  return {
    verdict: { fate: 'applied', referral, remarks: [...findings, ...remarks] },
    isConverted: clinical !== undefined,
  };
}

const only = (verdict: MessageVerdict): PlannedNote => ({ verdict, isConverted: false });

type Withdrawal = NonNullable<NoteReading['withdrawal']>;

/**
 * A note that its author takes back: what was kept of it under its number says so, pairs with no status any more, and a
 * person of the other party is asked, who may have acted on it. Without a number nobody can tell which note is meant.
 */
async function withdrawNotes(
  draft: Draft,
  { sender }: Incoming,
  findings: readonly Remark[],
  { status, identifier }: Withdrawal,
  referral: Referral,
): Promise<MessageVerdict> {
  const known = identifier === undefined ? [] : await findNotes(draft, referral, sender, identifier);
  for (const note of known) {
    await changeOwn(draft, note, (tree) => ({ ...tree, status, category: [mark(NOTE_SYSTEM, NOTE_PAIRED)] }));
  }
  const number = identifier?.value === undefined ? 'without a number' : `number ${identifier.value}`;
  const says =
    known.length === 0
      ? `the note ${number} is taken back, and none of this number is known`
      : `the note ${number} is taken back; it is marked ${status}`;
  return {
    fate: 'applied',
    referral,
    remarks: [...findings, remark('referral-rule', 'W', 'TXA-12', says)],
    alsoAsked: 'note-withdrawn',
  };
}

/** The notes of this referral that the sender gave this number. */
async function findNotes(
  draft: Draft,
  { request }: Referral,
  sender: Ref | undefined,
  { system, value }: Identifier,
): Promise<readonly Ref[]> {
  if (sender === undefined || value === undefined) return [];
  const matches = await findMatches(draft, 'DocumentReference', '_lastUpdated', [
    { kind: 'reference', param: 'related', to: [request] },
    { kind: 'reference', param: 'author', to: [sender] },
    { kind: 'token', param: 'category', system: NOTE_SYSTEM },
    { kind: 'token', param: 'identifier', code: value, ...(system !== undefined && { system }) },
  ]);
  return matches.map(({ ref }) => ref);
}

/** Plans a document of a referral, with what its clinical document says of itself. */
export function planDocument(
  draft: Draft,
  document: DocumentReading,
  { request, patient }: Referral,
  incoming: Incoming,
  { state, clinical }: { readonly state: string; readonly clinical: IncomingDocument | undefined },
): Ref {
  const { sender } = incoming;
  const keeper = keeperOfMessage(incoming);
  const { contentType, data, title, identifier, type, date, docStatus, confidentiality } = document;
  const binary = planSent(draft, { resourceType: 'Binary', contentType, data });
  const note: Resource = {
    resourceType: 'DocumentReference',
    ...(identifier !== undefined && { masterIdentifier: identifier }),
    status: 'current',
    ...(docStatus !== undefined && { docStatus }),
    ...(type !== undefined && { type }),
    category: [mark(NOTE_SYSTEM, state)],
    ...(patient !== undefined && { subject: { reference: patient } }),
    ...(date !== undefined && parseInstant(date) !== undefined && { date }),
    ...(sender !== undefined && { author: [{ reference: sender }] }),
    ...(keeper !== undefined && { custodian: { reference: keeper } }),
    ...(confidentiality !== undefined && { securityLabel: [{ coding: [confidential(confidentiality)] }] }),
    content: [
      {
        attachment: {
          contentType,
          url: binary,
          ...(title !== undefined && { title }),
          size: Buffer.byteLength(data, 'base64'),
        },
      },
    ],
    context: { related: [{ reference: request }] },
  };
  return planSent(draft, clinical === undefined ? note : describeNote(note, clinical));
}

const confidential = (code: string) => ({
  system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  code,
});

// — a status that came before its note

interface StatusWithoutNote {
  readonly item: Ref;
  readonly event: string;
}

async function findStatusWithoutNote(
  draft: Draft,
  { request, recipient }: Referral,
  since: number,
): Promise<StatusWithoutNote | undefined> {
  const matches = await findMatches(draft, 'Task', 'authored-on', [
    { kind: 'reference', param: 'based-on', to: [request] },
    { kind: 'reference', param: 'requester', to: [recipient] },
    { kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: 'note-missing' },
    { kind: 'token', param: 'status', code: 'requested' },
    { kind: 'range', param: 'authored-on', prefix: 'ge', low: since, high: since },
  ]);
  const [first] = matches;
  if (first === undefined) return undefined;
  const task = parseStored(first.text);
  return { item: first.ref, event: valueOfInput(task, 'event') ?? '' };
}

/**
 * The note that a status lacked. While the referral is where that status brought it, it is the recipient's interim note
 * (TID 29) and the other party is told; later it is added to what the recipient sent, and moves nothing.
 */
async function giveNote(
  draft: Draft,
  referral: Referral,
  note: ReferralNote,
  { item, event }: StatusWithoutNote,
): Promise<void> {
  const output = await planFeedback(draft, referral, note, event);
  if (output !== undefined) {
    const { task, state } = referral;
    const change = (tree: Resource): Resource => withOutput(tree, output);
    const isItsMove = event === 'send-interim-note' && state === 'in-progress/5.1.4';
    if (isItsMove) await changeSent(draft, task, change);
    else await changeOwn(draft, task, change);
  }
  await closeItem(draft, item, 'the note came');
}
