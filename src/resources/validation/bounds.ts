/** `maxLength`, `minValue[x]` and `maxValue[x]` (http://hl7.org/fhir/R4/elementdefinition.html). */
import { isSurelyAfter } from './moments.ts';
import type { Node } from './node.ts';
import { addFault, type Check } from './profile-check.ts';
import type { ElementRule } from './profile-row.ts';

/** Checks one value; does not judge values that cannot be compared. */
export function checkBounds(check: Check, rule: ElementRule, { place, value }: Node): void {
  const { maxLength, minValue, maxValue } = rule;
  if (maxLength !== undefined && typeof value === 'string' && value.length > maxLength)
    addFault(check, place, 'length', `${check.name} allows at most ${maxLength} characters`);
  if (minValue !== undefined && isAbove(minValue, value))
    addFault(check, place, 'bound', `${check.name} expects at least ${wordsFor(minValue)}`);
  if (maxValue !== undefined && isAbove(value, maxValue))
    addFault(check, place, 'bound', `${check.name} expects at most ${wordsFor(maxValue)}`);
}

interface Quantity {
  readonly value?: number;
  readonly unit?: string;
  readonly system?: string;
  readonly code?: string;
}

/** Whether one value is surely above the other: numbers, moments, times, and quantities of one unit. */
function isAbove(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') return one > other;
  if (typeof one === 'string' && typeof other === 'string')
    return TIME.test(one) && TIME.test(other) ? one > other : isSurelyAfter(one, other);
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const [first, second]: readonly Quantity[] = [one, other]; // the only structure that has bounds
  if (first?.value === undefined || second?.value === undefined) return false;
  return first.code === second.code && first.system === second.system && first.value > second.value;
}

const TIME = /^\d\d:\d\d:\d\d/;

/** A bound as the profile has it. */
function wordsFor(bound: unknown): string {
  if (typeof bound !== 'object' || bound === null) return String(bound);
  const { value, code, unit = code } = bound as Quantity; // the only structure that has bounds
  return `${value} ${unit ?? ''}`.trim();
}
