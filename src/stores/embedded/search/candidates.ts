/**
 * The versions that can be among the matches, where the places of a search are wide: those that have all the values that it
 * asks for and are within the caller's sight, by the sets that the connection remembers.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Clause } from '../../../ports/query.ts';
import { allRows, sql } from '../sql.ts';
import type { Sql } from '../sql.ts';
import { interruptOf } from './search-interrupt.ts';
import { pidOf } from './search-context.ts';
import { countOf, hasDirectory } from './search-sources.ts';
import type { Field, Candidates, VersionSource } from './search-sources.ts';
import { countBits, hasBit, narrowBits, bitsListed, putBits, wordsFor, type Bits } from './bits.ts';
import { bytesOfSet, havingValue, keptBy, newestVersion } from './version-sets.ts';

/** Sets that one search needs at a time, and some to remember. */
const SETS_MIN = 8;
/** Values that are asked for; more make the rest hardly narrower. */
const VALUES_MAX = 4;

/**
 * Undefined where sight is not known as a set, or where the sets would be too large. To be made in the read transaction of
 * the search.
 */
export function candidatesFor(must: readonly Clause[], field: Field): Candidates | undefined {
  const { type, context } = field;
  const { db, limits } = context;
  const newest = limits.setBytes === 0 ? 0 : newestVersion(db);
  if (bytesOfSet(newest) * SETS_MIN > limits.setBytes) return undefined;
  const seen = seenIn(field);
  if (seen === undefined) return undefined;
  const place = { db, newest, bytesMax: limits.setBytes };
  const values = must.flatMap(valueOf).slice(0, VALUES_MAX);
  if (values.length === 0 && seen.organization === undefined) return undefined;
  const bits = scratchOf(db, newest).fill(-1);
  for (const [param, value] of values)
    narrowBits(bits, havingValue(place, pidOf(context, type, param), value));
  if (seen.organization !== undefined) {
    const granted = seen.granted.filter((vid) => hasBit(bits, vid));
    narrowBits(bits, keptBy(place, context.nid(type), seen.organization));
    putBits(bits, granted);
  }
  return noteCandidates(db, bits);
}

/** What is within the caller's sight; no organization: everything. Undefined where that is not known as a set. */
interface Seen {
  readonly organization?: number;
  /** The versions that it does not keep. */
  readonly granted: readonly number[];
}

function seenIn(field: Field): Seen | undefined {
  const { type, context } = field;
  const { db, limits, sight } = context;
  if (sight.everything || hasDirectory(field)) return { granted: [] };
  if (sight.patient !== undefined) return undefined;
  const organization = context.nid(sight.organization);
  const sighted = sql`SELECT rid FROM sight WHERE org = ${organization}`;
  if (countOf([sighted], field) > limits.narrow) return undefined;
  const versions = sql`SELECT v.vid FROM sight s CROSS JOIN resource r ON r.rid = s.rid AND r.type = ${context.nid(type)}
    CROSS JOIN version v INDEXED BY version_of ON v.rid = s.rid WHERE s.org = ${organization}`;
  return { organization, granted: allRows<[number]>(db, versions).map(([vid]) => vid) };
}

/** The value that a version must have to satisfy a clause, whatever else it must. */
function valueOf(clause: Clause): readonly (readonly [param: string, low: string])[] {
  if (clause.kind === 'token' && clause.code !== undefined) return [[clause.param, clause.code]];
  if (clause.kind === 'uri' && clause.match === 'exact') return [[clause.param, clause.value]];
  const [only] = clause.kind === 'reference' && clause.to.length === 1 ? clause.to : [];
  return only === undefined || clause.kind !== 'reference' ? [] : [[clause.param, only]];
}

/**
 * The candidates as a place; a version that is not live is among them, too. They are listed when it is looked at, as the way
 * that is tried first often finds enough.
 */
export function candidatePlace({ bits, count }: Candidates): VersionSource {
  return {
    get branches() {
      return [sql`SELECT value AS vid FROM json_each(${JSON.stringify(bitsListed(bits))})`];
    },
    ordered: false,
    rows: count,
  };
}

interface Noted {
  /** By number. */
  readonly all: Candidates[];
  /** Memory for those of the next search. */
  readonly free: Bits[];
}

const noted = new WeakMap<DatabaseSync, Noted>();

function notedOn(db: DatabaseSync): Noted {
  const known = noted.get(db);
  if (known !== undefined) return known;
  const interrupt = interruptOf(db);
  const now: Noted = { all: [], free: [] };
  db.function('among', (number, vid) => {
    interrupt.now();
    const among = now.all[Number(number)];
    return among !== undefined && hasBit(among.bits, Number(vid)) ? 1 : 0;
  });
  noted.set(db, now);
  return now;
}

function scratchOf(db: DatabaseSync, newest: number): Bits {
  const { free } = notedOn(db);
  const size = wordsFor(newest);
  const bits = free.pop();
  return bits?.length === size ? bits : new Uint32Array(size);
}

function noteCandidates(db: DatabaseSync, bits: Bits): Candidates {
  const { all } = notedOn(db);
  const one = { number: all.length, bits, count: countBits(bits) };
  all.push(one);
  return one;
}

/** Ends the use of all candidates of a connection's search. */
export function forgetCandidates(db: DatabaseSync): void {
  const { all, free } = noted.get(db) ?? { all: [], free: [] };
  free.push(...all.splice(0).map(({ bits }) => bits));
  free.splice(FREE_MAX);
}

/** So many are kept. */
const FREE_MAX = 4;

/** The condition that a version is a candidate. It looks at the clock as `go()` does. */
export const isCandidate = (vid: Sql, { number }: Candidates): Sql => sql`among(${number}, ${vid})`;
