/**
 * Who serves the database. One node does: it holds a lease, and a second one is told who has it. The log stays whole
 * without the lease, whose unique `_id` decides; but two nodes would deliver and sweep twice.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseRefused, isDuplicate, type Connection, type NamedDocument } from './connection.ts';

interface HolderDocument extends NamedDocument {
  /** Names the folder that the process works in; who starts in it again follows a process that is dead. */
  readonly folder: string;
  readonly host: string;
  readonly pid: number;
  /** Names the process. */
  readonly node: string;
  readonly since: string;
  /** Milliseconds since 1970 by the clock of the database. */
  readonly until: number;
}

interface HolderOptions {
  /** Names the folder, alone in which this process is: no other folder has the name, on whatever machine. */
  readonly folder: string;
  readonly node: string;
  /** Milliseconds since 1970, by the clock of the database. */
  readonly now: () => number;
  /** How long a node that died elsewhere holds the database, in milliseconds. Default: 12 s. */
  readonly leaseMs?: number | undefined;
  /** Told when another node has taken the database: this one must not go on. */
  readonly evicted: (says: string) => void;
  /** Told at each renewal whether the database took it. */
  readonly answered?: (isAnswered: boolean) => void;
}

interface Holder {
  release(): Promise<void>;
}

const KEY = 'holder';
const LEASE_MS = 12_000;

/** @throws DatabaseRefused naming the node that serves the database */
export async function holdDatabase(connection: Connection, options: HolderOptions): Promise<Holder> {
  const holders = connection.collection<HolderDocument>('lease');
  const { folder, node, now, leaseMs = LEASE_MS } = options;
  const renewMs = leaseMs / 4;
  const mine = { folder, node, host: hostname(), pid: process.pid, since: new Date().toISOString() };
  await take();
  const ended = new AbortController();
  const renewing = renew(ended.signal);
  return {
    async release() {
      ended.abort();
      await renewing;
      await holders.updateOne({ _id: KEY, node }, { $set: { until: 0 } }).catch(() => undefined); // it ends by itself
    },
  };

  async function take(): Promise<void> {
    for (const end = Date.now() + leaseMs + renewMs; ;) {
      const held = await holders.findOne({ _id: KEY });
      const free = held !== null && isDead(held, mine) ? { node: held.node } : { until: { $lte: now() } };
      try {
        const change = { $set: { ...mine, until: now() + leaseMs } };
        await holders.updateOne({ _id: KEY, ...free }, change, { upsert: true });
        return;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        if (Date.now() >= end) throw new DatabaseRefused(await nameHolder());
      }
      await sleep(renewMs / 6);
    }
  }

  async function nameHolder(): Promise<string> {
    const held = await holders.findOne({ _id: KEY });
    const who = held === null ? 'another node' : `process ${held.pid} on ${held.host}, started ${held.since}`;
    return `The database is in use by ${who}. Stop it first, or name another database.`;
  }

  async function renew(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(renewMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const { matchedCount } = await holders.updateOne(
          { _id: KEY, node },
          { $set: { until: now() + leaseMs } },
        );
        options.answered?.(true);
        if (matchedCount === 0) return options.evicted(await nameHolder());
      } catch {
        options.answered?.(false); // what fails for the lease fails for the writer, too, who says why
      }
    }
  }
}

/** Whether the holder worked in the folder that nobody else has now, and its process is gone. */
const isDead = (held: HolderDocument, mine: Pick<HolderDocument, 'folder' | 'host' | 'pid'>): boolean =>
  held.folder === mine.folder && held.host === mine.host && (held.pid === mine.pid || !isAlive(held.pid));

/** Whether a process of this machine runs. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}
