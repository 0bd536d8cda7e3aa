/**
 * What a database can do and how it stands, asked once, beside whoever uses it. What is tried is tried in a collection of
 * its own, which is dropped.
 */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../log/durable-folder.ts';
import { measureClock } from './clock-offset.ts';
import { isDuplicate, MAJORITY, whyNotWritten, type Connection, type NamedDocument } from './connection.ts';

export interface Capabilities {
  readonly version: string;
  /** The name of the replica set; undefined where there is none. */
  readonly setName: string | undefined;
  /** Whether it is the router of a sharded cluster. */
  readonly isRouter: boolean;
  /** Members that hold data or vote; 0 where there is no replica set. */
  readonly members: number;
  /** Votes together; undefined where the user may not ask. */
  readonly votes: number | undefined;
  readonly tls: boolean;
  /** How much its clock is ahead of ours, in milliseconds; undefined where it does not say. */
  readonly clockAheadMs: number | undefined;
  readonly writing: Writing;
  /** Whether the log is spread over shards; undefined where the database does not say. */
  readonly isLogSharded: boolean | undefined;
  /** Of the disk that the database is on; undefined where it does not say. */
  readonly freeBytes: number | undefined;
}

/** What became of inserts with majority and journal: how long the median took, or why there is none. */
type Writing =
  | { readonly isTaken: true; readonly isUnique: boolean; readonly medianMs: number }
  | { readonly isTaken: false; readonly isForbidden: boolean; readonly says: string };

const ROUND_TRIPS = 20;

/** What `hello` says of a topology. */
interface Hello {
  readonly setName?: string;
  readonly msg?: string;
  readonly hosts?: readonly string[];
  readonly passives?: readonly string[];
  readonly arbiters?: readonly string[];
}

export async function askCapabilities(connection: Connection): Promise<Capabilities> {
  const { client, db } = connection;
  const hello = (await db.command({ hello: 1 })) as Hello;
  const { hosts = [], passives = [], arbiters = [] } = hello;
  const { version } = (await db.command({ buildInfo: 1 })) as { version?: string };
  return {
    version: version ?? 'unknown',
    setName: hello.setName,
    isRouter: hello.msg === 'isdbgrid',
    members: hosts.length + passives.length + arbiters.length,
    votes: await askVotes(connection),
    tls: client.options.tls,
    clockAheadMs: await measureClock(connection),
    writing: await tryWriting(connection),
    isLogSharded: await askSharded(connection),
    freeBytes: await askFree(connection),
  };
}

/** Asked with the rights of a cluster's monitor, which the server itself does not need. */
async function askVotes({ client }: Connection): Promise<number | undefined> {
  try {
    const { config } = (await client.db('admin').command({ replSetGetConfig: 1 })) as {
      config?: { members?: readonly { votes?: number }[] };
    };
    return config?.members?.reduce((sum, { votes = 1 }) => sum + votes, 0);
  } catch {
    return undefined;
  }
}

async function askSharded({ db }: Connection): Promise<boolean | undefined> {
  try {
    const { sharded } = (await db.command({ collStats: 'log' })) as { sharded?: boolean };
    return sharded === true;
  } catch {
    return undefined;
  }
}

async function askFree({ db }: Connection): Promise<number | undefined> {
  try {
    const { fsTotalSize = 0, fsUsedSize = 0 } = (await db.command({ dbStats: 1 })) as {
      fsTotalSize?: number;
      fsUsedSize?: number;
    };
    return fsTotalSize === 0 ? undefined : fsTotalSize - fsUsedSize;
  } catch {
    return undefined;
  }
}

async function tryWriting({ collection }: Connection): Promise<Writing> {
  const scratch = collection<NamedDocument & { readonly text: string }>(`doctor_${randomUUID().slice(0, 8)}`);
  const text = 'x'.repeat(1024);
  try {
    const tookMs: number[] = [];
    for (let i = 0; i < ROUND_TRIPS; i += 1) {
      const started = performance.now();
      await scratch.insertOne({ _id: String(i), text }, MAJORITY);
      tookMs.push(performance.now() - started);
    }
    const again = await scratch.insertOne({ _id: '0', text }, MAJORITY).catch((error: unknown) => error);
    const medianMs = tookMs.toSorted((a, b) => a - b)[ROUND_TRIPS / 2] ?? 0;
    return { isTaken: true, isUnique: isDuplicate(again), medianMs };
  } catch (error) {
    return {
      isTaken: false,
      isForbidden: whyNotWritten(error) === 'forbidden',
      says: messageOf(error).replace(/\s*\{.*/s, ' …'),
    };
  } finally {
    await scratch.drop().catch(() => undefined); // it was never made
  }
}
