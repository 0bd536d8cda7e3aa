/**
 * A thread that answers searches, one at a time, over a read-only connection of its own. It loads the code that reads
 * texts when it is first needed, and brings the full text up to date before a search uses it (law 10).
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Page, Query } from '../../../ports/query.ts';
import { SearchRefused } from '../../../ports/store.ts';
import { openDatabase, releasePages } from '../folder/connection.ts';
import { asksTexts } from './search-text.ts';
import { searchPage } from './search.ts';
import type { TextReader } from '../../../ports/text-reader.ts';
import type { SightMoment } from './sight.ts';
import type { TextIndex } from './text-index.ts';
import { watchIdleness } from '../idle-memory.ts';
import { NICENESS, standBack } from '../thread-priority.ts';

export interface Setup {
  readonly file: string;
  readonly cacheKib: number;
  readonly mmapBytes: number;
  /** Whether full text is kept. */
  readonly fullText: boolean;
  /** Its one member is the number of the search that is to stop. */
  readonly stop: Int32Array;
}

/** A search, or to take so many versions into the full text. */
export type SearchTask = { readonly number: number } & (
  | { readonly query: Query; readonly moment: SightMoment; readonly timeoutMs: number }
  | { readonly versions: number }
);

/** Sent once, when the thread listens. */
export interface Ready {
  readonly ready: true;
}

export type SearchTaskResult =
  | { readonly page: Page }
  /** Whether there are more versions to read. */
  | { readonly more: boolean }
  | { readonly refused: SearchRefused['reason'] }
  | { readonly failed: string };

/** The number of rows between two looks at the clock, less one; a power of two less one. */
const UNWATCHED = 63;

// What the pool passes; a message between threads has no type.
const { file, cacheKib, mmapBytes, fullText, stop } = workerData as Setup;
standBack(NICENESS.search);
const db = openDatabase(file, { readOnly: true, cacheKib, pragmas: [`mmap_size = ${mmapBytes}`] });
let texts: TextIndex | undefined;
let readsTexts = false;

/** Loads what reads the texts of resources; called when a search first asks for words. */
type LoadReader = () => Promise<TextReader>;

/** Serves the pool that started this thread. */
export function serveSearches(load: LoadReader): void {
  parentPort?.on(
    'message',
    (task: SearchTask) => void answer(task, load).then((said) => parentPort?.postMessage(said)),
  );
  watchIdleness(() => releasePages(db));
  parentPort?.postMessage({ ready: true } satisfies Ready);
}

async function answer(task: SearchTask, load: LoadReader): Promise<SearchTaskResult> {
  try {
    if ('versions' in task) return { more: (await textIndex(load))?.advance(task.versions) ?? false };
    const check = checkOf(task);
    if (asksTexts(task.query.where)) await prepareTexts(check, load);
    return { page: searchPage(db, task.query, task.moment, seldom(check)) };
  } catch (error) {
    if (error instanceof SearchRefused) return { refused: error.reason };
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

/** Throws when the search must end. */
function checkOf({ number, timeoutMs }: Extract<SearchTask, { query: Query }>): () => void {
  const deadline = performance.now() + timeoutMs;
  return () => {
    if (Atomics.load(stop, 0) === number) throw new SearchRefused('aborted');
    if (performance.now() > deadline) throw new SearchRefused('too-costly');
  };
}

/** A look at the clock costs more than a row, so it happens only every so many rows. */
function seldom(check: () => void): () => void {
  let looked = 0;
  return () => {
    looked += 1;
    if ((looked & UNWATCHED) === 1) check();
  };
}

async function prepareTexts(check: () => void, load: LoadReader): Promise<void> {
  if (!readsTexts) {
    const { registerDisplay } = await import('./display-function.ts');
    registerDisplay(db, await load());
    readsTexts = true;
  }
  try {
    (await textIndex(load))?.catchUp(check);
  } catch (error) {
    // The disk takes no more, so committed versions cannot be read into the full text now.
    throw error instanceof SearchRefused ? error : new SearchRefused('too-busy');
  }
}

async function textIndex(load: LoadReader): Promise<TextIndex | undefined> {
  if (!fullText) return undefined;
  const { openTextIndex } = await import('./text-index.ts');
  const reader = await load();
  return (texts ??= openTextIndex(db, file, reader));
}
