/** Token buckets: how often something may happen for a name, in the memory of this process. */

export interface RateSettings {
  readonly perSecond: number;
  readonly burst: number;
}

interface Rates {
  /** Takes one. @returns seconds after which there is one again; 0: it was taken */
  take(name: string): number;
  /** The same, and takes none. */
  waitOf(name: string): number;
}

const NAMES_MAX = 10_000;

export function createRates({ perSecond, burst }: RateSettings, now: () => number): Rates {
  const buckets = new Map<string, { left: number; at: number }>();

  function bucketOf(name: string): { left: number; at: number } {
    const at = now();
    const known = buckets.get(name);
    if (known !== undefined) {
      known.left = Math.min(burst, known.left + ((at - known.at) / 1000) * perSecond);
      known.at = at;
      return known;
    }
    const oldest = buckets.size >= NAMES_MAX ? buckets.keys().next().value : undefined;
    if (oldest !== undefined) buckets.delete(oldest);
    const fresh = { left: burst, at };
    buckets.set(name, fresh);
    return fresh;
  }

  const waitFor = (left: number): number => (left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / perSecond)));

  return {
    take(name) {
      const bucket = bucketOf(name);
      const wait = waitFor(bucket.left);
      if (wait === 0) bucket.left -= 1;
      return wait;
    },
    waitOf: (name) => waitFor(bucketOf(name).left),
  };
}
