/** Long work on the main thread, in slices: between two of them everyone else has a turn. */
import { setImmediate } from 'node:timers/promises';
import { SearchRefused } from '../../ports/store.ts';

/** Calls `slice` until it returns false. Refuses as aborted by the signal, and as too costly after `timeoutMs`. */
export async function inSlices(timeoutMs: number, signal: AbortSignal, slice: () => boolean): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (signal.aborted) throw new SearchRefused('aborted');
    if (!slice()) return;
    if (performance.now() > end) throw new SearchRefused('too-costly');
    await setImmediate();
  }
}
