/**
 * Files of any engine: what is put is measured and named, what is read is compared with its name. The engine says where the
 * bytes go. All bytes of files pass here and nowhere else, both ways: what is to be sealed at rest is sealed here.
 */
import { createHash, randomBytes, type Hash } from 'node:crypto';
import {
  FileLost,
  FileTooLarge,
  type ByteRange,
  type Files,
  type ListedFile,
  type StoredFile,
} from '../../ports/files.ts';
import type { Finding } from '../../ports/store.ts';

/** Where an engine keeps bytes. */
interface FilePlace {
  /** Durable when the promise resolves; what it leaves of a failure is taken away by `remove`. */
  write(id: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  read(id: string, range: ByteRange): AsyncIterable<Uint8Array>;
  /** In bytes; undefined where there is none. */
  size(id: string): Promise<number | undefined>;
  remove(id: string): Promise<void>;
  list(): AsyncIterable<ListedFile>;
}

const ID_BYTES = 16;

interface Measure {
  size: number;
  readonly digest: Hash;
}

export function createFiles(place: FilePlace): Files {
  return {
    async put(bytes, { bytesMax = Infinity, id = randomBytes(ID_BYTES).toString('hex') } = {}) {
      const measure: Measure = { size: 0, digest: createHash('sha256') };
      try {
        await place.write(id, measured(bytes, measure, bytesMax));
      } catch (error) {
        await place.remove(id).catch(() => undefined); // a sweep finds what stays
        throw error;
      }
      return { id, size: measure.size, sha256: measure.digest.digest('hex') };
    },
    async open(file, range) {
      const { id, size } = file;
      const found = await place.size(id);
      if (found !== size) throw new FileLost(id, found === undefined ? 'missing' : 'altered');
      const bytes = place.read(id, range ?? { from: 0, to: size });
      return range === undefined ? proven(bytes, file) : bytes;
    },
    remove: (id) => place.remove(id),
    list: () => place.list(),
  };
}

async function* measured(
  bytes: AsyncIterable<Uint8Array>,
  measure: Measure,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    measure.size += chunk.length;
    if (measure.size > bytesMax) throw new FileTooLarge();
    measure.digest.update(chunk);
    yield chunk;
  }
}

/** The bytes, of which the last ones are held back until all of them are known to be those of the file. */
async function* proven(
  bytes: AsyncIterable<Uint8Array>,
  { id, sha256 }: StoredFile,
): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  let last: Uint8Array | undefined;
  for await (const chunk of bytes) {
    if (last !== undefined) yield last;
    digest.update(chunk);
    last = chunk;
  }
  if (digest.digest('hex') !== sha256) throw new FileLost(id, 'altered');
  if (last !== undefined) yield last;
}

/** Copies files that are not there yet; one that is there is compared with its name, and copied again where it is another. */
export async function copyFiles(known: Iterable<StoredFile>, from: Files, to: Files): Promise<number> {
  let copied = 0;
  for (const file of known) {
    if ((await faultOf(file, to)) === undefined) continue;
    await to.remove(file.id);
    await to.put(await from.open(file), { id: file.id });
    copied += 1;
  }
  return copied;
}

/** Names that one finding says at most. */
const NAMED_MAX = 5;

/** Reads every file that the store names. */
export async function proveFiles(known: Iterable<StoredFile>, files: Files): Promise<readonly Finding[]> {
  const lost: string[] = [];
  let count = 0;
  for (const file of known) {
    count += 1;
    const fault = await faultOf(file, files);
    if (fault !== undefined) lost.push(`${file.id} (${fault})`);
  }
  if (count === 0) return [];
  if (lost.length === 0)
    return [{ ok: true, says: `${count} files of large Binaries are there and unaltered` }];
  const named = lost.slice(0, NAMED_MAX).join(', ');
  const says = `of ${count} files of large Binaries, ${lost.length} cannot be read: ${named} → put them back from a backup`;
  return [{ ok: false, says }];
}

async function faultOf(file: StoredFile, files: Files): Promise<FileLost['why'] | undefined> {
  try {
    for await (const _ of await files.open(file));
    return undefined;
  } catch (error) {
    if (error instanceof FileLost) return error.why;
    throw error;
  }
}
