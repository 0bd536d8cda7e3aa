/**
 * Checks the values of one element, and of the elements below, against a profile
 * (http://hl7.org/fhir/R4/elementdefinition.html).
 */
import { checkBinding } from './bound-codes.ts';
import { checkConstraints } from './constraints.ts';
import { checkBounds } from './bounds.ts';
import { describePattern, isFixed, matchesPattern } from './match.ts';
import { childNodesOf, elementOf, isOfType, type Node } from './node.ts';
import { addFault, addRemark, type Check } from './profile-check.ts';
import type { ElementRule, TypeRule } from './profile-row.ts';
import { faultOfTarget } from './references.ts';
import { checkSlices } from './slices.ts';
import { checkTargetProfiles, checkValueProfiles } from './target-check.ts';
import { containerAt } from './targets.ts';

/** Checks the values of an element of a parent. */
function checkElement(check: Check, rule: ElementRule, parent: Node, name: string): void {
  const nodes = childNodesOf(parent, name);
  const place = `${parent.place}/${name.replace('[x]', '')}`;
  checkCount(check, rule, place, nodes.length, name);
  for (const node of nodes) {
    checkValue(check, rule, node);
    checkRepeated(check, rule, node);
  }
  // The fault of an absent element is reported once.
  if (nodes.length > 0 || (rule.min ?? 0) === 0) checkSlices(check, rule, place, nodes);
}

function checkCount(
  check: Check,
  { min = 0, max = Infinity, mustSupport }: ElementRule,
  place: string,
  count: number,
  name: string,
): void {
  if (count < min)
    addFault(check, place, 'min', `${check.name} needs ${min === 1 ? 'it' : `at least ${min} of them`}`);
  else if (count > max)
    addFault(
      check,
      place,
      'max',
      max === 0 ? `${check.name} does not allow it` : `${check.name} allows at most ${max} of them`,
    );
  else if (count === 0 && mustSupport === true && max > 0 && check.around.thorough === true) {
    addRemark(
      check,
      place,
      'must-support',
      `${check.name} wants systems to support ${name}; it is not there`,
    );
  }
}

/** Checks one value, whatever slice it may belong to. */
export function checkValue(check: Check, rule: ElementRule, node: Node): void {
  if (rule.types !== undefined && !checkType(check, rule.types, node)) return;
  checkFixed(check, rule, node);
  if (rule.binding !== undefined) checkBinding(check, rule.binding, node);
  checkBounds(check, rule, node);
  if (rule.constraints !== undefined) checkConstraints(check, rule.constraints, node);
  const below = rule.elements;
  if (below === undefined) return;
  for (const name in below) checkElement(check, below[name] ?? NOTHING, node, name);
}

const NOTHING: ElementRule = {};

/** Whether the value has one of the types; if so, checks its profiles and targets. */
function checkType(check: Check, types: readonly TypeRule[], node: Node): boolean {
  const fitting = types.filter(({ code }) => isOfType(node.type, code));
  if (fitting.length === 0) {
    addFault(
      check,
      node.place,
      'type',
      `expected ${types.map(({ code }) => code).join(' or ')} (${check.name})`,
    );
    return false;
  }
  if (!fitting.some(({ profiles }) => profiles === undefined)) checkValueProfiles(check, fitting, node);
  if (node.type === 'Reference') checkTargets(check, fitting, node);
  return true;
}

function checkTargets(check: Check, fitting: readonly TypeRule[], node: Node): void {
  const targets = fitting.flatMap((each) => each.targets ?? []);
  if (targets.length === 0 || fitting.some((each) => each.targets === undefined)) return;
  const types = [...new Set(targets.map(([type]) => type))];
  if (typeof node.value !== 'object' || node.value === null) return;
  const wrong = faultOfTarget(containerAt(check.stand.root, node.place), node.value, types);
  if (wrong !== undefined) return addFault(check, node.place, 'target', `${wrong} (${check.name})`);
  checkTargetProfiles(check, targets, node);
}

function checkFixed(check: Check, { fixed, pattern }: ElementRule, { place, value }: Node): void {
  const holds =
    fixed === undefined ? pattern === undefined || matchesPattern(pattern, value) : isFixed(fixed, value);
  if (!holds) addFault(check, place, 'pattern', `${check.name} expects ${describePattern(fixed ?? pattern)}`);
}

/**
 * The rules of a structure that repeats within itself (`Composition.section.section`) are those of its outer form:
 * "contentReferences bring across all the rules that are in the ElementDefinition".
 */
function checkRepeated(check: Check, rule: ElementRule, node: Node): void {
  for (const name of repeatedIn(node.type)) {
    if (rule.elements?.[name] !== undefined) continue;
    for (const inner of childNodesOf(node, name)) {
      checkValue(check, rule, inner);
      checkRepeated(check, rule, inner);
    }
  }
}

const repeated = new Map<string, readonly string[]>();

function repeatedIn(type: string): readonly string[] {
  if (!type.includes('.')) return [];
  const last = type.slice(type.lastIndexOf('.') + 1);
  const found = repeated.get(type) ?? (elementOf(type, last)?.types[0]?.code === type ? [last] : []);
  repeated.set(type, found);
  return found;
}
