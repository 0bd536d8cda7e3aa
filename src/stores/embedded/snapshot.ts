/** Reads as of a seq, in the main thread: by id and by version. The caller's sight is part of every query (rules 2.6). */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../fhir/types.ts';
import { SearchRefused } from '../../ports/store.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import type { Sight } from '../../ports/query.ts';
import { prepareAuditReading } from './audit-reading.ts';
import { prepare } from './folder/connection.ts';
import type { Rows } from './folder/connection.ts';
import { prepareHistory } from './history.ts';
import { prepareKept } from './kept.ts';
import { columnsOf, JOIN_NEWEST, NEWEST, toVersion } from './reading.ts';
import type { Reading, VersionRow } from './reading.ts';
import { prepareRecordReading } from './record-reading.ts';
import { prepareRoots } from './write/roots.ts';
import { sightShape, sightParams, sightText } from './search/sight.ts';
import type { SightShape } from './search/sight.ts';

const NEVER = new AbortController().signal;

/** Snapshots of one store. Each is a number and shares all else. */
export function prepareSnapshots(reading: Reading): (seq: number) => Snapshot {
  const { byId, recent, horizon, search } = reading;
  const { transaction } = byId;
  const newest = prepareBySight(
    byId.db,
    (visible) => `SELECT ${columnsOf('h')} FROM resource r ${JOIN_NEWEST} WHERE r.ref = ? AND ${visible}`,
  );
  const one = prepareBySight(
    byId.db,
    (visible) =>
      `SELECT ${columnsOf('v')} FROM resource r ${JOIN_NEWEST} JOIN version v ON v.rid = r.rid AND v.seq = ?
       WHERE r.ref = ? AND ${visible}`,
  );
  const history = prepareHistory(reading);
  const audit = prepareAuditReading(reading);
  const roots = prepareRoots(byId);
  const kept = prepareKept(byId);
  const records = prepareRecordReading(byId, reading.clock);

  return (seq) => ({
    seq,
    read: async (ref, sight) => read(seq, ref, sight),
    vread: async (ref, version, sight) => (version > seq ? undefined : vread(seq, ref, version, sight)),
    history: (query, signal = NEVER) => history(query, seq, signal),
    audit: (query, signal = NEVER) => audit(query, seq, signal),
    roots: async (ref) => roots(ref),
    kept: async (type, custodian, max) => kept(type, custodian, max),
    record: async (kind, key) => records.one(kind, key),
    records: async (kind, name, value, after = '') => records.some(kind, name, value, after),
    async search(query, signal = NEVER) {
      assertFresh(seq);
      const page = await search(query, seq, signal);
      assertFresh(seq);
      return page;
    },
  });

  function read(seq: number, ref: Ref, sight: Sight): Version | undefined {
    const known = sight.everything ? recent.find(ref, seq) : undefined;
    if (known !== undefined) return known;
    transaction.enter();
    const row = newest[sightShape(sight)].get(seq, ref, ...sightParams(sight, seq));
    if (row === undefined) return undefined;
    const version = toVersion(row);
    recent.keep(version, seq);
    return version;
  }

  function vread(seq: number, ref: Ref, version: number, sight: Sight): Version | undefined {
    transaction.enter();
    const row = one[sightShape(sight)].get(seq, version, ref, ...sightParams(sight, seq));
    return row && toVersion(row);
  }

  /** Values behind the horizon may be gone, before a search or while it ran: then it cannot be trusted. */
  function assertFresh(seq: number): void {
    if (seq < horizon()) throw new SearchRefused('expired');
  }
}

/** One statement for each shape of sight, so that no read has to build its text. */
function prepareBySight(
  db: DatabaseSync,
  textOf: (visible: string) => string,
): Readonly<Record<SightShape, Rows<VersionRow>>> {
  const statementOf = (shape: SightShape) => prepare<VersionRow>(db, textOf(sightText(shape, NEWEST)));
  return {
    everything: statementOf('everything'),
    organization: statementOf('organization'),
    patient: statementOf('patient'),
  };
}
