/**
 * The subcontractors that a vendor declares (baa-messaging VR4): a Contract of theirs that is only being prepared counts as
 * declared. Whoever the vendor works for is told of name, services and state, and never of the text.
 */
import { chainOf } from '../../agreements/chain.ts';
import { associateOf, kindsOfAgreement, servicesOf } from '../../agreements/contract.ts';
import type { StoredContract } from '../../agreements/pair.ts';
import { standingOfAgreement, type AgreementState } from '../../agreements/state.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { contractsThen, nameAt, type TwoTimes } from './contracts.ts';

export interface Subcontractor {
  readonly organization: Ref;
  readonly name: string;
  readonly services: readonly string[];
  /** Of the chain down to it; of what is declared alone, of its own Contract. */
  readonly state: AgreementState;
  readonly contract: Ref;
}

interface Above {
  readonly organization: Ref;
  readonly vendor: Ref;
  readonly at: number;
  /** Contracts of the organization. */
  readonly contracts: readonly StoredContract[];
}

export async function subcontractorsOf(
  times: TwoTimes,
  { organization, vendor, at, contracts }: Above,
): Promise<readonly Subcontractor[]> {
  const where = { kind: 'reference', param: 'authority', to: [vendor] } as const;
  const own = contracts.filter(({ contract }) => associateOf(contract) === vendor);
  const found: Subcontractor[] = [];
  for (const stored of await contractsThen(times)({ where })) {
    const { ref, contract } = stored;
    const below = associateOf(contract);
    const standing = standingOfAgreement(contract, at);
    const isBelow = kindsOfAgreement(contract).includes('subcontractor-baa') && standing.state !== 'none';
    if (below === undefined || !isBelow || !isFor(contract, own)) continue;
    const chain = chainOf([...own, stored], organization, below, at);
    found.push({
      organization: below,
      name: await nameAt(times.past, below),
      services: servicesOf(contract),
      state: chain.state === 'none' ? standing.state : chain.state,
      contract: ref,
    });
  }
  return found;
}

/**
 * Whether a subcontractor works under one of these agreements: the one that its Contract names, or where it names none, one
 * that covers a service of its own. Who works for another principal stays unseen.
 */
function isFor(contract: Resource, upper: readonly StoredContract[]): boolean {
  const named = valuesAt(contract, 'supportingInfo')
    .map(localRef)
    .filter((ref) => ref?.startsWith('Contract/'));
  if (named.length > 0) return upper.some(({ ref }) => named.includes(ref));
  const services = servicesOf(contract);
  return upper.some((one) => servicesOf(one.contract).some((service) => services.includes(service)));
}
