/** Proves that the versions agree with the log: a commit wrote each, none was changed, and none vanished unsaid. */
import type { DatabaseSync } from 'node:sqlite';
import { digestVersion, type Digest } from '../../log/chain.ts';
import { prepare } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import { count, READABLE, type NoteDifference } from './proof-rows.ts';

type VersionRow = [
  at: number,
  ended: number,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  text: string | null,
  custodian: string,
  next: number | null,
];

interface VersionProof {
  examine(version: Digest, seq: number, at: number): void;
  /** An audited expunge names a text that is gone: `Type/id/_history/seq`. */
  readonly expunge: (version: string) => void;
  /** Reports the texts that vanished without permission. */
  reportVanished(): void;
  /** Reports what no commit wrote. */
  reportUnwritten(seq: number): void;
}

export function prepareVersionProof(db: DatabaseSync, note: NoteDifference): VersionProof {
  const versionOf = prepare<VersionRow>(
    db,
    `SELECT v.at, v.ended, v.method, v.text, coalesce((SELECT name FROM name WHERE nid = r.custodian), ''),
       (SELECT min(n.seq) FROM version n WHERE n.rid = v.rid AND n.seq > v.seq)
     FROM resource r JOIN version v ON v.rid = r.rid WHERE r.ref = ? AND v.seq = ?`,
  );
  let written = 0;
  /** Texts that are gone, until an audited expunge names them: `Type/id/_history/seq` to its seq. */
  const expunged = new Map<string, number>();

  return {
    examine,
    expunge: (version) => void expunged.delete(version),
    reportVanished() {
      for (const [version, at] of expunged) note(at, `the text of ${version} is gone and no expunge says so`);
    },
    reportUnwritten(seq) {
      if (count(db, 'SELECT count(*) FROM version') > written) findVersions(db, note, seq);
    },
  };

  function examine([ref, digest]: Digest, seq: number, at: number): void {
    const row = versionOf.get(ref, seq);
    if (row === undefined) return note(seq, `the version ${ref}/_history/${seq} is missing`);
    written += 1;
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
}

/** Names the versions that are members of no commit in the log. Slow, so it runs only when the counts differ. */
function findVersions(db: DatabaseSync, note: NoteDifference, seq: number): void {
  const strangers = prepare<[string, number]>(
    db,
    `SELECT r.ref, v.seq FROM version v LEFT JOIN resource r ON r.rid = v.rid LEFT JOIN log l ON l.seq = v.seq
     WHERE l.seq IS NULL OR r.ref IS NULL OR NOT EXISTS (
       SELECT 1 FROM json_each(${READABLE}, '$.versions') m WHERE m.value ->> 0 = r.ref) LIMIT 10`,
  ).all();
  for (const [ref, at] of strangers) note(at, `no commit wrote the version ${ref}/_history/${at}`);
  if (strangers.length === 0) note(seq, 'there are versions that no commit wrote');
}
