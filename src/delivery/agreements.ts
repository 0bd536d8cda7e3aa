/** The agreements between two organizations: executed Contracts under the authority of one that name the other. */
import type { Ref, Resource } from '../fhir/types.ts';
import { EVERYTHING, type Match, type Query } from '../ports/query.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { localRef, valuesAt } from '../resources/element.ts';

/** Executed Contracts of two organizations that are looked at. */
const CONTRACTS_MAX = 200;

/** The elements of a Contract that name its parties. */
const PARTIES = ['authority', 'subject', 'signer.party', 'term.offer.party.reference'] as const;

/** The agreements between two organizations, of the Contracts that {@link contractsUnder} finds. */
export function agreementsOf(found: readonly Match[], one: Ref, other: Ref): readonly Resource[] {
  return found
    .map(({ text }) => parseStored(text))
    .filter((contract) => {
      const named = new Set(PARTIES.flatMap((path) => valuesAt(contract, path)).map(localRef));
      return named.has(one) && named.has(other);
    });
}

/** Finds the executed Contracts under the authority of one of two organizations. */
export const contractsUnder = (one: Ref, other: Ref): Query => ({
  type: 'Contract',
  where: {
    kind: 'all',
    of: [
      { kind: 'reference', param: 'authority', to: [one, other] },
      { kind: 'token', param: 'status', code: 'executed' },
    ],
  },
  sort: [],
  sight: EVERYTHING,
  count: CONTRACTS_MAX,
  offset: 0,
  total: false,
});
