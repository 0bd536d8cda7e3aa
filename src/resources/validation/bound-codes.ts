/**
 * Bindings of profiles (http://hl7.org/fhir/R4/terminologies.html#strength): `required` forbids, `extensible` warns of a
 * code that is not of the value set, and what is not known is said and never guessed.
 */
import { membershipOf } from '../terminology/membership.ts';
import { PACKAGED } from '../terminology/packaged.ts';
import type { Node } from './node.ts';
import { addFault, addRemark, type Check, type Coding, type Membership } from './profile-check.ts';
import type { BindingRule } from './profile-row.ts';

/** Checks one value of a bound element. */
export function checkBinding(check: Check, { strength, valueSet }: BindingRule, node: Node): void {
  const codings = codingsOf(node);
  if (codings.length === 0) return checkUncoded(check, strength, valueSet, node);
  const url = valueSet.replace(/\|.*$/, '');
  const kind = `binding ${url}`;
  switch (membershipOfAny(check, valueSet, codings)) {
    case 'unknown':
      // Said on every write where it might have forbidden it; else only to who asks.
      if (strength === 'extensible' && check.around.thorough !== true) return;
      return addRemark(
        check,
        node.place,
        kind,
        `${url} is not held here, so the code was not checked (${check.name})`,
      );
    case 'not-member':
      if (strength === 'required')
        return addFault(check, node.place, kind, `${check.name} expects a code of the value set ${url}`);
      return addRemark(
        check,
        node.place,
        kind,
        `${check.name} expects a code of ${url} if one applies`,
        'warning',
      );
    default:
  }
}

/** A concept in words alone breaks a required binding; so do codings without a code. */
function checkUncoded(check: Check, strength: string, valueSet: string, { place, type, value }: Node): void {
  if (strength !== 'required' || !CODED.has(type) || value === undefined || hasExtension(value)) return;
  addFault(check, place, `binding ${valueSet}`, `${check.name} needs a code of the value set ${valueSet}`);
}

const CODED: ReadonlySet<string> = new Set(['CodeableConcept', 'Coding']);

/** It may say why there is no code. */
const hasExtension = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'extension' in value;

/** `member` when one of them is; `not-member` when all are known not to be. */
export function membershipOfAny(check: Check, valueSet: string, codings: readonly Coding[]): Membership {
  const found = codings.map((coding) => membershipIn(check, valueSet, coding));
  return found.includes('member') ? 'member' : found.includes('unknown') ? 'unknown' : 'not-member';
}

/** As the world around says, or by what is packaged. */
function membershipIn({ around }: Check, valueSet: string, coding: Coding): Membership {
  const url = valueSet.replace(/\|.*$/, '');
  return around.membershipOf?.(url, coding) ?? membershipOf(PACKAGED, url, coding);
}

interface Coded {
  readonly coding?: readonly { readonly system?: string; readonly code?: string }[];
  readonly system?: string;
  readonly code?: string;
}

/** The codes of a value of any type that can be bound. */
export function codingsOf({ value, type }: Node): readonly Coding[] {
  if (typeof value === 'string') return [{ code: value }];
  const { coding, system, code } = (value ?? {}) as Coded; // it is sound
  const codings = type === 'CodeableConcept' ? (coding ?? []) : [{ system, code }];
  return codings.flatMap(({ system: of, code: each }) =>
    each === undefined ? [] : [{ system: of, code: each }],
  );
}
