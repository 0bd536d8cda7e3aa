/** Proves that the outbox agrees with the log: a commit wrote each entry, and how each ended. */
import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryOutcome } from '../../../ports/store.ts';
import { digestDeliveryOutcome, digestOutbox, type Digest } from '../../log/chain.ts';
import { prepare } from '../folder/connection.ts';
import { STATES } from '../write/outbox.ts';
import { count, READABLE, type NoteDifference } from './proof-rows.ts';

interface OutboxProof {
  examineEntry(entry: Digest, seq: number): void;
  examineOutcome(outcome: Digest, seq: number): void;
  /** Reports the entries that vanished before they had an outcome. */
  reportVanished(): void;
  /** Reports what no commit wrote. */
  reportUnwritten(seq: number): void;
}

export function prepareOutboxProof(db: DatabaseSync, note: NoteDifference): OutboxProof {
  const entryOf = prepare<[entry: string, state: number, why: string, seq: number]>(
    db,
    'SELECT entry, state, why, seq FROM outbox WHERE id = ?',
  );
  let written = 0;
  let settled = 0;
  /** Outbox entries that are gone, until their outcome appears: an entry may be forgotten after it. */
  const forgotten = new Map<string, number>();

  return {
    examineEntry,
    examineOutcome,
    reportVanished() {
      for (const [id, at] of forgotten) note(at, `the outbox entry ${id} is missing`);
    },
    reportUnwritten(seq) {
      if (count(db, 'SELECT count(*) FROM outbox') > written) findEntries(db, note, seq);
      if (count(db, 'SELECT count(*) FROM outbox WHERE state >= 2') > settled)
        note(seq, 'the outbox holds entries that no commit settled as they are');
    },
  };

  function examineEntry([id, digest]: Digest, seq: number): void {
    const row = entryOf.get(id);
    if (row === undefined) return void forgotten.set(id, seq);
    written += 1;
    if (digestOutbox(id, row[0]) !== digest || row[3] !== seq)
      note(seq, `the outbox entry ${id} was changed`);
  }

  function examineOutcome([id, digest]: Digest, seq: number): void {
    if (forgotten.delete(id)) return;
    const row = entryOf.get(id);
    if (row === undefined) return;
    const [, state, why] = row;
    settled += 1;
    // A state that is not a fate gives another digest, as it should.
    const outcome = { id, fate: STATES[state] as DeliveryOutcome['fate'], why };
    if (digestDeliveryOutcome(outcome) !== digest) note(seq, `how the outbox entry ${id} ended was changed`);
  }
}

/** Names the entries that are members of no commit in the log. Slow, so it runs only when the counts differ. */
function findEntries(db: DatabaseSync, note: NoteDifference, seq: number): void {
  const strangers = prepare<[string, number]>(
    db,
    `SELECT o.id, o.seq FROM outbox o LEFT JOIN log l ON l.seq = o.seq
     WHERE l.seq IS NULL OR NOT EXISTS (
       SELECT 1 FROM json_each(${READABLE}, '$.outbox') m WHERE m.value ->> 0 = o.id) LIMIT 10`,
  ).all();
  for (const [id, at] of strangers) note(at, `no commit wrote the outbox entry ${id}`);
  if (strangers.length === 0) note(seq, 'there are outbox entries that no commit wrote');
}
