/** The connection to the database: what is asked of every answer, and what its errors mean. */
import {
  MongoClient,
  MongoError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
  type Collection,
  type Db,
} from 'mongodb';
import { messageOf, StoreRefused } from '../log/durable-folder.ts';
import type { NotWritten } from './commit-log.ts';
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

/** The database cannot be used. The message never holds the URI: that has a password in it. */
export class DatabaseRefused extends StoreRefused {}

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
  const client = clientFor(settings);
  try {
    await client.connect();
  } catch (error) {
    await client.close();
    throw databaseRefusal(error, settings.database);
  }
  const db = client.db(settings.database);
  return {
    client,
    db,
    log: db.collection<LogDocument>('log', MAJORITY),
    collection: (name) => db.collection(name, MAJORITY),
    close: () => client.close(),
  };
}

function clientFor({ uri, poolMax, serverSelectionMs }: DatabaseSettings): MongoClient {
  try {
    return new MongoClient(uri, {
      appName: 'closeloop',
      ignoreUndefined: true,
      maxPoolSize: poolMax,
      retryWrites: false, // whoever appends reads back, and offers the same document again
      serverSelectionTimeoutMS: serverSelectionMs,
      socketTimeoutMS: SOCKET_TIMEOUT_MS,
    });
  } catch {
    // What the driver says may quote any part of the address.
    throw new DatabaseRefused(
      `mongodbUri is not an address that the driver takes: mongodb://user:password@host:port/?replicaSet=name. A character such as @ : / or % in a password is written %40 %3A %2F %25.`,
    );
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

/** What an error of the driver means to who opens the database, as a sentence; any other error stays as it is. */
export function databaseRefusal(error: unknown, database: string): unknown {
  if (!(error instanceof MongoError)) return error;
  // Neither the error nor its cause goes on: both may quote the URI.
  const says = withoutSecrets(messageOf(error));
  if (error instanceof MongoServerSelectionError)
    return new DatabaseRefused(
      `No primary of the database answers: ${says}. Start it, or correct mongodbUri (host, port, replicaSet, tls).`,
    );
  if (error.code === NOT_LET_IN)
    return new DatabaseRefused(
      `The database does not let the user in: ${says}. Correct the user, the password or authSource in mongodbUri.`,
    );
  if (whyNotWritten(error) === 'forbidden')
    return new DatabaseRefused(
      `The user of mongodbUri may not use the database ${database}. Grant it the role readWrite on ${database}.`,
    );
  return new DatabaseRefused(`The database ${database} cannot be used: ${says}.`);
}

/** A peer that hangs is given up after this; a commit's callers are told before (`commitTimeoutMs`). */
const SOCKET_TIMEOUT_MS = 20_000;

/** Errors may quote the URI, in which a password may stand as it is: up to the last `@` all is secret. */
function withoutSecrets(text: string): string {
  return text
    .replace(/:\/\/.*@/gs, '://***@')
    .replace(/\s*\{.*/s, ' …') // a command, with what it would have written
    .replace(/\.$/, '');
}

const DUPLICATE = 11_000;
const OUT_OF_DISK = 14_031;
/** AuthenticationFailed. */
const NOT_LET_IN = 18;
/** The user may not write, or is not known any more. */
const FORBIDDEN: ReadonlySet<number> = new Set([13, 18]);
/** The document itself: it cannot be parsed, is too large, does not validate, or holds what this server does not know. */
const UNFIT: ReadonlySet<number> = new Set([2, 9, 14, 20, 22, 59, 73, 121, 238, 10_334]);

/** A document with this `_id` is there already. */
export const isDuplicate = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === DUPLICATE;

/** Why the server says that it wrote nothing; undefined for every error that leaves it open. */
export function whyNotWritten(error: unknown): NotWritten | undefined {
  if (!(error instanceof MongoServerError) || error instanceof MongoWriteConcernError) return undefined;
  const code = Number(error.code);
  if (code === OUT_OF_DISK || /out of disk|no space left/i.test(error.message)) return 'full';
  if (FORBIDDEN.has(code)) return 'forbidden';
  return UNFIT.has(code) ? 'refused' : undefined;
}
