/** Tokens by which a provider says that somebody logged off there (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6). */
import type { Claims } from './external.ts';

/** Whose sessions end: those of one session there, or all of a person. */
interface LoggedOff {
  readonly subject: string | undefined;
  readonly session: string | undefined;
  /** The id of the token: it is taken once. */
  readonly tokenId: string;
  /** Milliseconds since 1970 until when the id must be remembered. */
  readonly rememberUntil: number;
}

type LogoutFault = 'type' | 'issuer' | 'audience' | 'time' | 'id' | 'event' | 'whose' | 'id-token';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TEXT_MAX = 255;
/** A token without an expiry is taken for this long after it was issued. */
const LASTS_S = 120;
const TOLERANCE_S = 60;

/**
 * Judges the claims of a token whose signature has been verified with the keys of its issuer. An id_token is never one:
 * it may hold a nonce, and has another type.
 *
 * @param now milliseconds since 1970
 */
export function judgeLogoutToken(
  type: unknown,
  claims: Claims,
  { issuer, clientId }: { readonly issuer: string; readonly clientId: string },
  now: number,
): LoggedOff | { readonly fault: LogoutFault } {
  if (typeof type !== 'string' || type.toLowerCase().replace(/^application\//, '') !== 'logout+jwt')
    return { fault: 'type' };
  const { iss, aud, iat, exp, jti, events, sub, sid, nonce } = claims;
  if (nonce !== undefined) return { fault: 'id-token' };
  if (iss !== issuer) return { fault: 'issuer' };
  if (!(Array.isArray(aud) ? aud : [aud]).includes(clientId)) return { fault: 'audience' };
  const seconds = now / 1000;
  const ends = typeof exp === 'number' ? exp : typeof iat === 'number' ? iat + LASTS_S : Number.NaN;
  if (typeof iat !== 'number' || iat > seconds + TOLERANCE_S || !(ends + TOLERANCE_S > seconds))
    return { fault: 'time' };
  if (!isText(jti)) return { fault: 'id' };
  const event = typeof events === 'object' && events !== null ? (events as Claims)[EVENT] : undefined;
  if (typeof event !== 'object' || event === null) return { fault: 'event' };
  const subject = isText(sub) ? sub : undefined;
  const session = isText(sid) ? sid : undefined;
  if (subject === undefined && session === undefined) return { fault: 'whose' };
  return { subject, session, tokenId: jti, rememberUntil: (ends + TOLERANCE_S) * 1000 };
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= TEXT_MAX;
