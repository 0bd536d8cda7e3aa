/** Reads the outbox for operators, and checks for due entries before a claim uses the writer. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../fhir/types.ts';
import type { Passed } from '../../ports/claim.ts';
import type { OutboxRow, Store } from '../../ports/store.ts';
import { parseEntry } from '../log/entry-text.ts';
import { prepare, statements } from './folder/connection.ts';
import { STATES } from './write/outbox.ts';

interface OutboxReading {
  list(filter: Parameters<Store['outbox']>[0]): OutboxRow[];
  /** Whether something is due to a receiver that is not passed over. */
  isAnyDue(now: number, passOver: Passed): boolean;
  /** Milliseconds since 1970 of the oldest open entry's commit; 0 when there is none. */
  readonly oldestAt: () => number;
}

type Row = [
  id: string,
  seq: number,
  at: number,
  entry: string,
  state: number,
  attempt: number,
  due: number,
  why: string,
];

export function prepareOutboxReading(db: DatabaseSync): OutboxReading {
  const sql = statements(db);
  const oldest = prepare<[number]>(db, 'SELECT at FROM outbox WHERE state < 2 ORDER BY oid LIMIT 1');
  const due = prepare<[Ref]>(
    db,
    `WITH RECURSIVE open (receiver) AS (
       SELECT min(receiver) FROM outbox WHERE state < 2
       UNION ALL SELECT (SELECT min(receiver) FROM outbox WHERE state < 2 AND receiver > open.receiver)
       FROM open WHERE open.receiver IS NOT NULL)
     SELECT receiver FROM open WHERE EXISTS (
       SELECT 1 FROM outbox o WHERE o.state < 2 AND o.receiver = open.receiver AND o.due <= ?)`,
  );

  return {
    isAnyDue(now, passOver) {
      for (const [receiver] of due.each(now)) if (!passOver.has(receiver)) return true;
      return false;
    },
    oldestAt: () => oldest.get()?.[0] ?? 0,
    list({ id, subject, receiver, open, count }) {
      const where = ['1'];
      if (id !== undefined) where.push('id = ?');
      if (subject !== undefined) where.push('subject = ?');
      if (receiver !== undefined) where.push('receiver = ?');
      const named = [id, subject, receiver].filter((name) => name !== undefined);
      if (open ?? named.length === 0) where.push('state < 2');
      // An entry behind another is due when the first of its lane is, at the earliest.
      const rows = sql<Row>(
        `SELECT id, seq, at, entry, state, attempt,
           CASE WHEN state < 2 THEN (SELECT min(h.due) FROM outbox h WHERE h.lane = o.lane AND h.state < 2) ELSE due END,
           why
         FROM outbox o WHERE ${where.join(' AND ')} ORDER BY oid DESC LIMIT ? + 0`,
      ).all(...named, count);
      return rows.map(toRow);
    },
  };
}

function toRow([id, seq, at, entry, state, attempt, due, why]: Row): OutboxRow {
  return {
    ...parseEntry(entry),
    id,
    seq,
    at: new Date(at).toISOString(),
    attempt,
    state: STATES[state] ?? 'waiting',
    why,
    due,
  };
}
