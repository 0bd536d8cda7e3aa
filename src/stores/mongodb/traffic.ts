/** What a node counts of its log, in shared memory: the writer's thread counts, the main thread shows it. */

const SLOTS = [
  /** Documents that are in the log, by us. */
  'appends',
  /** Milliseconds that they took together, and the longest of them. */
  'appendMs',
  'appendMsMax',
  /** Appends in whose place another node's document stood. */
  'lost',
  /** Appends that were found in the log though their answer did not come. */
  'recognised',
  /** Batches whose callers were told that their fate is not known yet. */
  'unsure',
  /** Commits that others wrote, or that were replayed after a loss of the read model. */
  'followed',
  /** Milliseconds since 1970 since when the writer waits for the database; 0 when it does not. */
  'waitingSince',
  /** Milliseconds since 1970 since when the node's lease cannot be renewed, for want of an answer or of rights; 0 when it can. */
  'leaseSilentSince',
  /** Milliseconds since 1970 since when another node has the database; 0 while this one may write. */
  'evictedSince',
  /** How much the clock of the database is ahead of ours, in milliseconds. */
  'clockAheadMs',
] as const;

type LogCounter = (typeof SLOTS)[number];

/** Counters by their names. */
export type LogTraffic = Record<LogCounter, number>;

/** Memory that threads share. */
export const trafficMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(SLOTS.length * Float64Array.BYTES_PER_ELEMENT);

/** Milliseconds since 1970 since when the database does not answer; undefined while it does. */
export function silentSinceOf({ waitingSince, leaseSilentSince }: Readonly<LogTraffic>): number | undefined {
  const since = [waitingSince, leaseSilentSince].filter((at) => at > 0);
  return since.length === 0 ? undefined : Math.min(...since);
}

/** The counters in this memory. Each is counted by one thread. */
export function trafficIn(memory: SharedArrayBuffer): LogTraffic {
  const numbers = new Float64Array(memory);
  const traffic = {};
  for (const [i, name] of SLOTS.entries())
    Object.defineProperty(traffic, name, {
      enumerable: true,
      get: () => numbers[i],
      set(value: number) {
        numbers[i] = value;
      },
    });
  return traffic as LogTraffic; // every slot was defined
}
