/**
 * Acknowledged means on disk (rules 3.8): no byte of a response leaves its socket before a flush has ended that began
 * after the last byte of its commit was written, for writes and for audited reads alike (D14).
 */
import type { Change } from './disk.ts';
import { reopen } from './reopen.ts';
import type { TracedRun } from './traced-run.ts';

export interface FlushReport {
  readonly acknowledgments: number;
  readonly commits: number;
  /** Flushes of the WAL. */
  readonly flushes: number;
  /** Responses that left too early, one line each. */
  readonly faults: readonly string[];
}

export async function judgeFlushes({ disk, acknowledgments }: TracedRun): Promise<FlushReport> {
  const commits = await commitsOf(disk);
  const faults = acknowledgments.flatMap(({ requestId, at, seq }) => {
    const commit = commits.find((one) => one.seq >= seq);
    if (commit === undefined) return [`${requestId} was answered at ${at} and is in no commit`];
    const covered = disk.flushes.some(
      ({ file, begin, end }) => file === WAL && begin > commit.writtenAt && end < at,
    );
    return covered
      ? []
      : [
          `${requestId} was answered at ${at}; commit ${seq}, written at ${commit.writtenAt}, was not flushed`,
        ];
  });
  const flushes = disk.flushes.filter(({ file }) => file === WAL).length;
  return { acknowledgments: acknowledgments.length, commits: commits.length, flushes, faults };
}

const WAL = 'store.db-wal';

/** SQLite's own commits, a group of ours each: where the last byte was written, and our last commit in it. */
interface Written {
  readonly seq: number;
  readonly writtenAt: number;
}

async function commitsOf(disk: TracedRun['disk']): Promise<readonly Written[]> {
  const commits: Written[] = [];
  for (const writtenAt of commitFrames(disk.changes)) {
    const { seq } = await reopen(disk.written(writtenAt), false);
    commits.push({ seq, writtenAt });
  }
  return commits;
}

/** A frame is a header of 24 bytes and a page; the header of a commit's last one tells the size of the database. */
const HEADER = 24;
const SIZE_AT = 4;
const WAL_HEADER = 32;

/** The places at which the page of a commit frame was written. */
function commitFrames(changes: readonly Change[]): readonly number[] {
  const places: number[] = [];
  let isLast = false;
  for (const { file, kind, offset, bytes, doneAt } of changes) {
    if (file !== WAL || kind !== 'write' || offset < WAL_HEADER) continue;
    if (bytes.length === HEADER) isLast = bytes.readUInt32BE(SIZE_AT) !== 0;
    else if (isLast) places.push(doneAt);
  }
  return places;
}
