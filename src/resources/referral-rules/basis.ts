/**
 * The basis that an order claims for telling its recipient (compliance D3). It is on record for every referral, also where
 * it is the usual one: the server writes what it finds into an order that claims none. It does not change once the referral
 * was sent.
 */
import type { Resource } from '../../fhir/types.ts';
import type { Reference, Ref } from '../../fhir/types.ts';
import { isBasis, type Basis } from '../../policies/basis.ts';
import { ELSEWHERE_BASES } from '../../policies/elsewhere.ts';
import { localRef, valuesAt } from '../element.ts';
import { canonicalJson } from '../parties/canonical.ts';
import type { Transform } from '../rules.ts';

export const DISCLOSURE_BASIS = 'https://closeloop.dev/fhir/StructureDefinition/disclosure-basis';
const BASIS_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/disclosure-basis';

interface Part {
  readonly url?: string;
  readonly valueCoding?: { readonly code?: string };
  readonly valueString?: string;
  readonly valueCode?: string;
  readonly valueReference?: Reference;
}

interface Claim extends Part {
  readonly extension?: readonly Part[];
}

const extensionsOf = (order: Resource | undefined): readonly Claim[] =>
  valuesAt(order, 'extension') as readonly Claim[]; // validated structure

const claimOf = (order: Resource | undefined): Claim | undefined =>
  extensionsOf(order).find(({ url }) => url === DISCLOSURE_BASIS);

/** The basis that an order claims; undefined where it says nothing that is known. */
export function claimedBasis(order: Resource | undefined): Basis | undefined {
  const code = codeIn(order);
  return isBasis(code) ? code : undefined;
}

const codeIn = (order: Resource | undefined): string | undefined =>
  claimOf(order)?.extension?.find(({ url }) => url === 'code')?.valueCoding?.code;

/** A basis that is claimed and that no referral is told on (compliance B32); undefined: none is. */
export function notOfferedIn(order: Resource | undefined): string | undefined {
  const code = codeIn(order);
  return code !== undefined && Object.hasOwn(ELSEWHERE_BASES, code) ? code : undefined;
}

/** The parts of a claim, as they are written. */
interface ClaimParts {
  readonly code: string | undefined;
  readonly law: string | undefined;
  readonly justification: string | undefined;
  readonly informed: string | undefined;
  readonly activity: string | undefined;
  readonly authority: Ref | undefined;
  readonly evidence: readonly Ref[];
}

/** What an order claims; undefined: nothing. */
export function claimParts(order: Resource | undefined): ClaimParts | undefined {
  const parts = claimOf(order)?.extension;
  if (parts === undefined) return undefined;
  const part = (url: string): Part | undefined => parts.find((one) => one.url === url);
  return {
    code: part('code')?.valueCoding?.code,
    law: part('law')?.valueString,
    justification: part('justification')?.valueString,
    informed: part('informed')?.valueCode,
    activity: part('activity')?.valueCode,
    authority: localRef(part('authority')?.valueReference),
    evidence: parts.flatMap(({ url, valueReference }) =>
      url === 'evidence' ? (localRef(valueReference) ?? []) : [],
    ),
  };
}

/** Whether a write changes the basis. One that leaves it out keeps it; an order without one was sent as treatment. */
export function changesBasis(before: Resource, after: Resource): boolean {
  const [old, now] = [claimOf(before), claimOf(after)];
  if (now === undefined) return false;
  return old === undefined
    ? claimedBasis(after) !== 'treatment'
    : canonicalJson([old]) !== canonicalJson([now]);
}

/** The order with the basis that it had, where its client leaves it out. */
export function withBasisOf(before: Resource): Transform {
  const claim = claimOf(before);
  return (tree) => (claim === undefined || claimOf(tree) !== undefined ? tree : withClaim(tree, claim));
}

const withClaim = (tree: Resource, claim: Claim): Resource => ({
  ...tree,
  extension: [...extensionsOf(tree), claim],
});

/** The order with a basis that the server found, where it claims none. */
export const withFoundBasis =
  (basis: Basis): Transform =>
  (tree) =>
    claimOf(tree) === undefined
      ? withClaim(tree, {
          url: DISCLOSURE_BASIS,
          extension: [
            { url: 'code', valueCoding: { system: BASIS_SYSTEM, code: basis } as { code: string } },
          ],
        })
      : tree;
