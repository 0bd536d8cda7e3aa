/** Follows the log: what stands in it after the read model's head is applied, in order, and compared as it is applied. */
import { setImmediate as askedFor } from 'node:timers/promises';
import { Diverged, divergenceOf } from '../embedded/write/write-failure.ts';
import type { StoreWriter } from '../embedded/write/writer.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import type { LogEntry } from '../log/log-entry.ts';
import { DatabaseRefused } from './connection.ts';
import type { CommitLog } from './commit-log.ts';
import { entryOf, LOG_FORMAT, NOT_REPLAYED, REPLAY_RULES, type LogDocument } from './documents.ts';
import type { LogTraffic } from './traffic.ts';

export interface Follower {
  /** Applies all that a majority has. @throws Diverged, or DatabaseRefused for what this program cannot apply */
  catchUp(): Promise<void>;
  /** Whether the log holds more than the read model. */
  isBehind(): Promise<boolean>;
}

/** What a folder brought into the log, of which a checkpoint has what it made: a read model from before begins anew. */
export class NotReplayed extends Diverged {}

/** Documents that are fetched at once. */
const DOCUMENTS = 64;

export function createFollower({
  writer,
  log,
  traffic,
}: {
  readonly writer: StoreWriter;
  readonly log: Pick<CommitLog, 'newest' | 'after'>;
  readonly traffic: LogTraffic;
}): Follower {
  const expunged = createExpungeWatch();
  return {
    async isBehind() {
      const newest = await log.newest();
      return newest !== undefined && newest.last > writer.head.seq;
    },
    async catchUp() {
      for (let coming = log.after(writer.head.seq, DOCUMENTS); ;) {
        const documents = await coming;
        const last = documents.at(-1);
        if (last === undefined) return expunged.conclude();
        coming = log.after(last.last, DOCUMENTS);
        coming.catch(() => undefined); // awaited next, unless these cannot be applied
        // Applying holds the thread: the next ones are only on their way meanwhile when they were asked for before.
        await askedFor();
        applyAll(documents);
      }
    },
  };

  function applyAll(documents: readonly LogDocument[]): void {
    let { seq, hash } = writer.head;
    for (const document of documents) {
      assertReadable(document);
      if (document._id !== seq + 1)
        throw new Diverged(seq + 1, `the log goes on with commit ${document._id}`);
      if (document.prev !== hash) throw new Diverged(document._id, 'it continues another chain than ours');
      ({ last: seq, hash } = document);
    }
    const before = writer.head.seq;
    const entries = documents.flatMap(({ _id, e }) => readEntries(_id, e));
    writer.replay(entries, { hash, valueRules: Math.min(...documents.map(({ u }) => u)) });
    for (const entry of entries) expunged.pass(entry);
    traffic.followed += writer.head.seq - before;
  }
}

/**
 * Content that is gone from the log was expunged by a commit that stands after it (law 28); otherwise somebody took it away.
 */
function createExpungeWatch(): {
  readonly pass: (entry: LogEntry) => void;
  /** Called at the end of the log. @throws Diverged where content is gone and no expunge says so */
  readonly conclude: () => void;
} {
  const gone = new Map<string, number>();
  return {
    pass({ seq, audit, commit }) {
      for (const { ref, vanished } of commit?.writes ?? [])
        if (vanished !== undefined) gone.set(`${ref}/_history/${seq}`, seq);
      if (!audit.includes('"expunge"')) return;
      for (const { event, entities } of JSON.parse(audit) as readonly AuditEntry[])
        // as digested
        if (event === 'expunge') for (const entity of entities) gone.delete(entity);
    },
    conclude() {
      const [first] = gone;
      gone.clear();
      if (first !== undefined)
        throw new Diverged(first[1], `the text of ${first[0]} is gone and no expunge says so`);
    },
  };
}

/** @throws Diverged for what cannot be read: no program wrote it so */
function readEntries(seq: number, e: LogDocument['e']): readonly LogEntry[] {
  try {
    return e.map(entryOf);
  } catch (error) {
    throw divergenceOf(error, seq);
  }
}

function assertReadable({ _id, v, r }: LogDocument): void {
  if (v > LOG_FORMAT || r > REPLAY_RULES)
    throw new DatabaseRefused(
      `Commit ${_id} was written by a newer version of this program (format ${v}, rules ${r}): upgrade this node.`,
    );
  if (r === NOT_REPLAYED)
    throw new NotReplayed(
      _id,
      'it came from a folder, and the checkpoint that was made of it is missing: restore a backup',
    );
}
