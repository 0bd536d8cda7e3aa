/**
 * Introspection (RFC 7662, SMART App Launch 2.2 "Token Introspection"), with its own front: SMART lets a Bearer token ask, which
 * the library does not (smart SM-58). What is not active, or not the asker's to see, is told by one member (smart SM-60).
 */
import type { Ref } from '../../fhir/types.ts';
import type { Store } from '../../ports/store.ts';
import { INTROSPECT_SCOPE } from '../../smart/server-scopes.ts';
import { readContextOf } from './adapter.ts';
import type { AuthenticateClient, FormFields } from './client-auth.ts';
import { findClient } from './clients.ts';
import type { AuthExchange } from './exchange.ts';
import { readFields } from './exchange.ts';
import type { IdentifyToken } from './identify.ts';
import { launchParameters } from './mount.ts';
import { keyOfSecret, type AccessTokenBody, type GrantContext } from './records.ts';
import { unlessRefused } from './unless-refused.ts';

interface Parts {
  readonly store: Pick<Store, 'snapshot'>;
  readonly authenticate: AuthenticateClient;
  readonly identify: IdentifyToken;
  readonly settings: { readonly issuer: string; readonly base: string };
  readonly fhirUserOf: (account: string, context: GrantContext) => Promise<string | undefined>;
}

/** Who asks about a token. */
interface Asker {
  /** The client that asks. */
  readonly client: string;
  /** The organization whose tokens it may see beside its own. */
  readonly organization: Ref | undefined;
  readonly administrator: boolean;
}

export function createIntrospection(parts: Parts): (exchange: AuthExchange) => Promise<void> {
  return async (exchange) => {
    const form = await readFields(exchange);
    const asker = await askerOf(parts, exchange, form);
    if (asker === undefined) {
      exchange.send(401, { error: 'invalid_client' }, { 'WWW-Authenticate': 'Bearer, Basic', ...NOT_KEPT });
      return;
    }
    const told = await describe(parts, form.get('token') ?? '', asker);
    await exchange.unit.commit();
    exchange.send(200, told ?? { active: false }, NOT_KEPT);
  };
}

const NOT_KEPT = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

/** A confidential client, or the Bearer of a token with the scope for it. */
async function askerOf(parts: Parts, exchange: AuthExchange, form: FormFields): Promise<Asker | undefined> {
  const [, token] = /^Bearer +(\S+)$/i.exec(exchange.req.headers.authorization ?? '') ?? [];
  if (token !== undefined) return bearerOf(parts, token);
  const proven = await parts.authenticate(exchange, form);
  if (proven === undefined || proven.client.kind === 'public') return undefined;
  const { id, client } = proven;
  return { client: id, organization: client.organization, administrator: false };
}

async function bearerOf({ store, identify }: Parts, token: string): Promise<Asker | undefined> {
  const caller = await unlessRefused(() => identify(asShown(token)));
  if (caller === undefined) return undefined;
  const found = await store.snapshot().record('access-token', keyOfSecret(token));
  const { scope = '', client = '' } = (found?.body as AccessTokenBody | undefined) ?? {}; // of this kind
  if (!scope.split(' ').includes(INTROSPECT_SCOPE)) return undefined;
  return { client, organization: caller.organization, administrator: caller.administrator };
}

/** A token that is asked about is not used: its session stays as it is. */
const asShown = (token: string) => ({ token, onBehalfOf: undefined, address: undefined, isOwnWish: false });

/** What is told of an active token; undefined: it is not active, or not this asker's to see. */
async function describe(parts: Parts, token: string, asker: Asker): Promise<object | undefined> {
  const { store, settings } = parts;
  const snapshot = store.snapshot();
  const found = await snapshot.record('access-token', keyOfSecret(token));
  if (found === undefined) return undefined;
  const body = found.body as AccessTokenBody; // of this kind
  const { client, account, scope, session, payload } = body;
  const organization = body.organization ?? (await findClient(snapshot, client))?.organization;
  const isOwn =
    client === asker.client || (organization !== undefined && organization === asker.organization);
  if (!isOwn && !asker.administrator) return undefined;
  if (!(await isActive(parts, token))) return undefined;
  const context = await readContextOf(snapshot, body.grant);
  const words = scope.split(' ');
  const fhirUser =
    account !== undefined && words.includes('openid') && words.includes('fhirUser')
      ? await parts.fhirUserOf(account, context)
      : undefined;
  return {
    active: true,
    scope,
    client_id: client,
    sub: account ?? client,
    iss: settings.issuer,
    aud: settings.base,
    token_type: 'Bearer',
    exp: payload['exp'],
    iat: payload['iat'],
    ...(session !== undefined && { sid: session }),
    ...launchParameters(context),
    ...(fhirUser !== undefined && { fhirUser }),
  };
}

/** Whether the FHIR base would take it now. */
const isActive = async ({ identify }: Parts, token: string): Promise<boolean> =>
  (await unlessRefused(() => identify(asShown(token)))) !== undefined;
