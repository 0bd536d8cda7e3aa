/**
 * Sets of versions, a bit for each, remembered by a connection that only reads. What wide places have in common is found in
 * them at once, where looking at their rows one by one would take a search's whole time. A set holds all that it must, and
 * perhaps more: what is found is verified like any other row.
 *
 * They need no invalidation. The values of a version never change, and so does the keeper of a resource; new versions have
 * higher numbers, so a set is read on from where it ends. What a transaction undid had numbers, too, therefore a connection
 * that writes has no sets.
 */
import type { DatabaseSync } from 'node:sqlite';
import { firstRow, limited, sql } from '../sql.ts';
import type { Sql } from '../sql.ts';
import { putBits, wordsFor, type Bits } from './bits.ts';
import { interruptOf } from './search-interrupt.ts';

/** A set as it was read. */
interface Known {
  bits: Bits;
  /** The versions up to this one are in. */
  through: number;
}

/** Versions that are read in one step. */
const STEP = 20_000;
/** More new versions than this are not worth looking at one by one. */
const NEW_MAX = 20_000;
/** Room for versions to come, as a share. */
const SLACK = 1.05;

const sets = new WeakMap<DatabaseSync, Map<string, Known>>();

/** The bytes of one set. */
export const bytesOfSet = (newest: number): number => wordsFor(newest) * Uint32Array.BYTES_PER_ELEMENT;

/** The number of the newest version. */
export const newestVersion = (db: DatabaseSync): number =>
  firstRow<[number | null]>(db, sql`SELECT max(vid) FROM version`)?.[0] ?? 0;

interface Place {
  readonly db: DatabaseSync;
  readonly newest: number;
  /** The bytes that all sets of the connection may take. */
  readonly bytesMax: number;
}

/** The versions that have this value under a parameter. */
export function havingValue(place: Place, pid: number, low: string): Bits {
  const set = setOf(place, `${pid} ${low}`);
  while (set.through < place.newest) {
    const rows = sql`SELECT vid FROM value INDEXED BY sqlite_autoindex_value_1
      WHERE pid = ${pid} AND low = ${low} AND vid > ${set.through} ORDER BY vid ${limited(STEP)}`;
    const read = readInto(set.bits, rows, place.db);
    set.through = read.length < STEP ? place.newest : (read.at(-1) ?? place.newest);
  }
  return set.bits;
}

/** The versions of the resources of a type that an organization keeps. */
export function keptBy(place: Place, type: number, organization: number): Bits {
  const set = setOf(place, `kept ${type} ${organization}`);
  if (place.newest - set.through > NEW_MAX) gatherKept(set.bits, place.db, type, organization);
  else {
    // With the new version of a resource all of it: it may have been in the directory until now.
    const rows = sql`SELECT w.vid FROM version v CROSS JOIN resource r ON r.rid = v.rid
      CROSS JOIN version w INDEXED BY version_of ON w.rid = v.rid
      WHERE v.vid > ${set.through} AND v.type = ${type} AND r.custodian = ${organization}`;
    if (set.through < place.newest) readInto(set.bits, rows, place.db);
  }
  set.through = place.newest;
  return set.bits;
}

function gatherKept(bits: Bits, db: DatabaseSync, type: number, organization: number): void {
  for (let after = 0; ;) {
    const rids = sql`SELECT rid FROM resource INDEXED BY resource_kept
      WHERE type = ${type} AND everyone = 0 AND custodian = ${organization} AND rid > ${after} ORDER BY rid ${limited(STEP)}`;
    const last = firstRow<[number | null]>(db, sql`SELECT max(rid) FROM (${rids})`)?.[0];
    if (last == null) return;
    const rows = sql`SELECT v.vid FROM (${rids}) o CROSS JOIN version v INDEXED BY version_of ON v.rid = o.rid`;
    readInto(bits, rows, db);
    after = last;
  }
}

/** Sets the bits of rows that SQL gives as `vid`, and returns these. */
function readInto(bits: Bits, rows: Sql, db: DatabaseSync): readonly number[] {
  interruptOf(db).now();
  const list = firstRow<[string]>(db, sql`SELECT json_group_array(vid) FROM (${rows})`)?.[0] ?? '[]';
  const vids = JSON.parse(list) as readonly number[]; // made in the line above
  putBits(bits, vids);
  return vids;
}

/** A remembered set with room for all versions; the ones that were not used for longest make room. */
function setOf({ db, newest, bytesMax }: Place, key: string): Known {
  const known = sets.get(db) ?? new Map<string, Known>();
  sets.set(db, known);
  const set = known.get(key) ?? { bits: new Uint32Array(0), through: 0 };
  known.delete(key);
  known.set(key, set);
  if (set.bits.length < wordsFor(newest)) {
    const grown = new Uint32Array(wordsFor(newest * SLACK));
    grown.set(set.bits);
    set.bits = grown;
  }
  let bytes = 0;
  for (const { bits } of known.values()) bytes += bits.byteLength;
  for (const [other, { bits }] of known) {
    if (bytes <= bytesMax || other === key) break;
    known.delete(other);
    bytes -= bits.byteLength;
  }
  return set;
}
