/**
 * Turns on the main thread, when it is late. While several organizations work, each has a few requests or messages in hand,
 * and its further ones wait in a line of its own: a small request of one organization waits for a few of another's, not for
 * all of them. The server does not hold back an organization that works alone, so that its commits share their flushes; and
 * while the main thread has time to spare, since what is in hand waits for the disk, more go.
 */
export interface FairTurns {
  /** Waits for the owner's turn, does the work, and gives the turn back. */
  take<T>(owner: string, work: () => Promise<T>): Promise<T>;
  /**
   * The main thread has had time to spare: of every line some go beyond their share.
   *
   * @param idle the share of the last milliseconds in which it had nothing to do, 0 to 1
   */
  spare(idle: number): void;
}

interface FairTurnSettings {
  /** In hand of one owner at a time, while there are others. */
  readonly atOnceMax: number;
  /** An owner is there for so long after its last request. */
  readonly presentMs: number;
  /** Whether the main thread is late: only then does anybody wait. */
  readonly isLate: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Everybody's turn is at once. */
export const NO_TURNS: FairTurns = { take: (_owner, work) => work(), spare: () => {} };

interface Owner {
  running: number;
  lastAt: number;
  readonly waiting: (() => void)[];
}

/** Owners that are remembered; beyond it those that do nothing are forgotten. */
const OWNERS_MAX = 1000;
/** Of a line that go at once when the main thread had nothing to do at all. */
const SPARE_MAX = 16;
/** In hand of one owner at most, however much time there is to spare: what waits for the disk is waited for by others. */
const IN_HAND_MAX = 32;

export function createFairTurns({ atOnceMax, presentMs, isLate, now }: FairTurnSettings): FairTurns {
  const owners = new Map<string, Owner>();

  function ownerOf(name: string): Owner {
    const known = owners.get(name);
    if (known !== undefined) return known;
    if (owners.size >= OWNERS_MAX)
      for (const [other, { running }] of owners) if (running === 0) owners.delete(other);
    const owner: Owner = { running: 0, lastAt: 0, waiting: [] };
    owners.set(name, owner);
    return owner;
  }

  function mayGo(owner: Owner): boolean {
    if (owner.running < atOnceMax || !isLate()) return true;
    const since = now() - presentMs;
    for (const other of owners.values()) if (other !== owner && other.lastAt >= since) return false;
    return true;
  }

  function leave(owner: Owner): void {
    owner.running -= 1;
    while (owner.waiting.length > 0 && mayGo(owner)) {
      owner.running += 1;
      owner.waiting.shift()?.();
    }
  }

  return {
    spare(idle) {
      const more = Math.round(idle * SPARE_MAX);
      for (const owner of owners.values())
        for (let i = 0; i < more && owner.running < IN_HAND_MAX && owner.waiting.length > 0; i += 1) {
          owner.running += 1;
          owner.waiting.shift()?.();
        }
    },
    async take(name, work) {
      const owner = ownerOf(name);
      owner.lastAt = now();
      if (owner.waiting.length === 0 && mayGo(owner)) owner.running += 1;
      else await new Promise<void>((resolve) => owner.waiting.push(resolve));
      try {
        return await work();
      } finally {
        leave(owner);
      }
    },
  };
}
