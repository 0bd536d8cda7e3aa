/**
 * Reach (rules 2.2b): the graph of which resource carries a referral to which, and, for every organization that is a
 * party of a root, sight of all that the root reaches. Kept in step in the commit that changes it.
 *
 * Additions, the common case, walk only what is new. A removal, or other parties, computes the root's closure again.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { Leave, Reach } from '../../../ports/store.ts';
import { prepare } from '../folder/connection.ts';
import type { Identities } from './identities.ts';
import { FOREVER } from '../folder/schema.ts';

/** The reach of one resource as its new version declares it; undefined when it was deleted. */
export interface ReachChange {
  readonly ref: Ref;
  readonly rid: number;
  readonly reach: Reach | undefined;
}

/** A root reaches more resources, or a resource is reached by more, than the bound allows. */
export class ReachExceeded extends Error {
  readonly ref: Ref;

  constructor(ref: Ref) {
    super(`the reach of a referral is too wide: ${ref}`);
    this.name = 'ReachExceeded';
    this.ref = ref;
  }
}

type Edge = readonly [source: number, target: number];

/** What the changes of one commit amount to. */
interface Changed {
  readonly added: Edge[];
  readonly removed: Edge[];
  /** Roots whose parties changed. */
  readonly roots: Set<number>;
}

/** So few edges are asked about one by one: to ask about all at once first would be the same work twice. */
const EDGES_FEW = 16;

/**
 * Applies the reach of one commit's writes, and gives the roots that reach other than before, or show it to others. Throws
 * {@link ReachExceeded} when a root would reach more than `max`.
 */
export type ApplyReach = (
  changes: readonly ReachChange[],
  seq: number,
  leaves?: readonly Leave[],
) => ReadonlySet<number>;

