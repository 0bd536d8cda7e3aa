/** The thread of a writer whose log is in the database: a batch comes in, its outcomes go out. An empty message closes. */
import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { watchIdleness } from '../embedded/idle-memory.ts';
import { findRefs } from '../embedded/search/search.ts';
import type { ThreadSays } from '../embedded/write/writer-host.ts';
import { messageOf } from '../log/durable-folder.ts';
import type { WriteBatch } from '../log/write-batch.ts';
import { openLogHost, type LogThreadStart } from './open-log-host.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread');
const say = (says: ThreadSays): void => port.postMessage(says);

try {
  // The engine gives exactly this.
  const host = await openLogHost(workerData as LogThreadStart, { findRefs, newId: randomUUID });
  const idleness = watchIdleness(() => undefined);
  host.onMove?.((head) => say({ moved: head }));
  const take = async (batch: WriteBatch | undefined): Promise<void> => {
    try {
      if (batch !== undefined) return say({ applied: await host.apply(batch) });
      idleness.close();
      await host.close();
      port.close();
    } catch (error) {
      say({ broken: messageOf(error) });
    }
  };
  port.on('message', (batch: WriteBatch | undefined) => void take(batch));
  say({ ready: host.head });
} catch (error) {
  say({ failed: messageOf(error) });
  port.close();
}
