/** Proves that the text index (ADR 0016) holds the words of exactly the versions that it claims to have read. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import type { TextReader } from '../../../ports/text-reader.ts';
import { prepare, readMeta } from '../folder/connection.ts';
import { typeOfRef } from '../write/identities.ts';
import { TEXT_FORMAT, TEXT_SCHEMA, textFileOf } from '../search/text-index.ts';

type Row = [vid: number, ref: Ref, seq: number, text: string];

/** Every word with its place: the index keeps no texts, so its vocabulary is compared. */
const VOCABULARY = 'CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, words, instance)';
const WORDS = 'SELECT term, col, offset FROM temp.vocabulary WHERE doc = ? ORDER BY term, col, offset';

/** An absent file, or one of another store or format, is made anew by the next search. */
export function compareTexts(
  database: string,
  db: DatabaseSync,
  fullTextOf: TextReader['fullTextOf'],
  note: (seq: number, says: string) => void,
): void {
  const file = textFileOf(database);
  if (!existsSync(file)) return;
  const own = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  const scratch = new DatabaseSync('');
  try {
    if (readMeta(own, 'format', 0) !== TEXT_FORMAT) return;
    scratch.exec(TEXT_SCHEMA);
    own.exec('BEGIN');
    for (const one of [own, scratch]) one.exec(VOCABULARY);
    const purged = Math.max(readMeta(own, 'purged', 0), readMeta(db, 'horizon', 0));
    const rows = prepare<Row>(
      db,
      `SELECT v.vid, r.ref, v.seq, v.text FROM version v JOIN resource r ON r.rid = v.rid
       WHERE v.vid <= ? AND v.ended > ? AND v.text IS NOT NULL ORDER BY v.vid`,
    ).all(readMeta(own, 'through', 0), purged);
    compareWords({ own, scratch, rows, fullTextOf, note });
  } finally {
    scratch.close();
    own.close();
  }
}

interface Comparing {
  readonly own: DatabaseSync;
  readonly scratch: DatabaseSync;
  readonly rows: readonly Row[];
  readonly fullTextOf: TextReader['fullTextOf'];
  readonly note: (seq: number, says: string) => void;
}

function compareWords({ own, scratch, rows, fullTextOf, note }: Comparing): void {
  const add = prepare(scratch, 'INSERT INTO words (rowid, type, narrative, content) VALUES (?, ?, ?, ?)');
  const clear = prepare(scratch, `INSERT INTO words (words) VALUES ('delete-all')`);
  const [wanted, found] = [wordsIn(scratch), wordsIn(own)];
  for (const [vid, ref, seq, text] of rows) {
    const type = typeOfRef(ref);
    const { narrative, content } = fullTextOf(type, parseStored(text)); // the digest reveals this
    add.run(BigInt(vid), type, narrative, content);
    if (wanted(vid) !== found(vid))
      note(
        seq,
        `text index: the words of ${ref}/_history/${seq} are others; delete the file, it is made again`,
      );
    clear.run();
  }
}

/** By vid: all words in their places, as one text. */
function wordsIn(db: DatabaseSync): (vid: number) => string {
  const words = prepare<[string, string, number]>(db, WORDS);
  return (vid) => JSON.stringify(words.all(vid));
}
