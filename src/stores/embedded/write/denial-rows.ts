/** The denials of a Consent as rows: one for each Consent, replaced whole. */
import type { DatabaseSync } from 'node:sqlite';
import type { DenialWrite } from '../../../ports/denial.ts';
import { prepare } from '../folder/connection.ts';
import type { Identities } from './identities.ts';

/** Replaces the denial of a Consent, and gives the patients whose resources it bore on, and bears on now. */
type ReplaceDenial = (write: DenialWrite) => readonly number[];

export function prepareDenialRows(db: DatabaseSync, { intern, ridOf }: Identities): ReplaceDenial {
  const patientOf = prepare<[number]>(db, 'SELECT patient FROM denial WHERE source = ?');
  const addDenial = prepare(
    db,
    'INSERT INTO denial (source, patient, keeper, restriction, actors) VALUES (?, ?, ?, ?, ?)',
  );
  const dropDenial = prepare(db, 'DELETE FROM denial WHERE source = ?');
  const addFoundBy = prepare(db, 'INSERT OR IGNORE INTO denial_found_by (name, source) VALUES (?, ?)');
  const dropFoundBy = prepare(db, 'DELETE FROM denial_found_by WHERE source = ?');

  return replace;

  function replace({ source, denial }: DenialWrite): readonly number[] {
    const consent = ridOf(source);
    const before = patientOf.get(consent);
    if (before !== undefined) {
      dropDenial.run(consent);
      dropFoundBy.run(consent);
    }
    if (denial === undefined) return before ?? [];
    const { patient, keeper, restriction, actors, foundBy } = denial;
    const rid = ridOf(patient);
    const nid = keeper === undefined ? 0 : intern(keeper);
    addDenial.run(consent, rid, nid, JSON.stringify(restriction), JSON.stringify(actors));
    for (const name of foundBy) addFoundBy.run(name, consent);
    return [...(before ?? []), rid];
  }
}
