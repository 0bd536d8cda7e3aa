/**
 * One delivery, from a claimed entry to its outcome: ask the gates as of now, hand the entry to its rail, record what became
 * of it (rules 6.1). At least once: after a crash between sending and recording, the entry is sent again with the same id.
 */
import { pause, type Clock, type Timers } from '../ports/clock.ts';
import type { DeliveryState } from '../ports/delivered.ts';
import {
  type Left,
  type NoticeFailure,
  type NoticeOfEntry,
  type NoticeToShow,
  type Rail,
  type Receipt,
} from '../ports/rail.ts';
import { reasonOf } from '../ports/reason.ts';
import {
  type ClaimedEntry,
  type Commit,
  CommitRefused,
  type Snapshot,
  type Store,
  type Write,
} from '../ports/store.ts';
import { EVERYTHING } from '../ports/query.ts';
import { whenAbandoned } from './abandoned.ts';
import { asksPerson } from './delivered/advance.ts';
import { settleRecord, stateOfEnd, writeRecord, type SettledRecord } from './delivered/record.ts';
import { type BackoffSettings, backoffMs } from './backoff.ts';
import type { Gate, GateDecision } from './gates.ts';
import type { HostPlaces } from './host-places.ts';
import { asTold, type Payloads } from './payloads.ts';
import { shownSnapshot } from './shown-view.ts';
import { typeOf } from '../resources/element.ts';
import { findOneNotice } from './one-notice.ts';
import { bearsPart2 } from './subject.ts';
import { attemptRow, outcomeCommit, type EndedDelivery, type OpenedItem } from './outcome.ts';
import { receiptOfError, scannedAttempt } from './scanned-attempt.ts';
import type { ScanTold } from './scanned-view.ts';
import { readOnce } from './read-once.ts';
import { takeWay } from './take-way.ts';
import type { FindOtherWays } from './ways.ts';
import { mayStillAsk, writerOf } from './writer.ts';

export interface DeliverySettings extends BackoffSettings {
  /** One attempt lasts at most so long; with the grace of an abort it must end before the lease does. */
  readonly attemptTimeoutMs: number;
  readonly attemptsMax: number;
}

/** One thing that happened to an entry, for metrics. `lost`: another process records its outcome, or it will be sent again. */
export interface DeliveryMetric {
  readonly rail: string;
  readonly fate: 'accepted' | 'refused' | 'withheld' | 'retry' | 'lost';
  readonly attempt: number;
  /** From the commit to this moment. */
  readonly ageMs: number;
  /** Of what ended: as far as it came. */
  readonly state?: DeliveryState;
}

/** Says something to an operator; ids only, nothing that a patient could be known by. */
type DeliveryLog = (
  level: 'info' | 'warn' | 'error',
  says: string,
  about: Readonly<Record<string, string | number>>,
) => void;

/** What every delivery of a server shares. */
export interface DeliveryParts {
  readonly store: Store;
  readonly rails: ReadonlyMap<string, Rail>;
  readonly gates: Gate;
  /** Where else an entry may go; absent: nowhere. */
  readonly otherWays?: FindOtherWays | undefined;
  /** By which rows of the payload table receivers are told; absent: by none. */
  readonly payloads?: Payloads;
  /** The write of a Task that asks a person of the responsible organization to act. */
  readonly workItem: (entry: ClaimedEntry, why: string) => Promise<Write>;
  /** The notice of an entry whose content is of 42 CFR Part 2. */
  readonly noticeOf: (
    entry: ClaimedEntry,
    now: Snapshot,
    asOf: Snapshot,
  ) => Promise<NoticeToShow | undefined>;
  /** The same as a work item, where the notice could not go with an entry. */
  readonly noticeItem: (entry: ClaimedEntry, failure: NoticeFailure) => Promise<Write | undefined>;
  /** What asks a person of the discloser about a delivery that the policies withhold; undefined: nobody is asked. */
  readonly withheldItem: (ended: EndedDelivery) => Promise<OpenedItem | undefined>;
  /** Scans the files that a rail reads; absent where there is no scanner. */
  readonly scanTold?: ScanTold | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
  readonly settings: DeliverySettings;
  readonly log: DeliveryLog;
  readonly onMetric: (metric: DeliveryMetric) => void;
}

