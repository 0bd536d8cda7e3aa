/** Opens what a crash has left, as the engine would, and says whether it is a whole commit with everything promised. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { verifyChain } from '../../src/stores/embedded/verify/audit-chain.ts';
import type { Image } from './disk.ts';

export interface Reopened {
  /** The last commit; 0 when there is none. */
  readonly seq: number;
  /** Hex of the chain's hash there. */
  readonly hash: string;
  /** What is wrong with the files. */
  readonly faults: readonly string[];
}

const EMPTY: Reopened = { seq: 0, hash: '', faults: [] };

/** @param thorough verifies the chain and every projection, too */
export async function reopen(image: Image, thorough: boolean): Promise<Reopened> {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-image-'));
  try {
    for (const [file, content] of image) writeFileSync(join(folder, file), content);
    if (!image.has('store.db')) return EMPTY;
    const opened = look(join(folder, 'store.db'));
    if (!thorough || opened.seq === 0) return opened;
    const { faults } = await verifyChain(folder);
    return {
      ...opened,
      faults: [...opened.faults, ...faults.map(({ seq, says }) => `commit ${seq}: ${says}`)],
    };
  } catch (error) {
    return { ...EMPTY, faults: [error instanceof Error ? error.message : String(error)] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function look(file: string): Reopened {
  const db = new DatabaseSync(file);
  try {
    const sound = db.prepare('PRAGMA quick_check').get()?.['quick_check'];
    const faults = sound === 'ok' ? [] : [`quick_check: ${String(sound)}`];
    const isMade = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'log'`).get() !== undefined;
    if (!isMade) return { ...EMPTY, faults };
    const last = db.prepare('SELECT seq, lower(hex(hash)) AS hash FROM log ORDER BY seq DESC LIMIT 1').get();
    if (last === undefined) return { ...EMPTY, faults };
    const { seq, hash } = last as unknown as Reopened; // the columns of the SELECT
    const rows = Number(db.prepare('SELECT count(*) AS rows FROM log').get()?.['rows']);
    return { seq, hash, faults: rows === seq ? faults : [...faults, `${rows} rows up to commit ${seq}`] };
  } finally {
    db.close();
  }
}
