/** The guard of a running search: called for every row that is looked at, by SQL and beside it. */
import type { DatabaseSync } from 'node:sqlite';

/** Called for every row; throws to end the search. */
export type SearchInterrupt = () => void;

export const uninterrupted: SearchInterrupt = () => undefined;

const guards = new WeakMap<DatabaseSync, { now: SearchInterrupt }>();

/** Where a connection's SQL function `go()` finds the guard. */
export function interruptOf(db: DatabaseSync): { now: SearchInterrupt } {
  const known = guards.get(db);
  if (known !== undefined) return known;
  const at = { now: uninterrupted };
  db.function('go', () => {
    at.now();
    return 1;
  });
  guards.set(db, at);
  return at;
}
