/**
 * Whether a JWT is an access token (RFC 8725, 3.11; RFC 9068, 2.1): an issuer signs ID tokens and logout tokens with the
 * same keys. Its `typ` says so; issuers that write `JWT` or nothing there are taken at their claims.
 */
import type { JWTHeaderParameters, JWTPayload } from 'jose';

/** What can stand in the setting `tokenTypes`; `none` is a token without `typ`. */
export const TOKEN_TYPES: readonly string[] = ['at+jwt', 'JWT', 'none'];

/** Claims of ID tokens (OpenID Connect Core 2, 3.3.2.11) and of logout tokens (Back-Channel Logout 2.4). */
const FOREIGN_CLAIMS: readonly string[] = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'];

/** Claims by which some issuers say what a token is, and what they write into access tokens. */
const KIND_CLAIMS: readonly (readonly [claim: string, ofAccess: readonly string[]])[] = [
  ['typ', ['bearer', 'dpop', 'at+jwt', 'jwt', 'access']],
  ['token_use', ['access']],
];

/** Why this is no access token, in a sentence; undefined when it is one. */
export function judgeTokenType(
  { typ }: Partial<JWTHeaderParameters>,
  payload: JWTPayload,
  accepted: readonly string[],
): string | undefined {
  // RFC 7515, 4.1.9: a media type without its `application/`, in any case.
  const type =
    typ === undefined
      ? 'none'
      : String(typ)
          .toLowerCase()
          .replace(/^application\//, '');
  if (!accepted.some((one) => one.toLowerCase() === type))
    return 'The type (typ) of the token is not that of an access token.';
  const isSaid = type === 'at+jwt';
  const isAccess = isSaid || typeof payload['scope'] === 'string' || Array.isArray(payload['scope']);
  return isAccess && !isOfAnotherKind(payload) ? undefined : 'The token is not an access token.';
}

function isOfAnotherKind(payload: JWTPayload): boolean {
  if (FOREIGN_CLAIMS.some((claim) => payload[claim] !== undefined)) return true;
  return KIND_CLAIMS.some(([claim, ofAccess]) => {
    const value = payload[claim];
    return value !== undefined && !(typeof value === 'string' && ofAccess.includes(value.toLowerCase()));
  });
}
