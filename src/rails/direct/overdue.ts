/**
 * Looks after mails that were not confirmed in time (direct-xdm 6): mails the same package once more where the table says so,
 * then asks a person. Evidence that came meanwhile ends the waiting; later evidence still counts, and closes the question.
 */
import { jobEntry } from '../../ports/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import { auditedCommit } from '../../ports/commit.ts';
import {
  DELIVERY_RECORD,
  type DeliveryRecord,
  type EvidenceKind,
  type NoteEvidence,
} from '../../ports/delivered.ts';
import { DIRECT } from '../../ports/direct.ts';
import type { Receipt } from '../../ports/rail.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../../ports/record.ts';
import type { Snapshot, Store } from '../../ports/store.ts';
import {
  dueAfter,
  EXPECTED,
  learnHabit,
  readHabits,
  waitsForDispatched,
  type ExpectedTimes,
} from './expect.ts';
import type { DirectLog } from './owed.ts';
import { DIRECT_SENT, readSent, writeSent, type AwaitedNotification, type SentMail } from './sent.ts';

interface OverdueParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly noteEvidence: NoteEvidence;
  readonly clock: Clock;
  readonly times: ExpectedTimes;
  /** Mails the package of an entry once more, where the policies still let it; undefined where they do not. */
  readonly resend: (sent: SentMail, signal: AbortSignal) => Promise<Receipt | undefined>;
  readonly log: DirectLog;
}

/** Looks at each mail of which a notification is due. */
export async function markOverdue(parts: OverdueParts, signal: AbortSignal): Promise<void> {
  const snapshot = parts.store.snapshot();
  const now = parts.clock.now();
  const open = await allRecords(snapshot, DIRECT_SENT, 'state', 'open');
  for (const record of open) {
    if (signal.aborted) return;
    if (Date.parse(readSent(record).dueBy) <= now) await lookAtSent(parts, snapshot, record, signal);
  }
}

/** Evidence after which nothing is waited for. */
const ENDING: ReadonlySet<EvidenceKind> = new Set([
  'mdn-dispatched',
  'mdn-displayed',
  'mdn-failed',
  'dsn-failed',
  'answered',
]);

async function lookAtSent(
  parts: OverdueParts,
  snapshot: Snapshot,
  record: StoredRecord,
  signal: AbortSignal,
): Promise<void> {
  const sent = readSent(record);
  const delivery = await snapshot.record(DELIVERY_RECORD, sent.entry);
  const { evidence = [] } = (delivery?.body ?? {}) as Partial<DeliveryRecord>; // of its kind
  const processed = evidence.find(({ kind }) => kind === 'mdn-processed');
  if (evidence.some(({ kind }) => ENDING.has(kind))) {
    const isDispatched = evidence.some(({ kind }) => kind === 'mdn-dispatched');
    return write(parts, record, ended(sent), isDispatched ? 'dispatched' : undefined);
  }
  if (sent.waitsFor === 'processed' && processed !== undefined)
    return waitOn(parts, snapshot, record, Date.parse(processed.at));
  if (sent.waitsFor === 'processed' && EXPECTED.processed.resends && !sent.isRepeated) {
    const resent = await tryAgain(parts, sent, signal);
    if (resent !== undefined) return write(parts, record, resent);
  }
  return giveUp(parts, record);
}

/** It was processed: now `dispatched` is waited for, of a peer that sends it. */
async function waitOn(
  parts: OverdueParts,
  snapshot: Snapshot,
  record: StoredRecord,
  processedAt: number,
): Promise<void> {
  const sent = readSent(record);
  if (!waitsForDispatched(await readHabits(snapshot, sent.to))) return write(parts, record, ended(sent));
  const dueAt = dueAfter('dispatched', processedAt, parts.times);
  const waiting: SentMail = { ...sent, waitsFor: 'dispatched', dueBy: new Date(dueAt).toISOString() };
  await write(parts, record, waiting);
}

async function tryAgain(
  parts: OverdueParts,
  sent: SentMail,
  signal: AbortSignal,
): Promise<SentMail | undefined> {
  const receipt = await parts.resend(sent, signal);
  if (receipt === undefined || !('evidence' in receipt)) return undefined;
  const { evidence = [], dueBy } = { dueBy: undefined, ...receipt };
  for (const piece of evidence)
    await parts.noteEvidence(sent.entry, piece, { rail: DIRECT, receiver: sent.receiver }, dueBy);
  const [record] = receipt.records ?? [];
  if (receipt.outcome !== 'accepted' || record?.body === undefined) return undefined;
  return { ...(record.body as SentMail), isRepeated: true }; // writeSent's
}

/** A person is asked, in words of the table; the waiting ends. */
async function giveUp(parts: OverdueParts, record: StoredRecord): Promise<void> {
  const sent = readSent(record);
  const awaited: AwaitedNotification = sent.waitsFor ?? 'processed';
  const at = new Date(parts.clock.now()).toISOString();
  const evidence = { kind: EXPECTED[awaited].overdue, at, source: sent.messageId, hash: sent.hash };
  await parts.noteEvidence(sent.entry, evidence, { rail: DIRECT, receiver: sent.receiver });
  parts.log('warn', 'a Direct mail was not confirmed in time', { entry: sent.entry, awaited });
  await write(parts, record, ended(sent), EXPECTED[awaited].mayBeUnknown ? 'silence' : undefined);
}

const ended = (sent: SentMail): SentMail => ({ ...sent, waitsFor: undefined });

async function write(
  { store, clock }: OverdueParts,
  { version }: StoredRecord,
  sent: SentMail,
  learned?: 'dispatched' | 'silence',
): Promise<void> {
  const habit = learned && learnHabit(sent.to, await readHabits(store.snapshot(), sent.to), learned);
  const records: readonly RecordWrite[] = [
    writeSent(sent, version, clock.now()),
    ...(habit === undefined ? [] : [habit]),
  ];
  await store.commit(auditedCommit([jobEntry('direct-overdue')], { records }));
}
