/** A file that is given up when the disk is full, so that reads can be audited for a while (rules 4.3). */
import { randomFillSync } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Reserve {
  /** Whether the space is held; while it is not, only read audits are written. */
  readonly held: boolean;
  /** Gives the space back to the disk; false when there is none to give. */
  release(batch: object): boolean;
  /**
   * Takes the space again when the disk has twice as much; true when it is held. Not in the batch that gave it up, whatever
   * the disk says of its space: begun again, that batch would give it up and take it for ever.
   */
  restore(batch: object): boolean;
}

const CHUNK_BYTES = 64 * 1024;

/** Takes the space at once; a disk too full for that leaves it not held. */
export function createReserve(file: string, bytes: number): Reserve {
  let held = bytes === 0 || (existsSync(file) && statSync(file).size === bytes) || take();
  const gaveUp = new WeakSet<object>();

  function take(): boolean {
    try {
      fill(file, bytes);
      return true;
    } catch {
      rmSync(file, { force: true });
      return false;
    }
  }

  return {
    get held() {
      return held;
    },
    release(batch) {
      if (!held || bytes === 0) return false;
      gaveUp.add(batch);
      rmSync(file, { force: true });
      held = false;
      return true;
    },
    restore(batch) {
      if (!held && !gaveUp.has(batch)) held = freeBytes(file) >= 2 * bytes && take();
      return held;
    },
  };
}

/** Random bytes: a file system that compresses or leaves out zeros would reserve nothing. */
function fill(file: string, bytes: number): void {
  const chunk = randomFillSync(Buffer.alloc(Math.min(CHUNK_BYTES, bytes)));
  const descriptor = openSync(file, 'w', 0o600);
  try {
    for (let left = bytes; left > 0; left -= chunk.length)
      writeSync(descriptor, chunk, 0, Math.min(left, chunk.length));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function freeBytes(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize;
}
