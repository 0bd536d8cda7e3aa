/** Long work in pieces: between two of them everyone else has a turn. Counted, not timed: the desk has no clock of its own. */

export interface Turns {
  /** So many characters were worked through: nothing while it is little, else what to wait for. */
  readonly after: (characters: number) => Promise<void> | undefined;
}

/** Characters that are worked through in a few milliseconds. */
const AT_ONCE = 65_536;
/** What a piece of work costs beside its characters. */
const EACH = 1024;

export function createTurns(): Turns {
  let done = 0;
  return {
    after(characters) {
      done += EACH + characters;
      if (done < AT_ONCE) return undefined;
      done = 0;
      return new Promise((resolve) => void setImmediate(resolve));
    },
  };
}
