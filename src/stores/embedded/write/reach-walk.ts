/** The graph of reach, walked: what a resource reaches, and which roots reach it. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { prepare } from '../folder/connection.ts';
import type { Identities } from './identities.ts';

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

interface WalkTools {
  /** Whether a resource has parties. */
  readonly isRoot: (rid: number) => boolean;
  readonly isFresh: Identities['isFresh'];
  readonly max: number;
}

/** The walks of one commit, whose edges and parties are stored. */
export interface ReachWalk {
  /** The roots from which the sources of these edges are reached, themselves included. */
  readonly rootsBefore: (edges: readonly Edge[], named: Ref) => number[];
  /** Everything reached from a resource, itself included; `through` says whether to enter a resource at all. */
  readonly reachedFrom: (start: number, through: (rid: number) => boolean, named: Ref) => Set<number>;
  /**
   * Whether some root but these reaches any of the added edges, asked of all of them at once: what belongs to no referral,
   * however much it is and however deep, is walked one time.
   */
  readonly mayGrow: (roots: ReadonlySet<number>) => boolean;
}

/** What a commit changed of the graph. */
interface GraphChange {
  readonly added: readonly Edge[];
  /** Roots whose parties changed. */
  readonly roots: ReadonlySet<number>;
}

/** A walk of more than `max` resources throws {@link ReachExceeded}, with the ref `named`. */
export function prepareReachWalk(
  db: DatabaseSync,
  { isRoot, isFresh, max }: WalkTools,
): (change: GraphChange) => ReachWalk {
  const targets = prepare<[number]>(db, 'SELECT DISTINCT target FROM edge WHERE source = ?');
  const sources = prepare<[number]>(db, 'SELECT DISTINCT source FROM edge WHERE target = ?');

  return ({ added, roots }) => {
    const { freshTargets, freshSources } = freshEdges(added, isFresh);
    // What is fresh has no edges and no parties but those of this commit.
    const targetsOf = (rid: number): Iterable<number> =>
      isFresh(rid) ? (freshTargets.get(rid) ?? []) : targets.all(rid).map(([target]) => target);
    const sourcesOf = (rid: number): Iterable<number> =>
      isFresh(rid) ? (freshSources.get(rid) ?? []) : sources.all(rid).map(([source]) => source);
    const hasParties = (rid: number): boolean => (!isFresh(rid) || roots.has(rid)) && isRoot(rid);

    return {
      rootsBefore: (edges, named) => {
        const start = edges.map(([source]) => source);
        return [...walk(start, sourcesOf, () => true, { named, max })].filter(hasParties);
      },
      reachedFrom: (start, through, named) => walk([start], targetsOf, through, { named, max }),
      mayGrow,
    };

    function mayGrow(known: ReadonlySet<number>): boolean {
      const seen = new Set(added.map(([source]) => source));
      const most = seen.size + max;
      for (const rid of seen) {
        if (!known.has(rid) && hasParties(rid)) return true;
        for (const other of sourcesOf(rid)) seen.add(other);
        if (seen.size > most) return true;
      }
      return false;
    }
  };
}

/** The edges of what is fresh, from both their ends. */
function freshEdges(added: readonly Edge[], isFresh: (rid: number) => boolean) {
  const freshTargets = new Map<number, Set<number>>();
  const freshSources = new Map<number, Set<number>>();
  for (const [source, target] of added) {
    if (isFresh(source)) note(freshTargets, source, target);
    if (isFresh(target)) note(freshSources, target, source);
  }
  return { freshTargets, freshSources };
}

function note(ends: Map<number, Set<number>>, rid: number, other: number): void {
  const others = ends.get(rid);
  if (others === undefined) ends.set(rid, new Set([other]));
  else others.add(other);
}

/** Everything reached over `next`, the start included; `through` says whether to enter a resource at all. */
function walk(
  start: readonly number[],
  next: (rid: number) => Iterable<number>,
  through: (rid: number) => boolean,
  { named, max }: { readonly named: Ref; readonly max: number },
): Set<number> {
  const seen = new Set(start.filter(through));
  // A Set is iterated in the order of insertion, what is added meanwhile included.
  for (const rid of seen) {
    for (const other of next(rid)) if (!seen.has(other) && through(other)) seen.add(other);
    if (seen.size > max) throw new ReachExceeded(named);
  }
  return seen;
}
