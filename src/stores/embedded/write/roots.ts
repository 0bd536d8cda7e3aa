/** Which roots stand on a resource, walked upwards along what each resource on the way refers to itself; and their parties. */
import type { Ref } from '../../../fhir/types.ts';
import type { Snapshot } from '../../../ports/store.ts';
import { prepare } from '../folder/connection.ts';
import type { SnapshotReading } from '../reading.ts';

/** Resources looked at on the way up, the nearest first. */
const LOOKED_AT_MAX = 20_000;

export function prepareRoots({
  db,
  transaction,
}: SnapshotReading['byId']): Pick<Snapshot, 'roots' | 'parties'> {
  const roots = prepare<[Ref]>(
    db,
    `WITH RECURSIVE up(rid) AS (
       SELECT rid FROM resource WHERE ref = ?
       UNION SELECT e.source FROM edge e JOIN up ON e.target = up.rid WHERE e.owner = e.source
       LIMIT ${LOOKED_AT_MAX})
     SELECT DISTINCT r.ref FROM up JOIN party p ON p.root = up.rid JOIN resource r ON r.rid = up.rid`,
  );
  const parties = prepare<[Ref]>(
    db,
    `SELECT n.name FROM resource r JOIN party p ON p.root = r.rid JOIN name n ON n.nid = p.org
     WHERE r.ref = ? ORDER BY n.name`,
  );
  return {
    async roots(ref) {
      transaction.enter();
      return roots.all(ref).map(([root]) => root);
    },
    async parties(root) {
      transaction.enter();
      return parties.all(root).map(([party]) => party);
    },
  };
}