/** A claimed entry of this server. */
export interface EntryLease {
  readonly entry: ClaimedEntry;
  /** Milliseconds since 1970: afterwards the entry may be claimed by anybody. */
  readonly until: number;
  /** Told when the receipt is offered to the store: nothing more is sent, and its receiver may be served again. */
  readonly offered?: () => void;
}

/** What the dispatcher lends to each delivery. */
interface Lent {
  readonly hosts: HostPlaces;
  /** Aborts when the server cannot wait for deliveries any longer. */
  readonly stopped: AbortSignal;
}

/** Between two tries to write a receipt that the store could not take. */
const RECORD_PAUSE_MS = 250;

/** Delivers one entry, or puts it off. Never rejects: an entry whose outcome could not be recorded is sent again. */
export async function deliverEntry(parts: DeliveryParts, lease: EntryLease, lent: Lent): Promise<void> {
  try {
    await deliver(parts, lease, lent);
  } catch (error) {
    lose(parts, lease.entry, reasonOf(error));
  }
}

async function deliver(parts: DeliveryParts, lease: EntryLease, lent: Lent): Promise<void> {
  const { store, settings } = parts;
  let entry = await toldAsOfNow(parts, lease.entry);
  // Its last attempts ended without a receipt (a crash, a full disk): sending it for ever would help nobody.
  if (entry.attempt > settings.attemptsMax)
    return conclude(parts, lease, { outcome: 'retry', why: 'no receipt could be written' }, NOT_ASKED);

  const asOf = store.snapshot(entry.seq);
  const now = store.snapshot();
  const isAsked = typeOf(entry.receiver) === 'Subscription';
  const writer = isAsked ? await writerOf(now, entry.receiver) : undefined;
  if (writer !== undefined && !(await mayStillAsk(now, writer, parts.clock.now())))
    return conclude(parts, lease, { outcome: 'refused', why: MUTE }, NOT_ASKED);
  const taken = await takeWay(parts, entry, now, readOnce(asOf)).catch(unasked);
  if ('outcome' in taken) return conclude(parts, lease, taken, NOT_ASKED);
  const { decision } = taken;
  entry = taken.entry;
  const { permitted: _permitted, why = decision.policy, ...decided } = decision;
  if (!decision.permitted) return recordOutcome(parts, lease, { entry, fate: 'withheld', ...decided, why });

  const notice = findOneNotice(() => parts.noticeOf(entry, now, asOf));
  const receipt = await attempt(parts, lent, { entry, asOf, now, noticeOf: notice.ask });
  return conclude(parts, { ...lease, entry }, receipt, { ...decided, ...(await notice.noted()) });
}

/** The entry with the sight of its receiver as it is now: an organization may have become another kind of party since. */
async function toldAsOfNow({ payloads }: DeliveryParts, entry: ClaimedEntry): Promise<ClaimedEntry> {
  return payloads === undefined ? entry : { ...entry, sight: await asTold(payloads, entry.sight) };
}

/** What the audit says of the decision. */
type Decided = Omit<GateDecision, 'permitted' | 'why'>;

/** Of an entry that waited while its client was suspended, or its writer left. */
const MUTE = 'who wrote the Subscription may ask for nothing now';

const NOT_ASKED: Decided = { policy: 'not-asked' };

/** The gates could not be asked: nothing is sent, and the entry waits like after any failed attempt. */
const unasked = (error: unknown): Receipt => ({ outcome: 'retry', why: `gates: ${reasonOf(error)}` });

interface Attempt {
  readonly entry: ClaimedEntry;
  readonly asOf: Snapshot;
  readonly now: Snapshot;
  readonly noticeOf: NoticeOfEntry;
}

/** One attempt by the entry's rail, ended by its deadline whether the rail heeds it or not. */
async function attempt(
  { rails, timers, settings, scanTold }: DeliveryParts,
  { hosts, stopped }: Lent,
  attempted: Attempt,
): Promise<Receipt> {
  const { entry } = attempted;
  const rail = rails.get(entry.rail);
  if (rail === undefined) return { outcome: 'retry', why: `this server has no rail ${entry.rail}` };
  // Nothing would tell the rail any more that nobody waits for it: its signal has aborted.
  if (stopped.aborted) return { outcome: 'retry', why: 'the server stops' };
  const ending = new AbortController();
  const { signal } = ending;
  const end = (): void => ending.abort();
  const callOff = timers.after(settings.attemptTimeoutMs, end);
  stopped.addEventListener('abort', end, { once: true });
  const abandoned = whenAbandoned(timers, signal);
  try {
    const { asOf, judge } = scannedAttempt(scanTold, attempted.asOf);
    const sent = inTurn(hosts, rail, { ...attempted, asOf }, signal)
      .then(judge)
      .catch(receiptOfError);
    return await Promise.race([sent, abandoned.receipt]);
  } finally {
    abandoned.forget();
    stopped.removeEventListener('abort', end);
    callOff();
  }
}

