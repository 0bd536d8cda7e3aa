/** Required bindings (http://hl7.org/fhir/R4/terminologies.html#required): a code must belong to the value set. */
import type { Tree } from './invariants.ts';
import { addFinding, type ValidationRun } from './run.ts';
import { codesOf } from './value-sets.ts';

/** Makes the check of codes against a value set. */
export function makeCodeCheck(valueSet: string): (run: ValidationRun, code: string, place: string) => void {
  const codes = new Set(Object.values(codesOf(valueSet) ?? {}).flat());
  const says = expectation(valueSet);
  return (run, code, place) => {
    if (!codes.has(code)) addFinding(run, place, says, 'code-invalid');
  };
}

/**
 * Makes the check of Codings, CodeableConcepts and Quantities against a value set: one of the codings must belong to
 * it.
 */
export function makeConceptCheck(valueSet: string): (run: ValidationRun, value: Tree, place: string) => void {
  const systems = new Map(
    Object.entries(codesOf(valueSet) ?? {}).map(([system, codes]) => [system, new Set(codes)]),
  );
  const says = expectation(valueSet);
  const holds = ({ system = '', code = '' }: Coding) => systems.get(system)?.has(code) ?? false;
  return (run, value, place) => {
    const check = () => codingsOf(value).some(holds) || addFinding(run, place, says, 'code-invalid');
    run.later.push({ within: place, check });
  };
}

interface Coding {
  readonly system?: string;
  readonly code?: string;
}

/** The codings of a CodeableConcept; a Coding or a Quantity is one itself. */
function codingsOf(value: Tree): readonly Coding[] {
  return 'coding' in value ? (value['coding'] as readonly Coding[]) : [value]; // asked only of what is sound
}

/** The number of codes that a fault names when the element has none. */
const NAMED_MAX = 16;

function expectation(valueSet: string): string {
  const codes = Object.values(codesOf(valueSet) ?? {}).flat();
  const named = codes.length <= NAMED_MAX ? `: ${codes.join(', ')}` : '';
  return `expected a code of the value set ${valueSet}${named}`;
}
