/**
 * Opens the store of a node whose log is in MongoDB (ADR 0028): the log is the truth, and the folder holds a read model of
 * it in the format of the embedded engine, which may be lost at any time.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Store, StoreStatus } from '../../ports/store.ts';
import {
  openEmbeddedStore,
  type EmbeddedOptions,
  type EmbeddedStore,
  type LogElsewhere,
} from '../embedded/open.ts';
import { pathsOf } from '../embedded/folder/folder.ts';
import { findRefs } from '../embedded/search/search.ts';
import { recordsPurgedIn } from '../embedded/log-reading.ts';
import { hostInThread } from '../embedded/write/writer-host.ts';
import { readAnchors } from '../log/anchors.ts';
import { messageOf } from '../log/durable-folder.ts';
import type { WriterHost } from '../log/write-batch.ts';
import { keepCheckpoints } from './checkpoint.ts';
import { followClock, type DatabaseClock } from './clock-offset.ts';
import { CommitLog } from './commit-log.ts';
import { connect, databaseRefusal, type Connection, type DatabaseSettings } from './connection.ts';
import { openDatabaseFiles } from './files.ts';
import { holdDatabase } from './holder.ts';
import { openLogHost, type LogThreadStart } from './open-log-host.ts';
import { prepareReadModel } from './read-model.ts';
import { openTried, type Tried } from './tried.ts';
import { silentSinceOf, trafficIn, trafficMemory, type LogTraffic } from './traffic.ts';
import { verifyLog } from './verify-log.ts';

export interface MongoOptions extends EmbeddedOptions {
  readonly mongodb: DatabaseSettings & {
    /** How long the callers of a commit wait for the database, in milliseconds. Default: 10 s. */
    readonly commitTimeoutMs?: number;
    /** Commits between two checkpoints, at least. Default: 100,000. */
    readonly checkpointCommits?: number;
    /** Whether this node alone serves the database. Default: true; tests open several on one log. */
    readonly alone?: boolean;
    /** How long a node that died elsewhere holds the database, in milliseconds. Default: 12 s. */
    readonly leaseMs?: number;
    /** Told what an operator must know: the read model is made anew, another node has taken the database. */
    readonly tell?: Tell;
  };
}

export type Tell = (level: 'info' | 'warn' | 'error', says: string) => void;

/** The engine's store. */
export interface MongoStore extends EmbeddedStore {
  /** What the node has counted of its log since it was opened. */
  readonly traffic: Readonly<LogTraffic>;
  /** Copies the read model into the database when enough was committed since the last copy. */
  checkpoint(): Promise<void>;
  /** Takes away parts of documents, an hour old, that never came into the log. */
  sweepParts(): Promise<void>;
}

const COMMIT_TIMEOUT_MS = 10_000;
const CHECKPOINT_COMMITS = 100_000;
const LEASE_MS = 12_000;
/** Of the lease, counted from its renewal: the renewal itself takes time, and clocks differ. */
const LEASE_SHARE = 0.75;
/** A document that was offered is in the log by then, or was given up. */
const PARTS_KEPT_MS = 3_600_000;
const LOG_WRITER_THREAD = new URL('./log-writer-thread.ts', import.meta.url);

/** @throws DatabaseRefused when the database cannot be used, FolderRefused when the folder cannot */
export async function openMongoStore({ mongodb, ...options }: MongoOptions): Promise<MongoStore> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).toReversed()) await one();
  };
  try {
    const connection = await connect(mongodb);
    opened.push(() => connection.close());
    const memory = trafficMemory();
    const traffic = trafficIn(memory);
    const clock = await followClock(connection, (ms) => (traffic.clockAheadMs = ms));
    opened.push(() => clock.stop());
    const tried = openTried(connection);
    opened.push(() => tried.noted());
    const look = (): void => undefined;
    const node: Node = { options: { ...options, mongodb }, connection, memory, tried, clock, opened, look };
    const store = await openEmbeddedStore({
      ...options,
      pragmas: ['synchronous = NORMAL', ...(options.pragmas ?? [])], // the flush that counts is the database's
      logElsewhere: logOf(node),
    });
    opened.push(() => store.close());
    node.look = () => void store.fresh().catch(() => undefined); // a writer that ends says why by itself
    const { checkpointCommits = CHECKPOINT_COMMITS } = mongodb;
    const keepCheckpoint = keepCheckpoints(connection, options.folder, checkpointCommits);
    return {
      ...store,
      ...remembering(store, tried),
      ...verifying(store, connection, options),
      status: () => statusOf(store, traffic),
      traffic,
      checkpoint: async () => {
        if (traffic.evictedSince === 0) await keepCheckpoint();
      },
      async sweepParts() {
        // What lies there without a document may be another node's, who is just offering it.
        if (traffic.evictedSince !== 0) return;
        await new CommitLog(connection).sweep(new Date(clock.now() - PARTS_KEPT_MS));
      },
      close,
    };
  } catch (error) {
    await close();
    throw databaseRefusal(error, mongodb.database);
  }
}

/** What a node has opened. */
interface Node {
  readonly options: MongoOptions;
  readonly connection: Connection;
  /** Of the counters. */
  readonly memory: SharedArrayBuffer;
  readonly tried: Tried;
  readonly clock: DatabaseClock;
  /** What closes it, in the order of opening. */
  readonly opened: (() => Promise<unknown>)[];
  /** Looks whether the database still holds what was acknowledged. */
  look: () => void;
}

