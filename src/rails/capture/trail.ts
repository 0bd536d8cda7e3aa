/** A bounded file of lines: the line is on disk when the promise resolves. */
import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Finding } from '../../ports/store.ts';

export interface Trail {
  append(line: string): Promise<void>;
  verify(): Promise<Finding>;
  close(): Promise<void>;
}

/** Past `bytesMax` the file is renamed to `<file>.1`, which replaces an older one, and a new file begins. */
export function openTrail(file: string, bytesMax: number): Trail {
  let handle: FileHandle | undefined;
  let last: Promise<void> = Promise.resolve();

  const opened = async (): Promise<FileHandle> => (handle ??= await open(file, 'a', 0o600));

  async function write(line: string): Promise<void> {
    const full = (await (await opened()).stat()).size + Buffer.byteLength(line) >= bytesMax;
    if (full) await begin();
    const current = await opened();
    await current.write(`${line}\n`);
    await current.datasync();
  }

  async function begin(): Promise<void> {
    await close();
    await rename(file, `${file}.1`);
  }

  async function close(): Promise<void> {
    const closing = handle;
    handle = undefined;
    await closing?.close();
  }

  return {
    append(line) {
      const written = last.then(() => write(line));
      last = written.catch(() => undefined); // one line that failed does not stop the next
      return written;
    },
    async verify() {
      try {
        await opened();
        return { ok: true, says: `captured notifications are appended to ${file}` };
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        return { ok: false, says: `${file} cannot be written (${String(code)}): choose another file` };
      }
    },
    close: () => last.then(close),
  };
}
