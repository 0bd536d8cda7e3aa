/**
 * Leases of jobs. One process has the folder (folder.ts), so they live in its memory: they end with it, which is when
 * nobody is left who could hold one. A lease that was taken at a time that lies ahead has ended, too: the clock was set
 * back, and nobody waits until it has caught up.
 */
import type { Clock } from '../../ports/clock.ts';
import type { Lease, Leases } from '../../ports/jobs.ts';

interface Held {
  /** 0: nobody's, it rests. */
  readonly term: number;
  readonly since: number;
  readonly until: number;
}

export function createLeases(clock: Clock): Leases {
  const held = new Map<string, Held>();
  let lastTerm = 0;

  function current(name: string): Held | undefined {
    const now = clock.now();
    const one = held.get(name);
    return one !== undefined && one.since <= now && now < one.until ? one : undefined;
  }

  function hold(name: string, term: number, forMs: number): void {
    const since = clock.now();
    held.set(name, { term, since, until: since + forMs });
  }

  const isOf = ({ name, term }: Lease): boolean => current(name)?.term === term;

  return {
    async take(name, forMs) {
      if (current(name) !== undefined) return undefined;
      const term = (lastTerm += 1);
      hold(name, term, forMs);
      return { name, term };
    },
    async extend(lease, forMs) {
      if (!isOf(lease)) return false;
      hold(lease.name, lease.term, forMs);
      return true;
    },
    async release(lease, restMs) {
      if (isOf(lease)) hold(lease.name, 0, restMs);
    },
  };
}
