/**
 * Delivers an entry once more that has ended: a rail asks for it when nothing was heard of what it sent (direct-xdm 6). The
 * same content, as of the entry's commit; the gates are asked as of now, as before every delivery (rules 6.1).
 */
import type { NoticeToShow, Rail, Receipt } from '../ports/rail.ts';
import type { ClaimedEntry, Snapshot, Store } from '../ports/store.ts';
import type { Gate } from './gates.ts';
import { asTold, type Payloads } from './payloads.ts';
import { shownSnapshot } from './shown-view.ts';

interface AgainParts {
  readonly store: Pick<Store, 'snapshot' | 'outbox'>;
  readonly rails: ReadonlyMap<string, Rail>;
  readonly gates: Gate;
  readonly payloads: Payloads;
  readonly noticeOf: (
    entry: ClaimedEntry,
    now: Snapshot,
    asOf: Snapshot,
  ) => Promise<NoticeToShow | undefined>;
}

/** @param attempt the number of the attempt, which the rail makes its ids from */
export type DeliverAgain = (
  entry: string,
  attempt: number,
  signal: AbortSignal,
) => Promise<Receipt | undefined>;

/** Resolves with undefined when the entry is gone, or may not be told any more. */
export const createDeliverAgain =
  ({ store, rails, gates, payloads, noticeOf }: AgainParts): DeliverAgain =>
  async (id, attempt, signal) => {
    const [row] = await store.outbox({ id, count: 1 });
    const rail = row && rails.get(row.rail);
    if (row === undefined || rail === undefined) return undefined;
    const entry = { ...row, attempt, sight: await asTold(payloads, row.sight) };
    const [asOf, now] = [store.snapshot(row.seq), store.snapshot()];
    const { permitted } = await gates(entry, now, asOf);
    if (!permitted) return undefined;
    const shown = shownSnapshot(asOf, entry.sight);
    return rail.deliver(entry, shown, now, signal, () => noticeOf(entry, now, asOf));
  };
