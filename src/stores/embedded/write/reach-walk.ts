/** The graph of reach, walked: what a resource reaches, and which roots reach it. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { prepare } from '../folder/connection.ts';

/** A root reaches more resources, or a resource is reached by more, than the bound allows. */
export class ReachExceeded extends Error {
  readonly ref: Ref;

  constructor(ref: Ref) {
    super(`the reach of a referral is too wide: ${ref}`);
    this.name = 'ReachExceeded';
    this.ref = ref;
  }
}

export type Edge = readonly [source: number, target: number];

interface ReachWalk {
  /** The roots from which the sources of these edges are reached, themselves included. */
  readonly rootsBefore: (edges: readonly Edge[], named: Ref) => number[];
  /** Everything reached from a resource, itself included; `through` says whether to enter a resource at all. */
  readonly reachedFrom: (start: number, through: (rid: number) => boolean, named: Ref) => Set<number>;
  /**
   * Whether some root reaches any of the added edges, asked of all of them at once: what belongs to no referral, however
   * much it is and however deep, is walked one time.
   */
  readonly mayGrow: (added: readonly Edge[], roots: ReadonlySet<number>) => boolean;
}

/** A walk of more than `max` resources throws {@link ReachExceeded}, with the ref `named`. */
export function prepareReachWalk(db: DatabaseSync, isRoot: (rid: number) => boolean, max: number): ReachWalk {
  const targets = prepare<[number]>(db, 'SELECT DISTINCT target FROM edge WHERE source = ?');
  const sources = prepare<[number]>(db, 'SELECT DISTINCT source FROM edge WHERE target = ?');

  return {
    rootsBefore,
    reachedFrom: (start, through, named) => walk([start], targets.all, through, named),
    mayGrow,
  };

  function mayGrow(added: readonly Edge[], roots: ReadonlySet<number>): boolean {
    const seen = new Set(added.map(([source]) => source));
    const most = seen.size + max;
    for (const rid of seen) {
      if (!roots.has(rid) && isRoot(rid)) return true;
      for (const [other] of sources.all(rid)) seen.add(other);
      if (seen.size > most) return true;
    }
    return false;
  }

  function rootsBefore(edges: readonly Edge[], named: Ref): number[] {
    const seen = walk(
      edges.map(([source]) => source),
      sources.all,
      () => true,
      named,
    );
    return [...seen].filter(isRoot);
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
}
