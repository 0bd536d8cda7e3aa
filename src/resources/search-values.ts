/**
 * The search values of a resource: the values that its search parameters select, in the shape of `ports/query.ts`.
 * Getters are made once per type from the generated table; the FHIRPath library is their oracle in the tests (D8).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import type { SearchValue } from '../ports/query.ts';
import { compartmentParameters, PATIENT_PARAM, patientsOf } from './compartment.ts';
import { messageValuesOf } from './message-values.ts';
import { withoutSecretNumbers } from './parties/secret.ts';
import { searchParameters, type SearchParameter } from './search-parameters.ts';
import { visitElements, type ElementPath } from './search/element-path.ts';
import { extractorOf, VALUES_MAX, type Emit } from './search/extract.ts';
import { membersOf } from './search/list-members.ts';
import { inlineOf } from './search/parameter.ts';
import { tuplesOf } from './search/tuple.ts';

export { VALUES_MAX } from './search/extract.ts';

/**
 * The search values of a resource, each once. Takes either tree of a body. `compartment` names the parameters that the
 * type's declaration adds to the Patient compartment.
 */
export function searchValues(
  given: Resource,
  type: string,
  compartment: readonly string[] = [],
): SearchValue[] {
  const resource = type === 'Organization' ? withoutSecretNumbers(given) : given;
  const values: SearchValue[] = [];
  for (const { get } of gettersOf(type)) get(resource, values);
  values.push(...membersOf(resource), ...messageValuesOf(resource));
  const self: Ref | undefined = resource.id === undefined ? undefined : `${type}/${resource.id}`;
  for (const patient of patientsOf(self, type, values, compartment)) {
    values.push({ param: PATIENT_PARAM, low: patient, high: '' });
  }
  return values;
}

/** The patients that {@link searchValues} would find, without looking for any other value, in the same order. */
export function patientsInValues(
  resource: Resource,
  type: string,
  compartment: readonly string[] = [],
): readonly Ref[] {
  const codes = new Set(compartmentParameters(type, compartment));
  const values = valuesOfParameters(resource, type, codes);
  const self: Ref | undefined = resource.id === undefined ? undefined : `${type}/${resource.id}`;
  return patientsOf(self, type, values, compartment);
}

/** The search values of some parameters alone. */
export function valuesOfParameters(
  resource: Resource,
  type: string,
  codes: ReadonlySet<string>,
): readonly SearchValue[] {
  const values: SearchValue[] = [];
  for (const { code, get } of gettersOf(type)) if (codes.has(code)) get(resource, values);
  return values;
}

type Getter = (resource: Resource, into: SearchValue[]) => void;

interface OfCode {
  readonly code: string;
  readonly get: Getter;
}

const getters = new Map<string, readonly OfCode[]>();

function gettersOf(type: string): readonly OfCode[] {
  const known = getters.get(type);
  if (known !== undefined) return known;
  const made = [...searchParameters(type).values()].map((one) => ({
    code: one.code,
    get: whereThereIs(needsOf(one), getterOf(one)),
  }));
  getters.set(type, made);
  return made;
}

/** Most parameters select nothing of a resource. A getter runs only when one element of each group is present. */
const whereThereIs =
  (needs: readonly (readonly string[])[], get: Getter): Getter =>
  (resource, into) => {
    for (const names of needs) if (names.every((name) => resource[name] === undefined)) return;
    get(resource, into);
  };

/** Groups of elements: a parameter selects something only when a resource has one element of each group. */
function needsOf({ paths, components = [] }: SearchParameter): readonly (readonly string[])[] {
  const own = namesOf(paths);
  if (own.length > 0) return [own];
  if (paths.some(({ steps }) => steps.length > 0)) return [];
  return components.map((component) => namesOf(component.paths)).filter((names) => names.length > 0);
}

/** The elements of a resource at which a parameter's paths begin; empty when one path begins at the resource itself. */
function namesOf(paths: readonly ElementPath[]): readonly string[] {
  const names = paths.flatMap(({ steps }) => steps.slice(0, 1).map(({ name }) => name));
  return names.length < paths.length ? [] : names;
}

function getterOf(parameter: SearchParameter): Getter {
  const { code, kind, paths, components } = parameter;
  if (components !== undefined) return tuplesOf(code, paths, components);
  const places = paths.flatMap((path) => {
    const extract = extractorOf(kind, path.datatype);
    return extract === undefined ? [] : [{ path, extract }];
  });
  const inline = inlineOf(parameter);
  return (resource, into) => {
    const first = into.length;
    let own = 0;
    const emit: Emit = (low, high, suffix = '') => {
      const isOwn = suffix === '';
      if (isOwn ? own >= VALUES_MAX : into.length - first >= VALUES_MAX * FORMS_MAX) return;
      const before = into.length;
      addOnce(into, first, { param: code + suffix, low, high });
      if (isOwn && into.length > before) own += 1;
    };
    for (const { path, extract } of places) {
      visitElements(resource, path, (value) => extract(value, emit, path.argument));
    }
    if (inline !== undefined) addInline(resource, code, inline, into);
  };
}

/**
 * The largest number of forms of one value, under its parameter and under names made from it: a quantity's units, each
 * marked when it is wide.
 */
const FORMS_MAX = 8;

/** The search values of a resource in a place where others have a reference, each under `code.param`. */
function addInline(resource: Resource, code: string, path: ElementPath, into: SearchValue[]): void {
  visitElements(resource, path, (value) => {
    const type = path.argument;
    const held = value as Resource; // the path ends at a resource
    if (held.resourceType !== type) return;
    const own: SearchValue[] = [];
    for (const { get } of gettersOf(type)) get(held, own);
    for (const { param, low, high } of own) into.push({ param: `${code}.${param}`, low, high });
  });
}

/** Adds a value unless it is among those from index `first` on. */
function addOnce(into: SearchValue[], first: number, value: SearchValue): void {
  for (let index = first; index < into.length; index += 1) {
    const other = into[index];
    if (other?.low === value.low && other.high === value.high && other.param === value.param) return;
  }
  into.push(value);
}
