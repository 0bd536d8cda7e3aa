/**
 * The verifier of the audit chain (rules 4.1). It walks the log beside a live server, computes every hash and digest
 * again, and compares them with the stored ones and with the anchors. It finds rows, texts, entries and settlements
 * that somebody edited, deleted, inserted or moved, a log that was cut off before its last anchor, and a chain that was
 * computed anew.
 */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Finding } from '../../../ports/store.ts';
import { readAnchors } from '../../log/anchors.ts';
import type { AnchorLines } from '../../log/anchors.ts';
import { auditFault, chainHash, GENESIS } from '../../log/chain.ts';
import type { Members } from '../../log/chain.ts';
import { openDatabase, prepare } from '../folder/connection.ts';
import { pathsOf } from '../folder/folder.ts';
import { prepareProjections } from './projections.ts';
import type { ProjectionFault } from './projections.ts';
import { inSlices } from '../slices.ts';

export type { ProjectionFault as Fault } from './projections.ts';

export interface ChainReport {
  /** The number of commits walked; equal to the last one's seq when nothing is missing. */
  readonly commits: number;
  /** The seq of the last anchor; 0 without one. */
  readonly anchored: number;
  /** The last seq of the log. A truncation after `anchored` cannot be seen. */
  readonly seq: number;
  /** The first hundred faults. */
  readonly faults: readonly ProjectionFault[];
  /** The number of all faults. */
  readonly faultCount: number;
}

const FAULTS_KEPT = 100;
const SLICE = 100;
const CACHE_KIB = 16 * 1024;

type LogRow = [seq: number, at: number, audit: string, members: string, hash: Uint8Array];

/** Verifies the folder's chain against its anchors, by default those inside the folder. */
export async function verifyChain(
  folder: string,
  anchorFile = pathsOf(folder).anchors,
): Promise<ChainReport> {
  return verifyFile(pathsOf(folder).database, anchorFile);
}

/** The report as lines for an operator. */
export function describeReport({ commits, anchored, seq, faults, faultCount }: ChainReport): Finding[] {
  const lines: Finding[] = faults.map(({ seq: place, says }) => ({
    ok: false,
    says: `commit ${place}: ${says}`,
  }));
  if (faultCount > faults.length)
    lines.push({ ok: false, says: `${faultCount - faults.length} more faults` });
  if (faultCount === 0) lines.push({ ok: true, says: `audit chain unbroken: ${commits} commits` });
  const tail = seq - anchored;
  lines.push({
    ok: true,
    says:
      tail > 0
        ? `unanchored tail: commits ${anchored + 1} to ${seq}, in which a truncation cannot be seen; anchor to end it`
        : `anchored up to commit ${anchored}`,
  });
  return lines;
}

/** Verifies one database file, in one read transaction, so that it sees one moment. */
export async function verifyFile(file: string, anchorFile: string): Promise<ChainReport> {
  if (!existsSync(file)) throw new Error(`there is no store at ${file}`);
  const db = openDatabase(file, { readOnly: true, cacheKib: CACHE_KIB });
  try {
    db.exec('BEGIN');
    return await walk(db, readAnchors(anchorFile));
  } finally {
    db.close();
  }
}

async function walk(db: DatabaseSync, { anchors, unreadable }: AnchorLines): Promise<ChainReport> {
  const faults: ProjectionFault[] = [];
  let faultCount = 0;
  const note = (seq: number, says: string): void => {
    faultCount += 1;
    if (faults.length < FAULTS_KEPT) faults.push({ seq, says });
  };
  const slice = prepare<LogRow>(
    db,
    `SELECT seq, at, audit, members, hash FROM log WHERE seq > ? ORDER BY seq LIMIT ${SLICE}`,
  );
  const anchorOf = new Map(anchors.map((anchor) => [anchor.seq, anchor]));
  if (unreadable > 0) note(0, `${unreadable} lines of the file of anchors cannot be read`);
  const projections = prepareProjections(db, note);
  let before = { seq: 0, at: 0, hash: GENESIS };
  let commits = 0;

  function examine([seq, at, audit, text, stored]: LogRow): void {
    const hash = Buffer.from(stored).toString('hex');
    if (seq !== before.seq + 1) note(before.seq + 1, `commits up to ${seq - 1} are missing from the log`);
    if (at < before.at) note(seq, 'its time lies before that of the commit before it');
    if (chainHash(before.hash, seq, at, text) !== hash)
      note(seq, 'its hash does not follow from the commit before it and its members');
    const anchor = anchorOf.get(seq);
    if (anchor !== undefined && (anchor.hash !== hash || anchor.at !== at)) {
      note(seq, 'the anchor says another hash: the chain was computed anew up to here');
    }
    before = { seq, at, hash };
    commits += 1;
    const members = parseMembers(text);
    if (members === undefined) return note(seq, 'its members cannot be read');
    const fault = auditFault(members, audit);
    if (fault !== undefined) note(seq, fault);
    projections.examine({ seq, at, audit, members });
  }

  await inSlices(Number.POSITIVE_INFINITY, new AbortController().signal, () => {
    const rows = slice.all(before.seq);
    for (const row of rows) examine(row);
    return rows.length === SLICE;
  });
  projections.conclude(before.seq);
  const anchored = anchors.reduce((last, anchor) => Math.max(last, anchor.seq), 0);
  if (anchored > before.seq)
    note(before.seq + 1, `the log ends here, but commit ${anchored} was anchored: it was cut off`);
  return { commits, anchored, seq: before.seq, faults, faultCount };
}

/** The members as stored; undefined when they are not JSON. */
function parseMembers(text: string): Members | undefined {
  try {
    // Written by this engine, or else tampered with: then the digests say so.
    return JSON.parse(text) as Members;
  } catch {
    return undefined;
  }
}
