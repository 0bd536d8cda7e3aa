/**
 * Fills the tables of denials in a folder of an earlier format: which patients resources are about, from their search values
 * (of deleted ones, from the audit of their deletion), and what organizations received, from the audit. What the Consents
 * deny, the server adds when it starts: an engine cannot read them.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry } from '../../../ports/store.ts';
import { prepareDenials } from '../write/denials.ts';
import { prepareIdentities } from '../write/identities.ts';
import { prepareReceived, receiptsIn } from '../write/received.ts';
import { prepare } from './connection.ts';
import { DENIAL_TABLES, FOREVER } from './schema.ts';

export function fillDenials(db: DatabaseSync): void {
  db.exec(DENIAL_TABLES);
  db.exec(ABOUT_LIVE);
  const add = db.prepare(
    `INSERT OR IGNORE INTO about (patient, rid)
     SELECT p.rid, r.rid FROM resource p, resource r WHERE p.ref = ? AND r.ref = ?`,
  );
  const received = prepareReceived(db);
  const log = db.prepare('SELECT audit FROM log ORDER BY seq');
  for (const { audit } of log.iterate()) {
    const entries = JSON.parse(String(audit)) as readonly AuditEntry[]; // written from AuditEntry values
    received.add(receiptsIn(entries));
    for (const { event, outcome, entities, patients } of entries) {
      if (event !== 'delete' || outcome !== '0') continue;
      for (const patient of patients)
        for (const entity of entities) add.run(patient, entity.slice(0, entity.indexOf('/_history/')));
    }
  }
}

/** Notes anew whom the live resources are about, and what that makes of the denials: after their search values changed. */
export function refillAbout(db: DatabaseSync): void {
  db.exec(`DELETE FROM about WHERE rid IN (SELECT rid FROM version WHERE ended = ${FOREVER})`);
  db.exec(ABOUT_LIVE);
  const { recompute } = prepareDenials(db, prepareIdentities(db));
  for (const [root] of prepare<[number]>(db, 'SELECT DISTINCT root FROM sight').all()) recompute(root);
}

/** The patients of what is there. */
const ABOUT_LIVE = `
INSERT OR IGNORE INTO about (patient, rid)
SELECT p.rid, v.rid FROM name n JOIN value x ON x.pid = n.nid JOIN version v ON v.vid = x.vid
  JOIN resource p ON p.ref = x.low
WHERE n.name LIKE '%.:patient' AND v.ended = ${FOREVER}`;
