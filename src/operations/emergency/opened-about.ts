/** Whether a grant of emergency access is for whom a resource is about (compliance E1): it opens one patient's record. */
import type { Ref, Resource } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { Caller } from '../request.ts';
import { patientsOfCompartments } from '../values.ts';

/** It is about one of these patients; what is about nobody, as a file, may be. */
export function mayConcern(resource: Resource, patients: ReadonlySet<Ref>): boolean {
  const about = patientsOfCompartments(resource);
  return about.length === 0 || about.some((patient) => patients.has(patient));
}

/** Whether a stored text says that it is about a patient for whom a grant runs. */
export function isUnderGrant({ emergency = [] }: Caller, text: string | undefined): boolean {
  if (emergency.length === 0 || text === undefined) return false;
  const about = patientsOfCompartments(parseStored(text));
  return emergency.some(({ patient }) => about.includes(patient));
}
