/** Opens the writer of a read model and the log that it appends to, wherever they run; it has caught up when it is open. */
import { StoreWriter, type WriterOptions } from '../embedded/write/writer.ts';
import type { FindRefs } from '../embedded/write/commit-checks.ts';
import type { WriterHost } from '../log/write-batch.ts';
import { connect, type DatabaseSettings } from './connection.ts';
import { CommitLog } from './commit-log.ts';
import { createFollower } from './follow.ts';
import { LogHost } from './log-host.ts';
import { trafficIn } from './traffic.ts';

/** Plain data and shared memory: it is handed to the writer's thread as it is. */
export interface LogThreadStart {
  readonly writer: WriterOptions;
  readonly now: number;
  readonly database: DatabaseSettings;
  readonly node: string;
  readonly commitTimeoutMs: number;
  /** Of `trafficMemory`. */
  readonly traffic: SharedArrayBuffer;
}

interface Handed {
  readonly findRefs: FindRefs;
  readonly newId: () => string;
}

/** @throws DatabaseRefused, or Diverged where the read model does not follow from the log */
export async function openLogHost(start: LogThreadStart, { findRefs, newId }: Handed): Promise<WriterHost> {
  const { node, commitTimeoutMs } = start;
  const traffic = trafficIn(start.traffic);
  const connection = await connect(start.database);
  const log = new CommitLog(connection, () => (traffic.recognised += 1));
  log.doubtNewConnections();
  const writer = new StoreWriter(start.writer, findRefs, start.now);
  const follower = createFollower({ writer, log, traffic });
  try {
    await follower.catchUp();
  } catch (error) {
    writer.close();
    await connection.close();
    throw error;
  }
  const host = new LogHost({ writer, log, follower, node, newId, commitTimeoutMs, traffic });
  return {
    head: host.head,
    onMove: (moved) => host.onMove(moved),
    apply: (batch) => host.apply(batch),
    async close() {
      await host.close();
      await connection.close();
    },
  };
}
