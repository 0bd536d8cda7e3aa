/**
 * Expunging (law 28): the content of the versions that an audited `expunge` names goes, with what a search finds it by. The
 * rows of the versions stay, and their digests in the log, so that the chain stays verifiable.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry } from '../../../ports/audit.ts';
import { prepare } from '../folder/connection.ts';
import { prepareVanishingNote } from './vanishing.ts';

const VERSION = /^(.+)\/_history\/(\d+)$/;

/** The versions whose content went: the full text, which is made apart from the writer, asks for them. */
const INDEX = `CREATE INDEX IF NOT EXISTS version_expunged ON version (vid) WHERE text IS NULL AND method <> 'DELETE'`;

/** Takes away what the rows of a commit say is expunged. Doing it again does no harm. */
export type Expunge = (rows: readonly AuditEntry[]) => void;

/** @param follows whether the log is elsewhere, and holds the texts as well */
export function prepareExpunge(db: DatabaseSync, follows: boolean): Expunge {
  db.exec(INDEX);
  const noteVanishing = prepareVanishingNote(db, follows);
  const find = prepare<[number]>(
    db,
    `SELECT v.vid FROM resource r JOIN version v ON v.rid = r.rid
     WHERE r.ref = ? AND v.seq = ? AND v.method <> 'DELETE'`,
  );
  const empty = prepare(db, 'UPDATE version SET text = NULL WHERE vid = ?');
  const dropValues = prepare(db, 'DELETE FROM value WHERE vid = ?');
  return (rows) => {
    for (const { event, entities } of rows) {
      if (event !== 'expunge') continue;
      for (const entity of entities) {
        const [, ref = '', seq = ''] = VERSION.exec(entity) ?? [];
        const [vid] = find.get(ref, Number(seq)) ?? [];
        if (vid === undefined) continue;
        empty.run(vid);
        dropValues.run(vid);
        noteVanishing.version(Number(seq), ref);
      }
    }
  };
}
