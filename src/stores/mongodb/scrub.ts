/**
 * What must vanish vanishes from the log, too: the text of a record that was written anew, was taken away or has expired
 * (laws 22 and 24), and the content of a version that was expunged (law 28). Its digest stays, so that the chain stays verifiable (law 23).
 */
import { VERSION_KIND, type VanishingRecord } from '../embedded/write/vanishing.ts';
import type { CommitLog } from './commit-log.ts';
import type { EntryDocument, RecordDocument, WriteDocument } from './documents.ts';

/** Takes the texts out of the documents that hold them; to do it again does no harm. */
export async function scrub(
  log: Pick<CommitLog, 'holding' | 'replaceEntries'>,
  records: readonly VanishingRecord[],
): Promise<void> {
  const names = new Map<number, Set<string>>();
  for (const [rev, kind, key] of records) {
    const of = names.get(rev) ?? new Set();
    names.set(rev, of.add(JSON.stringify([kind, key])));
  }
  for (const [rev, of] of names) {
    const document = await log.holding(rev);
    if (document === undefined) continue;
    const entries = document.e.map((entry) => (entry.q === rev ? without(entry, of) : entry));
    if (entries.some((entry, i) => entry !== document.e[i])) await log.replaceEntries(document, entries);
  }
}

function without(entry: EntryDocument, names: ReadonlySet<string>): EntryDocument {
  const { c = [], w = [] } = entry;
  const isHeld = ({ kind, key, t }: RecordDocument): boolean =>
    t !== null && names.has(JSON.stringify([kind, key]));
  const isExpunged = ({ ref, t }: WriteDocument): boolean =>
    t !== null && names.has(JSON.stringify([VERSION_KIND, ref]));
  if (!c.some(isHeld) && !w.some(isExpunged)) return entry;
  return {
    ...entry,
    ...(w.length > 0 && { w: w.map((one) => (isExpunged(one) ? { ...one, t: null, x: '[]' } : one)) }),
    ...(c.length > 0 && { c: c.map((one) => (isHeld(one) ? { ...one, t: null, x: null } : one)) }),
  };
}
