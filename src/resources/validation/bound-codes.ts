/**
 * Bindings of profiles (http://hl7.org/fhir/R4/terminologies.html#strength): `required` forbids, and `extensible` warns
 * of, a code that the value set does not have. When the server cannot tell, it says so and does not guess.
 */
import { membershipOf } from '../terminology/membership.ts';
import { PACKAGED } from '../terminology/packaged.ts';
import type { Node } from './node.ts';
import { addFault, addRemark, type Check, type Coding } from './profile-check.ts';
import type { Membership } from '../terminology/membership.ts';
import type { BindingRule } from './profile-row.ts';

/** Checks one value of a bound element. */
export function checkBinding(check: Check, { strength, valueSet }: BindingRule, node: Node): void {
  const codings = codingsOf(node);
  if (codings.length === 0) return checkUncoded(check, strength, valueSet, node);
  const url = valueSet.replace(/\|.*$/, '');
  const kind = `binding ${url}`;
  switch (membershipOfAny(check, valueSet, codings)) {
    case 'unknown':
      // Reported on every write when it might have forbidden the write; otherwise only in `$validate`.
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

/** A concept with only words breaks a required binding, and so do codings without a code. */
function checkUncoded(check: Check, strength: string, valueSet: string, { place, type, value }: Node): void {
  if (strength !== 'required' || !CODED.has(type) || value === undefined || hasExtension(value)) return;
  addFault(check, place, `binding ${valueSet}`, `${check.name} needs a code of the value set ${valueSet}`);
}

const CODED: ReadonlySet<string> = new Set(['CodeableConcept', 'Coding']);

/** An extension may say why there is no code. */
const hasExtension = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'extension' in value;

/** `member` when one of them belongs to it; `not-member` when none does and all are known. */
export function membershipOfAny(check: Check, valueSet: string, codings: readonly Coding[]): Membership {
  const found = codings.map((coding) => membershipIn(check, valueSet, coding));
  return found.includes('member') ? 'member' : found.includes('unknown') ? 'unknown' : 'not-member';
}

/** The answer of the surrounding check, else that of the packaged terminology. */
function membershipIn({ around }: Check, valueSet: string, coding: Coding): Membership {
  const url = valueSet.replace(/\|.*$/, '');
  return around.membershipOf?.(url, coding) ?? membershipOf(PACKAGED, url, coding);
}

interface Coded {
  readonly coding?: readonly { readonly system?: string; readonly code?: string }[];
  readonly system?: string;
  readonly code?: string;
}

/** The codings of a value of any type that can be bound. */
export function codingsOf({ value, type }: Node): readonly Coding[] {
  if (typeof value === 'string') return [{ code: value }];
  const { coding, system, code } = (value ?? {}) as Coded; // it is sound
  const codings = type === 'CodeableConcept' ? (coding ?? []) : [{ system, code }];
  return codings.flatMap(({ system: of, code: each }) =>
    each === undefined ? [] : [{ system: of, code: each }],
  );
}
