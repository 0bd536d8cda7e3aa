/** Which patients resources are about, from the search values of their newest versions; of what was deleted, the last. */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { SearchValue } from '../../../ports/query.ts';
import { prepare } from '../folder/connection.ts';
import type { Identities } from './identities.ts';

/** The parameter of the patients in whose compartments a resource is (ports/query.ts). */
const PATIENT_PARAM = ':patient';

/** Notes the patients of a new version. Whether they are others than before. */
export type NoteAbout = (rid: number, values: readonly SearchValue[], isNew: boolean) => boolean;

export function prepareAbout(db: DatabaseSync, { ridOf }: Identities): NoteAbout {
  const patientsOf = prepare<[number]>(db, 'SELECT patient FROM about WHERE rid = ?');
  const add = prepare(db, 'INSERT OR IGNORE INTO about (patient, rid) VALUES (?, ?)');
  const drop = prepare(db, 'DELETE FROM about WHERE patient = ? AND rid = ?');
  return (rid, values, isNew) => {
    const patients = new Set<number>();
    for (const { param, low } of values) if (param === PATIENT_PARAM) patients.add(ridOf(low as Ref)); // local references
    let changed = false;
    for (const [patient] of isNew ? [] : patientsOf.all(rid))
      if (!patients.delete(patient)) {
        drop.run(patient, rid);
        changed = true;
      }
    for (const patient of patients) add.run(patient, rid);
    return changed || patients.size > 0;
  };
}
