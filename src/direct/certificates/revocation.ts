/** Whether a certificate of a chain was revoked, as far as the lists at hand say (direct-xdm 4). */
import type { X509Certificate } from 'node:crypto';
import type { Chain } from './chain.ts';
import { readFacts, type CertificateFacts } from './certificate-facts.ts';
import { isListBy, type RevocationList } from './revocation-list.ts';

/** What is known at a place where a list should be. */
export interface KnownList {
  /** The last list that was got there. */
  readonly list: RevocationList | undefined;
  /** Milliseconds since 1970 at which nothing could be got there first, when nothing has been since. */
  readonly failingSince: number | undefined;
}

/** The lists at hand, by their places. */
export interface Revocation {
  readonly lists: ReadonlyMap<string, KnownList>;
  /** How long a certificate counts as not revoked when its list is missing or too old, in milliseconds. */
  readonly graceMs: number;
}

type RevocationFault = 'revoked' | 'revocation-unknown';

/** How much the clock of an authority may be ahead, or its list be younger than the mail. */
const AHEAD_MS = 10 * 60_000;

/** The chain without its anchor: an anchor is trusted until a person takes it away. Undefined: nothing is revoked. */
export function findRevoked(chain: Chain, revocation: Revocation, at: number): RevocationFault | undefined {
  const faults = chain.slice(0, -1).flatMap((one, index) => {
    const issuer = chain[index + 1];
    return issuer === undefined ? [] : (judgeOne(one, issuer, revocation, at) ?? []);
  });
  return faults.find((fault) => fault === 'revoked') ?? faults[0];
}

/** The places that the certificates of a chain name, without the anchor's. */
export const listPlacesOf = (chain: Chain): readonly string[] => [
  ...new Set(chain.slice(0, -1).flatMap((one) => readFacts(one)?.listPlaces ?? [])),
];

function judgeOne(
  one: X509Certificate,
  issuer: X509Certificate,
  { lists, graceMs }: Revocation,
  at: number,
): RevocationFault | undefined {
  const facts = readFacts(one);
  if (facts === undefined) return 'revocation-unknown';
  // A certificate that names no list has none (docs/limits.md: nothing asks by OCSP).
  if (facts.listPlaces.length === 0) return undefined;
  const known = facts.listPlaces.flatMap((place) => {
    const found = lists.get(place);
    return found === undefined ? [] : [usable(found, { place, facts, issuer, at })];
  });
  // Also an old list counts for whom it names.
  if (known.some(({ list }) => list?.revoked.has(facts.serial) === true)) return 'revoked';
  return known.some(({ unknownSince }) => unknownSince === undefined || at - unknownSince < graceMs)
    ? undefined
    : 'revocation-unknown';
}

interface ListQuestion {
  readonly place: string;
  readonly facts: CertificateFacts;
  readonly issuer: X509Certificate;
  readonly at: number;
}

/** The list at a place, where it is the issuer's and about this certificate; since when nothing current is known there. */
function usable(
  { list, failingSince }: KnownList,
  { place, facts, issuer, at }: ListQuestion,
): { readonly list: RevocationList | undefined; readonly unknownSince: number | undefined } {
  const { places, only } = list?.scope ?? {};
  const isMeant =
    list !== undefined &&
    list.thisUpdate <= at + AHEAD_MS &&
    (places === undefined || places.includes(place)) &&
    (only === undefined || (only === 'authorities') === facts.isCa) &&
    isListBy(list, issuer);
  if (!isMeant) return { list: undefined, unknownSince: failingSince ?? -Infinity };
  return { list, unknownSince: at <= list.nextUpdate ? undefined : list.nextUpdate };
}
