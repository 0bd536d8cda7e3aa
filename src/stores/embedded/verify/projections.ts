/**
 * Proves that the tables beside the log agree with the members of its commits: versions, audit index, outbox, keys,
 * records.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry, DeliveryOutcome } from '../../../ports/store.ts';
import { readIndexed } from '../write/audit-index.ts';
import { auditKeys } from '../../log/audit-rows.ts';
import { digestKey, digestOutbox, digestDeliveryOutcome, digestVersion } from '../../log/chain.ts';
import type { Digest, Members } from '../../log/chain.ts';
import { prepare } from '../folder/connection.ts';
import { STATES } from '../write/outbox.ts';
import { prepareRecordProof } from './record-proof.ts';
import { FOREVER } from '../folder/schema.ts';

/** A difference from what was written. */
export interface ProjectionFault {
  /** The seq of the commit. */
  readonly seq: number;
  /** The fault, in one line. */
  readonly says: string;
}

interface LogEntry {
  readonly seq: number;
  readonly at: number;
  readonly audit: string;
  readonly members: Members;
}

interface Projections {
  /** Takes one commit after the other, in order. */
  examine(entry: LogEntry): void;
  /** Ends after the last commit: reports what no commit wrote, and what vanished without permission. */
  conclude(seq: number): void;
}

/** The members of log row `l`; empty when somebody made them unreadable. */
const READABLE = `CASE WHEN json_valid(l.members) THEN l.members ELSE '{}' END`;

type VersionRow = [
  at: number,
  ended: number,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  text: string | null,
  custodian: string,
  next: number | null,
];

