/** The edges and parties of reach that a commit declares, compared with those that are stored. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { Leave, Reach } from '../../../ports/store.ts';
import { prepare } from '../folder/connection.ts';
import type { Identities } from './identities.ts';
import type { Edge } from './reach-walk.ts';

/** The reach of one resource as its new version declares it; undefined when it was deleted. */
export interface ReachChange {
  readonly ref: Ref;
  readonly rid: number;
  readonly reach: Reach | undefined;
}

/** What the changes of one commit amount to. */
interface Changed {
  readonly added: Edge[];
  readonly removed: Edge[];
  /** Roots whose parties changed. */
  readonly roots: Set<number>;
}

interface ReachChanges {
  /** Stores the edges and parties, and gives what is new of them and what is no more. */
  readonly store: (changes: readonly ReachChange[], leaves: readonly Leave[]) => Changed;
  readonly partiesOf: (root: number) => readonly number[];
  /** Whether a resource has parties. */
  readonly isRoot: (rid: number) => boolean;
}

export function prepareReachChanges(db: DatabaseSync, identities: Identities): ReachChanges {
  const { ridOf, isFresh } = identities;
  const { noteParties, noteLeave, partiesOf, isRoot } = prepareParties(db, identities);
  const edgesOf = prepare<[number, number]>(db, 'SELECT source, target FROM edge WHERE owner = ?');
  const addEdge = prepare(db, 'INSERT INTO edge (source, target, owner) VALUES (?, ?, ?)');
  const dropEdge = prepare(db, 'DELETE FROM edge WHERE source = ? AND target = ? AND owner = ?');
  const isPrivateOfSame = prepare<[number]>(
    db,
    `SELECT 1 FROM resource t JOIN resource s ON s.custodian = t.custodian
     WHERE t.rid = ? AND s.rid = ? AND t.everyone = 0 AND t.custodian <> 0`,
  );
  return {
    store(changes, leaves) {
      const changed: Changed = { added: [], removed: [], roots: new Set() };
      for (const change of changes) noteEdges(change, changed);
      for (const change of changes) noteParties(change, changed);
      for (const leave of leaves) noteLeave(leave, changed);
      return changed;
    },
    partiesOf,
    isRoot,
  };

  function noteEdges({ rid, reach }: ReachChange, { added, removed }: Changed): void {
    const wanted = new Map<string, Edge>();
    for (const ref of reach?.outward ?? []) want([rid, ridOf(ref)]);
    for (const ref of reach?.inward ?? []) want([ridOf(ref), rid]);
    for (const ref of reach?.named ?? [])
      if (isPrivateOfSame.get(ridOf(ref), rid) !== undefined) want([rid, ridOf(ref)]);
    for (const edge of isFresh(rid) ? [] : edgesOf.all(rid)) {
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
}

/** The parties of roots: those of a new version, and one that leaves. */
function prepareParties(db: DatabaseSync, { intern, ridOf, isFresh }: Identities) {
  const parties = prepare<[number]>(db, 'SELECT org FROM party WHERE root = ?');
  const addParty = prepare(db, 'INSERT INTO party (root, org) VALUES (?, ?)');
  const dropParty = prepare(db, 'DELETE FROM party WHERE root = ? AND org = ?');

  return {
    noteParties,
    noteLeave,
    partiesOf: (root: number): readonly number[] => parties.all(root).map(([org]) => org),
    isRoot: (rid: number): boolean => parties.get(rid) !== undefined,
  };

  function noteParties({ rid, reach }: ReachChange, { roots }: Changed): void {
    const wanted = new Set((reach?.parties ?? []).map(intern));
    for (const [org] of isFresh(rid) ? [] : parties.all(rid)) {
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
}
