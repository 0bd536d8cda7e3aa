/**
 * Computes the search values of the stored texts anew, when this program's rules differ from those of the program that
 * wrote the folder. Nothing else changes: versions, the chain and the outbox stay as they are. Each step is on disk
 * when it ends, and repeating it does no harm; the folder counts as current when all steps are done.
 */
import type { Resource } from '../../../fhir/types.ts';
import type { SearchValue } from '../../../ports/query.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { VALUE_RULES } from '../../../ports/value-rules.ts';
import { openDatabase, prepare, readMeta, writeMeta } from './connection.ts';
import { refillAbout } from './fill-denials.ts';
import { lockFolder, needStore, pathsOf, prepareDatabase } from './folder.ts';
import { prepareIdentities } from '../write/identities.ts';
import { prepareValues } from '../write/values.ts';

interface ReindexOptions {
  /** The data folder of a stopped server. */
  readonly folder: string;
  readonly valuesOf: (resource: Resource) => readonly SearchValue[];
  /** Called after every step. */
  readonly onStep?: (versions: number) => void;
}

/** The number of versions of one transaction. */
const STEP = 500;
const CACHE_KIB = 64 * 1024;

/**
 * Reindexes the folder, and returns the number of versions read.
 *
 * @throws FolderRefused when the folder is in use, or holds no store of ours
 */
export function reindexFolder({ folder, valuesOf, onStep }: ReindexOptions): number {
  needStore(folder);
  const lock = lockFolder(folder, Date.now());
  try {
    prepareDatabase(folder);
    const db = openDatabase(pathsOf(folder).database, { readOnly: false, cacheKib: CACHE_KIB });
    try {
      const values = prepareValues(db, prepareIdentities(db));
      // Values of versions that ended before the horizon are gone (ADR 0011).
      const next = prepare<[vid: number, text: string]>(
        db,
        'SELECT vid, text FROM version WHERE vid > ? AND ended > ? AND text IS NOT NULL ORDER BY vid LIMIT ? + 0',
      );
      const horizon = readMeta(db, 'horizon', 0);
      let done = 0;
      for (let last = 0; ;) {
        const rows = next.all(last, horizon, STEP);
        db.exec('BEGIN IMMEDIATE');
        for (const [vid, text] of rows) {
          const resource = parseStored(text);
          values.clear(vid);
          values.write(resource.resourceType, valuesOf(resource), vid);
        }
        if (rows.length < STEP) {
          refillAbout(db);
          writeMeta(db, 'values', VALUE_RULES);
        }
        db.exec('COMMIT');
        done += rows.length;
        onStep?.(done);
        if (rows.length < STEP) return done;
        last = rows.at(-1)?.[0] ?? last;
      }
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

/** Whether searches find everything that this program would index; also beside a live server. */
export function hasCurrentValues(folder: string): boolean {
  const db = openDatabase(pathsOf(folder).database, { readOnly: true, cacheKib: 1024 });
  try {
    return readMeta(db, 'values', 1) === VALUE_RULES;
  } finally {
    db.close();
  }
}
