/**
 * Which entries of the outbox were tried, how often, and when they are due again. The log does not say it, so that an
 * attempt costs no commit; what is lost here with the node's last second is an attempt made once more.
 */
import type { ClaimedEntry, DeliveryOutcome } from '../../ports/store.ts';
import type { TriedEntry } from '../embedded/write/outbox.ts';
import type { Connection, NamedDocument } from './connection.ts';

/** `_id`: the entry's. */
interface DueDocument extends NamedDocument {
  readonly attempt?: number;
  /** Milliseconds since 1970. */
  readonly due?: number;
  readonly why?: string;
}

export interface Tried {
  /** Their lease ends with the process: a read model that is made anew finds them due. */
  claimed(entries: readonly ClaimedEntry[]): void;
  postponed(id: string, afterMs: number, why: string): void;
  concluded(outcomes: readonly DeliveryOutcome[]): void;
  /** All that is known, for a read model that is made anew. */
  all(): Promise<readonly TriedEntry[]>;
  /** When all that was noted is in the database, or could not be. */
  noted(): Promise<void>;
}

export function openTried({ collection }: Connection): Tried {
  const tried = collection<DueDocument>('due');
  /** One after the other: a postponement must not be overtaken by the claim before it. */
  let last: Promise<unknown> = Promise.resolve();
  const note = (work: () => Promise<unknown>): void => {
    last = last.then(work).catch(() => undefined);
  };
  const set = (id: string, change: Partial<DueDocument>): Promise<unknown> =>
    tried.updateOne({ _id: id }, { $set: change }, { upsert: true });

  return {
    claimed(entries) {
      for (const { id, attempt } of entries) note(() => set(id, { attempt, due: 0, why: '' }));
    },
    postponed: (id, afterMs, why) => note(() => set(id, { due: Date.now() + afterMs, why })),
    concluded(outcomes) {
      const ids = outcomes.map(({ id }) => id);
      if (ids.length > 0) note(() => tried.deleteMany({ _id: { $in: ids } }));
    },
    async all() {
      const found = await tried.find({}).toArray();
      return found.map(({ _id: id, attempt = 0, due = 0, why = '' }) => ({ id, attempt, due, why }));
    },
    noted: async () => void (await last),
  };
}
