/** What is asked of denials beside sight: what was received nevertheless, about whom, and what their parties hang on. */
import type { Ref } from '../../fhir/types.ts';
import type { Version } from '../../ports/store.ts';
import { prepare } from './folder/connection.ts';
import { columnsOf, toVersion, type SnapshotReading, type VersionRow } from './reading.ts';

interface DenialReading {
  /** The newest version that an organization received. Reads are noted behind the reads by id: so they are not asked. */
  readonly received: (ref: Ref, organization: Ref) => Version | undefined;
  readonly isDenied: (patient: Ref, organization: Ref) => boolean;
  readonly foundBy: (names: readonly string[]) => readonly Ref[];
}

export function prepareDenialReading({ db, clock }: Pick<SnapshotReading, 'db' | 'clock'>): DenialReading {
  const newest = prepare<VersionRow>(
    db,
    `SELECT ${columnsOf('v')} FROM resource r JOIN received k ON k.rid = r.rid
       AND k.org = (SELECT nid FROM name WHERE name = ?) JOIN version v ON v.rid = r.rid AND v.seq = k.seq
     WHERE r.ref = ? AND v.text IS NOT NULL ORDER BY k.seq DESC LIMIT 1`,
  );
  const bears = prepare<[number]>(
    db,
    'SELECT d.patient FROM resource r JOIN denial d ON d.patient = r.rid WHERE r.ref = ? LIMIT 1',
  );
  const denied = prepare<[number]>(
    db,
    `SELECT 1 FROM about a CROSS JOIN denied d ON d.rid = a.rid AND d.org = (SELECT nid FROM name WHERE name = ?)
     WHERE a.patient = ? AND d.since <= ? AND d.until > ? LIMIT 1`,
  );
  const sources = prepare<[Ref]>(
    db,
    'SELECT r.ref FROM denial_found_by f JOIN resource r ON r.rid = f.source WHERE f.name = ?',
  );
  return {
    received(ref, organization) {
      const row = newest.get(organization, ref);
      return row && toVersion(row);
    },
    isDenied(patient, organization) {
      const [rid] = bears.get(patient) ?? [];
      const now = clock.now();
      return rid !== undefined && denied.get(organization, rid, now, now) !== undefined;
    },
    foundBy: (names) => [...new Set(names.flatMap((name) => sources.all(name).map(([ref]) => ref)))],
  };
}
