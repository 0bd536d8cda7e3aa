/**
 * The brake on guesses over many accounts (identity ID-42, ID-43) allows a number of failures in five minutes from one
 * address, and a larger one from all addresses. Each node keeps its own counts, in memory and bounded.
 */
import { networkOf } from '../identity/network.ts';
import type { Clock } from '../ports/clock.ts';

/** How many failures there may be at once, and in how many milliseconds all of them are forgiven. */
interface Allowance {
  readonly failures: number;
  readonly withinMs: number;
}

const FIVE_MINUTES = 5 * 60_000;

export const BRAKES: { readonly address: Allowance; readonly installation: Allowance } = {
  address: { failures: 20, withinMs: FIVE_MINUTES },
  installation: { failures: 300, withinMs: FIVE_MINUTES },
};

/** A place that was taken, for a try that has not ended. */
interface Taken {
  readonly ok: true;
  /** It was no failure. */
  readonly giveBack: () => void;
}

interface AddressBrake {
  /** Takes a place for a try. Else: seconds until there is one, and whether everybody has to wait. */
  take(
    address: string,
  ): Taken | { readonly ok: false; readonly retryAfter: number; readonly everybody: boolean };
}

const ADDRESSES_MAX = 20_000;

interface Bucket {
  used: number;
  at: number;
}

export function createAddressBrake(clock: Clock, brakes = BRAKES): AddressBrake {
  const buckets = new Map<string, Bucket>();
  const whole: Bucket = { used: 0, at: clock.now() };

  const bucketOf = (address: string): Bucket => {
    const key = networkOf(address);
    const bucket = buckets.get(key) ?? { used: 0, at: clock.now() };
    buckets.delete(key);
    buckets.set(key, bucket); // the last asked for is the last to be forgotten
    for (const oldest of buckets.keys()) {
      if (buckets.size <= ADDRESSES_MAX) break;
      buckets.delete(oldest);
    }
    return bucket;
  };

  return {
    take(address) {
      const now = clock.now();
      const bucket = bucketOf(address);
      const waits = [waitFor(bucket, brakes.address, now), waitFor(whole, brakes.installation, now)] as const;
      if (waits[0] > 0 || waits[1] > 0)
        return { ok: false, retryAfter: Math.ceil(Math.max(...waits) / 1000), everybody: waits[0] === 0 };
      bucket.used += 1;
      whole.used += 1;
      const giveBack = (): void => {
        bucket.used = Math.max(0, bucket.used - 1);
        whole.used = Math.max(0, whole.used - 1);
      };
      return { ok: true, giveBack };
    },
  };
}

/** Forgives what time has forgiven. @returns milliseconds until there is a place; 0: there is one */
function waitFor(bucket: Bucket, { failures, withinMs }: Allowance, now: number): number {
  const forgiven = ((now - bucket.at) * failures) / withinMs;
  bucket.used = Math.max(0, bucket.used - Math.max(0, forgiven));
  bucket.at = now;
  return bucket.used + 1 <= failures ? 0 : ((bucket.used + 1 - failures) * withinMs) / failures;
}
