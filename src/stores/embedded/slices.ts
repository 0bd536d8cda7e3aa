/** Long work on the main thread in slices; other work runs between two of them. */
import { nextPiece } from '../../operations/turns.ts';
import { SearchRefused } from '../../ports/store.ts';

/** Calls `slice` until it returns false. Refuses as aborted by the signal, and as too costly after `timeoutMs`. */
export async function inSlices(timeoutMs: number, signal: AbortSignal, slice: () => boolean): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (signal.aborted) throw new SearchRefused('aborted');
    if (!slice()) return;
    if (performance.now() > end) throw new SearchRefused('too-costly');
    await nextPiece();
  }
}

/** Whether one more text fits on a page of that many characters; the first always does. */
export function fitting(characters = Number.POSITIVE_INFINITY): (text: string) => boolean {
  let left = characters;
  let isFirst = true;
  return ({ length }) => {
    left -= length;
    const fits = isFirst || left >= 0;
    isFirst = false;
    return fits;
  };
}
