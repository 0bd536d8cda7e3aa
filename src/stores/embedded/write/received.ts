/**
 * What organizations received of what others keep (rules 2.12), derived from the audit alone: by accepted deliveries, and by
 * requests of their own that showed it to them.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { AuditEntry } from '../../../ports/store.ts';
import { prepare } from '../folder/connection.ts';

/** An organization that received a version of a resource. */
export type ReceivedVersion = readonly [organization: Ref, ref: Ref, seq: number];

const VERSION = '/_history/';

/** The receipts in audit rows that are stamped with their seq; those of an organization's own resources may be among them. */
export function receiptsIn(entries: readonly AuditEntry[]): readonly ReceivedVersion[] {
  const receipts: ReceivedVersion[] = [];
  for (const entry of entries) {
    for (const organization of receiversIn(entry)) {
      for (const entity of entry.entities) {
        const at = entity.indexOf(VERSION);
        if (at < 0) continue;
        // Entities are references.
        receipts.push([organization, entity.slice(0, at) as Ref, Number(entity.slice(at + VERSION.length))]);
      }
    }
  }
  return receipts;
}

/**
 * Whom a row shows what it names; nobody where all of it is the agent's own, or was refused. What was opened in an
 * emergency alone is withheld again when that is over (compliance E1).
 */
function receiversIn({ event, outcome, origin, grant, agent, viewers }: AuditEntry): readonly Ref[] {
  if (outcome !== '0' || origin === 'server' || grant !== undefined) return [];
  if (event === 'deliver') return viewers;
  // A message is received by whom it was for, too.
  if (event === 'receive') return [...viewers, ...(agent.organization === '' ? [] : [agent.organization])];
  const { organization } = agent;
  return organization === '' || viewers.every((viewer) => viewer === organization) ? [] : [organization];
}

interface Received {
  /** Keeps receipts, but of what the organization keeps itself and of what everybody sees. */
  readonly add: (receipts: readonly ReceivedVersion[]) => void;
  /** Whether a denial asks for the receipt, now or at an instant to come. */
  readonly isAsked: (receipt: ReceivedVersion) => boolean;
}

export function prepareReceived(db: DatabaseSync): Received {
  const add = prepare(
    db,
    `INSERT OR IGNORE INTO received (org, rid, seq)
     SELECT o.nid, r.rid, ?3 FROM resource r JOIN name o ON o.name = ?1
     WHERE r.ref = ?2 AND r.custodian NOT IN (0, o.nid) AND r.everyone = 0`,
  );
  const denied = prepare<[number]>(
    db,
    `SELECT 1 FROM denied WHERE org = (SELECT nid FROM name WHERE name = ?)
       AND rid = (SELECT rid FROM resource WHERE ref = ?) LIMIT 1`,
  );
  return {
    add(receipts) {
      for (const receipt of receipts) add.run(...receipt);
    },
    isAsked: ([organization, ref]) => denied.get(organization, ref) !== undefined,
  };
}
