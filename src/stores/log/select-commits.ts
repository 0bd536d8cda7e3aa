/** Which of the waiting commits go down with the next flush: a batch must not make the commits behind it wait for long. */
import type { Commit } from '../../ports/store.ts';

/** Commits of one batch at most. */
export const BATCH_MAX = 256;
/** The weight of one batch at most, in characters of text, unless a single commit weighs more. */
export const BATCH_WEIGHT = 131_072;
/** The weight of a resource beside its text, and of each of its search values. */
const WRITE_WEIGHT = 2048;
const VALUE_WEIGHT = 128;

/** How long the writer takes for a commit, told by what the commit holds. */
export function weightOf({ writes }: Pick<Commit, 'writes'>): number {
  let weight = 0;
  for (const { text, values } of writes) {
    weight += WRITE_WEIGHT + values.length * VALUE_WEIGHT;
    for (const piece of text?.pieces ?? []) weight += piece.length;
    for (const hole of text?.holes ?? []) if (typeof hole !== 'string') weight += hole.length;
  }
  return weight;
}

interface Selection<T> {
  readonly taken: readonly T[];
  readonly left: readonly T[];
  /** The batch passed over a heavy commit: the next one is for that commit alone. */
  readonly heavyNext: boolean;
}

/**
 * The commits of the next batch, in their order. A heavy commit lets the light ones that wait go before it, once, and then
 * takes a batch for itself: a light commit waits for one heavy commit at most.
 *
 * @param heavyNext of the selection before
 * @param isLightWaiting whether the batch holds something already
 */
export function selectCommits<T extends { readonly weight: number }>(
  waiting: readonly T[],
  { heavyNext, isLightWaiting }: { readonly heavyNext: boolean; readonly isLightWaiting: boolean },
): Selection<T> {
  const heavy = waiting.findIndex(({ weight }) => weight > BATCH_WEIGHT);
  const alone = (): Selection<T> => ({
    taken: waiting.slice(heavy, heavy + 1),
    left: waiting.toSpliced(heavy, 1),
    heavyNext: false,
  });
  if (heavy >= 0 && heavyNext) return alone();
  const taken: T[] = [];
  const left: T[] = [];
  let weighed = 0;
  for (const one of waiting) {
    const fits = one.weight <= BATCH_WEIGHT && weighed + one.weight <= BATCH_WEIGHT;
    if (fits && taken.length < BATCH_MAX) {
      taken.push(one);
      weighed += one.weight;
    } else left.push(one);
  }
  if (heavy >= 0 && taken.length === 0 && !isLightWaiting) return alone();
  return { taken, left, heavyNext: heavy >= 0 };
}
