/** What a Consent denies and permits as rows: one each for a Consent, replaced whole. */
import type { DatabaseSync } from 'node:sqlite';
import type { Denial, DenialWrite, PermitGrant } from '../../../ports/denial.ts';
import { prepare } from '../folder/connection.ts';
import type { Identities } from './identities.ts';

/** Replaces what a Consent denies and permits, and gives the patients whose resources it bore on, and bears on now. */
type ReplaceDenial = (write: DenialWrite) => readonly number[];

export function prepareDenialRows(db: DatabaseSync, { intern, ridOf }: Identities): ReplaceDenial {
  const patientsOf = prepare<[number]>(
    db,
    'SELECT patient FROM denial WHERE source = ?1 UNION SELECT patient FROM permit WHERE source = ?1',
  );
  const addDenial = prepare(
    db,
    'INSERT INTO denial (source, patient, keeper, restriction, actors) VALUES (?, ?, ?, ?, ?)',
  );
  const addPermit = prepare(
    db,
    'INSERT INTO permit (source, patient, permit, actors, about) VALUES (?, ?, ?, ?, ?)',
  );
  const dropDenial = prepare(db, 'DELETE FROM denial WHERE source = ?');
  const dropPermit = prepare(db, 'DELETE FROM permit WHERE source = ?');
  const addFoundBy = prepare(db, 'INSERT OR IGNORE INTO denial_found_by (name, source) VALUES (?, ?)');
  const dropFoundBy = prepare(db, 'DELETE FROM denial_found_by WHERE source = ?');

  return replace;

  function replace({ source, denial, grant }: DenialWrite): readonly number[] {
    const consent = ridOf(source);
    const before = patientsOf.all(consent).map(([patient]) => patient);
    if (before.length > 0) for (const drop of [dropDenial, dropPermit, dropFoundBy]) drop.run(consent);
    const after = [
      ...(denial === undefined ? [] : [deny(consent, denial)]),
      ...(grant === undefined ? [] : [permit(consent, grant)]),
    ];
    return [...before, ...after];
  }

  function deny(consent: number, { patient, keeper, restriction, actors, foundBy }: Denial): number {
    const rid = ridOf(patient);
    const nid = keeper === undefined ? 0 : intern(keeper);
    addDenial.run(consent, rid, nid, JSON.stringify(restriction), JSON.stringify(actors));
    for (const name of foundBy) addFoundBy.run(name, consent);
    return rid;
  }

  function permit(consent: number, { permit: one, actors, about, foundBy }: PermitGrant): number {
    const rid = ridOf(one.patient);
    const texts = [one, actors, about].map((part) => JSON.stringify(part)) as [string, string, string];
    addPermit.run(consent, rid, ...texts);
    for (const name of foundBy) addFoundBy.run(name, consent);
    return rid;
  }
}
