/** Direct addresses: `local@domain`. Compared without case, and never chosen by the name that is shown beside them. */
import type { DirectAddress } from '../ports/direct.ts';

/** Characters of an address (RFC 5321: 64 of the local part, 255 of the domain). */
const LOCAL_MAX = 64;
const DOMAIN_MAX = 255;

/** The dot-atom of RFC 5322 and a host name; quoted local parts and literals of addresses are in no Direct address. */
const ADDRESS =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The address in lower case, without `mailto:`; undefined for what is none. */
export function parseDirectAddress(text: string): DirectAddress | undefined {
  const address = text
    .trim()
    .replace(/^mailto:/i, '')
    .toLowerCase();
  const at = address.lastIndexOf('@');
  if (at > LOCAL_MAX || address.length - at - 1 > DOMAIN_MAX || !ADDRESS.test(address)) return undefined;
  return address as DirectAddress; // just tested
}

export const domainOfAddress = (address: DirectAddress): string =>
  address.slice(address.lastIndexOf('@') + 1);
