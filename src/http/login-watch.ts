/**
 * Watches failed logins (45 CFR 164.308(a)(5)(ii)(C); audit-compliance AU62): a source that fails ten times within fifteen
 * minutes is reported once an hour. Each server counts for itself, and only the sources that failed-logins.ts tells apart.
 */
interface LoginWatch {
  /** Adds failures of a source. */
  add(source: string, times: number): Promise<void>;
}

const WINDOW_MS = 15 * 60_000;
const FAILURES_MIN = 10;
const QUIET_MS = 60 * 60_000;
const SOURCES_MAX = 10_000;

interface Source {
  readonly failed: { readonly at: number; readonly times: number }[];
  toldAt: number;
}

export function createLoginWatch(
  now: () => number,
  tell: (source: string, times: number) => Promise<void>,
): LoginWatch {
  const sources = new Map<string, Source>();
  return {
    async add(address, times) {
      const at = now();
      for (const [key, { failed, toldAt }] of sources)
        if ((failed.at(-1)?.at ?? 0) <= at - WINDOW_MS && toldAt <= at - QUIET_MS) sources.delete(key);
      const source = sources.get(address) ?? { failed: [], toldAt: -QUIET_MS };
      if (sources.size < SOURCES_MAX) sources.set(address, source);
      while ((source.failed[0]?.at ?? at) <= at - WINDOW_MS) source.failed.shift();
      source.failed.push({ at, times });
      const sum = source.failed.reduce((total, one) => total + one.times, 0);
      if (sum < FAILURES_MIN || source.toldAt > at - QUIET_MS) return;
      source.toldAt = at;
      await tell(address, sum);
    },
  };
}
