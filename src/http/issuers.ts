/** Which issuer a token is of: the server's own authorization server, or one outside (harmony Z26). */
import { decodeJwt } from 'jose';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { readToken, type Identify } from './bearer.ts';
import { digestOfHeader } from './token-cache.ts';
import type { IdentifyToken } from './auth/identify.ts';

/** An issuer outside, and the reader of its tokens. */
export interface OutsideIssuer {
  readonly issuer: string;
  readonly identify: Identify;
}

/** Characters of a header that may be a token of our own. */
const SHORT = 120;
/** Headers whose issuer is remembered. */
const ISSUERS_KNOWN = 1000;

/**
 * Tokens of our own are opaque, those from outside are JWTs: each is read by the rules of its own issuer alone.
 *
 * @param own undefined where the authorization server is switched off
 */
export function createIdentifyAny(
  own: IdentifyToken | undefined,
  outside: readonly OutsideIssuer[],
): Identify {
  const byIssuer = new Map(outside.map(({ issuer, identify }) => [issuer, identify]));
  const [first] = outside;
  const [only] = own === undefined && outside.length === 1 ? outside : [];
  if (only !== undefined) return only.identify;
  // Which issuer a header names never changes, so that this is no answer to who asks: the issuer's rules give it each time.
  const known = new Map<string, Identify>();
  return (credentials) => {
    const { authorization = '' } = credentials;
    // Tokens of our own are short, and read sooner than a digest is made.
    const digest = authorization.length > SHORT ? digestOfHeader(authorization) : undefined;
    const before = digest === undefined ? undefined : known.get(digest);
    if (before !== undefined) return before({ ...credentials, digest });
    const token = readToken(credentials.authorization);
    const isJwt = token.split('.').length === 3;
    if (own !== undefined && !isJwt) return own({ ...credentials, token });
    // An issuer that nobody knows is refused by the rules of the first, in its words.
    const identify = byIssuer.get(issuerOf(token)) ?? first?.identify;
    if (identify === undefined)
      throw new OperationOutcomeError('token-invalid', { diagnostics: 'The token is of another issuer.' });
    const caller = identify({ ...credentials, digest });
    // At once means that the token was verified before: what anybody makes up is not remembered.
    if (digest !== undefined && !(caller instanceof Promise)) remember(known, digest, identify);
    return caller;
  };
}

function remember(known: Map<string, Identify>, digest: string, identify: Identify): void {
  const oldest = known.size >= ISSUERS_KNOWN ? known.keys().next().value : undefined;
  if (oldest !== undefined) known.delete(oldest);
  known.set(digest, identify);
}

/** The issuer that a token names, before anybody has verified it: it chooses the keys, and these decide. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    return '';
  }
}
