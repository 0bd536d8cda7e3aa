/** The size and the seed of a long run: a small one in `npm test`, all of it by `npm run prove`. */
import { PROOFS, type ProofName, type Size } from '../tools/prove/proofs.ts';

const SEEDS = 2 ** 31;
/** A failure is found again by its seed, which the test's message has. */
const CHOSEN = Date.now() % SEEDS;
/** The shorter runs take the same chances every time: what refuses a change is the change. New chances are `prove`'s. */
const SETTLED = 20_261_129;
const LEAST_MS = 60_000;

export interface Run {
  readonly runs: number;
  readonly seed: number;
  /** The time for a test of that many runs, each of which may take that long on a slow and busy machine. */
  readonly within: (runMs: number) => number;
}

/** The size and the chance of a proof; `npm run prove` sets both. */
export function proofOf(name: ProofName): Run {
  const runs = PROOFS[name].runs[sizeOfRuns()];
  return { runs, seed: seedOfRuns(), within: (runMs) => LEAST_MS + runs * runMs };
}

/** As many of a list as a run has, spread over it; all when there are no more. */
export function someOf<T>(all: readonly T[], { runs, seed }: Pick<Run, 'runs' | 'seed'>): readonly T[] {
  if (all.length <= runs) return all;
  const start = (seed % SEEDS) / SEEDS;
  return all.filter(
    (_, at) =>
      Math.floor(((at + 1) * runs) / all.length + start) > Math.floor((at * runs) / all.length + start),
  );
}

/** The seed of every random run: `PROOF_SEED`, else the settled one, or a new one for a full run. */
export function seedOfRuns(): number {
  const { PROOF_SEED: seed } = process.env;
  if (seed !== undefined) return Number(seed);
  return sizeOfRuns() === 'full' ? CHOSEN : SETTLED;
}

function sizeOfRuns(): Size {
  const { PROOF_SIZE: size = 'quick' } = process.env;
  if (isSize(size)) return size;
  throw new Error(`PROOF_SIZE is quick, ci or full, not ${size}`);
}

const isSize = (text: string): text is Size => /^(quick|ci|full)$/.test(text);
