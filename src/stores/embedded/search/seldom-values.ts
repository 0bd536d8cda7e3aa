/**
 * Values of parameters that hardly any version has, kept in memory: every write asks for the Consents about its patient, and
 * most patients have none. What a version once had stays noted, so that a value that is not noted is found nowhere.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from '../folder/connection.ts';
import type { Remembered } from '../remembered.ts';
import { typeOfRef } from '../write/identities.ts';

/** Lookups of a parameter that found nothing before its values are read. */
const VAIN = 16;
/** Rows of a parameter that has few values. */
const FEW = 2000;

export interface SeldomValues extends Remembered {
  /** Whether it is known that no version has the value. */
  hasNone(type: string, param: string, low: string): boolean;
  /** A lookup by the parameter found nothing. */
  noteNone(type: string, param: string): void;
}

/** Where nothing is remembered, everything is looked up. */
export const ALL_LOOKED_UP: Pick<SeldomValues, 'hasNone' | 'noteNone'> = {
  hasNone: () => false,
  noteNone: () => undefined,
};

/** What is known of one parameter. */
interface OfParameter {
  /** Lookups that found nothing. */
  vain: number;
  /** All values that versions have or had since; undefined: not read, or too many. */
  lows: Set<string | number> | undefined;
}

/** @param db sees everything that was acknowledged, whenever it is asked */
export function rememberSeldomValues(db: DatabaseSync): SeldomValues {
  const rows = prepare<[string | number]>(
    db,
    `SELECT low FROM value INDEXED BY sqlite_autoindex_value_1
     WHERE pid = (SELECT nid FROM name WHERE name = ?) LIMIT ${FEW + 1}`,
  );
  /** By type and parameter. */
  const asked = new Map<string, Map<string, OfParameter>>();

  function readLows(type: string, param: string): OfParameter['lows'] {
    const found = rows.all(`${type}.${param}`);
    return found.length > FEW ? undefined : new Set(found.map(([low]) => low));
  }

  return {
    hasNone: (type, param, low) =>
      asked.get(type)?.get(param)?.lows?.has(low) === false && low.isWellFormed(),
    noteNone(type, param) {
      const ofType = asked.get(type) ?? new Map<string, OfParameter>();
      asked.set(type, ofType);
      const one = ofType.get(param) ?? { vain: 0, lows: undefined };
      ofType.set(param, one);
      one.vain += 1;
      if (one.vain === VAIN) one.lows = readLows(type, param);
    },
    written(members) {
      if (asked.size === 0) return;
      for (const member of members)
        for (const { ref, values } of member.kind === 'commit' ? member.commit.writes : []) {
          const ofType = asked.get(typeOfRef(ref));
          if (ofType !== undefined) for (const { param, low } of values) note(ofType.get(param), low);
        }
    },
    forgetAll: () => asked.clear(),
  };
}

function note(one: OfParameter | undefined, low: string | number): void {
  if (one?.lows === undefined) return;
  if (one.lows.size < FEW) one.lows.add(typeof low === 'string' ? low.toWellFormed() : low); // as SQLite keeps it
  else one.lows = undefined;
}
