/** Where the writer runs: in a thread of its own, or in a turn of the main loop (ADR 0001). Same core, same answers. */
import { Worker } from 'node:worker_threads';
import type { FindRefs } from './commit-checks.ts';
import type { AppliedBatch, Head, WriterHost } from '../../log/write-batch.ts';
import { StoreWriter } from './writer.ts';
import type { WriterOptions } from './writer.ts';

/** What the thread is started with. */
export interface ThreadStart {
  readonly options: WriterOptions;
  readonly now: number;
}

/** What the thread says first, and then once per batch. */
export type ThreadSays =
  | { readonly ready: Head }
  | { readonly failed: string }
  | { readonly applied: AppliedBatch };

export function hostInTurn(options: WriterOptions, findRefs: FindRefs, now: number): WriterHost {
  const writer = new StoreWriter(options, findRefs, now);
  return {
    head: writer.head,
    apply: async (batch) => writer.apply(batch),
    close: async () => writer.close(),
  };
}

export async function hostInThread(options: WriterOptions, now: number): Promise<WriterHost> {
  const start: ThreadStart = { options, now };
  const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: start });
  let answer: PromiseWithResolvers<ThreadSays> | undefined = Promise.withResolvers();
  let gone: Error | undefined;

  const fail = (error: Error): void => {
    gone = error;
    answer?.reject(error);
    answer = undefined;
  };
  thread.on('message', (says: ThreadSays) => {
    answer?.resolve(says);
    answer = undefined;
  });
  thread.on('error', fail);
  thread.on('exit', () => fail(gone ?? new Error('the writer thread has ended')));

  const says = await answer.promise;
  if (!('ready' in says))
    throw new Error(`the writer did not start: ${'failed' in says ? says.failed : 'no head'}`);

  return {
    head: says.ready,
    async apply(batch) {
      if (gone) throw gone;
      answer = Promise.withResolvers();
      const reply = answer.promise;
      thread.postMessage(batch);
      const applied = await reply;
      if (!('applied' in applied)) throw new Error('the writer thread broke its protocol');
      return applied.applied;
    },
    async close() {
      if (gone) return;
      const ended = new Promise((resolve) => thread.once('exit', resolve));
      thread.postMessage(undefined);
      await ended;
    },
  };
}
