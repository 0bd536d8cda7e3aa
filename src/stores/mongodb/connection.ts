/** The connection to the database: what is asked of every answer, and what its errors mean. */
import { MongoClient, MongoServerError, MongoWriteConcernError, type Collection, type Db } from 'mongodb';
import { messageOf } from '../log/durable-folder.ts';
import type { LogDocument } from './documents.ts';

/** How the database is reached. */
export interface DatabaseSettings {
  /** `mongodb://` or `mongodb+srv://`, with what the driver takes in it: users, TLS, the replica set. */
  readonly uri: string;
  /** The name of the database, ours alone. */
  readonly database: string;
  /** Connections at most, of each of the two clients of a process. */
  readonly poolMax: number;
  /** How long the driver looks for a primary before it says that there is none, in milliseconds. */
  readonly serverSelectionMs: number;
}

/** The database cannot be used; the message says why and what to do. It never holds the URI: that has a password in it. */
export class DatabaseRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseRefused';
  }
}

/** An answer counts when a majority has it on disk. */
export const MAJORITY = {
  writeConcern: { w: 'majority', j: true },
  readConcern: { level: 'majority' },
} as const;

/** Where other documents than the log are; their ids are texts. */
export interface NamedDocument {
  readonly _id: string;
}

export interface Connection {
  readonly client: MongoClient;
  readonly db: Db;
  readonly log: Collection<LogDocument>;
  readonly collection: <T extends NamedDocument>(name: string) => Collection<T>;
  close(): Promise<void>;
}

/** @throws DatabaseRefused when no server answers, or it does not let us in */
export async function connect(settings: DatabaseSettings): Promise<Connection> {
  try {
    const client = new MongoClient(settings.uri, {
      appName: 'closeloop',
      ignoreUndefined: true,
      maxPoolSize: settings.poolMax,
      retryWrites: false, // whoever appends reads back, and offers the same document again
      serverSelectionTimeoutMS: settings.serverSelectionMs,
      socketTimeoutMS: SOCKET_TIMEOUT_MS,
    });
    await client.connect();
    const db = client.db(settings.database);
    return {
      client,
      db,
      log: db.collection<LogDocument>('log', MAJORITY),
      collection: (name) => db.collection(name, MAJORITY),
      close: () => client.close(),
    };
  } catch (error) {
    throw new DatabaseRefused(`The database does not answer: ${withoutSecrets(messageOf(error))}.`, error);
  }
}

/** Does the work with a connection of its own. @throws DatabaseRefused as `connect` does */
export async function withConnection<T>(
  settings: DatabaseSettings,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(settings);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** A peer that hangs is given up after this; a commit's callers are told before (`commitTimeoutMs`). */
const SOCKET_TIMEOUT_MS = 20_000;

/** Errors of the driver may quote the URI. */
function withoutSecrets(text: string): string {
  return text.replace(/:\/\/[^@/\s]*@/g, '://***@').replace(/\.$/, '');
}

const DUPLICATE = 11_000;
const OUT_OF_DISK = 14_031;
/** The user may not write, or is not known any more. */
const FORBIDDEN: ReadonlySet<number> = new Set([13, 18]);
/** The document itself: it cannot be parsed, is too large, does not validate, or holds what this server does not know. */
const UNFIT: ReadonlySet<number> = new Set([2, 9, 14, 20, 22, 59, 73, 121, 238, 10_334]);

/** A document with this `_id` is there already. */
export const isDuplicate = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === DUPLICATE;

/** Why the server says that it wrote nothing; undefined for every error that leaves it open. */
export function whyNotWritten(error: unknown): 'full' | 'forbidden' | 'refused' | undefined {
  if (!(error instanceof MongoServerError) || error instanceof MongoWriteConcernError) return undefined;
  const code = Number(error.code);
  if (code === OUT_OF_DISK || /out of disk|no space left/i.test(error.message)) return 'full';
  if (FORBIDDEN.has(code)) return 'forbidden';
  return UNFIT.has(code) ? 'refused' : undefined;
}
