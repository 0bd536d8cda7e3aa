/**
 * The rail `capture` keeps the notifications that another rail would send, for tests, demonstrations and dry runs. An
 * organization chooses it by an Endpoint whose connectionType is `capture`. It keeps health data in memory and, if
 * asked, in a file.
 */
import { hash } from 'node:crypto';
import { EVERYTHING } from '../../ports/query.ts';
import { NOTICE_PLACES } from '../../policies/part2/places.ts';
import type { Clock } from '../../ports/clock.ts';
import { fileHashesOf } from '../../delivery/file-hashes.ts';
import { filesIn } from '../../resources/files-in.ts';
import { presentNoticed } from '../../delivery/noticed.ts';
import type { NoticeOfEntry, PresentVersion, Rail, Receipt } from '../../ports/rail.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import type { Ref } from '../../fhir/types.ts';
import { buildNotification } from './notification.ts';
import { openTrail, type Trail } from './trail.ts';

/** One notification as another rail would have sent it. */
export interface Captured {
  /** The id of the outbox entry: the same on every attempt. */
  readonly id: string;
  readonly receiver: Ref;
  readonly subject: Ref;
  readonly event: string;
  readonly attempt: number;
  /** The instant of capture, UTC. */
  readonly at: string;
  /** A Bundle (collection) with the subject as of the entry's commit. */
  readonly text: string;
}

export interface CaptureParts {
  readonly present: PresentVersion;
  readonly clock: Clock;
  /** The 360X transaction of a trigger event of a referral (`PCC-56`); undefined for other events. */
  readonly transactionOf: (event: string) => string | undefined;
  /** The number of notifications that are kept; the oldest go first. */
  readonly keptMax?: number;
  /**
   * A file that gets a line of JSON for each notification. Past `fileBytesMax` the rail renames it and begins a new
   * one.
   */
  readonly file?: string | undefined;
  readonly fileBytesMax?: number;
}

export interface CaptureRail extends Rail {
  /** The notifications of a receiver, oldest first; those of all receivers when none is named. */
  captured(receiver?: Ref): readonly Captured[];
}

const KEPT_MAX = 1_000;
const FILE_BYTES_MAX = 64 * 1024 * 1024;

export function createCaptureRail(parts: CaptureParts): CaptureRail {
  const { present, clock, transactionOf, keptMax = KEPT_MAX, file, fileBytesMax = FILE_BYTES_MAX } = parts;
  const trail: Trail | undefined = file === undefined ? undefined : openTrail(file, fileBytesMax);
  const kept: Captured[] = [];

  async function deliver(
    entry: ClaimedEntry,
    asOf: Snapshot,
    now: Snapshot,
    signal: AbortSignal,
    noticeOf?: NoticeOfEntry,
  ): Promise<Receipt> {
    if ((await now.read(entry.receiver, EVERYTHING))?.text === undefined) {
      return { outcome: 'refused', why: 'the receiver is gone' };
    }
    const version = await asOf.read(entry.subject, entry.sight);
    if (version?.text === undefined) return { outcome: 'refused', why: 'the subject is gone' };
    if (signal.aborted) return { outcome: 'retry', why: 'no answer in time' };

    const { id, receiver, subject, event, attempt } = entry;
    const shown = await presentNoticed(present, version, entry.sight, 'capture', noticeOf);
    const text = buildNotification(entry, shown, transactionOf(event));
    const at = new Date(clock.now()).toISOString();
    const captured = { id, receiver, subject, event, attempt, at, text };
    await trail?.append(JSON.stringify(captured));
    kept.push(captured);
    if (kept.length > keptMax) kept.shift();
    const left = {
      bytesHash: hash('sha256', text, 'hex'),
      bytes: Buffer.byteLength(text),
      ...(await fileHashesOf(filesIn(text))),
    };
    return { outcome: 'accepted', says: 'captured', ...left };
  }

  return {
    name: 'capture',
    carriesNotice: NOTICE_PLACES.capture,
    deliver,
    captured: (receiver) => kept.filter((one) => receiver === undefined || one.receiver === receiver),
    verify: async () => [
      trail === undefined
        ? { ok: true, says: `captured notifications are kept in memory, ${keptMax} at most` }
        : await trail.verify(),
      {
        ok: true,
        warning: true,
        says: 'for tests alone: it sends nothing → give each Endpoint of connection type capture another one',
      },
    ],
    close: async () => trail?.close(),
  };
}
