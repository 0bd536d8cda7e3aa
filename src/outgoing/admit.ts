/**
 * Admits the addresses that organizations name. The guard judges each address before the server stores it, and an
 * organization may name only so many new ones a day: with any number of addresses it could scan ports (rules 6.3).
 */
import { hash } from 'node:crypto';
import type { Ref } from '../fhir/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { AdmitAddress } from '../ports/outgoing.ts';
import { parsePlace } from '../resources/outgoing-address.ts';
import type { Guard } from './guard.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

interface AdmitSettings {
  /** The new addresses that one organization has named on one day. */
  readonly newAddressesMax: number;
}

export function createAdmitAddress(
  guard: Guard,
  clock: Clock,
  { newAddressesMax }: AdmitSettings,
): AdmitAddress {
  let day = 0;
  const named = new Map<Ref, Set<string>>();

  /** Naming a known address again costs nothing, so that a write may be planned twice. */
  function isWithinBound(by: Ref, key: string): boolean {
    const today = Math.floor(clock.now() / DAY_MS);
    if (today !== day) named.clear();
    day = today;
    const known = named.get(by) ?? new Set();
    named.set(by, known);
    if (known.has(key)) return true;
    if (known.size >= newAddressesMax) return false;
    known.add(key);
    return true;
  }

  return async (destination, by) => {
    const place = parsePlace(destination);
    const key = hash(
      'sha256',
      place === undefined ? destination.address : `${place.host} ${place.port}`,
      'base64',
    );
    if (by !== undefined && !isWithinBound(by, key)) return 'too-many';
    return (await guard.permits(destination)) ? 'admitted' : 'not-allowed';
  };
}
