/** A stored version as delivery looks at it: what it is found by, whom it concerns, and what of it may be shown. */
import { parseJson } from '../fhir/json.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { PresentVersion } from '../ports/rail.ts';
import { PATIENT_PARAM } from '../resources/compartment.ts';
import { typeOf } from '../resources/element.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { matches } from '../resources/match.ts';
import { searchValues } from '../resources/search-values.ts';
import type { Criteria } from '../resources/subscription-rules.ts';

/**
 * Which criteria select a resource: they look at nothing but the resource itself, so its values are taken once for all of
 * them. `at`: its commit, in milliseconds.
 */
export function selectorOf(ref: Ref, resource: Resource, at: number): (criteria: Criteria) => boolean {
  const type = typeOf(ref);
  const subject = { ref, type, values: searchValues(resource, type), updated: at };
  return (criteria) => criteria.type === type && matches(criteria.where, subject);
}

/** The patients in whose compartments a resource is. */
export function compartmentPatientsIn(ref: Ref, resource: Resource): readonly Ref[] {
  const type = typeOf(ref);
  return searchValues(resource, type, RESOURCE_TYPES.get(type)?.patientCompartment)
    .filter(({ param }) => param === PATIENT_PARAM)
    .map(({ low }) => low as Ref); // values of this parameter are references
}

/** The stored text, unless its type has something to hide from this sight; then numbers keep their literals all the same. */
export const present: PresentVersion = ({ ref, text }, sight) => {
  if (text === undefined) throw new Error(`${ref} is deleted: there is nothing to show`);
  const declared = RESOURCE_TYPES.get(typeOf(ref));
  if (declared?.show === undefined) return text;
  const { plain, storing } = parseJson(text);
  const own = sight.everything || declared.belongsTo?.(plain, ref) === sight.organization;
  return JSON.stringify(declared.show(storing, own));
};
