/**
 * Compartments (http://hl7.org/fhir/R4/compartmentdefinition.html). The store keeps the Patient compartments of a
 * resource with it; the other compartments are searched by their parameters.
 */
import type { Ref } from '../fhir/types.ts';
import type { Clause, SearchValue } from '../ports/query.ts';
import { typeOf } from './element.ts';
import compartments from './generated/compartments.json' with { type: 'json' };
import { PATIENT_COMPARTMENT } from './generated/search-parameters.ts';
import { searchParameters } from './search-parameters.ts';

/** The parameter under which the store keeps the patients whose compartments hold a resource. */
export const PATIENT_PARAM = ':patient';

const rows: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = compartments;

/** The types that have a compartment. */
export const COMPARTMENTS: ReadonlySet<string> = new Set(Object.keys(rows));

/** Canonical of R4's definition of a compartment. */
export const compartmentCanonical = (name: string): string =>
  `http://hl7.org/fhir/CompartmentDefinition/${name.charAt(0).toLowerCase()}${name.slice(1)}`;

/**
 * The clause for resources of `type` in the compartment of `focus`; undefined where there never are any. `declared` is
 * the part of the type's declaration about compartments: the parameters that it adds to the Patient compartment, and
 * whether its values are kept.
 */
export function compartmentClause(
  focus: Ref,
  type: string,
  declared: { readonly patientCompartment?: readonly string[]; readonly renderedFromAudit?: true } = {},
): Clause | undefined {
  const name = typeOf(focus);
  const { patientCompartment: further = [], renderedFromAudit } = declared;
  const params = membersBy(name, type, name === 'Patient' ? further : []);
  const self: readonly Clause[] = type === name ? [{ kind: 'id', ids: [focus.slice(name.length + 1)] }] : [];
  const isKept = name === 'Patient' && renderedFromAudit !== true && params.length > 0;
  const asked = isKept ? [PATIENT_PARAM] : params;
  const of = [...self, ...asked.map((param): Clause => ({ kind: 'reference', param, to: [focus] }))];
  const [only] = of;
  return of.length > 1 ? { kind: 'any', of } : only;
}

function membersBy(name: string, type: string, further: readonly string[]): readonly string[] {
  const known = searchParameters(type);
  const members = [...(rows[name]?.[type] ?? []), ...further];
  return [...new Set(members)].filter((code) => known.get(code)?.kind === 'reference');
}

/** The reference parameters that put a resource of this type in the compartment of a patient. */
export function compartmentParameters(type: string, further: readonly string[] = []): readonly string[] {
  const key = further.length === 0 ? type : `${type} ${further.join(' ')}`;
  const known = parametersBy.get(key) ?? membersOfPatient(type, further);
  parametersBy.set(key, known);
  return known;
}

/** Declarations are few, and each resource asks. */
const parametersBy = new Map<string, readonly string[]>();

function membersOfPatient(type: string, further: readonly string[]): readonly string[] {
  const standard = Object.hasOwn(PATIENT_COMPARTMENT, type) ? (PATIENT_COMPARTMENT[type] ?? []) : [];
  const known = searchParameters(type);
  return [...new Set([...standard, ...further])].filter((code) => known.has(code));
}

/**
 * The patients whose compartments hold a resource, from its search values. A Patient is in its own. `further` are the
 * parameters that the declaration adds to R4's.
 */
export function patientsOf(
  self: Ref | undefined,
  type: string,
  values: readonly SearchValue[],
  further: readonly string[] = [],
): readonly Ref[] {
  const params = compartmentParameters(type, further);
  const referenced = values
    .filter(({ param, low }) => params.includes(param) && isPatient(low))
    .map(({ low }) => low as Ref); // isPatient
  return [...new Set(type === 'Patient' && self !== undefined ? [self, ...referenced] : referenced)];
}

const isPatient = (low: string | number): boolean => typeof low === 'string' && low.startsWith('Patient/');
