/**
 * A read transaction that stands for many reads. SQLite drops the pages that a connection keeps in memory when it begins
 * a transaction and another connection has written since; the audit writes with every read, though nothing that a read by
 * id looks at. So while only read-audit rows are written, reads share one transaction and find their pages in memory.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './folder/connection.ts';

export interface SharedReadTransaction {
  /** Called before each read: it will see everything that has been acknowledged. */
  enter(): void;
  /** The next read sees what was audited, too. */
  leave(): void;
  /** A group is on disk and not acknowledged yet. `changed`: it held more than read-audit rows. */
  applied(changed: boolean): void;
}

/**
 * Of so many groups the last few find no transaction standing. A WAL is begun anew only when a checkpoint has reached its
 * end and nobody reads from it, and would grow without end if somebody always did.
 */
const ROUND = 64;
const SHARED_OF_ROUND = 60;

/** @param db a read-only connection on which nothing else is done */
export function prepareSharedReadTransaction(db: DatabaseSync): SharedReadTransaction {
  const begin = prepare(db, 'BEGIN');
  const end = prepare(db, 'COMMIT');
  /** Groups since something changed. Where things change all the time, each read stands alone. */
  let quiet = 0;

  return {
    enter() {
      if (!db.isTransaction && quiet > 0 && quiet % ROUND < SHARED_OF_ROUND) begin.run();
    },
    leave() {
      if (db.isTransaction) end.run();
    },
    applied(changed) {
      quiet = changed ? 0 : quiet + 1;
      if (db.isTransaction && (changed || quiet % ROUND >= SHARED_OF_ROUND)) end.run();
    },
  };
}
