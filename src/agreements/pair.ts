/** The agreement between two organizations: one value, whoever of the two asks (baa-messaging BA12, the row *pair*). */
import { BEGINNING, parseDateTime } from '../fhir/datetime.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { asContract, associateOf, kindsOfAgreement, principalOf } from './contract.ts';
import { NO_AGREEMENT, standingOfAgreement, type AgreementStanding } from './state.ts';

/** A Contract as the store holds it. */
export interface StoredContract {
  readonly ref: Ref;
  /** The number of its last commit: of two that were issued on one day, the later counts. */
  readonly seq: number;
  readonly contract: Resource;
}

/** How two organizations stand, and who of them is who in the agreement that decides. */
export interface PairStanding extends AgreementStanding {
  readonly principal?: Ref;
  readonly associate?: Ref;
}

/**
 * How two organizations stand at a moment, for one service or for any: active if any agreement that covers the service
 * is; otherwise as the newest that covers it. A qualified service organization agreement that is no business associate
 * agreement does not count.
 */
export function standingOfPair(
  contracts: readonly StoredContract[],
  one: Ref,
  other: Ref,
  now: number,
  service?: string,
): PairStanding {
  const candidates = contracts
    .filter(({ contract }) => isBetween(contract, one, other) && bindsAssociate(contract))
    .map((stored) => ({ stored, standing: standingOfAgreement(stored.contract, now) }))
    .filter(
      ({ standing: { state, services } }) =>
        state !== 'none' && (service === undefined || services.includes(service)),
    )
    .toSorted((a, b) => newestFirst(a.stored, b.stored));
  const decides = candidates.find(({ standing }) => standing.state === 'active') ?? candidates[0];
  return decides === undefined
    ? NO_AGREEMENT
    : { ...decides.standing, ...agreementPartiesOf(decides.stored.contract) };
}

/** A Contract that makes its subject a business associate. */
export const bindsAssociate = (contract: Resource): boolean =>
  kindsOfAgreement(contract).some((kind) => kind !== 'qso');

/** The later issued first; of one day, the later committed. */
export function newestFirst(a: StoredContract, b: StoredContract): number {
  return issuedAt(b.contract) - issuedAt(a.contract) || b.seq - a.seq;
}

/** The two parties of an agreement. */
function agreementPartiesOf(contract: Resource): Pick<PairStanding, 'principal' | 'associate'> {
  const [principal, associate] = [principalOf(contract), associateOf(contract)];
  return { ...(principal !== undefined && { principal }), ...(associate !== undefined && { associate }) };
}

function isBetween(contract: Resource, one: Ref, other: Ref): boolean {
  const [principal, associate] = [principalOf(contract), associateOf(contract)];
  return (principal === one && associate === other) || (principal === other && associate === one);
}

const issuedAt = (contract: Resource): number =>
  parseDateTime(asContract(contract).issued ?? '')?.low ?? BEGINNING;
