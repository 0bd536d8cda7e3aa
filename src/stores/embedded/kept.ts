/**
 * The number of resources of a type that one organization keeps, counted along an index, so that a write can ask for
 * it.
 */
import type { Ref } from '../../fhir/types.ts';
import { prepare } from './folder/connection.ts';
import type { SnapshotReading } from './reading.ts';

export function prepareKept({
  db,
  transaction,
}: SnapshotReading['byId']): (type: string, custodian: Ref, max: number) => number {
  const count = prepare<[number]>(
    db,
    `SELECT count(*) FROM (SELECT 1 FROM resource INDEXED BY resource_kept
       WHERE type = (SELECT nid FROM name WHERE name = ?) AND everyone = 0
         AND custodian = (SELECT nid FROM name WHERE name = ?) LIMIT ? + 0)`,
  );
  return (type, custodian, max) => {
    transaction.enter();
    return count.get(type, custodian, max)?.[0] ?? 0;
  };
}
