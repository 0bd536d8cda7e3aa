/**
 * The order of messages (rules 7.5). Transports keep no order between two parties, and engines send again what failed; so
 * an event counts by the time at which its sender wrote it (MSH-7), and moves of the two parties may cross.
 */
import { parseInstant } from '../fhir/datetime.ts';
import type { Ref } from '../fhir/types.ts';
import { EVERYTHING, type Clause, type Match, type Query } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { isTerminal, type State } from '../referral/state.ts';
import type { Event } from '../referral/transitions.ts';
import type { Draft } from '../operations/write/draft.ts';
import { valuesAt } from '../resources/element.ts';
import { APPLIED, EVENT_SYSTEM, FATE_SYSTEM } from '../resources/message-codes.ts';

/** `perhaps`: by times that contradict each other, so that nobody but a person can tell. */
type Overtaken = 'no' | 'yes' | 'perhaps';

/**
 * Whether a later event of the same sender was applied to this referral. It is asked of the kept messages, so that it
 * holds in the very commit that applies the next one. Two events of one second are taken as they come. An interim note
 * overtakes nothing: where it leads depends on the state that it meets (ADR 0019).
 *
 * An event that claims a time ahead of its own receipt overtakes for sure only what was written before that receipt: what
 * claims to be written after it, and yet before the event, was written by a clock that ran ahead, or was put right since.
 */
export async function isOvertaken(
  draft: Draft,
  request: Ref,
  sender: Ref,
  sentAt: string | undefined,
): Promise<Overtaken> {
  const query = buildLaterQuery(request, sender, sentAt, { kind: 'not', clause: IS_INTERIM_NOTE });
  if (query === undefined) return 'no';
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  if (matches.length === 0) return 'no';
  const sent = Date.parse(sentAt ?? '');
  return matches.every((match) => receivedAt(match) <= sent) ? 'perhaps' : 'yes';
}

/** When a kept message was received, milliseconds since 1970. */
function receivedAt({ text }: Match): number {
  const [creation] = valuesAt(parseStored(text), 'content.attachment.creation');
  return Date.parse(String(creation));
}

/** The latest interim note of the sender that is later than `sentAt` and was applied; the kept message, undefined for none. */
export async function findLaterNote(
  snapshot: Snapshot,
  request: Ref,
  sender: Ref,
  sentAt: string | undefined,
): Promise<Ref | undefined> {
  const query = buildLaterQuery(request, sender, sentAt, IS_INTERIM_NOTE);
  if (query === undefined) return undefined;
  const { matches } = await snapshot.search({ ...query, sort: [{ param: 'date', descending: true }] });
  return matches[0]?.ref;
}

const IS_INTERIM_NOTE: Clause = {
  kind: 'token',
  param: 'category',
  system: EVENT_SYSTEM,
  code: 'send-interim-note' satisfies Event,
};

/** Later events of one sender that are looked at, at most. */
const LATER_MAX = 50;

/** A kept message that tells of an event after `sentAt`; undefined where the time is not known to the second. */
function buildLaterQuery(
  request: Ref,
  sender: Ref,
  sentAt: string | undefined,
  which: Clause,
): Query | undefined {
  const sent = sentAt === undefined ? undefined : parseInstant(sentAt);
  if (sent === undefined) return undefined;
  return {
    type: 'DocumentReference',
    where: {
      kind: 'all',
      of: [
        { kind: 'reference', param: 'related', to: [request] },
        { kind: 'reference', param: 'author', to: [sender] },
        { kind: 'token', param: 'category', system: FATE_SYSTEM, code: APPLIED },
        { kind: 'token', param: 'category', system: EVENT_SYSTEM },
        which,
        { kind: 'range', param: 'date', prefix: 'sa', low: sent.low, high: sent.high },
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: LATER_MAX,
    offset: 0,
    total: false,
  };
}

type Crossing = readonly [events: readonly Event[], during: readonly State[], says: string];

const VISITS: readonly Event[] = [
  'send-schedule-visit-information',
  'send-rescheduled-visit-information',
  'send-appointment-cancellation-information',
  'send-no-show-information',
];

/**
 * Moves that crossed: what the one party wrote before it had heard of the other's. They are filed and move nothing. What
 * the table of transitions decides itself is not here: the outcome (TID 24) and a decline (G10a) while cancellation is
 * requested.
 */
// prettier-ignore
const CROSSINGS: readonly Crossing[] = [
  [['send-cancellation-request'],      ['completed'],                                'the outcome was there before the request to cancel, and counts'],
  [['send-cancellation-request'],      ['rejected'],                                 'the referral was declined before it was to be cancelled'],
  [['send-cancellation-request'],      ['cancelled'],                                'the referral is cancelled already'],
  [['send-acceptance'],                ['in-progress/5.2'],                          'cancellation was requested before the acceptance came'],
  [['send-acceptance'],                ['in-progress', 'in-progress/5.1.1', 'in-progress/5.1.2', 'in-progress/5.1.3', 'in-progress/5.1.4', 'completed'],
                                                                                     'the referral was accepted before'],
  [VISITS,                             ['in-progress/5.2'],                          'cancellation was requested before the visit became known'],
  [['send-interim-note'],              ['completed'],                                'the note came after the outcome; it is filed'],
];

/** What is said of an event that crossed another; undefined when it did not. */
export const crossingOf = (event: Event, state: State): string | undefined =>
  CROSSINGS.find(([events, during]) => events.includes(event) && during.includes(state))?.[2];

/** Whether what is not legal now may be so after another message. */
export const mayBecomeLegal = (state: State): boolean => !isTerminal(state);
