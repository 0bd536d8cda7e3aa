/**
 * The ways by which one event came to one counterparty: its inbox here, and the entries of the outbox. What is on record of
 * a way counts first; of others the outbox says it (ADR 0032).
 */
import { advance, stateBy } from '../../delivery/delivered/advance.ts';
import { readDelivery, recordOfRow } from '../../delivery/delivered/record.ts';
import { deliveryRank } from '../../delivery/delivered/states.ts';
import type { Ref } from '../../fhir/types.ts';
import {
  DELIVERY_RECORD,
  type DeliveryEvidence,
  type DeliveryRecord,
  type DeliveryState,
} from '../../ports/delivered.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { allRecords } from '../../ports/record.ts';
import type { OutboxRow } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { typeOf, valuesAt } from '../../resources/element.ts';
import { MEMBER_KIND } from '../../resources/parties/standing.ts';
import type { TimelineGathering } from '../timeline/gather.ts';
import type { ToldEvent } from './events.ts';
import { evidenceOfReads, readsBy, type Reads } from './reads.ts';

export interface WayTaken {
  readonly record: DeliveryRecord;
  /** What became of the entry; undefined for the inbox, and for an entry that is forgotten. */
  readonly outcome?: OutboxRow['state'];
  /** Of an entry that waits: milliseconds since 1970 when it is tried next. */
  readonly nextTry?: number;
}

/** An event for one counterparty. */
export interface EventDelivery {
  readonly event: ToldEvent;
  /** Undefined while nobody is known to whom it goes. */
  readonly to: Ref | undefined;
  readonly state: DeliveryState;
  readonly ways: readonly WayTaken[];
}

/** Entries about one resource that are looked at. */
const ENTRIES_MAX = 1000;

interface Known {
  /** Of the referral, by their entry. */
  readonly records: ReadonlyMap<string, DeliveryRecord>;
  readonly rows: readonly OutboxRow[];
  readonly reads: ReadonlyMap<Ref, Reads>;
  /** Members have an inbox. */
  readonly members: ReadonlySet<Ref>;
  readonly contentless: ReadonlySet<Ref>;
}

/**
 * The deliveries of these events. `all`: every event of the referral, by which a counterparty has answered.
 *
 * @throws OperationOutcomeError what refuses a search that the store ended
 */
export async function gatherDeliveries(
  gathering: TimelineGathering,
  order: Ref,
  events: readonly ToldEvent[],
  all: readonly ToldEvent[],
): Promise<readonly EventDelivery[]> {
  const known = await gatherKnown(gathering, order, events);
  const deliveries: EventDelivery[] = [];
  for (const event of events) {
    if (event.to.length === 0) deliveries.push({ event, to: undefined, ways: [], state: 'queued' });
    for (const to of event.to) {
      const inbox = known.members.has(to) ? await inboxOf(gathering, event, to) : undefined;
      const sent = [...entriesOf({ event, to, all }, known)];
      if (!event.isMove && inbox === undefined && sent.length === 0 && event.held === undefined) continue;
      const answer = all.find(
        (later) => later.task === event.task && later.seq > event.seq && later.by === to,
      );
      const read = evidenceOfReads(known.reads.get(to) ?? [], event.seq);
      const seen = [...(inbox === undefined ? [] : [inbox]), ...sent].map((way) => withReads(way, read));
      const ways = answer === undefined ? seen : withAnswer(seen, answer);
      deliveries.push({ event, to, ways, state: stateOfWays(ways.map(({ record }) => record.state)) });
    }
  }
  return deliveries;
}

async function gatherKnown(
  { context, snapshot, signal }: TimelineGathering,
  order: Ref,
  events: readonly ToldEvent[],
): Promise<Known> {
  const tasks = new Set(events.map(({ task }) => task));
  const records = new Map<string, DeliveryRecord>();
  for (const task of tasks)
    for (const stored of await allRecords(snapshot, DELIVERY_RECORD, 'task', task))
      records.set(stored.key, readDelivery(stored));
  const rows: OutboxRow[] = [];
  for (const subject of new Set(events.flatMap(({ subjects }) => subjects)))
    rows.push(...(await context.store.outbox({ subject, count: ENTRIES_MAX })).toReversed());
  const parties = new Set(events.flatMap(({ to }) => to));
  const first = events[0]?.seq ?? 0;
  const reads = new Map<Ref, Reads>();
  const members = new Set<Ref>();
  for (const party of parties) {
    reads.set(party, await readsBy(snapshot, party, [order, ...tasks], first, signal));
    if ((await snapshot.record(MEMBER_KIND, party)) !== undefined) members.add(party);
  }
  const contentless = new Set<Ref>();
  for (const receiver of new Set(rows.map((row) => row.receiver)))
    if (typeOf(receiver) === 'Subscription') {
      const subscription = resourceOf(await snapshot.read(receiver, EVERYTHING));
      if (valuesAt(subscription, 'channel.payload').length === 0) contentless.add(receiver);
    }
  return { records, rows, reads, members, contentless };
}

