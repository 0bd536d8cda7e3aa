/** The owner of keys and anchors: one address, or a domain for all its addresses (direct-xdm 4). */
import type { DirectAddress } from '../../ports/direct.ts';
import { domainOfAddress, parseDirectAddress } from '../address.ts';

/** `local@domain` or `domain`, in lower case. */
export type TrustOwner = string;

/** Undefined for what is neither an address nor a domain. */
export function parseOwner(text: string): TrustOwner | undefined {
  const owner = text.trim().toLowerCase();
  return owner.includes('@') ? parseDirectAddress(owner) : parseDirectAddress(`any@${owner}`) && owner;
}

/** The owners that count for an address, the nearer first. */
export const ownersOf = (address: DirectAddress): readonly TrustOwner[] => [
  address,
  domainOfAddress(address),
];
