/**
 * Reach (rules 2.2b): the graph of which resource carries a referral to which, and, for every organization that is a
 * party of a root, sight of all that the root reaches. Kept in step in the commit that changes it.
 *
 * Additions, the common case, walk only what is new. A removal, or other parties, computes the root's closure again.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { Leave } from '../../../ports/store.ts';
import type { SightChange } from '../../log/log-entry.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import type { Identities } from './identities.ts';
import { prepareReachChanges, type ReachChange } from './reach-changes.ts';
import { prepareReachWalk, ReachExceeded, type Edge, type ReachWalk } from './reach-walk.ts';

/** So few edges are asked about one by one: to ask about all at once first would be the same work twice. */
const EDGES_FEW = 16;

/** What the reach of one commit's writes changed. */
interface ReachApplied {
  /** The roots that reach other than before, or show it to others. */
  readonly roots: ReadonlySet<number>;
  readonly sighted: SightChange;
}

/** A commit at its place, and the graph as it leaves it. */
interface WalkedMoment {
  readonly walk: ReachWalk;
  readonly seq: number;
  /** Named when a root would reach too much. */
  readonly named: Ref;
}

/** Applies the reach of one commit's writes. Throws {@link ReachExceeded} when a root would reach more than `max`. */
export type ApplyReach = (
  changes: readonly ReachChange[],
  seq: number,
  leaves?: readonly Leave[],
) => ReachApplied;

export function prepareReach(db: DatabaseSync, identities: Identities, max: number): ApplyReach {
  const { store, partiesOf, isRoot } = prepareReachChanges(db, identities);
  const walkOf = prepareReachWalk(db, { isRoot, isFresh: identities.isFresh, max });
  const { sightOf, sees, sighted, grant, withdraw } = prepareSightRows(db);

  let granted = 0;
  let withdrawn = 0;

  return (changes, seq, leaves = []) => {
    granted = 0;
    withdrawn = 0;
    const roots = rootsOf(changes, seq, leaves);
    identities.age(); // nothing else stores edges, parties or sight
    return { roots, sighted: [granted, withdrawn] };
  };

  function rootsOf(changes: readonly ReachChange[], seq: number, leaves: readonly Leave[]): Set<number> {
    const { added, removed, roots } = store(changes, leaves);
    const named = changes[0]?.ref ?? leaves[0]?.root;
    if (named === undefined || added.length + removed.length + roots.size === 0) return roots;

    const moment = { walk: walkOf({ added, roots }), seq, named };
    for (const root of moment.walk.rootsBefore(removed, named)) roots.add(root);
    for (const root of roots) recompute(root, moment);
    if (added.length > EDGES_FEW && !moment.walk.mayGrow(roots)) return roots;
    const grown = new Set(roots);
    for (const [root, target] of reachedAnew(added, moment)) {
      if (roots.has(root)) continue;
      grow(root, target, moment);
      grown.add(root);
    }
    return grown;
  }

  function recompute(root: number, { walk, seq, named }: WalkedMoment): void {
    const orgs = partiesOf(root);
    const members = orgs.length === 0 ? new Set<number>() : walk.reachedFrom(root, () => true, named);
    const had = new Set<string>();
    for (const [org, rid] of identities.isFresh(root) ? [] : sightOf.all(root)) {
      had.add(`${org},${rid}`);
      if (!members.has(rid) || !orgs.includes(org)) withdrawn += withdraw.run(seq, org, rid, root);
    }
    for (const rid of members) {
      const others = had.size === 0 ? orgs : orgs.filter((org) => !had.has(`${org},${rid}`));
      granted += grant(others, rid, root, seq);
    }
  }

  /** Adds what is newly reached from `target`. Where a party has sight already, everything beyond has been walked. */
  function grow(root: number, target: number, { walk, seq, named }: WalkedMoment): void {
    const orgs = partiesOf(root);
    const isNew = (rid: number): boolean => !orgs.some((org) => sees.get(org, rid, root) !== undefined);
    const members = walk.reachedFrom(target, isNew, named);
    const [before] = sighted.get(root)!;
    if (before + members.size > max * orgs.length) throw new ReachExceeded(named);
    for (const rid of members) granted += grant(orgs, rid, root, seq);
  }
}

/** Each root with each target of an edge that is new to it; what leads to a source is walked once. */
function* reachedAnew(added: readonly Edge[], { walk, named }: WalkedMoment): Generator<Edge> {
  const before = new Map<number, readonly number[]>();
  for (const [source, target] of added) {
    const roots = before.get(source) ?? walk.rootsBefore([[source, target]], named);
    before.set(source, roots);
    for (const root of roots) yield [root, target];
  }
}

/** The rows of sight that are in force: read, granted and withdrawn. */
const prepareSightRows = (db: DatabaseSync) => ({
  grant: prepareGrant(db),
  sightOf: prepare<[number, number]>(db, `SELECT org, rid FROM sight WHERE root = ? AND ended = ${FOREVER}`),
  sees: prepare<[number]>(
    db,
    `SELECT 1 FROM sight WHERE org = ? AND rid = ? AND root = ? AND ended = ${FOREVER}`,
  ),
  sighted: prepare<[number]>(db, `SELECT count(*) FROM sight WHERE root = ? AND ended = ${FOREVER}`),
  withdraw: prepare(
    db,
    `UPDATE sight SET ended = ? WHERE org = ? AND rid = ? AND root = ? AND ended = ${FOREVER}`,
  ),
});

/**
 * Grants organizations sight of a resource, unless it is their own or everybody's; the number of rows. Two statements,
 * since an INSERT from a SELECT copies every page that it touches.
 */
function prepareGrant(
  db: DatabaseSync,
): (orgs: readonly number[], rid: number, root: number, since: number) => number {
  const keeperOf = prepare<[number]>(db, 'SELECT custodian FROM resource WHERE rid = ? AND everyone = 0');
  const add = prepare(db, `INSERT INTO sight (org, rid, root, since, ended) VALUES (?, ?, ?, ?, ${FOREVER})`);
  return (orgs, rid, root, since) => {
    const keeper = orgs.length === 0 ? undefined : keeperOf.get(rid)?.[0];
    const shown = keeper === undefined ? [] : orgs.filter((org) => org !== keeper);
    for (const org of shown) add.run(org, rid, root, since);
    return shown.length;
  };
}
