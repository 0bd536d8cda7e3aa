/** How often something is done for each of the addresses that are kept here. */
import type { Clock } from '../../ports/clock.ts';
import type { DirectAddress } from '../../ports/direct.ts';

export interface Quota {
  /** Whether it may be done once more for this address now; if so, it counts. */
  enter(address: DirectAddress): boolean;
}

/** @param most in each period, which begins with the first */
export function createQuota(clock: Clock, most: number, periodMs: number): Quota {
  const counted = new Map<DirectAddress, { readonly since: number; readonly count: number }>();
  return {
    enter(address) {
      const now = clock.now();
      const known = counted.get(address);
      const { since, count } =
        known !== undefined && now - known.since < periodMs ? known : { since: now, count: 0 };
      if (count >= most) return false;
      counted.set(address, { since, count: count + 1 });
      return true;
    },
  };
}
