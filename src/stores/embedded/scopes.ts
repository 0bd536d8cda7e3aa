/**
 * What narrowed scopes leave of a version (smart SM-27, SM-28): whether it satisfies the clause of its type. The values of a
 * version that is current stand in the index; those of earlier ones may be gone from it, and are read from the text again.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../fhir/types.ts';
import { narrowedTo, type Clause, type SearchValue, type Sight } from '../../ports/query.ts';
import type { ScopeJudge } from '../../ports/scope-judge.ts';
import { prepare } from './folder/connection.ts';
import { FOREVER } from './folder/schema.ts';
import { changedBy, type Remembered } from './remembered.ts';
import { typeOfRef } from './write/identities.ts';

/** Verdicts that are remembered. */
const VERDICTS_MAX = 20_000;

/**
 * Whether versions satisfy clauses. A version never changes, but whether it is in the directory is decided by the newest one
 * of its resource, and what is expunged has no values any more.
 */
export interface Verdicts extends Remembered {
  find(clause: Clause, ref: Ref, seq: number): boolean | undefined;
  keep(clause: Clause, ref: Ref, seq: number, verdict: boolean): void;
}

export function createVerdicts(): Verdicts {
  const numbers = new WeakMap<Clause, number>();
  const known = new Map<Ref, Map<string, boolean>>();
  let clauses = 0;
  let verdicts = 0;

  function forgetAll(): void {
    known.clear();
    verdicts = 0;
  }

  return {
    find(clause, ref, seq) {
      const of = known.get(ref);
      return of === undefined ? undefined : of.get(`${numbers.get(clause) ?? ''} ${seq}`);
    },
    keep(clause, ref, seq, verdict) {
      if (verdicts >= VERDICTS_MAX) forgetAll();
      const number = numbers.get(clause) ?? (clauses += 1);
      numbers.set(clause, number);
      const of = known.get(ref) ?? new Map<string, boolean>();
      known.set(ref, of.set(`${number} ${seq}`, verdict));
      verdicts += 1;
    },
    written(members) {
      if (known.size === 0) return;
      for (const ref of changedBy(members)) known.delete(ref);
    },
    forgetAll,
  };
}

/**
 * Whether the version of a resource that was current at a seq is within the scopes of a sight; a deletion is as the version
 * before it.
 */
export function prepareScopes(
  db: DatabaseSync,
  judge: ScopeJudge,
  verdicts: Verdicts,
): (sight: Sight, ref: Ref, seq: number) => boolean {
  const version = prepare<[vid: number, seq: number, ended: number, everyone: number, keeper: Ref | '']>(
    db,
    `SELECT v.vid, v.seq, v.ended, r.everyone, coalesce((SELECT name FROM name WHERE nid = r.custodian), '')
     FROM resource r JOIN version v ON v.rid = r.rid
     WHERE r.ref = ? AND v.seq <= ? AND v.method <> 'DELETE' ORDER BY v.seq DESC LIMIT 1`,
  );
  const text = prepare<[string | null]>(db, 'SELECT text FROM version WHERE vid = ?');
  const indexed = prepare<[name: string, low: string | number, high: string | number]>(
    db,
    'SELECT n.name, x.low, x.high FROM value x INDEXED BY value_of JOIN name n ON n.nid = x.pid WHERE x.vid = ?',
  );

  return (sight, ref, seq) => {
    if (sight.narrow === undefined) return true;
    const type = typeOfRef(ref);
    const clause = narrowedTo(sight, type);
    if (clause === undefined) return true;
    const told = verdicts.find(clause, ref, seq); // where the version itself is asked about, nothing is looked up
    if (told !== undefined) return told;
    const [vid, written, ended, everyone, keeper = ''] = version.get(ref, seq) ?? [];
    if (vid === undefined || written === undefined) return false;
    const before = verdicts.find(clause, ref, written);
    if (before !== undefined) return before;
    const values = ended === FOREVER ? valuesOfCurrent(type, vid) : valuesOfEnded(vid);
    const verdict = judge.satisfies(clause, { ref, type, values, everyone: everyone === 1, keeper });
    verdicts.keep(clause, ref, written, verdict);
    return verdict;
  };

  function valuesOfCurrent(type: string, vid: number): readonly SearchValue[] {
    return indexed.all(vid).map(([name, low, high]) => ({ param: name.slice(type.length + 1), low, high }));
  }

  function valuesOfEnded(vid: number): readonly SearchValue[] {
    const content = text.get(vid)?.[0] ?? null;
    return content === null ? [] : judge.valuesIn(content); // expunged content has no values
  }
}
