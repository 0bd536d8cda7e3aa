/** What the writer says when a member, the disk, or another copy of the store stops it. */
import type { CommitRefusal } from '../../../ports/store.ts';
import { messageOf, StoreRefused } from '../../log/durable-folder.ts';
import type { MemberOutcome } from '../../log/write-batch.ts';
import { ReachExceeded } from './reach-walk.ts';
import type { CommitVerdict } from './verdict.ts';

const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** What a failure of the disk, or of the lock on the file, is called. */
const REFUSALS: ReadonlyMap<number, CommitRefusal> = new Map([
  [SQLITE_BUSY, 'too-busy'],
  [SQLITE_READONLY, 'read-only'],
  [SQLITE_IOERR, 'disk-full'],
  [SQLITE_FULL, 'disk-full'],
]);

/** Another copy of the store decided what does not come out here: one of the two is wrong. */
export class Diverged extends StoreRefused {
  constructor(seq: number, says: string) {
    super(`diverged at commit ${seq}: ${says}`);
  }
}

/** What an entry that was decided elsewhere fails with here: what the disk refuses is no difference. */
export function divergenceOf(error: unknown, seq: number): unknown {
  if (error instanceof Diverged || refusalOf(error) !== undefined) return error;
  return new Diverged(seq, `it cannot be applied here: ${messageOf(error)}`);
}

/** What the checks found, as the outcome of a member. */
export function verdictOutcome(verdict: CommitVerdict): MemberOutcome {
  if (verdict.kind === 'refused') return verdict;
  const { seq, at, reply } = verdict;
  return { kind: 'committed', seq, at, reply, replayed: true };
}

/** What became of a member whose work threw. */
export function failureOutcome(error: unknown, reason: CommitRefusal | undefined): MemberOutcome {
  if (error instanceof ReachExceeded) return { kind: 'refused', reason: 'reach-exceeded', ref: error.ref };
  if (reason !== undefined) return { kind: 'refused', reason };
  return { kind: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** What a failure of the disk is called; undefined when it is something else. */
export function refusalOf(error: unknown): CommitRefusal | undefined {
  // Errors of node:sqlite carry SQLite's extended result code; its low byte is the kind.
  const code = (error as { errcode?: unknown } | null)?.errcode;
  if (typeof code !== 'number') return undefined;
  return REFUSALS.get(code & 0xff);
}
