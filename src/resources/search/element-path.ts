/**
 * A small language for the places that a search parameter selects: what is left of R4's FHIRPath expressions once the
 * StructureDefinitions have named every element's type.
 *
 * `path ::= [step {"." step}] ":" datatype ["(" argument ")"]`, `step ::= name ["[" child "=" value "]" | "[0]"]`, for example
 *
 * - `businessStatus:CodeableConcept`
 * - `status:code(http://hl7.org/fhir/task-status)`: the argument of a code is the system its binding implies
 * - `subject:Reference(Patient)`: only references to a Patient
 * - `telecom[system=phone]:ContactPoint`: only those whose system is phone
 * - `entry[0].resource:Resource(Composition)`: only the first entry, and only a Composition
 * - `:truth(deceasedBoolean,deceasedDateTime)`: no steps, the resource itself
 */

interface PathStep {
  readonly name: string;
  /** Selects only values whose child has this value. */
  readonly where?: readonly [child: string, value: string];
  /** Selects only the first member of a list. */
  readonly first?: true;
}

export interface ElementPath {
  readonly steps: readonly PathStep[];
  readonly datatype: string;
  /** The argument; '' when there is none. */
  readonly argument: string;
}

const PATH = /^((?:[^:[]|\[[^\]]*\])*):(\w+)(?:\((.*)\))?$/;
/** A dot that is not within brackets. */
const STEP_END = /\.(?![^[]*\])/;
const STEP = /^(\w+)(?:\[(\w+)=([^\]]*)\])?(\[0\])?$/;

/** Reads a path. Throws for text outside the language: the table is our own. */
export function parseElementPath(text: string): ElementPath {
  const found = PATH.exec(text);
  if (found === null) throw new Error(`not an element path: ${text}`);
  const [, steps = '', datatype = '', argument = ''] = found;
  return { steps: steps === '' ? [] : steps.split(STEP_END).map(parseStep), datatype, argument };
}

function parseStep(text: string): PathStep {
  const found = STEP.exec(text);
  if (found === null) throw new Error(`not a step of an element path: ${text}`);
  const [, name = '', child, value = '', first] = found;
  if (first !== undefined) return { name, first: true };
  return child === undefined ? { name } : { name, where: [child, value] };
}

/** A value that is present: a complex element or a primitive. */
export type PresentElement = object | string | number | boolean;

/** Visits every value at the path. It walks lists, and skips absent elements. */
export function visitElements(
  node: unknown,
  { steps }: ElementPath,
  visit: (value: PresentElement) => void,
): void {
  descend(node, steps, 0, visit);
}

function descend(
  node: unknown,
  steps: readonly PathStep[],
  depth: number,
  visit: (value: PresentElement) => void,
): void {
  if (node === undefined || node === null) return;
  if (Array.isArray(node)) {
    const members: readonly unknown[] = steps[depth - 1]?.first === true ? node.slice(0, 1) : node;
    for (const member of members) descend(member, steps, depth, visit);
    return;
  }
  const above = steps[depth - 1]?.where;
  const object = node as Readonly<Record<string, unknown>>; // or a primitive, whose members are undefined
  if (above !== undefined && object[above[0]] !== above[1]) return;
  const step = steps[depth];
  if (step === undefined) visit(node);
  else descend(object[step.name], steps, depth + 1, visit);
}
