/**
 * The basis that an order claims for telling its recipient (compliance D3). It is on record for every referral, also where
 * it is the usual one: the server writes `treatment` into an order that claims none. It does not change once the referral
 * was sent.
 */
import type { Resource } from '../../fhir/types.ts';
import { isBasis, type Basis } from '../../policies/basis.ts';
import { POLICIES } from '../../policies/index.ts';
import { note, type Note } from '../../referral/ruling.ts';
import { valuesAt } from '../element.ts';
import { canonicalJson } from '../parties/canonical.ts';
import type { Transform } from '../rules.ts';

export const DISCLOSURE_BASIS = 'https://closeloop.dev/fhir/StructureDefinition/disclosure-basis';
const BASIS_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/disclosure-basis';

interface Part {
  readonly url?: string;
  readonly valueCoding?: { readonly code?: string };
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
  const code = claimOf(order)?.extension?.find(({ url }) => url === 'code')?.valueCoding?.code;
  return isBasis(code) ? code : undefined;
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

const TREATMENT: Claim = {
  url: DISCLOSURE_BASIS,
  extension: [{ url: 'code', valueCoding: { system: BASIS_SYSTEM, code: 'treatment' } as { code: string } }],
};

const PLACE = ['ServiceRequest.extension'];

interface Based {
  /** Undefined where the order claims a basis. */
  readonly order?: Transform;
  readonly notes: readonly Note[];
}

/** What the server writes into an order that is sent and claims no basis, and what it says of the claim. */
export function basisFor(order: Resource): Based {
  const claimed = claimedBasis(order);
  if (claimed === undefined) {
    const says = 'The server wrote the basis of the disclosure: treatment (45 CFR 164.506(c)(2)).';
    return {
      order: (tree) => (claimOf(tree) === undefined ? withClaim(tree, TREATMENT) : tree),
      notes: [note('information', says, PLACE)],
    };
  }
  if (POLICIES.some(({ ground }) => ground === claimed)) return { notes: [] };
  const says = `No policy of this server permits to tell on the basis ${claimed}: the referral is not delivered.`;
  return { notes: [note('warning', says, PLACE)] };
}
