/**
 * Whether what organizations are denied is what the Consents, the labels and the reach of the log give: whom resources are
 * about, what Consents deny and permit, which content is guarded, what that takes from sight, and what was received. The
 * parties behind the actors of Consents, and the kinds of parties, are taken as they stand.
 */
import type { Ref } from '../../../fhir/types.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import { prepareAbout } from '../write/about.ts';
import { prepareDenials } from '../write/denials.ts';
import { prepareIdentities } from '../write/identities.ts';
import { prepareMarks } from '../write/marks.ts';
import type { ConsentAbout } from '../../../policies/consent/elements.ts';
import { guardMarksOf } from '../../../policies/guards/marks.ts';
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
    'permit',
    `SELECT r.ref, p.ref, d.permit FROM permit d JOIN resource r ON r.rid = d.source JOIN resource p ON p.rid = d.patient
     ORDER BY 1`,
  ],
  ['mark', 'SELECT r.ref, m.mark, m.always FROM mark m JOIN resource r ON r.rid = m.rid ORDER BY 1, 2'],
  [
    'denied',
    `SELECT r.ref, o.name, t.ref, d.since, d.until, d.lasting, d.quiet FROM denied d JOIN resource r ON r.rid = d.rid
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
  fillKinds(proof);
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

/** The last text of a resource; NULL where it was expunged. */
const LAST_TEXT = `(SELECT n.text FROM version n WHERE n.rid = r.rid AND n.method <> 'DELETE' ORDER BY n.seq DESC LIMIT 1)`;

/** As they stand. */
function fillKinds({ db, scratch }: Proof): void {
  const add = prepare(scratch, 'INSERT INTO party_kind (party, kinds) VALUES (?, ?)');
  for (const row of prepare<[party: string, kinds: string]>(db, 'SELECT party, kinds FROM party_kind').each())
    add.run(...row);
}

/** From the last text of each resource; where texts are gone, as it stands. */
function fillAbout({ db, scratch, derivation }: Proof): void {
  const identities = prepareIdentities(scratch);
  const about = prepareAbout(scratch, identities);
  const mark = prepareMarks(scratch);
  const last = prepare<[ref: Ref, text: string]>(
    db,
    `SELECT r.ref, v.text FROM resource r JOIN version v ON v.vid =
       (SELECT n.vid FROM version n WHERE n.rid = r.rid AND n.method <> 'DELETE' ORDER BY n.seq DESC LIMIT 1)
     WHERE v.text IS NOT NULL`,
  );
  for (const [ref, text] of last.each()) {
    const resource = readResource(text);
    if (resource === undefined) continue;
    about(identities.ridOf(ref), derivation.valuesOf(resource), true);
    mark(identities.ridOf(ref), guardMarksOf(resource), true);
  }
  const add = prepare(scratch, 'INSERT OR IGNORE INTO about (patient, rid) VALUES (?, ?)');
  const gone = prepare<[patient: Ref, ref: Ref]>(
    db,
    `SELECT p.ref, r.ref FROM about a JOIN resource r ON r.rid = a.rid JOIN resource p ON p.rid = a.patient
     WHERE ${LAST_TEXT} IS NULL`,
  );
  for (const [patient, ref] of gone.each()) add.run(identities.ridOf(patient), identities.ridOf(ref));
  const marked = prepare(scratch, 'INSERT OR IGNORE INTO mark (rid, mark, always) VALUES (?, ?, ?)');
  const left = prepare<[ref: Ref, mark: string, always: number]>(
    db,
    `SELECT r.ref, m.mark, m.always FROM mark m JOIN resource r ON r.rid = m.rid WHERE ${LAST_TEXT} IS NULL`,
  );
  for (const [ref, text, always] of left.each()) marked.run(identities.ridOf(ref), text, always);
}

function fillDenials({ db, scratch, derivation }: Proof): void {
  const { apply } = prepareDenials(scratch, prepareIdentities(scratch));
  const consents = prepare<[ref: Ref, text: string, custodian: Ref | '', actors: string, about: string]>(
    db,
    `SELECT r.ref, v.text, coalesce((SELECT name FROM name WHERE nid = r.custodian), ''),
       coalesce(d.actors, p.actors, '{}'), coalesce(p.about, '{}') FROM version v JOIN resource r ON r.rid = v.rid
       LEFT JOIN denial d ON d.source = r.rid LEFT JOIN permit p ON p.source = r.rid
     WHERE v.type = (SELECT nid FROM name WHERE name = 'Consent') AND v.ended = ${FOREVER} AND v.text IS NOT NULL`,
  );
  for (const [source, text, custodian, noted, known] of consents.each()) {
    const consent = readResource(text);
    // Both are the writer's.
    const actors = JSON.parse(noted) as Record<string, Ref>;
    const about = JSON.parse(known) as ConsentAbout;
    if (consent === undefined) continue;
    const found = derivation.denialOf(consent, custodian, actors);
    const permit = derivation.permitOf(consent, source, custodian, { actors, about });
    if (found === undefined && permit === undefined) continue;
    const denial = found && { ...found, actors, foundBy: [] };
    const grant = permit && { permit, actors, about, foundBy: [] };
    apply({ denials: [{ source, denial, grant }], kinds: [], moved: [], roots: new Set() });
  }
}
