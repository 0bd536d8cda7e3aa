/**
 * Verifies the log in the database itself: every hash and every digest is computed again from what the documents hold, and
 * compared with the anchors, so that an edited, deleted, inserted or reordered document is named (rules 4.1).
 */
import type { Finding } from '../../ports/store.ts';
import type { Anchor } from '../log/anchors.ts';
import { chainHash, GENESIS } from '../log/chain.ts';
import { messageOf } from '../log/durable-folder.ts';
import { movedWithoutCheckpoint } from './checkpoint.ts';
import type { CommitLog } from './commit-log.ts';
import { NOT_REPLAYED, type EntryDocument, type LogDocument } from './documents.ts';
import { createContentProof, type ContentProof } from './verify-content.ts';

/** What is known of the log from elsewhere. */
interface KnownOfLog {
  /** The commit that the log holds at least. */
  readonly through: number;
  readonly anchors: readonly Anchor[];
  /** Milliseconds since 1970: records that expired up to then may be gone. */
  readonly purged: number;
}

const DOCUMENTS = 16;
const FAULTS_KEPT = 100;
const NO_CHECKPOINT =
  'it came from a folder, and no checkpoint that can be used holds what it made: a running server makes one, an empty data folder cannot be filled';

/** @returns one line a fault, or one that says that there is none */
export async function verifyLog(log: CommitLog, known: KnownOfLog): Promise<readonly Finding[]> {
  const faults: Finding[] = [];
  let more = 0;
  const note = (seq: number, says: string): void => {
    if (faults.length >= FAULTS_KEPT) more += 1;
    else faults.push({ ok: false, says: `log in the database, commit ${seq}: ${says}` });
  };
  const proof = createContentProof(note, known.purged);
  const anchors = new Map(known.anchors.map((anchor) => [anchor.seq, anchor]));
  const walk = { note, proof, anchors };
  let before: Place = { seq: 0, at: 0, hash: GENESIS };
  for (let cursor = 0; ;) {
    const documents = await log.storedAfter(cursor, DOCUMENTS);
    for (const stored of documents) {
      before = examine(await wholeOf(log, stored, note), before, walk);
      cursor = stored._id;
    }
    if (documents.length < DOCUMENTS) break;
  }
  proof.conclude();
  const lacking = await movedWithoutCheckpoint(log.connection);
  if (lacking !== undefined) note(lacking, NO_CHECKPOINT);
  const anchored = known.anchors.reduce((last, { seq }) => Math.max(last, seq), 0);
  if (anchored > before.seq)
    note(before.seq + 1, `the log ends here, but commit ${anchored} was anchored: it was cut off`);
  else if (before.seq < known.through)
    note(before.seq + 1, `the log ends here, but commit ${known.through} was acknowledged`);
  if (more > 0) faults.push({ ok: false, says: `log in the database: ${more} more faults` });
  return faults.length > 0
    ? faults
    : [{ ok: true, says: `log in the database unbroken: ${before.seq} commits` }];
}

interface Place {
  readonly seq: number;
  readonly at: number;
  readonly hash: string;
}

type Note = (seq: number, says: string) => void;

interface Walk {
  readonly note: Note;
  readonly proof: ContentProof;
  readonly anchors: ReadonlyMap<number, Anchor>;
}

/** A document with its entries; without them when a part of them is missing or cannot be read. */
async function wholeOf(log: CommitLog, stored: LogDocument, note: Note): Promise<LogDocument> {
  try {
    return await log.whole(stored);
  } catch (error) {
    note(stored._id, messageOf(error));
    return { ...stored, e: [] };
  }
}

function examine(document: LogDocument, before: Place, walk: Walk): Place {
  const { _id, last, prev, hash, e: entries, r } = document;
  const { note } = walk;
  if (_id > before.seq + 1) note(before.seq + 1, `commits up to ${_id - 1} are missing`);
  if (_id <= before.seq) note(_id, `the document before it holds this commit, too`);
  if (prev !== before.hash) note(_id, 'it does not continue the document before it');
  let place: Place = { seq: _id - 1, at: before.at, hash: prev };
  for (const entry of entries) place = examineEntry(entry, place, r === NOT_REPLAYED, walk);
  if (entries.length > 0 && (place.seq !== last || place.hash !== hash))
    note(_id, 'its commits do not end as it says');
  if (entries.length === 0 && document.b === undefined) note(_id, 'it holds no commit');
  return { seq: last, at: place.at, hash };
}

function examineEntry(entry: EntryDocument, before: Place, isMoved: boolean, walk: Walk): Place {
  const { q, at, m } = entry;
  const { note, proof, anchors } = walk;
  const hash = chainHash(before.hash, q, at, m);
  if (q !== before.seq + 1) note(q, `it follows commit ${before.seq}`);
  if (at < before.at) note(q, 'its time lies before that of the commit before it');
  const anchor = anchors.get(q);
  if (anchor !== undefined && (anchor.hash !== hash || anchor.at !== at))
    note(q, 'the anchor says another hash: the chain was computed anew up to here');
  try {
    proof.examine(entry, isMoved);
  } catch {
    note(q, 'it cannot be read');
  }
  return { seq: q, at, hash };
}