/** The log as the engine of the read model needs it. */
function logOf(node: Node): LogElsewhere {
  const { options, connection, memory, tried, clock, opened } = node;
  const { folder, mongodb } = options;
  const { alone = true, leaseMs = LEASE_MS } = mongodb;
  const { tell = () => undefined, commitTimeoutMs = COMMIT_TIMEOUT_MS } = mongodb;
  const id = randomUUID();
  const served = { evicted: '', until: Infinity };
  const evicted = (says: string): void => {
    served.evicted = says;
    traffic.evictedSince = Date.now();
    tell('error', `nothing is written any more: ${says}`);
  };
  const traffic = trafficIn(memory);
  const answered = (isAnswered: boolean): void => {
    if (isAnswered) traffic.leaseSilentSince = 0;
    else traffic.leaseSilentSince ||= Date.now();
    if (!isAnswered) return;
    served.until = performance.now() + leaseMs * LEASE_SHARE;
    node.look();
  };
  return {
    files: openDatabaseFiles(connection, clock.now),
    async prepare(writer, now) {
      if (alone) {
        const lease = { folder: nameFolder(folder), node: id, now: clock.now, leaseMs, evicted, answered };
        const holder = await holdDatabase(connection, lease);
        answered(true);
        opened.push(() => holder.release());
      }
      const { anchorFile = pathsOf(folder).anchors } = options;
      await prepareReadModel({ connection, folder, anchorFile, writer, now, traffic, tried, tell });
    },
    async host(writer, now) {
      const database = databaseOf(mongodb);
      const start = { writer, now, database, node: id, commitTimeoutMs, traffic: memory };
      return watched(await openHost(start, options.writer), served, tell);
    },
  };
}

/** What a thread may be handed. */
const databaseOf = ({ uri, database, poolMax, serverSelectionMs }: DatabaseSettings): DatabaseSettings => ({
  uri,
  database,
  poolMax,
  serverSelectionMs,
});

function openHost(start: LogThreadStart, writer: EmbeddedOptions['writer']): Promise<WriterHost> {
  return writer === 'turn'
    ? openLogHost(start, { findRefs, newId: randomUUID })
    : hostInThread(LOG_WRITER_THREAD, start);
}

/** The writer, while the database is ours: another node may have it when our lease was not renewed. That it ends is told. */
function watched(
  host: WriterHost,
  served: { readonly evicted: string; readonly until: number },
  tell: Tell,
): WriterHost {
  let { head } = host;
  return {
    ...host,
    onMove: (told) =>
      host.onMove?.((moved) => {
        head = moved;
        told(moved);
      }),
    async apply(batch) {
      if (served.evicted !== '') throw new Error(served.evicted);
      if (performance.now() > served.until) {
        const refused = { kind: 'refused', reason: 'too-busy' } as const;
        return { outcomes: batch.members.map(() => refused), head: { ...head, writable: false } };
      }
      try {
        const applied = await host.apply(batch);
        ({ head } = applied);
        return applied;
      } catch (error) {
        tell('error', `nothing is written any more: ${messageOf(error)}`);
        throw error;
      }
    },
  };
}

/** Nothing can be written while the database is silent, or once another node has it, even before a commit has found out. */
function statusOf(store: Store, traffic: LogTraffic): StoreStatus {
  const { writable, ...status } = store.status();
  if (traffic.evictedSince !== 0) return { ...status, writable: false, taken: true };
  const silentSince = silentSinceOf(traffic);
  if (silentSince !== undefined) return { ...status, writable: false, silentSince };
  return { ...status, writable };
}

/** Attempts to deliver are counted in the database, too: they outlive the folder. */
function remembering(store: Store, tried: Tried): Pick<Store, 'claim' | 'postpone' | 'commit'> {
  return {
    async claim(max, leaseMs, passOver, share) {
      const claimed = await store.claim(max, leaseMs, passOver, share);
      tried.claimed(claimed);
      return claimed;
    },
    async postpone(id, afterMs, why) {
      await store.postpone(id, afterMs, why);
      tried.postponed(id, afterMs, why);
    },
    async commit(commit) {
      const committed = await store.commit(commit);
      tried.concluded(commit.deliveryOutcomes);
      return committed;
    },
  };
}

/** The read model is examined, and then the log itself. */
const verifying = (
  store: Store,
  connection: Connection,
  { folder, anchorFile = pathsOf(folder).anchors, clock }: EmbeddedOptions,
): Pick<Store, 'verify'> => ({
  async verify() {
    const { anchors } = readAnchors(anchorFile);
    const purged = Math.max(clock?.now() ?? Date.now(), recordsPurgedIn(folder));
    const known = { through: store.status().seq, anchors, purged };
    return [...(await store.verify()), ...(await verifyLog(new CommitLog(connection), known))];
  },
});

/** A name that the folder keeps, and no other one has: a copy on another machine has another host beside it. */
function nameFolder(folder: string): string {
  const file = join(folder, 'node-id');
  if (!existsSync(file)) writeFileSync(file, `${randomUUID()}\n`, { mode: 0o600 });
  return `${resolve(folder)} ${readFileSync(file, 'utf8').trim()}`;
}
