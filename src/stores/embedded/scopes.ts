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
import { typeOfRef } from './write/identities.ts';

/** Verdicts that are remembered for one clause. A version never changes, so they hold for ever. */
const VERDICTS_MAX = 20_000;

/**
 * Whether the version of a resource that was current at a seq is within the scopes of a sight; a deletion is as the version
 * before it.
 */
export function prepareScopes(
  db: DatabaseSync,
  judge: ScopeJudge,
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
  const verdicts = new WeakMap<Clause, Map<string, boolean>>();

  return (sight, ref, seq) => {
    if (sight.narrow === undefined) return true;
    const type = typeOfRef(ref);
    const clause = narrowedTo(sight, type);
    if (clause === undefined) return true;
    const known = verdictsOf(clause);
    const told = known.get(`${ref} ${seq}`); // where the version itself is asked about, nothing is looked up
    if (told !== undefined) return told;
    const [vid, written, ended, everyone, keeper = ''] = version.get(ref, seq) ?? [];
    if (vid === undefined) return false;
    const before = known.get(`${ref} ${written}`);
    if (before !== undefined) return before;
    const values = ended === FOREVER ? valuesOfCurrent(type, vid) : valuesOfEnded(vid);
    const verdict = judge.satisfies(clause, { ref, type, values, everyone: everyone === 1, keeper });
    if (known.size >= VERDICTS_MAX) known.clear();
    known.set(`${ref} ${written}`, verdict);
    return verdict;
  };

  function verdictsOf(clause: Clause): Map<string, boolean> {
    let known = verdicts.get(clause);
    if (known === undefined) verdicts.set(clause, (known = new Map<string, boolean>()));
    return known;
  }

  function valuesOfCurrent(type: string, vid: number): readonly SearchValue[] {
    return indexed.all(vid).map(([name, low, high]) => ({ param: name.slice(type.length + 1), low, high }));
  }

  function valuesOfEnded(vid: number): readonly SearchValue[] {
    const content = text.get(vid)?.[0] ?? null;
    return content === null ? [] : judge.valuesIn(content); // expunged content has no values
  }
}
