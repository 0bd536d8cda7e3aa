/** Files in parts, as the log puts down what is too large for one document; in a collection of their own. */
import { Binary, MongoError, MongoServerSelectionError } from 'mongodb';
import type { Files } from '../../ports/files.ts';
import { CommitRefused } from '../../ports/store.ts';
import { createFiles } from '../log/files.ts';
import {
  whyNotWritten,
  withConnection,
  type Connection,
  type DatabaseSettings,
  type NamedDocument,
} from './connection.ts';

/** One part of a file: its `_id` is the file's, a stroke, and the part's number. */
interface FilePart extends NamedDocument {
  readonly file: string;
  /** From 0 on. */
  readonly n: number;
  readonly at: Date;
  /** Bytes before it. */
  readonly from: number;
  readonly size: number;
  readonly t: Binary;
}

/** Bytes of one part. */
const PART_BYTES = 1024 * 1024;

const NAME_DIGITS = 6;
const idOf = (file: string, n: number): string => `${file}/${String(n).padStart(NAME_DIGITS, '0')}`;
/** The parts of a file, by their index: a stroke comes before a zero. */
const partsOf = (file: string) => ({ _id: { $gt: `${file}/`, $lt: `${file}0` } });

/** @param now the clock by which the age of files is told */
export function openDatabaseFiles({ collection }: Connection, now: () => number): Files {
  const parts = collection<FilePart>('file');
  return createFiles({
    async write(file, bytes) {
      try {
        let [n, from] = [0, 0];
        for await (const part of inParts(bytes)) {
          const place = { file, n, at: new Date(now()), from, size: part.length };
          await parts.insertOne({ _id: idOf(file, n), ...place, t: new Binary(part) });
          n += 1;
          from += part.length;
        }
      } catch (error) {
        throw refusalOf(error);
      }
    },
    async *read(file, { from, to }) {
      const cursor = parts.find({ ...partsOf(file), from: { $lt: to } }, { batchSize: 2 }).sort({ _id: 1 });
      for await (const { from: at, size, t } of cursor) {
        if (at + size > from) yield t.buffer.subarray(Math.max(0, from - at), Math.min(size, to - at));
      }
    },
    async size(file) {
      const sizes = await parts.find(partsOf(file), { projection: { size: 1 } }).toArray();
      return sizes.length === 0 ? undefined : sizes.reduce((sum, { size }) => sum + size, 0);
    },
    remove: async (file) => void (await parts.deleteMany(partsOf(file))),
    async *list() {
      for await (const { file, at } of parts.find({ n: 0 }, { projection: { file: 1, at: 1 } }))
        yield { id: file, at: at.getTime() };
    },
  });
}

async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [held, size]: [Uint8Array[], number] = [[], 0];
  for await (const chunk of bytes) {
    held.push(chunk);
    size += chunk.length;
    if (size < PART_BYTES) continue;
    const all = Buffer.concat(held);
    let from = 0;
    for (; size - from >= PART_BYTES; from += PART_BYTES) yield all.subarray(from, from + PART_BYTES);
    held = from === size ? [] : [all.subarray(from)];
    size -= from;
  }
  if (size > 0) yield Buffer.concat(held);
}

/** What a client is told of a database that did not take a part. */
function refusalOf(error: unknown): unknown {
  const why = whyNotWritten(error);
  if (why === 'full') return new CommitRefused('disk-full');
  if (why === 'forbidden') return new CommitRefused('read-only');
  if (error instanceof MongoServerSelectionError || error instanceof MongoError)
    return new CommitRefused('too-busy');
  return error;
}

/** Works with the files of a database, on a connection of its own. @throws DatabaseRefused */
export const withDatabaseFiles = <T>(
  settings: DatabaseSettings,
  work: (files: Files) => Promise<T>,
): Promise<T> => withConnection(settings, (connection) => work(openDatabaseFiles(connection, Date.now)));
