/**
 * Passwords that were found in breaches (identity ID-23): a sorted text of SHA-1 hashes, too large to be read, searched by
 * halves in the file.
 */
import { open, type FileHandle } from 'node:fs/promises';

interface BreachedPasswords {
  /** @param sha1 40 hexadecimal digits */
  has(sha1: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Longer than any line: a hash, a colon, a count, the end of the line. */
const LINE_MAX = 128;
const HASH = /^[\dA-F]{40}(:\d+)?$/i;

/** @throws when the file cannot be read, or its first line is no hash */
export async function openBreachedPasswords(path: string): Promise<BreachedPasswords> {
  const file = await open(path);
  const { size } = await file.stat();
  const first = await lineAt(file, 0);
  if (!HASH.test(first.text)) {
    await file.close();
    throw new Error(`${path} does not begin with a SHA-1 hash in hexadecimal`);
  }
  return {
    async has(sha1) {
      const wanted = sha1.toUpperCase();
      let low = 0;
      let high = size;
      // The line of the hash, if it is there, begins within [low, high).
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        const { text, end } = await lineAfter(file, middle, low);
        const hash = text.slice(0, 40).toUpperCase();
        if (hash === wanted) return true;
        if (text === '' || hash > wanted) high = middle;
        else low = end;
      }
      return false;
    },
    close: () => file.close(),
  };
}

interface Line {
  readonly text: string;
  /** The offset behind its end. */
  readonly end: number;
}

async function lineAt(file: FileHandle, offset: number): Promise<Line> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LINE_MAX), 0, LINE_MAX, offset);
  const text = buffer.toString('latin1', 0, bytesRead);
  const [line = ''] = text.split('\n', 1);
  return { text: line.trimEnd(), end: offset + line.length + 1 };
}

/** The first line that begins at the offset or behind it; `start` begins a line. */
async function lineAfter(file: FileHandle, offset: number, start: number): Promise<Line> {
  if (offset === start) return lineAt(file, offset);
  // A line may end right before the offset, which then begins one.
  const { end } = await lineAt(file, offset - 1);
  return lineAt(file, end);
}