const CANNOT_CARRY: Receipt = {
  outcome: 'withheld',
  why: 'rail-cannot-carry: the rail has no place for the notice of 42 CFR 2.32',
  item: 'rail-cannot-carry',
};

async function owesNoticeFor({ entry: { subject }, asOf, noticeOf }: Attempt): Promise<boolean> {
  const version = await asOf.read(subject, EVERYTHING);
  const isBorne = version?.text !== undefined && bearsPart2(typeOf(subject), version.text);
  return isBorne && (await noticeOf()) !== 'none';
}

/** A host has so many places; a delivery that waits for one holds a place of its own organization alone. */
async function inTurn(
  hosts: HostPlaces,
  rail: Rail,
  attempted: Attempt,
  signal: AbortSignal,
): Promise<Receipt> {
  if (rail.carriesNotice === false && (await owesNoticeFor(attempted))) return CANNOT_CARRY;
  const { entry, asOf, now, noticeOf } = attempted;
  const host = await rail.hostOf?.(entry, now);
  const deliver = (): Promise<Receipt> =>
    rail.deliver(entry, shownSnapshot(readOnce(asOf), entry.sight), now, signal, noticeOf);
  if (host === undefined) return deliver();
  const leave = await hosts.enter(host, signal);
  if (leave === undefined) return { outcome: 'retry', why: 'timeout' };
  try {
    return await deliver();
  } finally {
    leave();
  }
}

/** Puts the entry off for another attempt, or ends its story. */
async function conclude(
  parts: DeliveryParts,
  lease: EntryLease,
  receipt: Receipt,
  decided: Decided,
): Promise<void> {
  const { store, settings, random } = parts;
  const { entry } = lease;
  const isLast = entry.attempt >= settings.attemptsMax;
  const left = receipt.outcome === 'withheld' ? {} : leftIn(receipt);
  if (receipt.outcome === 'retry' && !isLast) {
    const delay = backoffMs(entry.attempt, settings, random(), receipt.afterMs);
    const postpone = async (): Promise<void> => {
      await noteAttempt(store, { entry, fate: 'refused', ...decided, ...left, why: receipt.why });
      await store.postpone(entry.id, delay, receipt.why);
    };
    return recordPatiently(parts, lease, postpone, () => count(parts, entry, 'retry'));
  }
  if (receipt.outcome === 'retry') {
    const why = `given up after ${entry.attempt} attempts: ${receipt.why}`;
    // The receiver cannot be reached (45 CFR 171.204(a)(1)).
    const exception = 'infeasible-uncontrollable';
    return recordOutcome(parts, lease, {
      entry,
      fate: 'refused',
      ...decided,
      ...left,
      exception,
      why,
      gaveUp: true,
    });
  }
  if (receipt.outcome === 'withheld')
    return recordOutcome(parts, lease, {
      entry,
      fate: 'withheld',
      ...decided,
      policy: receipt.item === 'malware' ? 'malware-scan' : 'part2-notice',
      why: receipt.why,
      item: receipt.item,
    });
  const { outcome: fate, evidence, records } = receipt;
  const said = fate === 'accepted' ? { why: receipt.says, dueBy: receipt.dueBy } : { why: receipt.why };
  return recordOutcome(parts, lease, { entry, fate, ...decided, ...left, ...said, evidence, records });
}

const leftIn = ({ bytesHash, fileHashes, bytes }: Left): Left => ({ bytesHash, fileHashes, bytes });

/** What reached the receiver is on record even where it is sent again: its next attempt may be withheld (baa-messaging MS51). */
async function noteAttempt(store: Store, ended: EndedDelivery): Promise<void> {
  if (ended.bytesHash === undefined) return;
  const { seq, subject } = ended.entry;
  await store.record(attemptRow(ended, await store.snapshot(seq).read(subject, EVERYTHING)));
}

