/**
 * Searches off the main thread (rules 3.4): a few threads, a bounded queue, a share of both for each organization, and
 * an end for every search. A running statement ends when it looks at the clock or the stop flag; the pool gives up a
 * thread that does not, and starts another.
 */
import { Worker } from 'node:worker_threads';
import type { Page, Query } from '../../../ports/query.ts';
import { SearchRefused } from '../../../ports/store.ts';
import { createFairQueue } from '../fair-queue.ts';
import type { SearchTaskResult, SearchTask, Ready, Setup } from './search-worker.ts';
import type { SightMoment } from './sight.ts';

interface SearchPoolOptions {
  /** The script of a thread: it calls `serveSearches` with the reader of texts. */
  readonly thread: URL;
  /** The database file. */
  readonly file: string;
  /** The number of threads; each runs one search at a time. */
  readonly threads: number;
  /** The largest number of waiting searches. */
  readonly queued: number;
  /** How long a search may wait, and then run. */
  readonly timeoutMs: number;
  /** Whether full text is kept. */
  readonly fullText: boolean;
  /** Pages kept in memory by each thread, in KiB. */
  readonly cacheKib?: number;
  /** How much of the file each thread maps instead of reading it. */
  readonly mmapBytes?: number;
}

const CACHE_KIB = 8 * 1024;
const MMAP_BYTES = 8 * 1024 ** 3;
/** A thread that stays silent for that long after the end of its time is given up. */
const GRACE_MS = 500;

interface Job {
  /** The organization of the caller; '' for an administrator and for the server. */
  readonly owner: string;
  readonly task: SearchTask;
  readonly since: number;
  readonly conclude: (result: SearchTaskResult) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly stop: Int32Array;
  /** It has said that it listens. */
  isReady: boolean;
  job: Job | undefined;
  silence: NodeJS.Timeout | undefined;
}

export class SearchPool {
  readonly #options: SearchPoolOptions;
  readonly #threads = new Set<Thread>();
  readonly #waiting = createFairQueue<Job>();
  #asked = 0;
  #searches = 0;
  #closed = false;

  constructor(options: SearchPoolOptions) {
    this.#options = options;
    for (let i = 0; i < options.threads; i += 1) this.#start();
  }

