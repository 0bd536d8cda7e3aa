/** A thread that answers searches, one at a time, over a read-only connection of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Page, Query } from '../../ports/query.ts';
import { SearchRefused } from '../../ports/store.ts';
import { openDatabase } from './connection.ts';
import { findPage } from './search.ts';

export interface Setup {
  readonly file: string;
  readonly cacheKib: number;
  readonly mmapBytes: number;
  /** Its one member holds the number of the search that is to stop. */
  readonly stop: Int32Array;
}

export interface Asked {
  readonly number: number;
  readonly query: Query;
  readonly seq: number;
  readonly timeoutMs: number;
}

/** Said once, when the thread listens. */
export interface Ready {
  readonly ready: true;
}

export type Answer =
  | { readonly page: Page }
  | { readonly refused: SearchRefused['reason'] }
  | { readonly failed: string };

/** Rows looked at between two looks at the clock, less one; a power of two less one. */
const UNWATCHED = 63;

// What the pool passes; a message between threads has no type.
const { file, cacheKib, mmapBytes, stop } = workerData as Setup;
const db = openDatabase(file, { readOnly: true, cacheKib, pragmas: [`mmap_size = ${mmapBytes}`] });

parentPort?.on('message', (asked: Asked) => parentPort?.postMessage(answer(asked)));
parentPort?.postMessage({ ready: true } satisfies Ready);

function answer({ number, query, seq, timeoutMs }: Asked): Answer {
  const deadline = performance.now() + timeoutMs;
  let looked = 0;
  function guard(): void {
    looked += 1;
    if ((looked & UNWATCHED) !== 1) return;
    if (Atomics.load(stop, 0) === number) throw new SearchRefused('aborted');
    if (performance.now() > deadline) throw new SearchRefused('too-costly');
  }
  try {
    return { page: findPage(db, query, seq, guard) };
  } catch (error) {
    if (error instanceof SearchRefused) return { refused: error.reason };
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
