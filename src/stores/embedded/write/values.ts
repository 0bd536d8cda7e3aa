/** The search values of versions, as rows. */
import type { DatabaseSync } from 'node:sqlite';
import type { SearchValue } from '../../../ports/query.ts';
import { prepare } from '../folder/connection.ts';
import type { Identities } from './identities.ts';
import { notesOn } from '../search/search-ranges.ts';

interface ValueRows {
  /** Adds the values of a version, and the notes that go with them. */
  readonly write: (type: string, values: readonly SearchValue[], vid: number) => void;
  /** Removes all values of a version. */
  readonly clear: (vid: number) => void;
}

/** Search values that one INSERT takes: a version has dozens, and a statement costs more than a row. */
const VALUES_AT_ONCE = 16;

const insertValues = (rows: number): string =>
  `INSERT OR IGNORE INTO value (pid, low, vid, high) VALUES ${Array(rows).fill('(?, ?, ?, ?)').join()}`;

export function prepareValues(db: DatabaseSync, identities: Identities): ValueRows {
  const addValues = Array.from({ length: VALUES_AT_ONCE }, (_, more) => prepare(db, insertValues(more + 1)));
  const remove = prepare(db, 'DELETE FROM value WHERE vid = ?');
  return {
    write(type, values, vid) {
      const all = [...values, ...notesOn(values)];
      for (let from = 0; from < all.length; from += VALUES_AT_ONCE) {
        const some = all.slice(from, from + VALUES_AT_ONCE);
        const bound = some.flatMap(({ param, low, high }) => [
          identities.intern(`${type}.${param}`),
          low,
          vid,
          high,
        ]);
        addValues[some.length - 1]!.run(...bound); // there is one for every number up to VALUES_AT_ONCE
      }
    },
    clear: (vid) => void remove.run(vid),
  };
}
