/**
 * Proves that the derived tables follow from the log's versions: sight (edge, party, sight), search values (value,
 * resource, the text index), and the receivers of outbox entries. It computes everything again in a scratch database,
 * by the code that a commit uses, and compares row by row. The chain has a verifier of its own (`audit-chain.ts`).
 */
import { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { AuditEntry, Finding, Leave, Reach, Write } from '../../../ports/store.ts';
import { VALUE_RULES } from '../../../ports/value-rules.ts';
import type { Members } from '../../log/chain.ts';
import { openDatabase, prepare, readMeta } from '../folder/connection.ts';
import { pathsOf } from '../folder/folder.ts';
import { prepareIdentities, typeOfRef } from '../write/identities.ts';
import type { ProjectionFault } from './projections.ts';
import { prepareReach, type ApplyReach } from '../write/reach.ts';
import type { ReachChange } from '../write/reach-changes.ts';
import { FOREVER, SCHEMA } from '../folder/schema.ts';
import { readIndexed } from '../write/audit-index.ts';
import { prepareReceived, receiptsIn } from '../write/received.ts';
import { compareDenials } from './denial-proof.ts';
import { compareRows, readResource, rowTexts, type Derivation, type Proof } from './proof-rows.ts';
import { notesOn } from '../search/search-ranges.ts';
import { compareTexts } from './text-proof.ts';

interface DerivedReport {
  /** The number of versions read. */
  readonly versions: number;
  /** Tables that could not be compared, with the reasons. */
  readonly notes: readonly string[];
  /** The first hundred faults. */
  readonly faults: readonly ProjectionFault[];
  readonly faultCount: number;
}

/** The report as lines for an operator. */
export function describeDerived({ versions, notes, faults, faultCount }: DerivedReport): Finding[] {
  return [
    ...faults.map(({ seq, says }) => ({ ok: false, says: seq === 0 ? says : `commit ${seq}: ${says}` })),
    ...(faultCount > faults.length ? [{ ok: false, says: `${faultCount - faults.length} more faults` }] : []),
    ...notes.map((says) => ({ ok: true, says })),
    ...(faultCount === 0 ? [{ ok: true, says: `derived tables are as ${versions} versions give them` }] : []),
  ];
}

const FAULTS_KEPT = 100;
const CACHE_KIB = 64 * 1024;

/** Compares the folder's derived tables; beside a live server, as of one moment. */
export function verifyDerived(folder: string, derivation: Derivation): DerivedReport {
  const { database } = pathsOf(folder);
  const db = openDatabase(database, { readOnly: true, cacheKib: CACHE_KIB });
  const scratch = new DatabaseSync('');
  const faults: ProjectionFault[] = [];
  const notes: string[] = [];
  let faultCount = 0;
  const note = (seq: number, says: string): void => {
    faultCount += 1;
    if (faults.length < FAULTS_KEPT) faults.push({ seq, says });
  };
  try {
    db.exec('BEGIN');
    scratch.exec(SCHEMA);
    scratch.exec('BEGIN');
    const proof: Proof = { db, scratch, derivation, note, notes, due: new Set() };
    const { versions, isWhole } = replay(proof);
    compareReach(proof, isWhole);
    compareDenials(proof);
    compareValues(proof);
    compareOutbox(proof);
    compareTexts(database, db, derivation.fullTextOf, note);
    return { versions, notes, faults, faultCount };
  } finally {
    scratch.close();
    db.close();
  }
}

type VersionRow = [method: Write['method'], text: string | null, custodian: string, ended: number];

/** Takes every commit of the log again into the scratch database. `isWhole`: no text was missing on the way. */
function replay({ db, scratch, derivation, notes, due }: Proof): { versions: number; isWhole: boolean } {
  const identities = prepareIdentities(scratch);
  const reach = prepareReach(scratch, identities, Number.POSITIVE_INFINITY);
  const claim = prepare(scratch, 'UPDATE resource SET custodian = ?, everyone = ? WHERE rid = ?');
  const showTo = prepare(scratch, 'UPDATE resource SET everyone = ? WHERE rid = ?');
  // One for each resource: it tells those that were written from those that are only referred to.
  const addVersion = prepare(
    scratch,
    `INSERT INTO version (rid, type, seq, ended, at, method) VALUES (?, 0, 0, 0, 0, 'POST')`,
  );
  const versionOf = prepare<VersionRow>(
    db,
    `SELECT v.method, v.text, coalesce((SELECT name FROM name WHERE nid = r.custodian), ''), v.ended
     FROM resource r JOIN version v ON v.rid = r.rid WHERE r.ref = ? AND v.seq = ?`,
  );
  const storedReach = prepareStoredReach(db);
  const known = new Set<string>();
  let [versions, gone, unnamed] = [0, 0, 0];

  const received = prepareReceived(scratch);
  const indexed = readIndexed(db);
  const log = db.prepare('SELECT seq, members, audit FROM log ORDER BY seq');
  log.setReturnArrays(true);
  type LogRow = [seq: number, members: string, audit: string];
  for (const row of log.iterate() as unknown as Iterable<LogRow>) {
    const { versions: written = [], p, x = [] } = readMembers(row[1]);
    const parties = new Map<string, readonly Ref[]>(p);
    const changes = written.flatMap(([name]) =>
      change(name as Ref, row[0], p === undefined ? undefined : parties),
    );
    const leaves = x.map(([root, organization]) => ({ root, organization }));
    apply(reach, changes, row[0], leaves);
    const receipts = receiptsIn(readAudit(row[2]));
    received.add(receipts);
    if (row[0] > indexed) for (const [org, ref, seq] of receipts) due.add(JSON.stringify([ref, org, seq]));
  }
  if (gone > 0) notes.push(`${gone} expunged texts: what they reached was taken as it stands`);
  if (unnamed > 0)
    notes.push(`the parties of ${unnamed} versions of an earlier program were taken as they stand`);
  return { versions, isWhole: gone + unnamed === 0 };

  function change(
    ref: Ref,
    seq: number,
    parties: ReadonlyMap<string, readonly Ref[]> | undefined,
  ): ReachChange[] {
    const stored = versionOf.get(ref, seq);
    if (stored === undefined) return []; // the verifier of the chain reports it
    const [method, text, custodian, ended] = stored;
    versions += 1;
    const rid = identities.ridOf(ref);
    const resource = text === null ? undefined : readResource(text);
    const found =
      resource === undefined && method !== 'DELETE'
        ? storedReach(ref)
        : resource && derivation.reachOf(resource, parties?.get(ref) ?? partiesBefore(ref, ended));
    if (resource === undefined && method !== 'DELETE') gone += 1;
    if (!known.has(ref)) claimIdentity(ref, rid, custodian, found?.everyone === true);
    else if (resource !== undefined) showTo.run(found?.everyone === true ? 1 : 0, rid);
    return [{ ref, rid, reach: method === 'DELETE' ? undefined : found }];

    function partiesBefore(name: Ref, until: number): readonly Ref[] {
      if (parties !== undefined) return [];
      const now = until === FOREVER ? storedReach(name).parties : [];
      if (now.length > 0) unnamed += 1;
      return now;
    }
  }

  function claimIdentity(ref: Ref, rid: number, custodian: string, everyone: boolean): void {
    known.add(ref);
    claim.run(custodian === '' ? 0 : identities.intern(custodian), everyone ? 1 : 0, rid);
    addVersion.run(rid);
  }
}

/** A commit whose reach cannot be computed again would have been refused. */
function apply(
  reach: ApplyReach,
  changes: readonly ReachChange[],
  seq: number,
  leaves: readonly Leave[],
): void {
  if (changes.length + leaves.length > 0) reach(changes, seq, leaves);
}

/** The rows of one resource, for a text that is gone. */
function prepareStoredReach(db: DatabaseSync): (ref: Ref) => Reach {
  const edges = prepare<[source: Ref, target: Ref]>(
    db,
    `SELECT s.ref, t.ref FROM resource o JOIN edge e ON e.owner = o.rid
       JOIN resource s ON s.rid = e.source JOIN resource t ON t.rid = e.target WHERE o.ref = ?`,
  );
  const parties = prepare<[Ref]>(
    db,
    `SELECT n.name FROM resource r JOIN party p ON p.root = r.rid JOIN name n ON n.nid = p.org WHERE r.ref = ?`,
  );
  const everyone = prepare<[number]>(db, 'SELECT everyone FROM resource WHERE ref = ?');
  return (ref) => {
    const all = edges.all(ref);
    return {
      parties: parties.all(ref).map(([org]) => org),
      outward: all.flatMap(([source, target]) => (source === ref ? [target] : [])),
      inward: all.flatMap(([source]) => (source === ref ? [] : [source])),
      everyone: everyone.get(ref)?.[0] === 1,
    };
  };
}

/** The compared rows, as texts in one order, each with its name in a fault. */
const REACH: readonly (readonly [table: string, sql: string])[] = [
  [
    'resource',
    `SELECT r.ref, t.name, r.everyone FROM resource r LEFT JOIN name t ON t.nid = r.type
     WHERE EXISTS (SELECT 1 FROM version v WHERE v.rid = r.rid) ORDER BY 1, 2, 3`,
  ],
  [
    'edge',
    `SELECT o.ref, s.ref, t.ref FROM edge e LEFT JOIN resource o ON o.rid = e.owner
       LEFT JOIN resource s ON s.rid = e.source LEFT JOIN resource t ON t.rid = e.target ORDER BY 1, 2, 3`,
  ],
  [
    'party',
    `SELECT r.ref, n.name FROM party p LEFT JOIN resource r ON r.rid = p.root LEFT JOIN name n ON n.nid = p.org
     ORDER BY 1, 2`,
  ],
];
const sightRows = (until: string): string =>
  `SELECT r.ref, n.name, o.ref, s.since, s.ended FROM sight s LEFT JOIN resource r ON r.rid = s.rid
     LEFT JOIN name n ON n.nid = s.org LEFT JOIN resource o ON o.rid = s.root ${until} ORDER BY 1, 2, 3, 4, 5`;

function compareReach({ db, scratch, note }: Proof, isWhole: boolean): void {
  const tables = [
    ...REACH,
    // The beginning of a sight is compared only where every text is present.
    [
      'sight',
      isWhole
        ? sightRows('')
        : sightRows(`WHERE s.ended = ${FOREVER}`).replace('s.since, s.ended', '0, s.ended'),
    ] as const,
  ];
  for (const [table, sql] of tables) {
    compareRows(rowTexts(scratch, sql), rowTexts(db, sql), (row, side) => {
      const [name] = JSON.parse(row) as [string];
      note(
        0,
        `${table}: ${side === 'missing' ? 'a row is missing' : 'no commit gives a row'} of ${name}: ${row}`,
      );
    });
  }
}

/** The search values of every version that a search may ask for. */
function compareValues({ db, derivation, note }: Proof): void {
  if (readMeta(db, 'values', 1) !== VALUE_RULES) {
    return note(
      0,
      "value: taken by other rules than this program's: stop, npm run admin -- reindex, and verify again",
    );
  }
  const valuesOf = prepare<[name: string, low: number | string, high: number | string]>(
    db,
    `SELECT coalesce(n.name, '?'), v.low, v.high FROM value v LEFT JOIN name n ON n.nid = v.pid WHERE v.vid = ?`,
  );
  const versions = db.prepare(
    `SELECT v.vid, r.ref, v.seq, v.text, t.name FROM version v LEFT JOIN resource r ON r.rid = v.rid
       LEFT JOIN name t ON t.nid = v.type WHERE v.ended > ? AND v.text IS NOT NULL`,
  );
  versions.setReturnArrays(true);
  type Row = [vid: number, ref: Ref, seq: number, text: string, type: string];
  for (const [vid, ref, seq, text, type] of versions.iterate(
    readMeta(db, 'horizon', 0),
  ) as unknown as Iterable<Row>) {
    if (type !== typeOfRef(ref)) note(seq, `version: ${ref}/_history/${seq} is kept as a ${type}`);
    const resource = readResource(text);
    if (resource === undefined) continue; // the verifier of the chain reports it
    const values = derivation.valuesOf(resource);
    const wanted = [...values, ...notesOn(values)].map(({ param, low, high }) =>
      JSON.stringify([`${typeOfRef(ref)}.${param}`, low, high]),
    );
    const found = valuesOf.all(vid).map((row) => JSON.stringify(row));
    compareRows(new Set(wanted), found, (row, side) =>
      note(
        seq,
        `value: ${ref}/_history/${seq} ${side === 'missing' ? 'is not found by' : 'is found by'} ${row}`,
      ),
    );
  }
  const [astray] = prepare<[number]>(
    db,
    'SELECT count(*) FROM value WHERE vid NOT IN (SELECT vid FROM version WHERE text IS NOT NULL)',
  ).get() ?? [0];
  if (astray > 0) note(0, `value: ${astray} rows of versions that are not there`);
}

/** The columns of an entry that its digest does not cover. */
const ASTRAY_ENTRIES = `SELECT o.seq, o.id FROM outbox o LEFT JOIN log l ON l.seq = o.seq
  WHERE o.subject IS NOT o.entry ->> '$.subject' OR o.receiver IS NOT o.entry ->> '$.receiver' OR o.at IS NOT l.at
    OR o.lane IS NOT (o.entry ->> '$.rail') || '|' || (o.entry ->> '$.receiver') || '|' || (o.entry ->> '$.order')
    OR (o.state < 2 AND o.due = ${FOREVER} AND NOT EXISTS (
      SELECT 1 FROM outbox e WHERE e.lane = o.lane AND e.oid < o.oid AND e.state < 2))`;

function compareOutbox({ db, note }: Proof): void {
  for (const [seq, id] of prepare<[number, string]>(db, ASTRAY_ENTRIES).all())
    note(seq, `outbox: the entry ${id} is not told to whom, or when, its commit says`);
}

function readAudit(text: string): readonly AuditEntry[] {
  try {
    return JSON.parse(text) as readonly AuditEntry[]; // as below
  } catch {
    return [];
  }
}

function readMembers(text: string): Pick<Members, 'versions' | 'p' | 'x'> {
  try {
    return JSON.parse(text) as Members; // written by this engine, or else the chain's verifier tells it
  } catch {
    return {};
  }
}
