/** Takes away files that no commit names: of uploads that a crash cut off, and of what was expunged. */
import type { Store } from '../ports/store.ts';
import { FILE_KIND } from '../ports/stored-file.ts';

/** A file whose commit is not decided by then never has one. */
const UNDECIDED_MS = 3_600_000;

/** @param now milliseconds since 1970 */
export async function sweepFiles(
  store: Pick<Store, 'files' | 'fresh' | 'snapshot' | 'status'>,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  // A commit that a silent database may have is still to be decided.
  if (store.status().silentSince !== undefined) return;
  await store.fresh();
  for await (const { id, at } of store.files.list()) {
    if (signal.aborted) return;
    if (at < now - UNDECIDED_MS && (await store.snapshot().record(FILE_KIND, id)) === undefined)
      await store.files.remove(id);
  }
}
