/** How far our clock is from the database's: leases are times that several machines compare. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection.ts';

export interface DatabaseClock {
  /** Milliseconds since 1970, as the database sees them. */
  readonly now: () => number;
  stop(): Promise<void>;
}

const AGAIN_MS = 60_000;

/** @param told how much the database's clock is ahead of ours, in milliseconds; now, and each minute */
export async function followClock(
  connection: Connection,
  told: (aheadMs: number) => void,
): Promise<DatabaseClock> {
  let aheadMs = 0;
  const ended = new AbortController();
  const measure = async (): Promise<void> => {
    aheadMs = (await measureClock(connection)) ?? aheadMs;
    told(aheadMs);
  };
  await measure();
  const following = follow();
  return {
    now: () => Date.now() + aheadMs,
    async stop() {
      ended.abort();
      await following;
    },
  };

  async function follow(): Promise<void> {
    while (!ended.signal.aborted) {
      await sleep(AGAIN_MS, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
      if (!ended.signal.aborted) await measure().catch(() => undefined); // the next minute tells
    }
  }
}

/** How much the database's clock is ahead of ours, in milliseconds; undefined where it does not say. */
export async function measureClock({ db }: Connection): Promise<number | undefined> {
  const before = Date.now();
  const { localTime } = await db.command({ hello: 1 });
  const middle = (before + Date.now()) / 2;
  return localTime instanceof Date ? Math.round(localTime.getTime() - middle) : undefined;
}
