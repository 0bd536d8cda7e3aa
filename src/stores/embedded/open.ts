/** Opens the embedded engine: a folder with one SQLite file, one writer, and as many readers as there is work. */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { DatabaseSync } from 'node:sqlite';
import {
  CommitRefused,
  type ClaimedEntry,
  type Store,
  type StoreStatus,
  type StoreFollower,
} from '../../ports/store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Files } from '../../ports/files.ts';
import type { ScopeJudge } from '../../ports/scope-judge.ts';
import { openAnchors } from '../log/anchors.ts';
import type { Anchor } from '../log/anchors.ts';
import { describeReport, verifyFile } from './verify/audit-chain.ts';
import { isUnfinished } from './folder/backup.ts';
import { openDatabase, readMeta, releasePages } from './folder/connection.ts';
import { filesNamedIn, openFolderFiles } from './folder/files.ts';
import { FolderRefused } from '../log/durable-folder.ts';
import { proveFiles } from '../log/files.ts';
import type { BatchMember, WriterHost } from '../log/write-batch.ts';
import { lockFolder, pathsOf, prepareDatabase, readFollowed } from './folder/folder.ts';
import { pageOf, prepareLookup } from './search/lookup.ts';
import { createLeases } from './leases.ts';
import { prepareOutboxReading } from './outbox-reading.ts';
import { createMemory, type Memory } from './memory.ts';
import { writesMore } from './remembered.ts';
import { findRefs } from './search/search.ts';
import { prepareFreshness, preparePromptSearch } from './search/prompt-search.ts';
import { SearchPool } from './search/search-pool.ts';
import type { SnapshotReading } from './reading.ts';
import { prepareSnapshots } from './snapshot.ts';
import { prepareSharedReadTransaction } from './shared-read-transaction.ts';
import { createTextReading } from './search/text-reading.ts';
import { hostInThread, hostInTurn, WRITER_THREAD, type ThreadStart } from './write/writer-host.ts';
import { WriteQueue } from '../log/write-queue.ts';
import type { WriterOptions } from './write/writer.ts';

export interface EmbeddedOptions {
  /** The data folder; made when there is none. */
  readonly folder: string;
  /** The script of a thread that searches: see `serveSearches`. */
  readonly searchThread: URL;
  /** Asked where scopes are narrowed. Default: by id they leave nothing. */
  readonly scopes?: ScopeJudge;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** How long a search as of a seq is answered, in milliseconds. Default: 15 minutes. */
  readonly searchSnapshotMs?: number;
  /** After which a search or a long history is too costly, in milliseconds. Default: 5 s. */
  readonly searchTimeoutMs?: number;
  /** Threads that search. Default: 1. */
  readonly searchWorkers?: number;
  /** Whether full text is kept, for `_text` and `_content`. Default: true. */
  readonly fullText?: boolean;
  /** Searches that wait for a thread at most. Default: 512. */
  readonly searchesQueuedMax?: number;
  /** Pages of searches of organizations that are remembered while nothing is written. Default: 2,000; 0 for none. */
  readonly searchesRemembered?: number;
  /** Where the writer runs (ADR 0001). Default: `thread`. */
  readonly writer?: 'thread' | 'turn';
  /** The file of anchors. Default: `anchors.jsonl` in the folder; better where who writes the database cannot write. */
  readonly anchorFile?: string;
  /** Called for each commit that the disk did not take, because it is full or cannot be written. */
  readonly diskRefused?: (reason: 'disk-full' | 'read-only') => void;
  /** Called after each anchor is on disk. */
  readonly onAnchor?: (anchor: Anchor) => void;
  /** How long a commit's key is remembered, in milliseconds. Default: 7 days. */
  readonly keyRetentionMs?: number;
  /** How long a settled outbox entry is kept, in milliseconds. Default: 30 days. */
  readonly outboxRetentionMs?: number;
  /** Commits waiting for the writer at most. Default: 1,024. */
  readonly commitsQueuedMax?: number;
  /** Within which a turn must have planned its commit, in milliseconds. Default: 10 s. */
  readonly turnMs?: number;
  /** Resources that one referral reaches at most. Default: 10,000. */
  readonly reachMembersMax?: number;
  /** Space that is given up when the disk is full. Default: 16 MiB; 0 for none. */
  readonly reserveBytes?: number;
  /** Waited after every flush, in milliseconds, to measure slow disks. Default: 0. */
  readonly flushDelayMs?: number;
  /** Executed by the writer when it is ready, for tests: `max_page_count=100`, `synchronous=OFF`. */
  readonly pragmas?: readonly string[];
  /** Default: the log is in the folder, and the folder is all there is. */
  readonly logElsewhere?: LogElsewhere;
}

