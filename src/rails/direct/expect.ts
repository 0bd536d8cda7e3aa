/**
 * The notifications that the server waits for after a mail has left, and what it does when one does not come (direct-xdm 6):
 * a row each. A peer that never sent `dispatched` after several mails is not waited for any more.
 */
import { domainOfAddress } from '../../direct/address.ts';
import type { EvidenceKind } from '../../ports/delivered.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { RecordWrite, StoredRecord } from '../../ports/record.ts';
import type { AwaitedNotification } from './sent.ts';

interface ExpectedRow {
  /** The evidence that says that it did not come. */
  readonly overdue: EvidenceKind;
  /** Whether the same package is mailed once more before that is said. */
  readonly resends: boolean;
  /** Whether peers may never send it at all: learned, domain by domain. */
  readonly mayBeUnknown: boolean;
}

/** The settings directProcessedMs and directDispatchedMs say how long. */
export const EXPECTED: Readonly<Record<AwaitedNotification, ExpectedRow>> = {
  processed: { overdue: 'processed-overdue', resends: true, mayBeUnknown: false },
  dispatched: { overdue: 'dispatched-overdue', resends: false, mayBeUnknown: true },
};

export interface ExpectedTimes {
  readonly processedMs: number;
  readonly dispatchedMs: number;
}

/** Milliseconds since 1970 by which it is due. */
export const dueAfter = (
  awaited: AwaitedNotification,
  at: number,
  { processedMs, dispatchedMs }: ExpectedTimes,
): number => at + (awaited === 'processed' ? processedMs : dispatchedMs);

/** The kind of the records of {@link PeerHabits}; key: the peer's domain. */
const DIRECT_HABITS = 'direct-habits';

/** What a peer is known to do. */
interface PeerHabits {
  /** Whether it ever sent `dispatched`. */
  readonly dispatches: boolean;
  /** Mails that it processed and never said more about. */
  readonly silences: number;
}

/** So many mails without `dispatched`, and never one with it: the peer does not send it. */
const SILENCES = 3;

const NO_HABITS: PeerHabits = { dispatches: false, silences: 0 };

/** Whether `dispatched` is waited for. */
export const waitsForDispatched = ({ dispatches, silences }: PeerHabits): boolean =>
  dispatches || silences < SILENCES;

interface Records {
  record(kind: string, key: string): Promise<StoredRecord | undefined>;
}

export async function readHabits(source: Records, peer: DirectAddress): Promise<PeerHabits> {
  const record = await source.record(DIRECT_HABITS, domainOfAddress(peer));
  return (record?.body as PeerHabits | undefined) ?? NO_HABITS; // noteHabit's
}

/** The write that learns one more thing of a peer; undefined where it is known. */
export function learnHabit(
  peer: DirectAddress,
  known: PeerHabits,
  seen: 'dispatched' | 'silence',
): RecordWrite | undefined {
  if (seen === 'dispatched' && known.dispatches) return undefined;
  const body: PeerHabits =
    seen === 'dispatched' ? { dispatches: true, silences: 0 } : { ...known, silences: known.silences + 1 };
  return { kind: DIRECT_HABITS, key: domainOfAddress(peer), expect: 'any', body };
}
