/** Whose record a stored version is part of, for the audit: read once per version, then remembered. */
import type { Ref } from '../fhir/types.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { patientsOfCompartments } from './values.ts';

/** Versions remembered at most. */
const REMEMBERED_MAX = 20_000;

export type PatientsOf = (ref: Ref, seq: number, text: string) => readonly Ref[];

/** A bounded memory of the patients of versions; versions never change. */
export function rememberPatients(): PatientsOf {
  const known = new Map<string, readonly Ref[]>();
  return (ref, seq, text) => {
    const key = `${ref}/${seq}`;
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered;
    const patients = patientsOfCompartments(parseStored(text));
    if (known.size >= REMEMBERED_MAX) known.delete(known.keys().next().value ?? '');
    known.set(key, patients);
    return patients;
  };
}
