/**
 * The literals of integers (http://hl7.org/fhir/R4/datatypes.html#integer): JSON takes `1e0` for a whole number, while
 * FHIR's integers have only digits. The check reads the storing tree, which keeps such literals.
 */
import type { Resource } from '../../fhir/types.ts';
import { childNodesOf, type Node } from './node.ts';
import { addFinding, FOUND_MAX, type ValidationRun } from './run.ts';
import { elementsOfType } from './structure.ts';

const INTEGERS: ReadonlySet<string> = new Set(['integer', 'positiveInt', 'unsignedInt']);
const DIGITS = /^-?(?:0|[1-9]\d*)$/;

/** Finds the whole numbers of a resource that are written with a fraction or an exponent. */
export function checkLiterals(run: ValidationRun, storing: Resource): void {
  visit(run, { value: storing, place: '', type: storing.resourceType });
}

function visit(run: ValidationRun, node: Node): void {
  const { value, place, type } = node;
  if (run.found.length > FOUND_MAX) return;
  if (JSON.isRawJSON(value)) {
    if (INTEGERS.has(type) && !DIGITS.test(value.rawJSON))
      addFinding(run, place, 'a whole number is written without fraction and exponent', 'value');
    return;
  }
  const isTree = typeof value === 'object' && value !== null;
  if (!isTree && node.beside === undefined) return;
  for (const { name } of elementsOfType(isTree ? type : 'Element'))
    for (const child of childNodesOf(node, name)) visit(run, child);
}
