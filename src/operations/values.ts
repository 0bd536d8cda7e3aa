/** The search values of a resource as its declaration wants them, and the patients among them. */
import type { Ref, Resource } from '../fhir/types.ts';
import type { SearchValue } from '../ports/query.ts';
import type { Reach } from '../ports/store.ts';
import { fullTextOf } from '../resources/full-text.ts';
import { denialOf } from '../delivery/denials.ts';
import { permitIn } from '../delivery/permits.ts';
import { PATIENT_PARAM } from '../resources/compartment.ts';
import { isDirectory, RESOURCE_TYPES } from '../resources/index.ts';
import { reachOf } from '../resources/reach.ts';
import { searchParameters } from '../resources/search-parameters.ts';
import { patientsInValues, searchValues, valuesOfParameters } from '../resources/search-values.ts';

/** Plain trees are never changed, so the values of one are read once. */
const known = new WeakMap<Resource, readonly SearchValue[]>();

export function valuesOf(resource: Resource): readonly SearchValue[] {
  const remembered = known.get(resource);
  if (remembered !== undefined) return remembered;
  const type = resource.resourceType;
  const values = searchValues(resource, type, RESOURCE_TYPES.get(type)?.patientCompartment);
  known.set(resource, values);
  return values;
}

/** Values that were taken elsewhere. */
export function rememberValues(resource: Resource, values: readonly SearchValue[]): void {
  known.set(resource, values);
}

/** Search values of a resource, those of one parameter among them: of a tree that is still to change no more are read. */
export function valuesOfParameter(resource: Resource, code: string): readonly SearchValue[] {
  const type = resource.resourceType;
  const isOne = !known.has(resource) && searchParameters(type).has(code);
  return isOne ? valuesOfParameters(resource, type, new Set([code])) : valuesOf(resource);
}

const patients = new WeakMap<Resource, readonly Ref[]>();

/** The patients in whose compartments a resource is. A tree that a step changes again is not read for anything else. */
export function patientsOfCompartments(resource: Resource): readonly Ref[] {
  const remembered = patients.get(resource) ?? readPatients(resource);
  patients.set(resource, remembered);
  return remembered;
}

function readPatients(resource: Resource): readonly Ref[] {
  const values = known.get(resource);
  const type = resource.resourceType;
  if (values === undefined)
    return patientsInValues(resource, type, RESOURCE_TYPES.get(type)?.patientCompartment);
  return values.flatMap(
    ({ param, low }) => (param === PATIENT_PARAM ? [low as Ref] : []), // compartment values are local references
  );
}

/** What the engine derives from a resource, for who computes it again. */
export const DERIVATION = {
  valuesOf,
  fullTextOf,
  denialOf,
  permitOf: permitIn,
  reachOf: (resource: Resource, parties: readonly Ref[]): Reach =>
    reachOf(
      RESOURCE_TYPES.get(resource.resourceType) ?? { type: resource.resourceType },
      resource,
      parties,
      isDirectory,
    ),
};
