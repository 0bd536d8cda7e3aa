/** Userinfo (OpenID Connect Core 5.3): who the user of a token is. Ours, since the library's takes no token for the FHIR base. */
import type { Store } from '../../ports/store.ts';
import type { ClientOrigins } from './client-origins.ts';
import { readContextOf } from './adapter.ts';
import type { AuthExchange } from './exchange.ts';
import type { IdentifyToken } from './identify.ts';
import type { ProviderAccount } from './provider.ts';
import { keyOfSecret, type AccessTokenBody, type GrantContext } from './records.ts';
import { unlessRefused } from './unless-refused.ts';

interface Parts {
  readonly store: Pick<Store, 'snapshot'>;
  readonly identify: IdentifyToken;
  readonly origins: ClientOrigins;
  readonly findAccount: (id: string, context: GrantContext) => Promise<ProviderAccount | undefined>;
}

export function createUserinfo(parts: Parts): (exchange: AuthExchange) => Promise<void> {
  return async (exchange) => {
    const { req, send } = exchange;
    const { origin } = req.headers;
    const [, token] = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '') ?? [];
    const client = token === undefined ? undefined : await clientOf(parts, token);
    const claims = token === undefined || client === undefined ? undefined : await claimsOf(parts, token);
    const { origins } = parts;
    const isOffered =
      origin !== undefined &&
      (await (client === undefined ? origins.has(origin) : origins.isOf(client, origin)));
    const cors = isOffered ? { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' } : {};
    if (claims === 'scope')
      send(403, { error: 'insufficient_scope' }, { 'WWW-Authenticate': REALM_SCOPE, ...cors });
    else if (claims === undefined)
      send(401, { error: 'invalid_token' }, { 'WWW-Authenticate': 'Bearer error="invalid_token"', ...cors });
    else send(200, claims, { 'Cache-Control': 'no-store', ...cors });
  };
}

const REALM_SCOPE = 'Bearer error="insufficient_scope", scope="openid"';

/** The client of a token; undefined: the token is worth nothing. */
async function clientOf({ identify }: Parts, token: string): Promise<string | undefined> {
  const asked = { token, onBehalfOf: undefined, address: undefined, isOwnWish: false };
  return (await unlessRefused(() => identify(asked)))?.client;
}

async function claimsOf({ store, findAccount }: Parts, token: string): Promise<object | 'scope' | undefined> {
  const snapshot = store.snapshot();
  const found = await snapshot.record('access-token', keyOfSecret(token));
  if (found === undefined) return undefined;
  const { account, scope, grant } = found.body as AccessTokenBody; // of this kind
  const words = scope.split(' ');
  if (account === undefined || !words.includes('openid')) return 'scope';
  const { fhirUser, name } = (await findAccount(account, await readContextOf(snapshot, grant))) ?? {};
  return {
    sub: account,
    ...(words.includes('fhirUser') && fhirUser !== undefined && { fhirUser }),
    ...(words.includes('profile') && name !== undefined && { name }),
  };
}
