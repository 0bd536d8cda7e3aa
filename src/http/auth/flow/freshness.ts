/** How recent and how good a login a request wants: `prompt=login`, `max_age`, `acr_values` (OpenID Connect Core 3.1.2.1, RFC 9470). */
import type { Interaction } from 'oidc-provider';
import { isAcr, reachesAcr, type Acr } from '../../../identity/assurance.ts';
import type { Session } from '../../../identity/session.ts';

/** What the login must be. */
export interface WantedLogin {
  /** Milliseconds since 1970: it is not older. */
  readonly since: number | undefined;
  /** One of these is reached; none: any will do. */
  readonly acr: readonly Acr[];
}

/** Classes that a request asks for, as far as they are ours. */
export const acrAsked = (text: string | undefined): readonly Acr[] => (text ?? '').split(' ').filter(isAcr);

/** The interaction began where the library found the login too old, or was told to ask again: only a later one will do. */
export function wantedOf({ params, prompt, iat }: Interaction): WantedLogin {
  const isAgain =
    prompt.name === 'login' &&
    prompt.reasons.some((reason) => reason !== 'no_session' && reason !== ACR_REASON);
  return {
    since: isAgain && iat !== undefined ? iat * 1000 : undefined,
    acr: acrAsked(params['acr_values']),
  };
}

/** The check of our own in the library's policy. */
export const ACR_REASON = 'acr_values';

/** Whether a session is by a login as young and as good as is wanted. */
export const isProven = ({ authenticatedAt, acr }: Session, { since, acr: asked }: WantedLogin): boolean =>
  (since === undefined || authenticatedAt >= since) && reachesOne(acr, asked);

/** Whether a login is as good as one of the classes that are asked for; asked for none, any is. */
export const reachesOne = (acr: string | undefined, asked: readonly Acr[]): boolean =>
  asked.length === 0 || asked.some((one) => reachesAcr(acr, one));