export function prepareProjections(db: DatabaseSync, note: (seq: number, says: string) => void): Projections {
  const versionOf = prepare<VersionRow>(
    db,
    `SELECT v.at, v.ended, v.method, v.text, coalesce((SELECT name FROM name WHERE nid = r.custodian), ''),
       (SELECT min(n.seq) FROM version n WHERE n.rid = v.rid AND n.seq > v.seq)
     FROM resource r JOIN version v ON v.rid = r.rid WHERE r.ref = ? AND v.seq = ?`,
  );
  const entryOf = prepare<[entry: string, state: number, why: string, seq: number]>(
    db,
    'SELECT entry, state, why, seq FROM outbox WHERE id = ?',
  );
  const records = prepareRecordProof(db, note);
  const indexed = readIndexed(db);
  const isIndexed = prepare<[number]>(db, 'SELECT 1 FROM audit_index WHERE key = ? AND seq = ?');
  const counts = { version: 0, outbox: 0, settled: 0, audit_index: 0 };
  /** Texts that are gone, until an audited expunge names them: `Type/id/_history/seq` to its seq. */
  const expunged = new Map<string, number>();
  /** Outbox entries that are gone, until their outcome appears: an entry may be forgotten after it. */
  const forgotten = new Map<string, number>();

  return { examine, conclude };

  function examine({ seq, at, audit, members }: LogEntry): void {
    for (const version of members.versions ?? []) examineVersion(version, seq, at);
    for (const entry of members.outbox ?? []) examineEntry(entry, seq);
    for (const outcome of members.settles ?? []) examineOutcome(outcome, seq);
    for (const record of members.c ?? []) records.examine(record);
    examineAudit(audit, seq);
  }

  function examineVersion([ref, digest]: Digest, seq: number, at: number): void {
    const row = versionOf.get(ref, seq);
    if (row === undefined) return note(seq, `the version ${ref}/_history/${seq} is missing`);
    counts.version += 1;
    const [storedAt, ended, method, text, custodian, next] = row;
    if (storedAt !== at) note(seq, `the time of ${ref}/_history/${seq} was changed`);
    if (ended !== (method === 'DELETE' ? seq : (next ?? FOREVER))) {
      note(seq, `the time until which ${ref}/_history/${seq} was current was changed`);
    }
    if (text === null && method !== 'DELETE') expunged.set(`${ref}/_history/${seq}`, seq);
    else if (digestVersion(ref, method, custodian, text) !== digest) {
      note(seq, `the version ${ref}/_history/${seq} was changed`);
    }
  }

  function examineEntry([id, digest]: Digest, seq: number): void {
    const row = entryOf.get(id);
    if (row === undefined) return void forgotten.set(id, seq);
    counts.outbox += 1;
    if (digestOutbox(id, row[0]) !== digest || row[3] !== seq)
      note(seq, `the outbox entry ${id} was changed`);
  }

  function examineOutcome([id, digest]: Digest, seq: number): void {
    if (forgotten.delete(id)) return;
    const row = entryOf.get(id);
    if (row === undefined) return;
    const [, state, why] = row;
    counts.settled += 1;
    // A state that is not a fate gives another digest, as it should.
    const outcome = { id, fate: STATES[state] as DeliveryOutcome['fate'], why };
    if (digestDeliveryOutcome(outcome) !== digest) note(seq, `how the outbox entry ${id} ended was changed`);
  }

  function examineAudit(audit: string, seq: number): void {
    let entries: AuditEntry[];
    try {
      // Written by this engine, or else tampered with, which its digest has told already.
      entries = JSON.parse(audit) as AuditEntry[];
      for (const key of auditKeys(entries)) {
        if (isIndexed.get(key, seq) !== undefined) counts.audit_index += 1;
        else if (seq <= indexed) note(seq, `its audit rows are not found by ${key}`);
      }
    } catch {
      return note(seq, 'its audit rows cannot be read');
    }
    for (const { event, entities } of entries) {
      if (event === 'expunge') for (const entity of entities) expunged.delete(entity);
    }
  }

  function conclude(seq: number): void {
    for (const [version, at] of expunged) note(at, `the text of ${version} is gone and no expunge says so`);
    for (const [id, at] of forgotten) note(at, `the outbox entry ${id} is missing`);
    for (const key of prepare<[string, string, string, number, string]>(
      db,
      'SELECT scope, id, fingerprint, seq, reply FROM commit_key',
    ).all()) {
      examineKey(key);
    }
    records.conclude(seq);
    const unwritten = countRows();
    if (unwritten.version > counts.version) findVersions(seq);
    if (unwritten.outbox > counts.outbox) findEntries(seq);
    if (unwritten.settled > counts.settled)
      note(seq, 'the outbox holds entries that no commit settled as they are');
    if (unwritten.audit_index > counts.audit_index)
      note(seq, 'the audit index holds keys that no audit row gives');
  }

  function examineKey([scope, id, fingerprint, seq, reply]: [string, string, string, number, string]): void {
    const row = prepare<[string]>(db, 'SELECT members FROM log WHERE seq = ?').get(seq);
    if (row?.[0].includes(JSON.stringify(digestKey(scope, id, fingerprint, reply))) !== true) {
      note(seq, `the key ${scope} ${id} was changed`);
    }
  }

  function countRows(): Record<keyof typeof counts, number> {
    return {
      version: count(db, 'SELECT count(*) FROM version'),
      outbox: count(db, 'SELECT count(*) FROM outbox'),
      settled: count(db, 'SELECT count(*) FROM outbox WHERE state >= 2'),
      audit_index: count(db, 'SELECT count(*) FROM audit_index'),
    };
  }

  /** Names the versions that are members of no commit in the log. Slow, so it runs only when the counts differ. */
  function findVersions(seq: number): void {
    const strangers = prepare<[string, number]>(
      db,
      `SELECT r.ref, v.seq FROM version v LEFT JOIN resource r ON r.rid = v.rid LEFT JOIN log l ON l.seq = v.seq
       WHERE l.seq IS NULL OR r.ref IS NULL OR NOT EXISTS (
         SELECT 1 FROM json_each(${READABLE}, '$.versions') m WHERE m.value ->> 0 = r.ref) LIMIT 10`,
    ).all();
    for (const [ref, at] of strangers) note(at, `no commit wrote the version ${ref}/_history/${at}`);
    if (strangers.length === 0) note(seq, 'there are versions that no commit wrote');
  }

  function findEntries(seq: number): void {
    const strangers = prepare<[string, number]>(
      db,
      `SELECT o.id, o.seq FROM outbox o LEFT JOIN log l ON l.seq = o.seq
       WHERE l.seq IS NULL OR NOT EXISTS (
         SELECT 1 FROM json_each(${READABLE}, '$.outbox') m WHERE m.value ->> 0 = o.id) LIMIT 10`,
    ).all();
    for (const [id, at] of strangers) note(at, `no commit wrote the outbox entry ${id}`);
    if (strangers.length === 0) note(seq, 'there are outbox entries that no commit wrote');
  }
}

function count(db: DatabaseSync, sql: string): number {
  return prepare<[number]>(db, sql).get()![0];
}
