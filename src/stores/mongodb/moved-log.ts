/**
 * Writes the log of a folder into a database: documents of at most 256 commits, in order. What an earlier try has written
 * stays where it is the same; what has vanished from the folder since then vanishes from it, too.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeptEntries, KeptEntry } from '../embedded/kept-entries.ts';
import { GENESIS } from '../log/chain.ts';
import { entryCharacters, type CommitLog } from './commit-log.ts';
import { DatabaseRefused } from './connection.ts';
import {
  entryDocument,
  LOG_FORMAT,
  NOT_REPLAYED,
  type EntryDocument,
  type LogDocument,
} from './documents.ts';

interface MovedLogOptions {
  /** Throws when the database is not ours alone any more. */
  readonly assertAlone: () => void;
  readonly tell: (says: string) => void;
}

const COMMITS_MAX = 256;
/** About so many characters fill a document before it has as many commits. */
const CHARACTERS_MAX = 1024 * 1024;
/** Commits between two lines about how far it is. */
const PROGRESS = 10_000;
/** Tries to write a document while the database does not answer, and the time between them. */
const TRIES = 30;
const PAUSE_MS = 1000;

/** @throws DatabaseRefused when the database holds other commits, or cannot be written */
export async function writeMovedLog(
  log: CommitLog,
  kept: KeptEntries,
  { assertAlone, tell }: MovedLogOptions,
): Promise<void> {
  const node = randomUUID();
  const last = kept.head?.seq ?? 0;
  const newest = (await log.newest())?.last ?? 0;
  let before = { seq: 0, hash: GENESIS };
  let there = await firstAfter(log, before.seq, newest);
  let batch = emptyBatch();
  for (const entry of kept.entries()) {
    const document = entryDocument(entry);
    batch.entries.push(document);
    batch.characters += entryCharacters([document]);
    if (entry.seq < last && !isFull(batch, entry.seq, there)) continue;
    assertAlone();
    const next = documentOf({ entries: batch.entries, before, entry, node, valueRules: kept.valueRules });
    if (there === undefined) await append(log, next);
    else await keep(log, there, next);
    before = { seq: entry.seq, hash: entry.hash };
    batch = emptyBatch();
    there = await firstAfter(log, before.seq, newest);
    const passed = Math.floor(before.seq / PROGRESS) - Math.floor((next._id - 1) / PROGRESS);
    if (passed > 0) tell(`${before.seq} of ${last} commits`);
  }
}

interface Batch {
  readonly entries: EntryDocument[];
  characters: number;
}

const emptyBatch = (): Batch => ({ entries: [], characters: 0 });

/** A document that is there ends where it ends. */
function isFull({ entries, characters }: Batch, seq: number, there: LogDocument | undefined): boolean {
  return there === undefined
    ? entries.length >= COMMITS_MAX || characters >= CHARACTERS_MAX
    : seq >= there.last;
}

async function firstAfter(log: CommitLog, seq: number, newest: number): Promise<LogDocument | undefined> {
  return seq < newest ? (await log.after(seq, 1))[0] : undefined;
}

interface DocumentParts {
  readonly entries: readonly EntryDocument[];
  readonly before: { readonly seq: number; readonly hash: string };
  /** The last one. */
  readonly entry: KeptEntry;
  readonly node: string;
  readonly valueRules: number;
}

const documentOf = ({ entries, before, entry, node, valueRules }: DocumentParts): LogDocument => ({
  _id: before.seq + 1,
  last: entry.seq,
  at: entry.at,
  node,
  n: randomUUID(),
  v: LOG_FORMAT,
  r: NOT_REPLAYED,
  u: valueRules,
  prev: before.hash,
  hash: entry.hash,
  e: entries,
});

const WHY_NOT = {
  full: 'has no space left: free some',
  forbidden: 'may not be written by this user: see its rights',
  refused: 'refuses a document of the log',
} as const;

async function append(log: CommitLog, document: LogDocument): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const fate = await log.append(document);
    if (fate === 'ours') return;
    if (fate === 'others') throw differs(document);
    if (fate !== 'unknown' && fate !== 'unsent')
      throw new DatabaseRefused(
        `The database ${WHY_NOT[fate]} (commits ${document._id} to ${document.last}). Then move again: it goes on from there.`,
      );
    if (tries === TRIES)
      throw new DatabaseRefused(
        'The database does not answer any more. Move again later: it goes on from there.',
      );
    await sleep(PAUSE_MS);
  }
}

/** The document of an earlier try, or of the log before it was moved away. */
async function keep(log: CommitLog, there: LogDocument, next: LogDocument): Promise<void> {
  const { _id, last, prev, hash } = next;
  if (there._id !== _id || there.last !== last || there.prev !== prev || there.hash !== hash)
    throw differs(next);
  const entries = there.e.map((entry, i) => withoutGone(entry, next.e[i]));
  if (entries.some((entry, i) => entry !== there.e[i])) await log.replaceEntries(there, entries);
}

const differs = ({ _id }: LogDocument): DatabaseRefused =>
  new DatabaseRefused(
    `The database holds other commits than the folder, from commit ${_id} on. Name another one, or drop it first.`,
  );

/** The entry without the texts of versions and records that the folder has no more. */
function withoutGone(entry: EntryDocument, now: EntryDocument | undefined): EntryDocument {
  const w = entry.w?.map((one, i) => (one.t !== null && now?.w?.[i]?.t === null ? { ...one, t: null } : one));
  const c = entry.c?.map((one, i) =>
    one.t !== null && now?.c?.[i]?.t === null ? { ...one, t: null, x: null } : one,
  );
  const isSame =
    (w?.every((one, i) => one === entry.w?.[i]) ?? true) &&
    (c?.every((one, i) => one === entry.c?.[i]) ?? true);
  return isSame ? entry : { ...entry, ...(w && { w }), ...(c && { c }) };
}
