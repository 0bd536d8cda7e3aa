/** The policy of a basis that a referral claims: it permits when all that the basis asks for is there, and else denies. */
import type { Basis } from '../basis.ts';
import type { LackingPiece } from '../claim.ts';
import type { Disclosure, Policy } from '../policy.ts';
import { recipientFits, type BasisCondition } from './conditions.ts';

/** A policy of a basis, which says what a disclosure on that basis lacks. */
interface BasisPolicy extends Policy {
  readonly basis: Basis;
  readonly lacks: (disclosure: Disclosure) => readonly LackingPiece[];
}

/** The policy of a basis by its law and by what it asks for beside a recipient that fits. */
export function claimedOn(
  basis: Basis,
  law: string,
  conditions: readonly BasisCondition[] = [],
): BasisPolicy {
  const all = [recipientFits(basis), ...conditions];
  const lacks = (disclosure: Disclosure) => all.flatMap((condition) => condition(disclosure) ?? []);
  return {
    name: basis,
    law,
    basis,
    stops: 'a referral that claims this basis without all that it asks for',
    lacks,
    vote: (disclosure) => {
      if (disclosure.claimed !== basis || !disclosure.parties) return 'abstain';
      return lacks(disclosure).length === 0 ? 'permit' : 'deny';
    },
    refuses: (disclosure) => ({ code: 'basis-evidence-missing', lacks: lacks(disclosure) }),
  };
}

/**
 * The same basis where the referral claims none: it permits, or it is not its business. Asked after those that are claimed,
 * of which each has an answer (compliance L3(f)).
 */
export function foundOn({ refuses: _refuses, stops: _stops, ...policy }: BasisPolicy): Policy {
  return {
    ...policy,
    vote: (disclosure) =>
      disclosure.parties && policy.lacks(disclosure).length === 0 ? 'permit' : 'abstain',
  };
}