  /** One page at a moment. Throws {@link SearchRefused}; whatever happens to its thread, never anything else is lost. */
  search(query: Query, moment: SightMoment, signal?: AbortSignal): Promise<Page> {
    if (this.#closed || signal?.aborted === true) return Promise.reject(new SearchRefused('aborted'));
    const owner = query.sight.everything ? '' : query.sight.organization;
    if (this.#isFull(owner)) return Promise.reject(new SearchRefused('too-busy'));
    this.#searches += 1;
    const task = { number: this.#number(), query, moment, timeoutMs: this.#options.timeoutMs };
    return new Promise((resolve, reject) => {
      const conclude = (result: SearchTaskResult): void => {
        signal?.removeEventListener('abort', abort);
        if ('page' in result) resolve(result.page);
        else reject(errorOf(result));
      };
      const job = { owner, task, since: performance.now(), conclude };
      const abort = (): void => this.#abort(job);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(owner, job);
      this.#dispatch();
    });
  }

  /** Searches that have been asked for. */
  get searches(): number {
    return this.#searches;
  }

  /**
   * Reads that many versions into the full text. Returns whether there is more to read; undefined when no thread is
   * free.
   */
  advanceTexts(versions: number): Promise<boolean> | undefined {
    const thread = this.#idle();
    if (this.#closed || thread === undefined || this.#waiting.size > 0) return undefined;
    return new Promise((resolve, reject) => {
      const conclude = (result: SearchTaskResult): void =>
        'more' in result ? resolve(result.more) : reject(errorOf(result));
      const task = { number: this.#number(), versions };
      this.#run(thread, { owner: '', task, since: performance.now(), conclude });
    });
  }

  #number(): number {
    this.#asked = (this.#asked % 0x7fff_fffe) + 1;
    return this.#asked;
  }

  /** Refuses waiting and running searches, and ends the threads. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.drain()) job.conclude({ refused: 'aborted' });
    const threads = [...this.#threads];
    for (const thread of threads) {
      if (thread.job !== undefined) Atomics.store(thread.stop, 0, thread.job.task.number);
      this.#drop(thread, 'aborted');
    }
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #idle(): Thread | undefined {
    for (const thread of this.#threads) if (thread.isReady && thread.job === undefined) return thread;
    return undefined;
  }

  /** One organization may fill half of the queue; the other half is left for others. */
  #isFull(owner: string): boolean {
    const { queued } = this.#options;
    if (this.#waiting.size >= queued) return this.#idle() === undefined;
    return owner !== '' && this.#waiting.sizeOf(owner) >= Math.ceil(queued / 2);
  }

  /** With several threads, one organization may search in all but one, so that another never waits for its searches. */
  readonly #mayRun = (owner: string): boolean => {
    if (owner === '') return true;
    const running = [...this.#threads].filter(({ job }) => job?.owner === owner).length;
    return running < Math.max(1, this.#options.threads - 1);
  };

  #dispatch(): void {
    while (this.#waiting.size > 0) {
      const thread = this.#idle();
      if (thread === undefined) return this.#replace();
      const job = this.#waiting.shift(this.#mayRun);
      if (job === undefined) return;
      if (performance.now() - job.since > this.#options.timeoutMs) job.conclude({ refused: 'too-busy' });
      else this.#run(thread, job);
    }
  }

  /** Replaces threads that died, when there is work for them. */
  #replace(): void {
    while (this.#threads.size < this.#options.threads) this.#start();
  }

  #run(thread: Thread, job: Job): void {
    thread.job = job;
    // An answer that came while this thread was busy is read before the turn ends.
    const giveUp = (): unknown => setImmediate(() => thread.job === job && this.#giveUp(thread));
    thread.silence = setTimeout(giveUp, this.#options.timeoutMs + GRACE_MS);
    thread.worker.postMessage(job.task);
  }

  #start(): void {
    const { file, fullText, cacheKib = CACHE_KIB, mmapBytes = MMAP_BYTES } = this.#options;
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const workerData: Setup = { file, cacheKib, mmapBytes, fullText, stop };
    const worker = new Worker(this.#options.thread, { workerData });
    const thread: Thread = { worker, stop, isReady: false, job: undefined, silence: undefined };
    worker.on('message', (said: SearchTaskResult | Ready) => this.#hear(thread, said));
    worker.on('error', () => this.#lose(thread));
    worker.on('exit', () => this.#lose(thread));
    this.#threads.add(thread);
  }

  #hear(thread: Thread, said: SearchTaskResult | Ready): void {
    if ('ready' in said) thread.isReady = true;
    else {
      clearTimeout(thread.silence);
      const job = thread.job;
      thread.job = undefined;
      job?.conclude(said);
    }
    this.#dispatch();
  }

  /** Answers the caller at once; the thread is free when it has seen the flag. */
  #abort(job: Job): void {
    job.conclude({ refused: 'aborted' });
    this.#waiting.remove(job.owner, job);
    for (const thread of this.#threads) {
      if (thread.job === job) Atomics.store(thread.stop, 0, job.task.number);
    }
  }

  #giveUp(thread: Thread): void {
    this.#drop(thread, 'too-costly');
    void thread.worker.terminate();
    this.#dispatch();
  }

  /**
   * A thread died: its search is refused, or the next one if it never began to listen. Another thread starts when
   * needed.
   */
  #lose(thread: Thread): void {
    if (!this.#threads.has(thread)) return;
    if (!thread.isReady) this.#waiting.shift(() => true)?.conclude({ refused: 'too-costly' });
    this.#drop(thread, 'too-costly');
    this.#dispatch();
  }

  #drop(thread: Thread, refused: SearchRefused['reason']): void {
    this.#threads.delete(thread);
    clearTimeout(thread.silence);
    thread.job?.conclude({ refused });
    thread.job = undefined;
  }
}

const errorOf = (result: SearchTaskResult): Error =>
  'refused' in result
    ? new SearchRefused(result.refused)
    : new Error('failed' in result ? result.failed : 'the search thread broke its protocol');
