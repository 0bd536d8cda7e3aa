/**
 * The way that an entry takes: its own, or where its carrier has no agreement any more, the next one that is open
 * (baa-messaging BA18). Any other no ends the delivery, whatever ways there are.
 */
import type { WayNotTaken } from '../ports/delivered.ts';
import type { ClaimedEntry, Snapshot, Store } from '../ports/store.ts';
import type { Gate, GateDecision } from './gates.ts';
import { CARRIER_POLICY } from './policy-gate.ts';
import type { FindOtherWays } from './ways.ts';

interface WayParts {
  readonly store: Pick<Store, 'outbox'>;
  readonly gates: Gate;
  readonly otherWays?: FindOtherWays | undefined;
}

interface WayTaken {
  /** With the rail and the receiver by which it goes. */
  readonly entry: ClaimedEntry;
  readonly decision: GateDecision;
}

/** @param asOf the commit of the entry */
export async function takeWay(
  { store, gates, otherWays }: WayParts,
  entry: ClaimedEntry,
  now: Snapshot,
  asOf: Snapshot,
): Promise<WayTaken> {
  const decision = await gates(entry, now, asOf);
  if (decision.permitted || decision.policy !== CARRIER_POLICY || otherWays === undefined)
    return { entry, decision };
  const { next, isMember } = await otherWays(entry, now);
  const others = await receiversOf(store, entry);
  const isTold = next.some(({ endpoint }) => others.has(endpoint));
  if (isTold) return { entry, decision: { ...decision, elsewhere: true } };
  const notTaken: readonly WayNotTaken[] = [
    { rail: entry.rail, receiver: entry.receiver, why: decision.why ?? decision.policy },
  ];
  for (const { rail, endpoint } of next) {
    const other = { ...entry, rail, receiver: endpoint };
    const answer = await gates(other, now, asOf);
    if (answer.permitted) return { entry: other, decision: { ...answer, notTaken } };
  }
  return { entry, decision: isMember ? { ...decision, elsewhere: true } : decision };
}

/** Entries about one subject that are looked at. */
const ENTRIES_MAX = 1000;

/** Whom other entries of the same event tell. */
async function receiversOf(store: WayParts['store'], entry: ClaimedEntry): Promise<ReadonlySet<string>> {
  const rows = await store.outbox({ subject: entry.subject, count: ENTRIES_MAX });
  return new Set(
    rows
      .filter(({ id, seq, event }) => id !== entry.id && seq === entry.seq && event === entry.event)
      .map(({ receiver }) => receiver),
  );
}
