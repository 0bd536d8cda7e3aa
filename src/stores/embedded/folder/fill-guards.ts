/**
 * Fills the tables of guards in a folder of an earlier format: the marks of content, from the texts. What the Consents permit
 * and what parties are, the server adds when it starts: an engine cannot read them.
 */
import type { DatabaseSync } from 'node:sqlite';
import { guardMarksOf } from '../../../policies/guards/marks.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import { prepareDenials } from '../write/denials.ts';
import { prepareIdentities } from '../write/identities.ts';
import { prepareMarks } from '../write/marks.ts';
import { prepare } from './connection.ts';
import { GUARD_TABLES } from './schema.ts';

export function fillGuards(db: DatabaseSync): void {
  const known = db.prepare(`SELECT 1 FROM pragma_table_info('denied') WHERE name = 'quiet'`).get();
  if (known === undefined) db.exec('ALTER TABLE denied ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0');
  db.exec(GUARD_TABLES);
  const mark = prepareMarks(db);
  const { recompute } = prepareDenials(db, prepareIdentities(db));
  const labelled = prepare<[rid: number, text: string]>(
    db,
    `SELECT r.rid, v.text FROM resource r JOIN version v ON v.vid =
       (SELECT n.vid FROM version n WHERE n.rid = r.rid AND n.method <> 'DELETE' ORDER BY n.seq DESC LIMIT 1)
     WHERE v.text LIKE '%"security":%' OR r.ref LIKE 'Consent/%'`,
  );
  for (const [rid, text] of labelled.all()) mark(rid, guardMarksOf(parseStored(text)), true);
  const roots = prepare<[number]>(
    db,
    'SELECT DISTINCT s.root FROM mark m CROSS JOIN sight s ON s.rid = m.rid WHERE m.always = 1',
  );
  for (const [root] of roots.all()) recompute(root);
}
