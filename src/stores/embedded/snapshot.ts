/** Reads as of a seq, in the main thread: by id and by version. The caller's sight is part of every query (rules 2.6). */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../fhir/types.ts';
import { SearchRefused } from '../../ports/store.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import { withDenied, type Sight } from '../../ports/query.ts';
import { prepareAuditReading } from './audit-reading.ts';
import { prepare, type Rows } from './folder/connection.ts';
import { FOREVER } from './folder/schema.ts';
import { prepareHistory } from './history.ts';
import { prepareKept } from './kept.ts';
import { columnsOf, JOIN_NEWEST, NEWEST, toVersion } from './reading.ts';
import type { SnapshotReading, VersionRow } from './reading.ts';
import { prepareDenialReading } from './denial-reading.ts';
import { prepareRecordReading } from './record-reading.ts';
import { prepareScopes } from './scopes.ts';
import { prepareRoots } from './write/roots.ts';
import { bySight, sightParams, sightText, type SightMoment } from './search/sight.ts';

const NEVER = new AbortController().signal;

/** Snapshots of one store. Each is a number and shares all else. */
export function prepareSnapshots(reading: SnapshotReading): (seq: number) => Snapshot {
  const { byId, recent, answers, horizon, search } = reading;
  const { transaction } = byId;
  const momentOf = (seq: number): SightMoment => ({ seq, now: reading.clock.now() });
  const newest = prepareNewest(byId.db);
  const one = prepareBySight<VersionRow>(
    byId.db,
    { ...NEWEST, shown: 'v.seq' },
    (visible) =>
      `SELECT ${columnsOf('v')} FROM resource r ${JOIN_NEWEST} JOIN version v ON v.rid = r.rid AND v.seq = ?
       WHERE r.ref = ? AND ${visible}`,
  );
  const history = prepareHistory(reading);
  const audit = prepareAuditReading(reading);
  const roots = prepareRoots(byId);
  const kept = prepareKept(byId);
  const records = prepareRecordReading(byId, reading.clock);
  const denials = prepareDenialReading(reading);
  const isWithin = prepareScopes(byId.db, reading.scopes, reading.verdicts);

  return (seq) => ({
    seq,
    read: async (ref, sight) => read(seq, ref, sight),
    vread: async (ref, version, sight) => (version > seq ? undefined : vread(seq, ref, version, sight)),
    history: (query, signal = NEVER) => history(query, seq, signal),
    audit: (query, signal = NEVER) => audit(query, seq, signal),
    async received(ref, sight) {
      if (sight.everything || read(seq, ref, sight) !== undefined) return undefined;
      const received = read(seq, ref, withDenied(sight)) && denials.received(ref, sight.organization);
      return received && isWithin(sight, ref, received.seq) ? received : undefined;
    },
    ...denials.asked,
    ...roots,
    kept: async (type, custodian, max) => kept(type, custodian, max),
    openFile: reading.openFile,
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
    const known = remembered(reading, sight, ref, seq);
    const row = known === undefined ? readBySight(newest, seq, sight, seq, ref) : undefined;
    const version = known ?? (row && toVersion(row));
    if (version === undefined) return undefined;
    if (known === undefined) {
      recent.keep(version, seq, row?.[6] === FOREVER);
      // What is the caller's own is found among the newest versions, which a commit of others leaves there.
      if (ownOf(sight, version) === undefined) answers.keep(sight, version, seq);
    }
    return isWithin(sight, ref, version.seq) ? version : undefined;
  }

  function vread(seq: number, ref: Ref, version: number, sight: Sight): Version | undefined {
    const row = readBySight(one, seq, sight, seq, version, ref);
    return row && isWithin(sight, ref, seq) && isWithin(sight, ref, version) ? toVersion(row) : undefined;
  }

  /** What is denied is asked again of a new transaction: the one that stands may not know what was received since. */
  function readBySight<R extends readonly unknown[]>(
    statementFor: (sight: Sight) => Rows<R>,
    seq: number,
    sight: Sight,
    ...values: readonly (string | number)[]
  ): R | undefined {
    transaction.enter();
    const get = (as: Sight): R | undefined =>
      statementFor(as).get(...values, ...sightParams(as, momentOf(seq)));
    const row = get(sight);
    if (row !== undefined || sight.everything || sight.denied === 'seen') return row;
    if (get(withDenied(sight)) === undefined) return undefined;
    transaction.leave();
    return get(sight);
  }

  /** Values behind the horizon may be gone, before a search or while it ran: then it cannot be trusted. */
  function assertFresh(seq: number): void {
    if (seq < horizon()) throw new SearchRefused('expired');
  }
}

/** The newest version as of a seq, where it is known that the sight has it. */
const remembered = (
  { recent, answers }: Pick<SnapshotReading, 'recent' | 'answers'>,
  sight: Sight,
  ref: Ref,
  seq: number,
): Version | undefined =>
  sight.everything
    ? recent.find(ref, seq)
    : (ownOf(sight, recent.find(ref, seq)) ?? answers.find(sight, ref, seq));

/** A version whose custodian asks: an organization sees what it keeps, unless it asks for one patient alone. */
const ownOf = (sight: Sight, version: Version | undefined): Version | undefined =>
  !sight.everything && sight.patient === undefined && version?.custodian === sight.organization
    ? version
    : undefined;

/** The newest version as of a seq, and the seq at which another one came. */
type NewestRow = readonly [...VersionRow, ended: number];

const prepareNewest = (db: DatabaseSync): ((sight: Sight) => Rows<NewestRow>) =>
  prepareBySight<NewestRow>(
    db,
    NEWEST,
    (visible) =>
      `SELECT ${columnsOf('h')}, h.ended FROM resource r ${JOIN_NEWEST} WHERE r.ref = ? AND ${visible}`,
  );

function prepareBySight<R extends readonly unknown[]>(
  db: DatabaseSync,
  alias: Parameters<typeof sightText>[1],
  textOf: (visible: string) => string,
): (sight: Sight) => Rows<R> {
  return bySight((shape) => prepare<R>(db, textOf(sightText(shape, alias))));
}
