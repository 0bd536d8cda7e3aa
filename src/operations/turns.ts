/**
 * Long work in pieces. The event loop turns once between two pieces, over all long works together, so that a small request
 * waits for one piece, and not for one piece of each long work. Pieces are counted in characters, not timed: the FHIR engine has
 * no clock of its own.
 */

export interface Turns {
  /** So many characters were worked through: nothing while it is little, else what to wait for. */
  readonly after: (characters: number) => Promise<void> | undefined;
}

/** Characters that are worked through in a few milliseconds. */
const AT_ONCE = 32_768;
/** What a piece of work costs beside its characters. */
const EACH = 1024;

export function createTurns(): Turns {
  let done = 0;
  return {
    after(characters) {
      done += EACH + characters;
      if (done < AT_ONCE) return undefined;
      done = 0;
      return nextPiece();
    },
  };
}

/** Pieces that are due, in the order in which they asked. */
const due: (() => void)[] = [];

/** Waits for the next piece's turn. */
export function nextPiece(): Promise<void> {
  return new Promise((resolve) => {
    due.push(resolve);
    if (due.length === 1) setImmediate(runOne);
  });
}

/** What is set for the next turn of the loop while one runs waits for the turn after it. */
function runOne(): void {
  const resolve = due.shift();
  if (due.length > 0) setImmediate(runOne);
  resolve?.();
}
