/** The files of an audit package as they are written: each with its bytes, its rows and its digest, for the owner alone. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { PackagedFile } from '../ports/audit-packages.ts';

export interface FileWriting {
  /** Waits while the disk is slow: a package may be larger than memory. Rejects once the disk has refused something. */
  write(text: string, rows?: number): Promise<void>;
  end(): Promise<PackagedFile>;
}

/** The folder of one package. */
export interface PackageFolder {
  begin(name: string): FileWriting;
  /** A file of a known content. */
  put(name: string, text: string, rows?: number): Promise<PackagedFile>;
  /** Ends what is being written, and removes every file that was begun: half a package proves nothing. */
  abandon(): Promise<void>;
}

export function openPackageFolder(path: string): PackageFolder {
  const begun: { readonly place: string; readonly closed: Promise<void> }[] = [];
  const ending = new AbortController();
  const begin = (name: string): FileWriting => {
    const place = join(path, name);
    const { closed, ...file } = beginFile(place, name, ending.signal);
    begun.push({ place, closed });
    return file;
  };
  return {
    begin,
    async put(name, text, rows) {
      const file = begin(name);
      await file.write(text, rows);
      return file.end();
    },
    async abandon() {
      ending.abort();
      for (const { place, closed } of begun) {
        await closed; // one that is about to be opened would come after its removal
        await rm(place, { force: true });
      }
    },
  };
}

function beginFile(
  path: string,
  name: string,
  signal: AbortSignal,
): FileWriting & { readonly closed: Promise<void> } {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const stream = createWriteStream(path, { mode: 0o600, flags: 'wx', signal });
  const sha256 = createHash('sha256');
  let [bytes, rows] = [0, 0];
  // A disk is full at any time, also while nobody waits: without a listener the process would end.
  let fault: Error | undefined;
  stream.on('error', (error) => (fault ??= error));
  return {
    closed: new Promise<void>((resolve) => stream.once('close', () => resolve())),
    async write(text, more = 0) {
      if (fault !== undefined) throw fault;
      const chunk = Buffer.from(text);
      sha256.update(chunk);
      bytes += chunk.length;
      rows += more;
      if (!stream.write(chunk)) await once(stream, 'drain');
    },
    async end() {
      if (fault !== undefined) throw fault;
      stream.end();
      await finished(stream);
      return { name, bytes, rows, sha256: sha256.digest('hex') };
    },
  };
}
