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
  /** How much the clock of the database is ahead of ours, in milliseconds. */
  'clockAheadMs',
] as const;

type LogCounter = (typeof SLOTS)[number];

/** Counters by their names. */
export type LogTraffic = Record<LogCounter, number>;

/** Memory that threads share. */
export const trafficMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(SLOTS.length * Float64Array.BYTES_PER_ELEMENT);

/** The counters in this memory. One thread counts. */
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
