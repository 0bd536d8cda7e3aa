/**
 * The outbox as the writer keeps it: lanes in commit order, leases that name the process, outcomes that are final.
 *
 * Within a lane (rail, receiver, ordering key) only the earliest open entry is ever due; the others wait with `due = FOREVER`
 * until the one before is settled. So a claim looks at one entry per receiver, however long the queues are.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { ClaimedEntry, OutboxRow, DeliveryOutcome } from '../../../ports/store.ts';
import { parseEntry } from '../../log/entry-text.ts';
import type { DecidedOutboxEntry } from '../../log/log-entry.ts';
import { prepare } from '../folder/connection.ts';
import type { ClaimRequest } from '../../log/write-batch.ts';
import { FOREVER } from '../folder/schema.ts';
import type { LogPlace } from './verdict.ts';

/** The column `state`. */
export const STATES = [
  'waiting',
  'leased',
  'accepted',
  'refused',
  'withheld',
] as const satisfies OutboxRow['state'][];

/** The column `state` of an entry whose story ended so. */
export const stateOf = (fate: DeliveryOutcome['fate']): number => STATES.indexOf(fate);

export interface Outbox {
  insert(entry: DecidedOutboxEntry, place: LogPlace): void;
  /** Whether the entry may be settled now: it exists and is open. */
  isOpen(id: string): boolean;
  conclude(outcome: DeliveryOutcome, now: number): void;
  claim(claiming: ClaimRequest, now: number): ClaimedEntry[];
  /** False when the entry is not leased to this instance. */
  postpone(id: string, afterMs: number, why: string, now: number): boolean;
  /** What is known of an entry that was tried: by a process before this one, in a folder that is lost. */
  restoreAttempt(tried: TriedEntry): void;
  /** Makes entries that other instances had leased due now. */
  endLeases(now: number): void;
  /** Entries that wait or are leased. */
  countOpen(): number;
}

/** An entry that waits and was tried. */
export interface TriedEntry {
  readonly id: string;
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly due: number;
  readonly why: string;
}

type ClaimRow = [oid: number, id: string, seq: number, at: number, entry: string, attempt: number];

/** The statements of the outbox. */
function prepareStatements(db: DatabaseSync) {
  return {
    add: prepare(
      db,
      `INSERT INTO outbox (id, seq, at, lane, entry, subject, receiver, state, attempt, due, lease, why)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0,
         CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE lane = ?4 AND state < 2) THEN ${FOREVER} ELSE ?3 END, '', ''`,
    ),
    open: prepare<[string]>(db, 'SELECT lane FROM outbox WHERE id = ? AND state < 2'),
    close: prepare(db, `UPDATE outbox SET state = ?, due = ?, why = ?, lease = '' WHERE id = ?`),
    unblock: prepare(
      db,
      `UPDATE outbox SET due = ?2 WHERE due = ${FOREVER}
         AND oid = (SELECT min(oid) FROM outbox WHERE lane = ?1 AND state < 2)`,
    ),
    receiverAfter: prepare<[Ref]>(
      db,
      'SELECT receiver FROM outbox WHERE state < 2 AND receiver > ? ORDER BY receiver LIMIT 1',
    ),
    dueOf: prepare<ClaimRow>(
      db,
      `SELECT oid, id, seq, at, entry, attempt FROM outbox
       WHERE state < 2 AND receiver = ? AND due <= ? ORDER BY due, oid LIMIT 1`,
    ),
    lease: prepare(
      db,
      'UPDATE outbox SET state = 1, attempt = attempt + 1, due = ?, lease = ? WHERE oid = ?',
    ),
    release: prepare(
      db,
      `UPDATE outbox SET state = 0, due = ?, why = ?, lease = '' WHERE id = ? AND state = 1 AND lease = ?`,
    ),
    restore: prepare(
      db,
      `UPDATE outbox SET attempt = ?, why = ?, due = CASE due WHEN ${FOREVER} THEN due ELSE ? END
       WHERE id = ? AND state < 2`,
    ),
    releaseOthers: prepare(
      db,
      `UPDATE outbox SET state = 0, due = ?, lease = '' WHERE state = 1 AND lease <> ?`,
    ),
    count: prepare<[number]>(db, 'SELECT count(*) FROM outbox WHERE state < 2'),
  };
}

/** `instance` names this process in leases. */
export function prepareOutbox(db: DatabaseSync, instance: string): Outbox {
  const { add, open, close, unblock, receiverAfter, dueOf, lease, release, restore, releaseOthers, count } =
    prepareStatements(db);

  /** The receiver at which the next claim begins: each gets its turn. */
  let turn = '';

  return {
    insert({ id, entry, text }, { seq, at }) {
      const lane = `${entry.rail}|${entry.receiver}|${entry.orderingKey}`;
      add.run(id, seq, at, lane, text, entry.subject, entry.receiver);
    },
    isOpen: (id) => open.get(id) !== undefined,
    conclude({ id, fate, why }, now) {
      const [lane] = open.get(id)!;
      close.run(stateOf(fate), now, why ?? '', id);
      unblock.run(lane, now);
    },
    claim({ max, leaseMs, passOver, share }, now) {
      const claimed: ClaimedEntry[] = [];
      const serving = new Map<Ref | '', number>(share?.serving);
      for (const receiver of receiversFrom(turn)) {
        if (claimed.length >= max) break;
        const row = passOver.has(receiver) ? undefined : dueOf.get(receiver, now);
        if (row === undefined) continue;
        const told = organizationTold(row);
        const running = serving.get(told) ?? 0;
        if (share !== undefined && told !== '' && running >= share.perOrganizationMax) continue;
        serving.set(told, running + 1);
        lease.run(now + leaseMs, instance, row[0]);
        claimed.push(toClaimed(row));
        turn = receiver;
      }
      return claimed;
    },
    postpone: (id, afterMs, why, now) => release.run(now + afterMs, why, id, instance) === 1,
    restoreAttempt: ({ id, attempt, due, why }) => void restore.run(attempt, why, due, id),
    endLeases: (now) => void releaseOthers.run(now, instance),
    countOpen: () => count.get()![0],
  };

  /** Every receiver with open entries once: those after `start` first, then the others. */
  function* receiversFrom(start: string): Generator<Ref> {
    for (let next = receiverAfter.get(start); next !== undefined; next = receiverAfter.get(next[0]))
      yield next[0];
    for (let next = receiverAfter.get(''); next !== undefined; next = receiverAfter.get(next[0])) {
      if (next[0] > start) return;
      yield next[0];
    }
  }
}

/** The organization that is told; '' for an entry of the server's own. */
function organizationTold([, , , , entry]: ClaimRow): Ref | '' {
  const { sight } = parseEntry(entry);
  return sight.everything ? '' : sight.organization;
}

function toClaimed([, id, seq, at, entry, attempt]: ClaimRow): ClaimedEntry {
  return { ...parseEntry(entry), id, seq, at: new Date(at).toISOString(), attempt: attempt + 1 };
}