export function prepareReach(db: DatabaseSync, { intern, ridOf }: Identities, max: number): ApplyReach {
  const edgesOf = prepare<[number, number]>(db, 'SELECT source, target FROM edge WHERE owner = ?');
  const addEdge = prepare(db, 'INSERT INTO edge (source, target, owner) VALUES (?, ?, ?)');
  const dropEdge = prepare(db, 'DELETE FROM edge WHERE source = ? AND target = ? AND owner = ?');
  const partiesOf = prepare<[number]>(db, 'SELECT org FROM party WHERE root = ?');
  const addParty = prepare(db, 'INSERT INTO party (root, org) VALUES (?, ?)');
  const dropParty = prepare(db, 'DELETE FROM party WHERE root = ? AND org = ?');
  const targets = prepare<[number]>(db, 'SELECT DISTINCT target FROM edge WHERE source = ?');
  const sources = prepare<[number]>(db, 'SELECT DISTINCT source FROM edge WHERE target = ?');
  const sightOf = prepare<[number, number]>(
    db,
    `SELECT org, rid FROM sight WHERE root = ? AND ended = ${FOREVER}`,
  );
  const sees = prepare<[number]>(
    db,
    `SELECT 1 FROM sight WHERE org = ? AND rid = ? AND root = ? AND ended = ${FOREVER}`,
  );
  const sighted = prepare<[number]>(db, `SELECT count(*) FROM sight WHERE root = ? AND ended = ${FOREVER}`);
  const isPrivateOfSame = prepare<[number]>(
    db,
    `SELECT 1 FROM resource t JOIN resource s ON s.custodian = t.custodian
     WHERE t.rid = ? AND s.rid = ? AND t.everyone = 0 AND t.custodian <> 0`,
  );
  const grant = prepare(
    db,
    `INSERT INTO sight (org, rid, root, since, ended)
     SELECT ?1, rid, ?3, ?4, ${FOREVER} FROM resource WHERE rid = ?2 AND custodian <> ?1 AND everyone = 0`,
  );
  const withdraw = prepare(
    db,
    `UPDATE sight SET ended = ? WHERE org = ? AND rid = ? AND root = ? AND ended = ${FOREVER}`,
  );

  return (changes, seq, leaves = []) => {
    const changed: Changed = { added: [], removed: [], roots: new Set() };
    for (const change of changes) noteEdges(change, changed);
    for (const change of changes) noteParties(change, changed);
    for (const leave of leaves) noteLeave(leave, changed);
    const { added, removed, roots } = changed;
    const named = changes[0]?.ref ?? leaves[0]?.root;
    if (named === undefined || added.length + removed.length + roots.size === 0) return roots;

    for (const root of rootsBefore(removed, named)) roots.add(root);
    for (const root of roots) recompute(root, seq, named);
    if (added.length > EDGES_FEW && !mayGrow(added, roots)) return roots;
    const grown = new Set(roots);
    for (const [source, target] of added) {
      for (const root of rootsBefore([[source, target]], named)) {
        if (roots.has(root)) continue;
        grow(root, target, seq, named);
        grown.add(root);
      }
    }
    return grown;
  };

  /**
   * Whether some root reaches any of the added edges, asked of all of them at once: what belongs to no referral, however
   * much it is and however deep, is walked one time.
   */
  function mayGrow(added: readonly Edge[], roots: ReadonlySet<number>): boolean {
    const seen = new Set(added.map(([source]) => source));
    const most = seen.size + max;
    for (const rid of seen) {
      if (!roots.has(rid) && partiesOf.get(rid) !== undefined) return true;
      for (const [other] of sources.all(rid)) seen.add(other);
      if (seen.size > most) return true;
    }
    return false;
  }

  function noteEdges({ rid, reach }: ReachChange, { added, removed }: Changed): void {
    const wanted = new Map<string, Edge>();
    for (const ref of reach?.outward ?? []) want([rid, ridOf(ref)]);
    for (const ref of reach?.inward ?? []) want([ridOf(ref), rid]);
    for (const ref of reach?.named ?? [])
      if (isPrivateOfSame.get(ridOf(ref), rid) !== undefined) want([rid, ridOf(ref)]);
    for (const edge of edgesOf.all(rid)) {
      if (wanted.delete(edge.join())) continue;
      dropEdge.run(edge[0], edge[1], rid);
      removed.push(edge);
    }
    for (const edge of wanted.values()) {
      addEdge.run(edge[0], edge[1], rid);
      added.push(edge);
    }
    function want(edge: Edge): void {
      if (edge[0] !== edge[1]) wanted.set(edge.join(), edge);
    }
  }

  function noteParties({ rid, reach }: ReachChange, { roots }: Changed): void {
    const wanted = new Set((reach?.parties ?? []).map(intern));
    for (const [org] of partiesOf.all(rid)) {
      if (wanted.delete(org)) continue;
      dropParty.run(rid, org);
      roots.add(rid);
    }
    for (const org of wanted) {
      addParty.run(rid, org);
      roots.add(rid);
    }
  }

  function noteLeave({ root, organization }: Leave, { roots }: Changed): void {
    const rid = ridOf(root);
    dropParty.run(rid, intern(organization));
    roots.add(rid);
  }

  /** The roots from which the sources of these edges are reached, themselves included. */
  function rootsBefore(edges: readonly Edge[], named: Ref): number[] {
    const seen = walk(
      edges.map(([source]) => source),
      sources.all,
      () => true,
      named,
    );
    return [...seen].filter((rid) => partiesOf.get(rid) !== undefined);
  }

  /** Everything reached over `next`, the start included; `through` says whether to enter a resource at all. */
  function walk(
    start: readonly number[],
    next: (rid: number) => (readonly [number])[],
    through: (rid: number) => boolean,
    named: Ref,
  ): Set<number> {
    const seen = new Set(start.filter(through));
    // A Set is iterated in the order of insertion, what is added meanwhile included.
    for (const rid of seen) {
      for (const [other] of next(rid)) if (!seen.has(other) && through(other)) seen.add(other);
      if (seen.size > max) throw new ReachExceeded(named);
    }
    return seen;
  }

  function recompute(root: number, seq: number, named: Ref): void {
    const orgs = partiesOf.all(root).map(([org]) => org);
    const members = orgs.length === 0 ? new Set<number>() : walk([root], targets.all, () => true, named);
    const had = new Set<string>();
    for (const [org, rid] of sightOf.all(root)) {
      had.add(`${org},${rid}`);
      if (!members.has(rid) || !orgs.includes(org)) withdraw.run(seq, org, rid, root);
    }
    for (const org of orgs) {
      for (const rid of members) if (!had.has(`${org},${rid}`)) grant.run(org, rid, root, seq);
    }
  }

  /** Adds what is newly reached from `target`. Where a party has sight already, everything beyond has been walked. */
  function grow(root: number, target: number, seq: number, named: Ref): void {
    const orgs = partiesOf.all(root).map(([org]) => org);
    const isNew = (rid: number): boolean => !orgs.some((org) => sees.get(org, rid, root) !== undefined);
    const members = walk([target], targets.all, isNew, named);
    const [before] = sighted.get(root)!;
    if (before + members.size > max * orgs.length) throw new ReachExceeded(named);
    for (const org of orgs) for (const rid of members) grant.run(org, rid, root, seq);
  }
}
