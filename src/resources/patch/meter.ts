/**
 * Counts the cost of a patch while it is applied: a few operations can copy what others copied before, and each of many
 * can walk through a whole resource. Counting, unlike timing, makes the same patch always end in the same way.
 */
import { PatchFault } from './read.ts';

/** The largest size of a resource. */
interface PatchLimits {
  /** Characters of its JSON. */
  readonly size: number;
  /** Nesting of its JSON. */
  readonly depth: number;
}

/**
 * Steps that a patch, or all patches of one request, may take: values copied or moved, nodes that paths pass. The bound
 * on bodies covers the values of the patch itself.
 */
const STEPS_MAX = 300_000;
/**
 * Values that all patches of one request may copy. Copies of copies double, so the meter refuses them before they are
 * made.
 */
const COPIED_MAX = 10_000;
/** Characters compared, or members of a list moved, that cost as much as one value. */
const PER_STEP = 512;
/** The size of all results that the patches of one transaction may have, in resources of the largest size. */
const RESULTS_MAX = 4;

/** The cost of the patches of one request so far. */
export interface Spent {
  steps: number;
  /** Values copied. */
  copied: number;
  /** Characters of all results. */
  results: number;
}

export const nothingSpent = (): Spent => ({ steps: 0, copied: 0, results: 0 });

/** The meter of one patch. */
export interface Meter {
  /** Counts like {@link spend}; returns false when it was too much. */
  readonly has: (steps: number) => boolean;
  /** @throws PatchFault */
  readonly spend: (steps: number) => void;
  /**
   * Counts the division of a list of this length, or the comparison of a text of this length.
   *
   * @throws PatchFault
   */
  readonly move: (length: number) => void;
  /**
   * Counts a value of the patch that is placed `depth` levels down.
   *
   * @throws PatchFault
   */
  readonly place: (value: unknown, depth: number) => void;
  /**
   * Counts like {@link place}, for a value of the resource.
   *
   * @throws PatchFault
   */
  readonly carry: (value: unknown, depth: number) => void;
  /**
   * Counts like {@link carry}, for a value that is then there a second time.
   *
   * @throws PatchFault
   */
  readonly copy: (value: unknown, depth: number) => void;
  /**
   * Counts the resource after all operations.
   *
   * @throws PatchFault
   */
  readonly finish: (tree: unknown) => void;
}

/**
 * Makes a meter.
 *
 * @param before characters of the resource before the patch: it may stay that large
 */
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

/** The characters of a number, a boolean or null, roughly. */
const LITERAL = 5;

/**
 * The characters of a value's JSON, roughly. Without recursion, because this value may be deeper than the bound on
 * depth.
 */
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

/** The cost of a value by itself, with a comma; for an object also of its names. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (JSON.isRawJSON(value)) return value.rawJSON.length + 1;
  if (!isContainer(value)) return LITERAL;
  let size = 3;
  if (!Array.isArray(value)) for (const name of Object.keys(value)) size += name.length + 3;
  return size;
}
