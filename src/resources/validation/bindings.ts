/** Required bindings (http://hl7.org/fhir/R4/terminologies.html#required): a code must be of the value set. */
import { add, type Run } from './run.ts';
import { codesOf } from './value-sets.ts';

/** So many codes are named when none of them was given. */
const NAMED_MAX = 16;

/** Makes the check of a value set for codes, Codings, CodeableConcepts and Quantities. */
export function checkBinding(valueSet: string): (run: Run, value: unknown, place: string) => void {
  const systems = Object.entries(codesOf(valueSet) ?? {}).map(
    ([system, codes]) => [system, new Set(codes)] as const,
  );
  const codes = new Set(systems.flatMap(([, each]) => [...each]));
  const says = expectation(valueSet, [...codes]);
  const holds = (coding: Coding) =>
    systems.some(([system, each]) => coding.system === system && each.has(String(coding.code)));
  return (run, value, place) => {
    if (typeof value === 'string') return codes.has(value) || add(run, place, says, 'code-invalid');
    const { coding } = value as { coding?: unknown }; // the keyword is for strings and objects
    if (isConcept(value as object)) {
      if (Array.isArray(coding) && coding.some((each) => holds(asCoding(each)))) return;
      return add(run, place, says, 'code-invalid');
    }
    if (!holds(asCoding(value))) add(run, place, says, 'code-invalid');
  };
}

interface Coding {
  readonly system?: unknown;
  readonly code?: unknown;
}

function asCoding(value: unknown): Coding {
  return typeof value === 'object' && value !== null ? value : {};
}

/** A CodeableConcept rather than a Coding or a Quantity. */
function isConcept(value: object): boolean {
  return 'coding' in value || !('code' in value || 'system' in value);
}

function expectation(valueSet: string, codes: readonly string[]): string {
  const named = codes.length <= NAMED_MAX ? `: ${codes.join(', ')}` : '';
  return `expected a code of the value set ${valueSet}${named}`;
}
