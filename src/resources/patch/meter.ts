/**
 * What a patch may come to, counted while it is applied: a few operations can copy what others copied before, and each of
 * many can walk through all of a resource. Counted, not timed, so that the same patch always ends in the same way.
 */
import { PatchFault } from './read.ts';

/** How large a resource may become. */
interface PatchLimits {
  /** Characters of its JSON. */
  readonly size: number;
  /** Nesting of its JSON. */
  readonly depth: number;
}

/**
 * Steps that a patch, or all patches of one request, may take: values copied or moved, nodes that paths go through. What
 * the patch brings itself is bounded by its body.
 */
const STEPS_MAX = 300_000;
/** Values that all patches of one request may copy: copies of copies double, and are refused before they are made. */
const COPIED_MAX = 10_000;
/** Characters compared, and members of a list moved, in the time that one value is looked at. */
const PER_STEP = 512;
/** Results that the patches of one transaction may come to, in resources of the greatest size. */
const RESULTS_MAX = 4;

/** What the patches of one request have come to. */
export interface Spent {
  steps: number;
  /** Values copied. */
  copied: number;
  /** Characters of all results. */
  results: number;
}

export const nothingSpent = (): Spent => ({ steps: 0, copied: 0, results: 0 });

/** Of one patch. */
export interface Meter {
  /** Counts as {@link spend}; false when it was too much. */
  readonly has: (steps: number) => boolean;
  /** @throws PatchFault */
  readonly spend: (steps: number) => void;
  /** A list of this length is taken apart, or a text of this length compared. @throws PatchFault */
  readonly move: (length: number) => void;
  /** A value of the patch is to stand `depth` levels down. @throws PatchFault */
  readonly place: (value: unknown, depth: number) => void;
  /** As {@link place}, for a value of the resource. @throws PatchFault */
  readonly carry: (value: unknown, depth: number) => void;
  /** As {@link carry}, for a value that is then there a second time. @throws PatchFault */
  readonly copy: (value: unknown, depth: number) => void;
  /** The resource when all operations are done. @throws PatchFault */
  readonly finish: (tree: unknown) => void;
}

/** @param before characters of the resource as it is: it may stay as large as it is */
export function createMeter(limits: PatchLimits, spent: Spent, before: number): Meter {
  const sizeMax = Math.max(limits.size, before);
  let copied = 0;
  const has = (steps: number): boolean => {
    spent.steps += steps;
    return spent.steps <= STEPS_MAX;
  };
  const spend = (steps: number): void => {
    if (!has(steps)) throw new PatchFault('the patch takes too many steps');
  };
  const double = (values: number): void => {
    spent.copied += values;
    if (spent.copied > COPIED_MAX) throw new PatchFault(`more than ${COPIED_MAX} values would be copied`);
    spend(values);
  };
  const move = (length: number): void => spend(1 + Math.floor(length / PER_STEP));
  const max = { size: sizeMax, depth: limits.depth };
  return {
    has,
    spend,
    move,
    place: (value, depth) => void weigh(value, depth, max),
    carry: (value, depth) => void weigh(value, depth, max, spend),
    copy(value, depth) {
      copied += weigh(value, depth, max, double);
      if (copied > sizeMax) throw tooLarge(sizeMax);
    },
    finish(tree) {
      spent.results += weigh(tree, 0, max);
      if (spent.results > RESULTS_MAX * sizeMax)
        throw new PatchFault('the patches of one transaction come to too much');
    },
  };
}

const tooLarge = (max: number): PatchFault =>
  new PatchFault(`the resource would have more than ${max} characters`);

/** Of a number, a boolean or null, about. */
const LITERAL = 5;

/** Characters of a value's JSON, about. Without recursion: what is weighed may be as deep as nothing else may. */
function weigh(value: unknown, depth: number, max: PatchLimits, spend?: Meter['spend']): number {
  spend?.(1);
  let size = sizeOf(value);
  let level = isContainer(value) ? [value] : [];
  for (let at = depth; level.length > 0; at += 1) {
    if (at >= max.depth) throw new PatchFault(`the resource would be nested deeper than ${max.depth} levels`);
    const below: object[] = [];
    for (const one of level) {
      const members: readonly unknown[] = Array.isArray(one) ? one : Object.values(one);
      spend?.(members.length);
      for (const member of members) {
        size += sizeOf(member);
        if (isContainer(member)) below.push(member);
      }
      if (size > max.size) break;
    }
    if (size > max.size) throw tooLarge(max.size);
    level = below;
  }
  if (size > max.size) throw tooLarge(max.size);
  return size;
}

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !JSON.isRawJSON(value);

/** Of a value by itself, with a comma; of an object, its names. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (JSON.isRawJSON(value)) return value.rawJSON.length + 1;
  if (!isContainer(value)) return LITERAL;
  let size = 3;
  if (!Array.isArray(value)) for (const name of Object.keys(value)) size += name.length + 3;
  return size;
}
