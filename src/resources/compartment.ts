/** The Patient compartment (http://hl7.org/fhir/R4/compartmentdefinition-patient.html). */
import type { Ref } from '../fhir/types.ts';
import type { SearchValue } from '../ports/query.ts';
import { PATIENT_COMPARTMENT } from './generated/search-parameters.ts';
import { searchParameters } from './search-parameters.ts';

/** The parameter under which the store keeps the patients in whose compartments a resource is. */
export const PATIENT_PARAM = ':patient';

/** The reference parameters that put a resource of this type in the compartment of a patient. */
export function compartmentParameters(type: string, further: readonly string[] = []): readonly string[] {
  const standard = Object.hasOwn(PATIENT_COMPARTMENT, type) ? (PATIENT_COMPARTMENT[type] ?? []) : [];
  const known = searchParameters(type);
  return [...new Set([...standard, ...further])].filter((code) => known.has(code));
}

/**
 * The patients in whose compartments a resource is, from its search values. A Patient is in its own.
 * `further` are the parameters that its declaration adds to R4's.
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