async function recordOutcome(parts: DeliveryParts, lease: EntryLease, ended: EndedDelivery): Promise<void> {
  const { store, log } = parts;
  const { entry, fate } = ended;
  let state: DeliveryState | undefined;
  const commit = async (): Promise<unknown> => {
    const settled = await settleRecord(store.snapshot(), ended, new Date(parts.clock.now()).toISOString());
    state = settled?.record.state ?? stateOfEnd(entry, fate, ended.bytesHash !== undefined);
    const recorded = store.commit(await buildOutcome(parts, ended, settled));
    lease.offered?.();
    return recorded;
  };
  await recordPatiently(parts, lease, commit, () => {
    count(parts, entry, fate, state);
    if (fate === 'refused') log('warn', 'a delivery was refused for good', about(entry));
  });
}

/** Writes what came of an attempt, again and again while the store may take it and the lease lasts. */
async function recordPatiently(
  parts: DeliveryParts,
  { entry, until }: EntryLease,
  write: () => Promise<unknown>,
  recorded: () => void,
): Promise<void> {
  const { clock, timers } = parts;
  let mayBeWritten = false;
  for (;;) {
    try {
      await write();
      return recorded();
    } catch (error) {
      const reason = error instanceof CommitRefused ? error.reason : undefined;
      if (reason === 'not-leased' && mayBeWritten) return recorded();
      mayBeWritten ||= reason === 'unsure';
      const last = clock.now() + RECORD_PAUSE_MS >= until;
      if (last || !mayPass(error)) return lose(parts, entry, reasonOf(error));
    }
    await pause(timers, RECORD_PAUSE_MS);
  }
}

async function buildOutcome(
  parts: DeliveryParts,
  ended: EndedDelivery,
  settled: SettledRecord | undefined,
): Promise<Commit> {
  const { entry } = ended;
  const subject = await parts.store.snapshot(entry.seq).read(entry.subject, EVERYTHING);
  if (settled === undefined) return outcomeCommit(ended, subject, await itemFor(parts, ended));
  // What the receiver is known to have is nobody's work, though the server never learned so while it sent.
  const { record, known } = settled;
  const cameThrough = ended.fate === 'refused' && asksPerson(record) === undefined;
  const item = cameThrough ? undefined : await itemFor(parts, ended);
  const write = writeRecord({ ...record, ...(item !== undefined && { item: item.write.ref }) }, known);
  return outcomeCommit(ended, subject, item, write);
}

/** What asks a person to act, in the commit that ends the delivery. */
async function itemFor(
  { workItem, noticeItem, withheldItem }: DeliveryParts,
  ended: EndedDelivery,
): Promise<OpenedItem | undefined> {
  const { entry, fate, why, item } = ended;
  if (item !== undefined) return opened(await noticeItem(entry, item));
  if (fate === 'refused') return opened(await workItem(entry, why ?? 'refused'));
  return fate === 'withheld' && ended.elsewhere !== true ? withheldItem(ended) : undefined;
}

const opened = (write: Write | undefined): OpenedItem | undefined => write && { write };

/** Whether the same commit may be taken a moment later. */
const mayPass = (error: unknown): boolean =>
  error instanceof CommitRefused && error.reason !== 'not-leased' && error.reason !== 'closed';

/** The receipt could not be written. When the lease has ended the entry is sent again, with the same id. */
function lose(parts: DeliveryParts, entry: ClaimedEntry, reason: string): void {
  parts.log('error', 'the receipt of a delivery could not be written', { ...about(entry), reason });
  count(parts, entry, 'lost');
}

function count(
  { clock, onMetric }: DeliveryParts,
  entry: ClaimedEntry,
  fate: DeliveryMetric['fate'],
  state?: DeliveryState,
): void {
  const ageMs = clock.now() - Date.parse(entry.at);
  onMetric({ rail: entry.rail, fate, attempt: entry.attempt, ageMs, ...(state !== undefined && { state }) });
}

const about = ({ id, rail, receiver, subject, attempt }: ClaimedEntry): Record<string, string | number> => ({
  entry: id,
  rail,
  receiver,
  subject,
  attempt,
});