/** In the inbox of a member as soon as it was committed, if the member sees it. */
async function inboxOf(
  { snapshot }: TimelineGathering,
  { seq, at, task, subjects, event, isMove }: ToldEvent,
  to: Ref,
): Promise<WayTaken | undefined> {
  const subject = isMove ? task : subjects.find((one) => one !== task);
  if (subject === undefined) return undefined;
  const version = await snapshot.read(subject, { everything: false, organization: to });
  if (version?.text === undefined) return undefined;
  const record: DeliveryRecord = {
    entry: '',
    rail: 'inbox',
    receiver: to,
    to,
    task,
    subject,
    event,
    seq,
    committedAt: at,
    attempts: 0,
    state: 'queued',
    evidence: [],
  };
  return { record: advance(record, { kind: 'committed', at, source: `commit ${seq}` }) };
}

/** An event for a counterparty, among all of its referral. */
interface SoughtEvent {
  readonly event: ToldEvent;
  readonly to: Ref;
  readonly all: readonly ToldEvent[];
}

/** An entry leaves with the commit of its event; one that was withheld, with the commit that gave what it lacked (rules 1.15). */
function isEntryOf(
  { event, all }: SoughtEvent,
  entry: { readonly seq: number; readonly event: string },
): boolean {
  if (entry.seq <= event.seq || !event.isMove || entry.event !== event.event) return entry.seq === event.seq;
  return !all.some(
    (one) =>
      one.task === event.task && one.event === event.event && one.seq > event.seq && one.seq <= entry.seq,
  );
}

function* entriesOf(sought: SoughtEvent, { records, rows, contentless }: Known): Iterable<WayTaken> {
  const { event, to } = sought;
  const shown = new Set<string>();
  for (const row of rows) {
    if (!isEntryOf(sought, row) || row.sight.everything || row.sight.organization !== to) continue;
    if (row.orderingKey !== event.task && typeOf(row.orderingKey) === 'Task') continue;
    shown.add(row.id);
    const isOpen = row.state === 'waiting' || row.state === 'leased';
    const known = records.get(row.id) ?? recordOfRow(row, !contentless.has(row.receiver));
    const record = { ...known, attempts: row.attempt, ...(isOpen && row.why !== '' && { why: row.why }) };
    yield { record, outcome: row.state, ...(isOpen && { nextTry: row.due }) };
  }
  // Entries are forgotten after a while, records are not.
  for (const record of records.values())
    if (
      isEntryOf(sought, record) &&
      record.to === to &&
      record.task === event.task &&
      !shown.has(record.entry)
    )
      yield { record };
}

const HAVE_READS: ReadonlySet<string> = new Set(['inbox', 'rest-hook']);

const withReads = (way: WayTaken, reads: readonly DeliveryEvidence[]): WayTaken =>
  HAVE_READS.has(way.record.rail) && way.record.state !== 'withheld'
    ? { ...way, record: reads.reduce(advance, way.record) }
    : way;

/** An answer came of what had left; of what failed only where nothing else had. What was withheld was never told. */
function withAnswer(ways: readonly WayTaken[], { seq, at }: ToldEvent): readonly WayTaken[] {
  const isLive = ({ record: { state } }: WayTaken): boolean => (deliveryRank(state) ?? 0) > 0;
  const someLive = ways.some(isLive);
  const evidence: DeliveryEvidence = { kind: 'answered', at, source: `commit ${seq}` };
  return ways.map((way) =>
    someLive
      ? isLive(way)
        ? answered(way, evidence)
        : way
      : way.record.state === 'failed'
        ? answered(way, evidence)
        : way,
  );
}

const answered = (way: WayTaken, evidence: DeliveryEvidence): WayTaken => ({
  ...way,
  record: advance(way.record, evidence),
});

/** The furthest of several ways; an end only where all have ended. */
export function stateOfWays(states: readonly DeliveryState[]): DeliveryState {
  const ranked = states.filter((state) => deliveryRank(state) !== undefined);
  const furthest = ranked.toSorted((a, b) => (deliveryRank(b) ?? 0) - (deliveryRank(a) ?? 0))[0];
  if (furthest !== undefined) return furthest;
  return states.find((state) => state === 'failed') ?? states[0] ?? stateBy('', []);
}
