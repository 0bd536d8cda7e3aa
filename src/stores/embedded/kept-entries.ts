/**
 * The log of a folder as entries, for whoever takes it elsewhere: each commit with all that the folder still has of it. Keys
 * and settled entries of the outbox are forgotten after a while, records are current ones alone, and what finds old versions
 * (search values, reach) is not kept: in entries of a folder it is empty.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryOutcome, Leave, Write } from '../../ports/store.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Anchor } from '../log/anchors.ts';
import type { Members, RecordDigest } from '../log/chain.ts';
import { parseEntry } from '../log/entry-text.ts';
import type { AppliedCommit, DecidedKey, DecidedRecord, DecidedWrite, LogEntry } from '../log/log-entry.ts';
import { openDatabase, prepare, readMeta } from './folder/connection.ts';
import { needStore } from './folder/folder.ts';
import { headOf } from './log-reading.ts';
import { STATES } from './write/outbox.ts';

/** With the chain's hash after it, hex. */
export interface KeptEntry extends LogEntry {
  readonly hash: string;
}

export interface KeptEntries {
  /** The last commit; undefined when nothing was ever committed. */
  readonly head: Anchor | undefined;
  /** The rules by which the folder's search values were made. */
  readonly valueRules: number;
  /** The chain's hash at a commit; undefined when there is no such commit. */
  readonly hashAt: (seq: number) => string | undefined;
  /** All of them, in order. */
  entries(): Generator<KeptEntry>;
  close(): void;
}

type Row = [seq: number, at: number, audit: string, members: string, hash: Uint8Array];
type VersionRow = [method: Write['method'], text: string | null, custodian: Ref | ''];

const CACHE_KIB = 16 * 1024;

/** @throws FolderRefused when there is no store in the folder */
export function readKeptEntries(folder: string): KeptEntries {
  const db = openDatabase(needStore(folder).database, { readOnly: true, cacheKib: CACHE_KIB });
  const keptOf = prepareKept(db);
  const rows = prepare<Row>(db, 'SELECT seq, at, audit, members, hash FROM log ORDER BY seq');
  const hashOf = prepare<[Uint8Array]>(db, 'SELECT hash FROM log WHERE seq = ?');
  return {
    head: headOf(db),
    valueRules: readMeta(db, 'values', 1),
    hashAt(seq) {
      const row = hashOf.get(seq);
      return row && Buffer.from(row[0]).toString('hex');
    },
    *entries() {
      for (const [seq, at, audit, members, hash] of rows.each()) {
        const commit = keptOf(JSON.parse(members) as Members, seq, at); // its chain was verified
        yield { seq, at, audit, members, hash: Buffer.from(hash).toString('hex'), ...(commit && { commit }) };
      }
    },
    close: () => db.close(),
  };
}

type KeptOf = (members: Members, seq: number, at: number) => AppliedCommit | undefined;

/** What is there of a commit; undefined for one that holds audit rows alone. */
function prepareKept(db: DatabaseSync): KeptOf {
  const writesOf = prepareWrites(db);
  const recordOf = prepareRecord(db);
  const entryOf = prepare<[text: string, state: number, why: string]>(
    db,
    'SELECT entry, state, why FROM outbox WHERE id = ?',
  );
  const keyOf = prepare<[scope: string, id: string, fingerprint: string, reply: string]>(
    db,
    'SELECT scope, id, fingerprint, reply FROM commit_key WHERE at = ? AND seq = ?',
  );

  return ({ versions = [], outbox = [], settles = [], c = [], x, key }, seq, at) => {
    const isBlock = versions.length + outbox.length + settles.length + c.length === 0;
    if (isBlock && x === undefined && key === undefined) return undefined;
    return {
      writes: versions.map(([ref]) => writesOf(ref as Ref, seq)), // versions are named by their refs
      outbox: outbox.flatMap(([id]) => {
        const row = entryOf.get(id);
        return row === undefined ? [] : [{ id, text: row[0], entry: parseEntry(row[0]) }];
      }),
      outcomes: settles.flatMap(([id]) => outcomeOf(id, entryOf.get(id))),
      key: key === undefined ? undefined : keptKey(keyOf.get(at, seq)),
      records: c.map((member) => recordOf(member)),
      leaves: x?.map(([root, organization]): Leave => ({ root, organization })),
      denials: [],
      kinds: [],
      sighted: [0, 0],
    };
  };
}

function outcomeOf(id: string, row: readonly [string, number, string] | undefined): DeliveryOutcome[] {
  if (row === undefined) return [];
  const [, state, why] = row;
  return [{ id, fate: STATES[state] as DeliveryOutcome['fate'], why }]; // a commit settled it
}

function keptKey(row: readonly [string, string, string, string] | undefined): DecidedKey | undefined {
  if (row === undefined) return undefined;
  const [scope, id, fingerprint, reply] = row;
  return { scope, id, fingerprint, reply };
}

function prepareWrites(db: DatabaseSync): (ref: Ref, seq: number) => DecidedWrite {
  const versionOf = prepare<VersionRow>(
    db,
    `SELECT v.method, v.text, coalesce((SELECT name FROM name WHERE nid = r.custodian), '')
     FROM resource r JOIN version v ON v.rid = r.rid WHERE r.ref = ? AND v.seq = ?`,
  );
  const reach = { parties: [], outward: [], inward: [], everyone: false };
  return (ref, seq) => {
    const row = versionOf.get(ref, seq);
    if (row === undefined) throw new Error(`the version ${ref}/_history/${seq} is missing`);
    const [method, text, custodian] = row;
    return { ref, method, base: 0, custodian, text, values: [], reach };
  };
}

/** Of a record that was written anew, or is gone, the log keeps the digest alone. */
function prepareRecord(db: DatabaseSync): (member: RecordDigest) => DecidedRecord {
  const recordOf = prepare<[body: string, indexed: string]>(
    db,
    'SELECT body, indexed FROM record WHERE kind = ? AND key = ? AND rev = ?',
  );
  return ([kind, key, rev, vanished, expiresAt]) => {
    const row = recordOf.get(kind, key, rev);
    if (row === undefined) return { kind, key, text: undefined, indexed: '[]', expiresAt, vanished };
    return { kind, key, text: row[0], indexed: row[1], expiresAt };
  };
}
