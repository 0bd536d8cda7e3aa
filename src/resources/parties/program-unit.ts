/**
 * A unit or a person of an organization that is a program of 42 CFR Part 2 by itself (2.11; compliance P1): the flag stands on
 * its HealthcareService or PractitionerRole.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { localRef, typeOf, valuesAt } from '../element.ts';

export const PART2_PROGRAM = 'https://closeloop.dev/fhir/StructureDefinition/part2-program';

/** The types that may bear the flag, each with the element that names the organization. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['HealthcareService', 'providedBy'],
  ['PractitionerRole', 'organization'],
]);

export const mayBeUnit = (ref: string): boolean => UNITS.has(typeOf(ref));

/** Whether a unit says that it is a program. */
export const isProgramUnit = (unit: Resource | undefined): boolean =>
  (valuesAt(unit, 'extension') as readonly { readonly url?: string; readonly valueBoolean?: boolean }[]).some(
    ({ url, valueBoolean }) => url === PART2_PROGRAM && valueBoolean === true,
  );

/** The organization of a unit. */
export const organizationOfUnit = (unit: Resource): Ref | undefined =>
  localRef(unit[UNITS.get(unit.resourceType) ?? '']);
