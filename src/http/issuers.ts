/** Which issuer a token is of: the server's own authorization server, or one outside (harmony Z26). */
import { decodeJwt } from 'jose';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { readToken, type Identify } from './bearer.ts';
import type { IdentifyToken } from './auth/identify.ts';

/** An issuer outside, and the reader of its tokens. */
export interface OutsideIssuer {
  readonly issuer: string;
  readonly identify: Identify;
}

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
  return (credentials) => {
    const token = readToken(credentials.authorization);
    const isJwt = token.split('.').length === 3;
    if (own !== undefined && !isJwt) return own({ ...credentials, token });
    // An issuer that nobody knows is refused by the rules of the first, in its words.
    const identify = byIssuer.get(issuerOf(token)) ?? first?.identify;
    if (identify !== undefined) return identify(credentials);
    throw new OperationOutcomeError('token-invalid', { diagnostics: 'The token is of another issuer.' });
  };
}

/** The issuer that a token names, before anybody has verified it: it chooses the keys, and these decide. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    return '';
  }
}
