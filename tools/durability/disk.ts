/**
 * A disk that keeps no more than it was made to keep, rebuilt from a trace: what a power cut at any moment may leave of
 * the store's files. A write is certain when a flush of its file began after it and has ended; a file's name is certain
 * when its folder was flushed. Everything else may be there, be missing, or be there in part.
 */
import { basename, dirname } from 'node:path';
import type { Call } from './trace.ts';

/** A change of a file's content. */
export interface Change {
  readonly file: string;
  readonly kind: 'write' | 'truncate';
  /** Of a truncation, the new length. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** When it was done, and when a flush had covered it, in places of the trace; Infinity: never. */
  readonly doneAt: number;
  flushedAt: number;
}

/** A file from its making to its removal; another one may take its name. */
interface Life {
  readonly file: string;
  readonly changes: Change[];
  readonly bornAt: number;
  bornFlushedAt: number;
  diedAt: number;
  diedFlushedAt: number;
}

/** Names and contents of the files that are there. */
export type Image = ReadonlyMap<string, Buffer>;

/** What a power cut leaves of a change that no flush has covered: its bytes as they are on the disk; undefined: nothing. */
export type Survives = (change: Change) => Buffer | undefined;

export interface Disk {
  /** Every change of the store's files, in order. */
  readonly changes: readonly Change[];
  /** Ends of flushes that were really done, by file. */
  readonly flushes: readonly { readonly file: string; readonly begin: number; readonly end: number }[];
  /** What is there when the process dies at a place of the trace and the machine lives on. */
  written(place: number): Image;
  /** What is there when the power fails at a place of the trace. */
  cut(place: number, survives: Survives): Image;
}

const NEVER = Number.POSITIVE_INFINITY;

/** The files of SQLite's that survive a process; the index of the WAL does not. */
const KEPT = /^store\.db(-wal|-journal)?$/;

/** @param folder the data folder, as the traced process named it */
export function rebuildDisk(calls: readonly Call[], folder: string): Disk {
  const lives: Life[] = [];
  const living = new Map<string, Life>();
  const changes: Change[] = [];
  const flushes: { file: string; begin: number; end: number }[] = [];

  for (const call of calls) {
    if (call.result < 0) continue;
    const { name, path, begin, end } = call;
    if (name === 'fsync' || name === 'fdatasync') flush(call);
    else if (dirname(path) !== folder || !KEPT.test(basename(path))) continue;
    else if (name === 'openat') open(basename(path), call);
    else if (name === 'unlink' || name === 'unlinkat') remove(basename(path), end);
    else change(basename(path), call);
    if (begin > end) throw new Error('a call ended before it began');
  }
  return {
    changes,
    flushes,
    written: (place) =>
      imageOf(
        lives,
        place,
        (life) => life.bornAt <= place,
        (life) => life.diedAt <= place,
        whole,
      ),
    cut: (place, survives) =>
      imageOf(
        lives,
        place,
        (life) => life.bornFlushedAt <= place,
        (life) => life.diedFlushedAt <= place,
        (one) => (one.flushedAt <= place ? one.bytes : survives(one)),
      ),
  };

  function open(file: string, { flags, end }: Call): void {
    if (living.has(file) || !flags.includes('O_CREAT')) return;
    const life = {
      file,
      changes: [],
      bornAt: end,
      bornFlushedAt: NEVER,
      diedAt: NEVER,
      diedFlushedAt: NEVER,
    };
    living.set(file, life);
    lives.push(life);
  }

  function remove(file: string, at: number): void {
    const life = living.get(file);
    if (life !== undefined) life.diedAt = at;
    living.delete(file);
  }

  function change(file: string, { name, bytes, last, end, result }: Call): void {
    const isWrite = name === 'pwrite64';
    if (!isWrite && name !== 'ftruncate')
      throw new Error(`${file} was changed by ${name}, which is not understood`);
    if (isWrite && result !== bytes.length) throw new Error(`a write of ${result} bytes was traced in part`);
    const kind = isWrite ? 'write' : 'truncate';
    const one: Change = { file, kind, offset: last, bytes, doneAt: end, flushedAt: NEVER };
    changes.push(one);
    living.get(file)?.changes.push(one);
  }

  function flush({ path, begin, end, injected }: Call): void {
    if (injected) return;
    if (path === folder) {
      for (const life of lives) {
        if (life.bornAt < begin) life.bornFlushedAt = Math.min(life.bornFlushedAt, end);
        if (life.diedAt < begin) life.diedFlushedAt = Math.min(life.diedFlushedAt, end);
      }
    }
    const life = dirname(path) === folder ? living.get(basename(path)) : undefined;
    if (life === undefined) return;
    flushes.push({ file: life.file, begin, end });
    for (const one of life.changes.toReversed()) {
      if (one.flushedAt !== NEVER) break;
      if (one.doneAt < begin) one.flushedAt = end;
    }
  }
}

const whole: Survives = ({ bytes }) => bytes;

/** Of the lives under one name, the latest that is there. */
function imageOf(
  lives: readonly Life[],
  place: number,
  isBorn: (life: Life) => boolean,
  isDead: (life: Life) => boolean,
  survives: Survives,
): Image {
  const image = new Map<string, Buffer>();
  for (const life of lives) {
    if (!isBorn(life)) continue;
    if (isDead(life)) image.delete(life.file);
    else image.set(life.file, contentOf(life.changes, place, survives));
  }
  return image;
}

function contentOf(changes: readonly Change[], place: number, survives: Survives): Buffer {
  const done = changes.filter(({ doneAt }) => doneAt <= place);
  const content = Buffer.alloc(
    done.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes.length), 0),
  );
  let length = 0;
  for (const one of done) {
    const left = survives(one);
    if (left === undefined) continue;
    if (one.kind === 'truncate') {
      content.fill(0, one.offset);
      length = one.offset;
    } else {
      left.copy(content, one.offset);
      length = Math.max(length, one.offset + left.length);
    }
  }
  return content.subarray(0, length);
}
