/** The files of an audit package as they are written: each with its bytes, its rows and its digest, for the owner alone. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { PackagedFile } from '../ports/audit-packages.ts';

export interface FileWriting {
  /** Waits while the disk is slow: a package may be larger than memory. */
  write(text: string, rows?: number): Promise<void>;
  end(): Promise<PackagedFile>;
}

export function beginFile(folder: string, name: string): FileWriting {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const stream = createWriteStream(path, { mode: 0o600, flags: 'wx' });
  const sha256 = createHash('sha256');
  let [bytes, rows] = [0, 0];
  return {
    async write(text, more = 0) {
      const chunk = Buffer.from(text);
      sha256.update(chunk);
      bytes += chunk.length;
      rows += more;
      if (!stream.write(chunk)) await once(stream, 'drain');
    },
    async end() {
      stream.end();
      await finished(stream);
      return { name, bytes, rows, sha256: sha256.digest('hex') };
    },
  };
}

/** A file of a known content. */
export async function putFile(folder: string, name: string, text: string): Promise<PackagedFile> {
  const file = beginFile(folder, name);
  await file.write(text);
  return file.end();
}