/** A log that is not in the folder: the folder is a read model of it, which may be lost at any time. */
export interface LogElsewhere {
  /** Makes the folder ready, alone in it: a read model that does not follow from the log is made anew. */
  prepare(options: WriterOptions, now: number): Promise<void>;
  /** Files are where the log is. */
  readonly files: Files;
  /** The writer, which appends to the log. */
  host(options: WriterOptions, now: number): Promise<WriterHost>;
}

/** The engine's store. */
export interface EmbeddedStore extends Store {
  readonly folder: string;
  /** The format that the folder began with: whoever fills what a later one brings, asks. */
  readonly bornFormat: number;
  /** Writes an anchor now; undefined when nothing is new. */
  anchor(): Anchor | undefined;
  /** Forgets what need not be known any more, a step at a time, while nobody waits for the writer. */
  tidy(signal?: AbortSignal): Promise<void>;
  /** Reads new versions into the full-text index; undefined where none is kept. */
  readonly readTexts: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Gives back the pages that the connections of the calling thread keep. */
  releaseMemory(): void;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const DEFAULTS = {
  clock: { now: () => Date.now() },
  searchSnapshotMs: 15 * MINUTE,
  searchTimeoutMs: 5000,
  searchWorkers: 1,
  fullText: true,
  searchesQueuedMax: 512,
  searchesRemembered: 2000,
  writer: 'thread',
  keyRetentionMs: 7 * DAY,
  outboxRetentionMs: 30 * DAY,
  commitsQueuedMax: 1024,
  turnMs: 10_000,
  reachMembersMax: 10_000,
  reserveBytes: 16 * 1024 * 1024,
  flushDelayMs: 0,
  pragmas: [],
  scopes: { valuesIn: (): never[] => [], satisfies: () => false },
} as const;

/** Time between two steps of housekeeping while there is more to do. */
const TIDY_AGAIN_MS = 10;

/** The connection for reads by id keeps this much of the file in memory. */
const CACHE_KIB = 32 * 1024;
/** The connection for everything else that is read in the main thread. */
const OTHER_CACHE_KIB = 8 * 1024;

/** Opens the store, alone in its folder; throws `FolderRefused` when that cannot be. */
export async function openEmbeddedStore(given: EmbeddedOptions): Promise<EmbeddedStore> {
  const options = { ...DEFAULTS, ...given };
  const { folder, clock } = options;
  const paths = pathsOf(folder);
  const lock = lockFolder(folder, clock.now());
  const opened: (() => unknown)[] = [() => lock.release()];
  const undo = async (): Promise<void> => {
    for (const close of opened.toReversed()) await close();
  };
  try {
    if (options.logElsewhere === undefined) prepareOwn(folder);
    else await options.logElsewhere.prepare(writerOptions(options), clock.now());
    const host = await openHost(options);
    opened.push(() => host.close());
    const db = openDatabase(paths.database, { readOnly: true, cacheKib: OTHER_CACHE_KIB });
    opened.push(() => db.close());
    const byIdDb = openDatabase(paths.database, { readOnly: true, cacheKib: CACHE_KIB });
    opened.push(() => byIdDb.close());
    const byId = { db: byIdDb, transaction: prepareSharedReadTransaction(byIdDb) };
    const pool = new SearchPool({
      thread: options.searchThread,
      file: paths.database,
      threads: options.searchWorkers,
      queued: options.searchesQueuedMax,
      timeoutMs: options.searchTimeoutMs,
      fullText: options.fullText,
    });
    opened.push(() => pool.close());
    const memory = createMemory(db, byIdDb, () => queue.head.seq, options.searchesRemembered);
    const followers: StoreFollower[] = [];
    const follow: Store['follow'] = (told) => void followers.push(told);
    const applied = (members: readonly BatchMember[]): void => {
      byId.transaction.applied(writesMore(members));
      memory.written(members);
      tell(followers, members);
    };
    const moved = (): void => {
      byId.transaction.applied(true);
      memory.forgetAll();
      for (const told of followers) told(undefined);
    };
    const queue = new WriteQueue(host, { ...options, applied, moved });
    return assemble({ options, db, byId, memory, pool, queue, follow, close: undo });
  } catch (error) {
    await undo();
    throw error;
  }
}

function tell(followers: readonly StoreFollower[], members: readonly BatchMember[]): void {
  const commits = members.flatMap((one) => (one.kind === 'commit' ? [one.commit] : []));
  if (commits.length > 0) for (const told of followers) told(commits);
}

type Options = Omit<EmbeddedOptions, keyof typeof DEFAULTS> &
  Required<Pick<EmbeddedOptions, keyof typeof DEFAULTS>>;

/** A folder that follows a log elsewhere must not go on by itself: what it would write, the log would not have. */
function prepareOwn(folder: string): void {
  if (isUnfinished(folder))
    throw new FolderRefused(
      `A copy into the folder ${folder} was cut off. Run the same command again: npm run restore, or npm run admin -- move --to folder ${folder}.`,
    );
  if (readFollowed(folder) !== undefined)
    throw new FolderRefused(
      `The folder ${folder} is the read model of a MongoDB log. Start with STORE=mongodb, or take it back with npm run admin -- move.`,
    );
  prepareDatabase(folder);
}

function writerOptions(options: Options): WriterOptions {
  const { database, reserve } = pathsOf(options.folder);
  return {
    file: database,
    reserveFile: reserve,
    reserveBytes: options.reserveBytes,
    instance: randomUUID(),
    searchSnapshotMs: options.searchSnapshotMs,
    keyRetentionMs: options.keyRetentionMs,
    outboxRetentionMs: options.outboxRetentionMs,
    reachMembersMax: options.reachMembersMax,
    flushDelayMs: options.flushDelayMs,
    pragmas: options.pragmas,
    follows: options.logElsewhere !== undefined,
  };
}

async function openHost(options: Options): Promise<WriterHost> {
  const { logElsewhere } = options;
  const writer = writerOptions(options);
  const now = options.clock.now();
  if (logElsewhere !== undefined) return logElsewhere.host(writer, now);
  if (options.writer === 'turn') return hostInTurn(writer, findRefs, now);
  return hostInThread(WRITER_THREAD, { options: writer, now } satisfies ThreadStart);
}

interface Parts {
  readonly options: Options;
  readonly db: DatabaseSync;
  readonly byId: SnapshotReading['byId'];
  readonly memory: Memory;
  readonly pool: SearchPool;
  readonly queue: WriteQueue;
  readonly follow: Store['follow'];
  /** Closes everything that was opened, the folder's lock last. */
  readonly close: () => Promise<void>;
}

function assemble({ options, db, byId, memory, pool, queue, follow, close }: Parts): EmbeddedStore {
  const { folder, clock, onAnchor } = options;
  const paths = pathsOf(folder);
  const anchorFile = options.anchorFile ?? paths.anchors;
  const anchors = openAnchors(anchorFile);
  const outbox = prepareOutboxReading(db);
  const files = options.logElsewhere?.files ?? openFolderFiles(folder, options.diskRefused);
  const snapshotAt = prepareSnapshots({
    db,
    byId,
    ...memory.reading,
    horizon: () => queue.head.horizon,
    search: prepareSearch(byId, pool, clock, memory),
    openFile: (...asked) => files.open(...asked),
    scopes: options.scopes,
    timeoutMs: options.searchTimeoutMs,
    clock,
  });
  const snapshot = (seq = queue.head.seq) => snapshotAt(seq);

  const anchor = (): Anchor | undefined => {
    const dropped = anchors.drop(queue.head);
    if (dropped !== undefined) onAnchor?.(dropped);
    return dropped;
  };
  let closing: Promise<void> | undefined;

  return {
    folder,
    bornFormat: readMeta(db, 'born', 1),
    anchor,
    tidy: (signal) => tidyWhileIdle(queue, signal),
    readTexts: options.fullText ? createTextReading(queue, pool) : undefined,
    releaseMemory: () => [db, byId.db].forEach((one) => releasePages(one)),
    snapshot,
    fresh: async () => void (options.logElsewhere && (await queue.chore({ kind: 'follow' }))),
    commit: (commit) => queue.commit(commit),
    commitExclusively: (work) => queue.commitExclusively(() => work(snapshot())),
    record: (entry) => queue.record(JSON.stringify(entry)),
    async claim(max, leaseMs, passOver = new Set(), share) {
      if (queue.head.outboxWaiting === 0 || !outbox.isAnyDue(clock.now(), passOver)) return [];
      const outcome = await queue.chore({ kind: 'claim', max, leaseMs, passOver, share });
      return outcome.kind === 'claimed' ? outcome.entries : ([] satisfies ClaimedEntry[]);
    },
    postpone: async (id, afterMs, why) => void (await queue.chore({ kind: 'postpone', id, afterMs, why })),
    outbox: async (filter) => outbox.list(filter),
    files,
    leases: createLeases(clock),
    follow,
    verify: () => verifyWith(files, folder, anchorFile),
    status: () => statusOf(queue, () => outbox.oldestAt(), paths.database),
    close() {
      closing ??= (async () => {
        await queue.drain();
        try {
          anchor();
        } finally {
          await close();
        }
      })();
      return closing;
    },
  };
}

/** On the main thread where that is soon done, in a thread of its own otherwise. */
function prepareSearch(
  byId: SnapshotReading['byId'],
  pool: SearchPool,
  clock: Clock,
  { seldom, pages }: Memory,
): SnapshotReading['search'] {
  const lookup = prepareLookup(byId.db, seldom);
  const freshen = prepareFreshness(byId);
  const promptly = preparePromptSearch(byId);
  return async (query, seq, signal) => {
    const name = pages.nameOf(query);
    const known = name === undefined ? undefined : pages.find(name, seq);
    if (known !== undefined) return known;
    const moment = { seq, now: clock.now() };
    freshen(query.sight);
    const few = lookup(query, moment);
    const page = few === undefined ? promptly(query, moment) : pageOf(few, query);
    if (page === undefined) return pool.search(query, moment, signal);
    if (name !== undefined) pages.keep(name, query, page, seq);
    return page;
  };
}

async function verifyWith(files: Files, folder: string, anchorFile: string): ReturnType<Store['verify']> {
  const report = await verifyFile(pathsOf(folder).database, anchorFile);
  return [...describeReport(report), ...(await proveFiles(filesNamedIn(folder), files))];
}

async function tidyWhileIdle(queue: WriteQueue, signal?: AbortSignal): Promise<void> {
  while (signal?.aborted !== true && queue.isIdle && (await tidyStep(queue))) await setTimeout(TIDY_AGAIN_MS);
}

/** Whether there is more to do. */
async function tidyStep(queue: WriteQueue): Promise<boolean> {
  try {
    const outcome = await queue.chore({ kind: 'tidy' });
    return outcome.kind === 'tidied' && outcome.more;
  } catch (error) {
    // A full disk, or a store that closes: the next look comes in its time, and the commits say what is wrong.
    if (error instanceof CommitRefused) return false;
    throw error;
  }
}

/** The dispatcher asks after every commit whether the store can write: what has to be looked up is, when it is read. */
function statusOf(queue: WriteQueue, oldestAt: () => number, file: string): StoreStatus {
  const { seq, at, writable, outboxWaiting } = queue.head;
  return {
    seq,
    at,
    writable,
    queued: queue.queued,
    outboxWaiting,
    get oldestWaitingAt() {
      return oldestAt();
    },
    get bytes() {
      return sizeOf(file) + sizeOf(`${file}-wal`);
    },
  };
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
