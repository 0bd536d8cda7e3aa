/** The log in the database: one append at a time, read back when its fate is unknown, and followed in order. */
import { Binary, MongoServerSelectionError, type Collection, type MongoClient } from 'mongodb';
import { Diverged } from '../embedded/write/write-failure.ts';
import { isDuplicate, whyNotWritten, type Connection, type NamedDocument } from './connection.ts';
import type { EntryDocument, LogDocument } from './documents.ts';

/**
 * What became of an append: it is in the log, or another's document is in its place. Or it is not written, because the
 * database has no space, forbids it, or refuses the document. Nobody knows yet (`unknown`), or no server was there to send
 * it to (`unsent`): then the same document is to be offered again.
 */
export type AppendFate = 'ours' | 'others' | NotWritten | 'unknown' | 'unsent';

/** Why nothing is written. */
export type NotWritten = 'full' | 'forbidden' | 'refused';

/** The last commit of a document. */
interface LogHead {
  readonly last: number;
  readonly hash: string;
}

/** A commit that a node knows to be in the log, with the chain's hash at it. */
interface Acknowledged {
  readonly seq: number;
  readonly hash: string;
}

/** A part of the entries, as JSON, of a document that would be too large with them. */
interface PartDocument extends NamedDocument {
  readonly at: Date;
  /** The `_id` of the document that it belongs to. */
  readonly of: number;
  readonly t: Binary;
}

/** Characters of a document beyond which its entries are put down beside it; the database takes 16 MiB. */
const CHARACTERS_MAX = 4 * 1024 * 1024;
/** Bytes of one part. */
const PART_BYTES = 8 * 1024 * 1024;

export class CommitLog {
  /** Where it is. */
  readonly connection: Connection;
  readonly #recognised: () => void;
  /** A connection was made since somebody looked last whether the log is the one that we know. */
  #isDoubtful = false;
  readonly #client: MongoClient;
  readonly #log: Collection<LogDocument>;
  readonly #parts: Collection<PartDocument>;

  /** @param recognised told of each append that was found in the log though its answer did not come */
  constructor(connection: Connection, recognised: () => void = () => undefined) {
    const { client, log, collection } = connection;
    this.connection = connection;
    this.#recognised = recognised;
    this.#client = client;
    this.#log = log;
    this.#parts = collection<PartDocument>('blob');
  }

  /** From now on each new connection makes the log one to look at: see {@link isStill}. */
  doubtNewConnections(): void {
    this.#client.on('connectionCreated', () => this.doubt());
  }

