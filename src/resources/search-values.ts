/**
 * What a resource is found by: the values its search parameters select, in the shape of `ports/query.ts`. Getters are made
 * once per type from the generated table; the FHIRPath library is their oracle in the tests (D8).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import type { SearchValue } from '../ports/query.ts';
import { PATIENT_PARAM, patientsOf } from './compartment.ts';
import { searchParameters, type SearchParameter } from './search-parameters.ts';
import { visitElements } from './search/element-path.ts';
import { extractorOf, type Emit } from './search/extract.ts';

/** Values of one parameter that are kept; what comes after is not found by that parameter. */
export const VALUES_MAX = 500;

/**
 * The search values of a resource, without repetition. Takes either tree of a body. `compartment` names the parameters
 * that the type's declaration adds to the Patient compartment.
 */
export function searchValues(
  resource: Resource,
  type: string,
  compartment: readonly string[] = [],
): SearchValue[] {
  const values: SearchValue[] = [];
  for (const collect of gettersOf(type)) collect(resource, values);
  const self: Ref | undefined = resource.id === undefined ? undefined : `${type}/${resource.id}`;
  for (const patient of patientsOf(self, type, values, compartment)) {
    values.push({ param: PATIENT_PARAM, low: patient, high: '' });
  }
  return values;
}

type Getter = (resource: Resource, into: SearchValue[]) => void;

const getters = new Map<string, readonly Getter[]>();

function gettersOf(type: string): readonly Getter[] {
  const known = getters.get(type);
  if (known !== undefined) return known;
  const made = [...searchParameters(type).values()].map(getterOf);
  getters.set(type, made);
  return made;
}

function getterOf({ code, kind, paths }: SearchParameter): Getter {
  const places = paths.flatMap((path) => {
    const extract = extractorOf(kind, path.datatype);
    return extract === undefined ? [] : [{ path, extract }];
  });
  const params = { plain: code, identifier: `${code}:identifier` };
  return (resource, into) => {
    const first = into.length;
    const emit: Emit = (low, high, modifier) => {
      const param = modifier === undefined ? params.plain : params.identifier;
      if (into.length - first < VALUES_MAX) addOnce(into, first, { param, low, high });
    };
    for (const { path, extract } of places) {
      visitElements(resource, path, (value) => extract(value, emit, path.argument));
    }
  };
}

/** Adds a value unless it is among those from `first` on. */
function addOnce(into: SearchValue[], first: number, value: SearchValue): void {
  for (let index = first; index < into.length; index += 1) {
    const other = into[index];
    if (other?.low === value.low && other.high === value.high && other.param === value.param) return;
  }
  into.push(value);
}
