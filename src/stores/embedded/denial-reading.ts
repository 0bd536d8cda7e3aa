/** What is asked of denials beside sight: what was received nevertheless, about whom, and what their parties hang on. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../fhir/types.ts';
import type { Permit } from '../../policies/consent/permit.ts';
import type { PartyKind } from '../../policies/party-kind.ts';
import type { DenialReading } from '../../ports/denial.ts';
import type { Version } from '../../ports/store.ts';
import { prepare } from './folder/connection.ts';
import { FOREVER } from './folder/schema.ts';
import type { Remembered } from './remembered.ts';
import { columnsOf, toVersion, type SnapshotReading, type VersionRow } from './reading.ts';

/** What a snapshot answers as it is. */
type SnapshotDenials = Pick<
  DenialReading<Version>,
  'isDenied' | 'denialsFoundBy' | 'permitsOf' | 'hasKinds' | 'kindsOf'
>;

interface PreparedDenials {
  /** The newest version that an organization received. Reads are noted behind the reads by id: so they are not asked. */
  readonly received: (ref: Ref, organization: Ref) => Version | undefined;
  readonly asked: SnapshotDenials;
}

/** Every write asks whether kinds of parties are kept at all. */
export interface RememberedKinds extends Remembered {
  any(): boolean;
}

export function rememberKinds(db: DatabaseSync): RememberedKinds {
  const one = prepare<[number]>(db, 'SELECT 1 FROM party_kind LIMIT 1');
  let known: boolean | undefined;
  const forgetAll = (): void => void (known = undefined);
  return {
    any: () => (known ??= one.get() !== undefined),
    written(members) {
      if (members.some((member) => member.kind === 'commit' && member.commit.kinds !== undefined))
        forgetAll();
    },
    forgetAll,
  };
}

export function prepareDenialReading({
  db,
  clock,
  kinds: kept,
}: Pick<SnapshotReading, 'db' | 'clock' | 'kinds'>): PreparedDenials {
  const newest = prepare<VersionRow>(
    db,
    `SELECT ${columnsOf('v')} FROM resource r JOIN received k ON k.rid = r.rid
       AND k.org = (SELECT nid FROM name WHERE name = ?) JOIN version v ON v.rid = r.rid AND v.seq = k.seq
     WHERE r.ref = ? AND v.text IS NOT NULL ORDER BY k.seq DESC LIMIT 1`,
  );
  const bears = prepare<[number]>(
    db,
    `SELECT r.rid FROM resource r WHERE r.ref = ? AND (EXISTS (SELECT 1 FROM denial d WHERE d.patient = r.rid)
       OR EXISTS (SELECT 1 FROM party_kind WHERE party = ?))`,
  );
  const denied = prepare<[number]>(
    db,
    `SELECT 1 FROM about a CROSS JOIN denied d ON d.rid = a.rid AND d.org = (SELECT nid FROM name WHERE name = ?)
       CROSS JOIN sight s ON s.org = d.org AND s.rid = d.rid AND s.root = d.root AND s.ended = ${FOREVER}
     WHERE a.patient = ? AND d.since <= ? AND d.until > ? AND d.quiet = 0
       AND EXISTS (SELECT 1 FROM version v WHERE v.rid = a.rid AND v.ended = ${FOREVER}) LIMIT 1`,
  );
  const sources = prepare<[Ref]>(
    db,
    'SELECT r.ref FROM denial_found_by f JOIN resource r ON r.rid = f.source WHERE f.name = ?',
  );
  const permits = prepare<[string]>(
    db,
    'SELECT p.permit FROM resource r JOIN permit p ON p.patient = r.rid WHERE r.ref = ? ORDER BY p.source',
  );
  const kinds = prepare<[string]>(db, 'SELECT kinds FROM party_kind WHERE party = ?');
  return {
    received(ref, organization) {
      const row = newest.get(organization, ref);
      return row && toVersion(row);
    },
    asked: {
      async isDenied(patient, organization) {
        const [rid] = bears.get(patient, organization) ?? [];
        const now = clock.now();
        return rid !== undefined && denied.get(organization, rid, now, now) !== undefined;
      },
      denialsFoundBy: async (found) => [
        ...new Set(found.flatMap((name) => sources.all(name).map(([ref]) => ref))),
      ],
      permitsOf: async (patient) => permits.all(patient).map(([text]) => JSON.parse(text) as Permit), // the writer's
      hasKinds: async () => kept.any(),
      async kindsOf(party) {
        const [text] = kinds.get(party) ?? [];
        return text === undefined ? undefined : (JSON.parse(text) as readonly PartyKind[]); // the writer's
      },
    },
  };
}