  /** The next {@link isStill} looks. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /**
   * Whether the log still holds a commit that was acknowledged. Behind a new connection there may be another log: an older
   * copy of the database was restored while we ran.
   */
  async isStill(known: Acknowledged): Promise<boolean> {
    if (!this.#isDoubtful || known.seq === 0) return true;
    this.#isDoubtful = false; // before the question: a connection that is made for it counts
    const isHeld = await this.holds(known);
    this.#isDoubtful ||= !isHeld;
    return isHeld;
  }

  /** Takes a document of ours back that must not stand where it does. */
  async remove({ _id, n }: LogDocument): Promise<void> {
    await this.#log.deleteOne({ _id, n });
  }

  /**
   * Offers a document once.
   *
   * @param sent told when it may have left for the server: until then nothing of it is written
   */
  async append(document: LogDocument, sent: () => void = () => undefined): Promise<AppendFate> {
    let isSent = false;
    const leaves = (): void => {
      isSent = true;
      sent();
    };
    try {
      const fitted = await this.#fitted(document, document.n);
      this.#client.on('connectionCheckedOut', leaves);
      await this.#log.insertOne(fitted);
      return 'ours';
    } catch (error) {
      const why = whyNotWritten(error);
      if (why !== undefined) return why;
      if (!isSent || error instanceof MongoServerSelectionError) return 'unsent';
      // Whatever else the error says: the log itself tells whose document stands in this place.
      const asked = this.#log.findOne({ _id: document._id }, { projection: { n: 1 } });
      const there = await asked.catch(() => null);
      if (there === null) return 'unknown';
      if (there.n !== document.n) return 'others';
      this.#recognised();
      return 'ours';
    } finally {
      this.#client.off('connectionCheckedOut', leaves);
    }
  }

  /** The newest document that a majority has; undefined while the log is empty. */
  async newest(): Promise<LogHead | undefined> {
    const [found] = await this.#log
      .find({}, { projection: { last: 1, hash: 1 } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray();
    return found;
  }

  /** Documents after a seq, oldest first, so many at most, with their entries. */
  async after(seq: number, max: number): Promise<readonly LogDocument[]> {
    const found = await this.storedAfter(seq, max);
    return Promise.all(found.map((document) => this.whole(document)));
  }

  /** The same as they are stored: entries that were put down beside a document stay there. */
  storedAfter(seq: number, max: number): Promise<readonly LogDocument[]> {
    return this.#log
      .find({ _id: { $gt: seq } })
      .sort({ _id: 1 })
      .limit(max)
      .toArray();
  }

  /** The document that holds a commit. */
  async holding(seq: number): Promise<LogDocument | undefined> {
    const [found] = await this.#log
      .find({ _id: { $lte: seq } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray();
    return found === undefined || found.last < seq ? undefined : this.whole(found);
  }

  /** Whether the log holds a commit with this hash, the last one of a document, at this place. */
  async holds({ seq, hash }: Acknowledged): Promise<boolean> {
    const [found] = await this.#log
      .find({ _id: { $lte: seq } }, { projection: { last: 1, hash: 1 } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray();
    return found?.last === seq && found.hash === hash;
  }

  /** Puts other entries in the place of a document's own: for what must vanish. */
  async replaceEntries(document: LogDocument, entries: readonly EntryDocument[]): Promise<void> {
    const { e, b } = await this.#fitted(
      { ...withoutParts(document), e: entries },
      `${document.n}/${Date.now()}`,
    );
    const change = b === undefined ? { $set: { e }, $unset: { b: 1 as const } } : { $set: { b } };
    await this.#log.updateOne({ _id: document._id }, change);
    if (document.b !== undefined) await this.#parts.deleteMany({ _id: { $in: [...document.b] } });
  }

  /** Takes away parts, put down before an instant, of documents that never came into the log. */
  async sweep(before: Date): Promise<void> {
    const old = await this.#parts.find({ at: { $lt: before } }, { projection: { of: 1 } }).toArray();
    for (const { _id, of } of old) {
      const document = await this.#log.findOne({ _id: of }, { projection: { b: 1 } });
      // A document that is still offered has made its parts younger meanwhile.
      if (document?.b?.includes(_id) !== true) await this.#parts.deleteOne({ _id, at: { $lt: before } });
    }
  }

  /** The document as it is inserted: entries that would be too large for it are put down before. */
  async #fitted(document: Omit<LogDocument, 'b'>, name: string): Promise<LogDocument> {
    if (entryCharacters(document.e) <= CHARACTERS_MAX) return document;
    const bytes = Buffer.from(JSON.stringify(document.e));
    const b: string[] = [];
    for (let from = 0; from < bytes.length; from += PART_BYTES) {
      const t = new Binary(bytes.subarray(from, from + PART_BYTES));
      const part = { _id: `${name}/${b.length}`, at: new Date(), of: document._id, t };
      await this.#parts.insertOne(part).catch(async (error: unknown) => {
        if (!isDuplicate(error)) throw error; // offered again
        await this.#parts.updateOne({ _id: part._id }, { $set: { at: part.at } });
      });
      b.push(part._id);
    }
    return { ...document, e: [], b };
  }

  /** The document with its entries. @throws Diverged when a part of them is missing, or cannot be read */
  async whole(document: LogDocument): Promise<LogDocument> {
    if (document.b === undefined) return document;
    const bytes: Uint8Array[] = [];
    for (const _id of document.b) {
      const part = await this.#parts.findOne({ _id });
      if (part === null) throw new Diverged(document._id, `the part ${_id} of its entries is missing`);
      bytes.push(part.t.buffer);
    }
    try {
      const e = JSON.parse(Buffer.concat(bytes).toString()) as readonly EntryDocument[]; // written by `#fitted`
      return { ...document, e };
    } catch {
      throw new Diverged(document._id, 'its entries, put down in parts, cannot be read');
    }
  }
}

/** The document without the names of the parts that its entries were put down in. */
function withoutParts({
  _id,
  last,
  at,
  node,
  n,
  v,
  r,
  u,
  prev,
  hash,
  e,
}: LogDocument): Omit<LogDocument, 'b'> {
  return { _id, last, at, node, n, v, r, u, prev, hash, e };
}

/** About how many characters the entries hold. */
export function entryCharacters(entries: readonly EntryDocument[]): number {
  let characters = 0;
  for (const { m, a, w = [], o = [], k = [], c = [], d = '' } of entries) {
    characters += m.length + a.length + d.length;
    for (const one of w) characters += (one.t?.length ?? 0) + one.x.length + one.reach.length;
    for (const { t } of o) characters += t.length;
    for (const text of k) characters += text.length;
    for (const { t, x } of c) characters += (t?.length ?? 0) + (x?.length ?? 0);
  }
  return characters;
}
