/** What a client's assertion (RFC 7523) must say beyond what the library judges (smart 8, "Assertion checks"). */

interface AssertionRules {
  /** The address of the token endpoint, and the issuer: the audiences that count. */
  readonly audiences: readonly string[];
  /** Seconds since 1970. */
  readonly now: number;
  readonly toleranceS: number;
  readonly algorithms: readonly string[];
  readonly jwksUri: string | undefined;
}

/** The longest life of an assertion, in seconds (SMART App Launch 2.2). */
const LIFE_MAX_S = 300;
const SANE_S = 60;
const JTI_MAX = 255;

type Members = Readonly<Record<string, unknown>>;

/** Why the assertion does not count, for our log; undefined: it does, as far as this goes. */
export function faultOfAssertion(
  client: string,
  claims: Members,
  header: Members,
  rules: AssertionRules,
): string | undefined {
  const { now, toleranceS, audiences, algorithms, jwksUri } = rules;
  const { alg, typ, kid, jku, crit } = header;
  const { iss, sub, aud, exp, jti, nbf, iat } = claims;
  const checks: readonly (readonly [wrong: boolean, says: string])[] = [
    [typeof alg !== 'string' || !algorithms.includes(alg), 'alg is not accepted'],
    [typ !== 'JWT', 'typ is not JWT'],
    [typeof kid !== 'string' || kid === '', 'kid is missing'],
    [crit !== undefined, 'crit names what is not understood here'],
    [jku !== undefined && jku !== jwksUri, 'jku is not the registered jwks_uri'],
    [iss !== client || sub !== client, 'iss or sub is not the client'],
    [!isFor(aud, audiences), 'aud is not the token endpoint'],
    [typeof exp !== 'number' || exp > now + LIFE_MAX_S + toleranceS, 'exp is more than five minutes ahead'],
    [typeof jti !== 'string' || jti === '' || jti.length > JTI_MAX, 'jti is missing or too long'],
    [!isSane(nbf, now), 'nbf is ahead'],
    [!isSane(iat, now), 'iat is ahead'],
  ];
  return checks.find(([wrong]) => wrong)?.[1];
}

/** One audience, alone or in a list of one. */
function isFor(aud: unknown, audiences: readonly string[]): boolean {
  const one: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  return typeof one === 'string' && audiences.includes(one);
}

const isSane = (moment: unknown, now: number): boolean =>
  moment === undefined || (typeof moment === 'number' && moment <= now + SANE_S);
