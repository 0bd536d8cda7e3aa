/**
 * How sure the server is of who somebody is: classes of authentication (acr), and the ways that led there (amr, RFC 8176).
 * Everybody needs a second factor (identity ID-27): a password alone reaches the pages on which one is enrolled.
 */

/** The class of a login. */
export type Acr = (typeof ACR)[keyof typeof ACR];

export const ACR = {
  /** A password alone, before a second factor exists: the enrolment pages and nothing else. */
  enrol: 'urn:closeloop:acr:enrol',
  /** Two factors. */
  mfa: 'urn:closeloop:acr:mfa',
  /** Two factors of which one cannot be phished: a passkey with user verification. */
  phr: 'urn:closeloop:acr:phr',
  /** A token or ticket of the demonstration. */
  demo: 'urn:closeloop:acr:demo',
} as const;

/** A word of RFC 8176. `mfa` alone: an outside provider vouches for two factors. */
export type Amr = 'pwd' | 'otp' | 'hwk' | 'swk' | 'user' | 'mfa';

const RANKS: Readonly<Record<Acr, number>> = {
  [ACR.enrol]: 0,
  [ACR.demo]: 1,
  [ACR.mfa]: 1,
  [ACR.phr]: 2,
};

export const isAcr = (text: string): text is Acr => Object.hasOwn(RANKS, text);

/** Whether a login of class `acr` is as good as `wanted`. A class that we do not know is as good as nothing. */
export const reachesAcr = (acr: string | undefined, wanted: Acr): boolean =>
  acr !== undefined && isAcr(acr) && RANKS[acr] >= RANKS[wanted];

/** The class that these ways reach together. */
export function acrOf(amr: readonly string[]): Acr {
  if (amr.includes('hwk') || amr.includes('swk')) return ACR.phr;
  const areTwo = amr.includes('mfa') || (amr.includes('pwd') && amr.includes('otp'));
  return areTwo ? ACR.mfa : ACR.enrol;
}

/** The ways of a login, sorted, each once, with `mfa` where there were two factors. */
export function amrOf(ways: readonly Amr[]): readonly Amr[] {
  const all = new Set<Amr>(ways);
  if (acrOf(ways) !== ACR.enrol) all.add('mfa');
  return [...all].toSorted();
}
