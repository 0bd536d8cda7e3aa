/**
 * The FHIR engine's heavy work off the main thread: a few threads that are started when they are first needed, a bounded queue in
 * which everybody who waits has a turn after the other, and an end for every task.
 */
import { Worker } from 'node:worker_threads';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { HeavyResult, Task } from './heavy-thread.ts';
import type { Heavy } from '../operations/heavy.ts';

interface HeavyOptions {
  readonly threads: number;
  /** How long one task may take. */
  readonly timeoutMs: number;
}

export interface HeavyThreads {
  readonly heavy: Heavy;
  close(): Promise<void>;
}

/** Tasks that wait, of all together and of one. */
const WAITING_MAX = 256;
const WAITING_EACH_MAX = 64;
/** Memory of one thread: a task that needs more is ended. */
const HEAP_MIB = 1024;

interface Job extends PromiseWithResolvers<unknown> {
  readonly whose: string;
  readonly asked: Task;
}

interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

export function createHeavyThreads({ threads: threadsMax, timeoutMs }: HeavyOptions): HeavyThreads {
  const threads = new Set<Thread>();
  const waiting = createTurnTaking<Job>();
  let closed = false;

  const start = (): Thread => {
    const worker = new Worker(new URL('./heavy-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    const thread: Thread = { worker, job: undefined, timer: undefined };
    worker.unref();
    worker.on('message', (done: HeavyResult) => {
      conclude(thread, done);
      dispatch();
    });
    for (const event of ['error', 'exit'] as const) worker.on(event, () => lose(thread));
    threads.add(thread);
    return thread;
  };

  const conclude = (thread: Thread, done: HeavyResult): void => {
    const { job } = thread;
    clearTimeout(thread.timer);
    thread.job = undefined;
    if (job === undefined) return;
    if ('result' in done) job.resolve(done.result);
    else job.reject('refused' in done ? OperationOutcomeError.of(done.refused) : new Error(done.failed));
  };

  /** It took too long, or too much memory: the task is refused, and another thread does the next. */
  const lose = (thread: Thread): void => {
    if (!threads.delete(thread)) return;
    conclude(thread, { refused: [closed ? { code: 'server-stopping' } : { code: 'too-costly' }] });
    void thread.worker.terminate();
    dispatch();
  };

  const idle = (): Thread | undefined => {
    for (const thread of threads) if (thread.job === undefined) return thread;
    return threads.size < threadsMax && !closed ? start() : undefined;
  };

  const dispatch = (): void => {
    while (waiting.size > 0) {
      const thread = idle();
      const job = thread === undefined ? undefined : waiting.next();
      if (thread === undefined || job === undefined) return;
      thread.job = job;
      thread.timer = setTimeout(() => lose(thread), timeoutMs);
      thread.worker.postMessage(job.asked);
    }
  };

  const heavy = (whose: string, task: Task['task'], ...given: readonly unknown[]): Promise<unknown> => {
    if (closed) return Promise.reject(new OperationOutcomeError('server-stopping', { retryAfter: 5 }));
    const job: Job = { whose, asked: { task, given }, ...Promise.withResolvers<unknown>() };
    if (!waiting.add(job)) return Promise.reject(new OperationOutcomeError('busy', { retryAfter: 1 }));
    dispatch();
    return job.promise;
  };

  return {
    heavy: heavy as Heavy, // each task answers what its type says
    async close() {
      closed = true;
      for (let job = waiting.next(); job !== undefined; job = waiting.next())
        job.reject(new OperationOutcomeError('server-stopping', { retryAfter: 5 }));
      const all = [...threads];
      for (const thread of all) lose(thread);
      await Promise.all(all.map(({ worker }) => worker.terminate()));
    },
  };
}

/** Who waits, and for what: one task of each in turn, however many tasks one of them has. */
export function createTurnTaking<T extends { readonly whose: string }>(): {
  readonly size: number;
  /** False where too much waits already. */
  add(job: T): boolean;
  next(): T | undefined;
} {
  // In the order of their turns.
  const queues = new Map<string, T[]>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(job) {
      const queue = queues.get(job.whose) ?? [];
      if (size >= WAITING_MAX || queue.length >= WAITING_EACH_MAX) return false;
      queues.set(job.whose, queue);
      queue.push(job);
      size += 1;
      return true;
    },
    next() {
      const [first] = queues;
      if (first === undefined) return undefined;
      const [whose, queue] = first;
      const job = queue.shift();
      queues.delete(whose);
      if (queue.length > 0) queues.set(whose, queue);
      size -= 1;
      return job;
    },
  };
}
