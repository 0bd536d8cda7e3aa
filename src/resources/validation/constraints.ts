/** Constraints of profiles in FHIRPath (http://hl7.org/fhir/R4/conformance-rules.html#constraints). */
import type { Node } from './node.ts';
import { addFault, addRemark, type Check } from './profile-check.ts';
import type { ConstraintRule } from './profile-row.ts';

/** Checks one value by each constraint of its element. */
export function checkConstraints(check: Check, constraints: readonly ConstraintRule[], node: Node): void {
  for (const { key, severity, says, expression } of constraints) {
    const holds = check.around.evaluate?.(expression, node, check.stand);
    if (holds === undefined) addRemark(check, node.place, key, `${key} of ${check.name} was not checked`);
    else if (holds) continue;
    else if (severity === 'error') addFault(check, node.place, key, `${says} (${key} of ${check.name})`);
    else addRemark(check, node.place, key, `${says} (${key} of ${check.name})`, 'warning');
  }
}
