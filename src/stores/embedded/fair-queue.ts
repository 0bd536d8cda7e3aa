/** A queue by owner: organizations take turns, so that one with many waiting requests delays only itself. */

interface FairQueue<T> {
  readonly size: number;
  /** The number of waiting items of one owner. */
  sizeOf(owner: string): number;
  push(owner: string, item: T): void;
  /** Takes the next item in turn whose owner may go on; undefined when there is none. */
  shift(mayGo: (owner: string) => boolean): T | undefined;
  /** Removes an item; returns whether it was there. */
  remove(owner: string, item: T): boolean;
  /** Takes all items; the queue is then empty. */
  drain(): readonly T[];
}

export function createFairQueue<T>(): FairQueue<T> {
  /** Owners in the order of their turns: one that was served goes to the end. */
  const lines = new Map<string, T[]>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    sizeOf: (owner) => lines.get(owner)?.length ?? 0,
    push(owner, item) {
      const line = lines.get(owner);
      if (line === undefined) lines.set(owner, [item]);
      else line.push(item);
      size += 1;
    },
    shift(mayGo) {
      for (const [owner, line] of lines) {
        if (!mayGo(owner)) continue;
        const item = line.shift();
        lines.delete(owner);
        if (line.length > 0) lines.set(owner, line);
        size -= 1;
        return item;
      }
      return undefined;
    },
    remove(owner, item) {
      const line = lines.get(owner) ?? [];
      const at = line.indexOf(item);
      if (at < 0) return false;
      line.splice(at, 1);
      if (line.length === 0) lines.delete(owner);
      size -= 1;
      return true;
    },
    drain() {
      const all = [...lines.values()].flat();
      lines.clear();
      size = 0;
      return all;
    },
  };
}
