/**
 * Whether what organizations are denied is what the Consents and the reach of the log give: whom resources are about, what
 * Consents deny, what that takes from sight, and what was received. The parties behind the actors of Consents are taken as
 * they stand.
 */
import type { Ref } from '../../../fhir/types.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import { prepareAbout } from '../write/about.ts';
import { prepareDenials } from '../write/denials.ts';
import { prepareIdentities } from '../write/identities.ts';
import { compareRows, readResource, rowTexts, type Proof } from './proof-rows.ts';

/** Rows that are compared, as texts in one order, the name by which a fault tells them first. */
const TABLES: readonly (readonly [table: string, sql: string])[] = [
  [
    'about',
    'SELECT r.ref, p.ref FROM about a JOIN resource r ON r.rid = a.rid JOIN resource p ON p.rid = a.patient ORDER BY 1, 2',
  ],
  [
    'denial',
    `SELECT r.ref, p.ref, coalesce((SELECT name FROM name WHERE nid = d.keeper), ''), d.restriction
     FROM denial d JOIN resource r ON r.rid = d.source JOIN resource p ON p.rid = d.patient ORDER BY 1`,
  ],
  [
    'denied',
    `SELECT r.ref, o.name, t.ref, d.since, d.until, d.lasting FROM denied d JOIN resource r ON r.rid = d.rid
       JOIN name o ON o.nid = d.org JOIN resource t ON t.rid = d.root ORDER BY 1, 2, 3, 4`,
  ],
  [
    'received',
    `SELECT r.ref, o.name, k.seq FROM received k JOIN resource r ON r.rid = k.rid JOIN name o ON o.nid = k.org
     WHERE EXISTS (SELECT 1 FROM about a WHERE a.rid = k.rid) ORDER BY 1, 2, 3`,
  ],
];

/** Computes the tables in the scratch database, whose reach is there already, and tells what differs. */
export function compareDenials(proof: Proof): void {
  const { db, scratch, note, due } = proof;
  fillAbout(proof);
  fillDenials(proof);
  const { recompute } = prepareDenials(scratch, prepareIdentities(scratch));
  for (const [root] of prepare<[number]>(scratch, 'SELECT DISTINCT root FROM sight').all()) recompute(root);
  for (const [table, sql] of TABLES) {
    compareRows(rowTexts(scratch, sql), rowTexts(db, sql), (row, side) => {
      if (table === 'received' && side === 'missing' && due.has(row)) return;
      const [name] = JSON.parse(row) as [string];
      note(
        0,
        `${table}: ${side === 'missing' ? 'a row is missing' : 'nothing gives a row'} of ${name}: ${row}`,
      );
    });
  }
}

/** From the last text of each resource; where texts are gone, as it stands. */
function fillAbout({ db, scratch, derivation }: Proof): void {
  const identities = prepareIdentities(scratch);
  const about = prepareAbout(scratch, identities);
  const last = prepare<[ref: Ref, text: string]>(
    db,
    `SELECT r.ref, v.text FROM resource r JOIN version v ON v.vid =
       (SELECT n.vid FROM version n WHERE n.rid = r.rid AND n.method <> 'DELETE' ORDER BY n.seq DESC LIMIT 1)
     WHERE v.text IS NOT NULL`,
  );
  for (const [ref, text] of last.each()) {
    const resource = readResource(text);
    if (resource !== undefined) about(identities.ridOf(ref), derivation.valuesOf(resource), true);
  }
  const add = prepare(scratch, 'INSERT OR IGNORE INTO about (patient, rid) VALUES (?, ?)');
  const gone = prepare<[patient: Ref, ref: Ref]>(
    db,
    `SELECT p.ref, r.ref FROM about a JOIN resource r ON r.rid = a.rid JOIN resource p ON p.rid = a.patient
     WHERE (SELECT n.text FROM version n WHERE n.rid = r.rid AND n.method <> 'DELETE' ORDER BY n.seq DESC LIMIT 1) IS NULL`,
  );
  for (const [patient, ref] of gone.each()) add.run(identities.ridOf(patient), identities.ridOf(ref));
}

function fillDenials({ db, scratch, derivation }: Proof): void {
  const { apply } = prepareDenials(scratch, prepareIdentities(scratch));
  const consents = prepare<[ref: Ref, text: string, custodian: Ref | '', actors: string]>(
    db,
    `SELECT r.ref, v.text, coalesce((SELECT name FROM name WHERE nid = r.custodian), ''), coalesce(d.actors, '{}')
     FROM version v JOIN resource r ON r.rid = v.rid LEFT JOIN denial d ON d.source = r.rid
     WHERE v.type = (SELECT nid FROM name WHERE name = 'Consent') AND v.ended = ${FOREVER} AND v.text IS NOT NULL`,
  );
  for (const [source, text, custodian, noted] of consents.each()) {
    const consent = readResource(text);
    const actors = JSON.parse(noted) as Record<string, Ref>; // the writer's
    const found = consent && derivation.denialOf(consent, custodian, actors);
    if (found === undefined) continue;
    apply({ denials: [{ source, denial: { ...found, actors, foundBy: [] } }], moved: [], roots: new Set() });
  }
}
