/** The writer's thread: a batch comes in, its outcomes go out. An empty message closes. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WriteBatch } from '../../log/write-batch.ts';
import { messageOf } from '../../log/durable-folder.ts';
import { watchIdleness } from '../idle-memory.ts';
import { findRefs } from '../search/search.ts';
import { StoreWriter } from './writer.ts';
import type { ThreadSays, ThreadStart } from './writer-host.ts';

const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread');
const say = (says: ThreadSays): void => port.postMessage(says);

// The engine gives exactly this.
const { options, now } = workerData as ThreadStart;
try {
  const writer = new StoreWriter(options, findRefs, now);
  const idleness = watchIdleness(() => writer.releaseMemory());
  port.on('message', (batch: WriteBatch | undefined) => {
    if (batch !== undefined) return say({ applied: writer.apply(batch) });
    idleness.close();
    writer.close();
    port.close();
  });
  say({ ready: writer.head });
} catch (error) {
  say({ failed: messageOf(error) });
  port.close();
}
