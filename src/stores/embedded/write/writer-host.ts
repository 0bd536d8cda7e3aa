/** Where the writer runs: in a thread of its own, or in a turn of the main loop (ADR 0001). Same core, same answers. */
import { Worker } from 'node:worker_threads';
import type { FindRefs } from './commit-checks.ts';
import type { AppliedBatch, Head, WriterHost } from '../../log/write-batch.ts';
import { StoreWriter } from './writer.ts';
import type { WriterOptions } from './writer.ts';

/** The thread of a writer whose log is in its folder. */
export const WRITER_THREAD = new URL('./writer-thread.ts', import.meta.url);

/** What that thread is started with. */
export interface ThreadStart {
  readonly options: WriterOptions;
  readonly now: number;
}

/** What the thread says: first whether it is ready, then once per batch, and when the store moved without one. */
export type ThreadSays =
  | { readonly ready: Head }
  | { readonly failed: string }
  | { readonly applied: AppliedBatch }
  | { readonly broken: string }
  | { readonly moved: Head };

export function hostInTurn(options: WriterOptions, findRefs: FindRefs, now: number): WriterHost {
  const writer = new StoreWriter(options, findRefs, now);
  return {
    head: writer.head,
    apply: async (batch) => writer.apply(batch),
    close: async () => writer.close(),
  };
}

/**
 * @param script of a thread that says {@link ThreadSays}
 * @param start what it is started with; plain, or shared memory
 */
export async function hostInThread(script: URL, start: object): Promise<WriterHost> {
  const thread = new Worker(script, { workerData: start });
  let answer: PromiseWithResolvers<ThreadSays> | undefined = Promise.withResolvers();
  let gone: Error | undefined;
  let moved: (head: Head) => void = () => undefined;

  const fail = (error: Error): void => {
    gone = error;
    answer?.reject(error);
    answer = undefined;
  };
  thread.on('message', (says: ThreadSays) => {
    if ('moved' in says) return moved(says.moved);
    if ('broken' in says) return fail(new Error(says.broken));
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
    onMove: (told) => (moved = told),
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
      if (gone) return void (await thread.terminate());
      const ended = new Promise((resolve) => thread.once('exit', resolve));
      thread.postMessage(undefined);
      await ended;
    },
  };
}
