/**
 * The library, configured: authorization code with PKCE, refresh tokens and client credentials, with the traps of its defaults
 * avoided (smart 14). What it does not do as SMART asks stands in front of it.
 */
import { hash } from 'node:crypto';
import type {
  Client,
  Context,
  ErrorOut,
  Grant,
  Interaction,
  InteractionPolicy,
  Provider,
  ProviderError,
  Token,
} from 'oidc-provider';
import { LAUNCH_SCOPES } from '../../capability/authorization-server.ts';
import { beyondCeiling } from '../../smart/ceiling.ts';
import { parseScopes } from '../../smart/scopes.ts';
import { INTROSPECT_SCOPE } from '../../smart/server-scopes.ts';
import { createAdapter, readGrantContext, type AdapterParts } from './adapter.ts';
import { faultOfAssertion } from './assertion.ts';
import type { AccessTokenBody, GrantContext } from './records.ts';
import type { KeySet } from './signing-keys.ts';
import { currentUnit } from './unit.ts';
import { isSameSecret } from '../../identity/same-secret.ts';

/** The library, loaded when it is first needed: it brings a hundred files. */
export type OidcModule = typeof import('oidc-provider');

/** Algorithms of clients' assertions. */
export const ASSERTION_ALGORITHMS = ['RS384', 'ES384'];

/** The cookie of a login; the server's own pages set it. */
export const SESSION_COOKIE = '__Host-closeloop';

/** A person as the library asks for it, by the account's id. */
export interface ProviderAccount {
  /** The absolute URL of the user's own resource. */
  readonly fhirUser?: string;
  readonly name?: string;
}

/** Checks of an authorization request by the parameters that the library does not know, in this order. */
export interface RequestChecks {
  readonly aud: (ctx: Context, aud: string | undefined) => Promise<void>;
  readonly launch: (ctx: Context, launch: string | undefined) => Promise<void>;
}

/** What the pages of the front bring. */
export interface FrontHooks {
  /** The grant that a request may go on with; undefined asks for consent. */
  readonly loadExistingGrant: (ctx: Context) => Promise<Grant | undefined>;
  readonly renderError: (ctx: Context, out: ErrorOut, error: ProviderError) => void | Promise<void>;
  readonly checks?: (library: OidcModule) => RequestChecks;
  /** Replaces the library's prompts and checks. */
  readonly policy?: (library: OidcModule) => InteractionPolicy;
}

interface ProviderSettings {
  /** `[origin]/auth`. */
  readonly issuer: string;
  /** The FHIR base: the one audience. */
  readonly base: string;
  readonly accessTokenS: number;
  readonly clockToleranceS: number;
}

interface ProviderParts {
  readonly library: OidcModule;
  readonly adapter: AdapterParts;
  readonly keys: KeySet;
  readonly settings: ProviderSettings;
  readonly front: FrontHooks;
  /** Undefined: there is no such account, or it is not active. */
  readonly findAccount: (id: string, context: GrantContext) => Promise<ProviderAccount | undefined>;
  /** The ceiling of a client. */
  readonly ceilingOf: (client: string) => Promise<readonly string[]>;
  /** The context as far as it still holds; undefined ends the refresh (smart SM-52). */
  readonly judgeContext: (account: string, context: GrantContext) => Promise<boolean>;
  /** What went wrong, for the server's log: the public answer says less. */
  readonly failed: (event: string, about: { readonly client: string; readonly why: string }) => void;
}

const MINUTE_S = 60;
const DAY_S = 24 * 60 * MINUTE_S;
/** Not less than three months, and anew at each use (ONC 11.05, 11.13, 11.16). */
const REFRESH_S = 100 * DAY_S;
/** Lifetimes in seconds (smart 5.2). */
const LIFETIMES = {
  AuthorizationCode: MINUTE_S,
  ClientCredentials: 300,
  IdToken: 10 * MINUTE_S,
  Interaction: 10 * MINUTE_S,
  RefreshToken: REFRESH_S,
  Grant: 400 * DAY_S,
  Session: 12 * 60 * MINUTE_S,
};

export function createProvider(parts: ProviderParts): Provider {
  const { library, settings, failed } = parts;
  const provider = new library.Provider(settings.issuer, configurationOf(parts));
  provider.proxy = true; // `mount.ts` has set the headers
  provider.silent = true;
  // The library compares texts; what is kept of a secret is its hash (smart SM-43).
  provider.Client.prototype.compareClientSecret = function compare(this: Client, actual: string): boolean {
    const { clientSecret: wanted } = this;
    return typeof wanted === 'string' && isSameSecret(hash('sha256', actual, 'hex'), wanted);
  };
  for (const event of ['grant.error', 'authorization.error', 'server_error', 'jwks.error'])
    provider.on(event, (ctx: Context, error: ProviderError) =>
      failed(event, {
        client: ctx.oidc.client?.clientId ?? '',
        why: error.error_detail ?? error.error_description ?? error.stack ?? error.message,
      }),
    );
  return provider;
}

function configurationOf(parts: ProviderParts): object {
  const { adapter, keys, settings, front, library } = parts;
  const issuerPath = new URL(settings.issuer).pathname;
  return {
    ...PROTOCOL,
    adapter: (model: string) => createAdapter(adapter, model),
    jwks: { keys: privateKeysOf(keys) },
    clockTolerance: settings.clockToleranceS,
    clientBasedCORS: (_ctx: Context, origin: string, client: Client) =>
      client.clientAuthMethod === 'none' && listOf(client['cors_origins']).includes(origin),
    features: {
      ...SWITCHED_OFF,
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => settings.base,
        useGrantedResource: () => true, // else a token of `openid` would be for userinfo alone (smart SM-42)
        getResourceServerInfo: (ctx: Context, resource: string) => resourceServer(parts, ctx, resource),
      },
    },
    assertJwtClientAuthClaimsAndHeader: (_ctx: Context, claims: Members, header: Members, client: Client) =>
      checkAssertion(parts, client, claims, header),
    findAccount: async (_ctx: Context, id: string, token?: Token) => {
      const unit = currentUnit();
      const isGranted = unit !== undefined && token?.grantId !== undefined;
      const account = await parts.findAccount(
        id,
        isGranted ? await readGrantContext(unit, token.grantId) : {},
      );
      return account && { accountId: id, claims: async () => ({ sub: id, ...account }) };
    },
    loadExistingGrant: front.loadExistingGrant,
    renderError: front.renderError,
    ...(front.checks !== undefined && { extraParams: front.checks(library) }),
    extraTokenClaims: (ctx: Context, token: Token) => tokenContext(parts, ctx, token),
    interactions: {
      url: (_ctx: Context, { uid }: Interaction) => `${issuerPath}/interaction/${uid}`,
      ...(front.policy !== undefined && { policy: front.policy(library) }),
    },
    ttl: {
      ...LIFETIMES,
      AccessToken: settings.accessTokenS,
    },
  };
}

const refuse = { enabled: false };

/** What we do otherwise, or not. */
const SWITCHED_OFF = {
  devInteractions: refuse,
  dPoP: refuse,
  pushedAuthorizationRequests: refuse,
  rpInitiatedLogout: refuse,
  userinfo: refuse,
};

/** The part of the configuration that depends on nothing. */
const PROTOCOL = {
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
  responseTypes: ['code'],
  subjectTypes: ['public'],
  scopes: [...LAUNCH_SCOPES, 'launch/encounter'],
  claims: {
    openid: ['sub', 'acr', 'amr', 'auth_time'],
    acr: null,
    auth_time: null,
    iss: null,
    sid: null,
    fhirUser: ['fhirUser'],
    profile: ['name'],
  },
  acrValues: ['urn:closeloop:acr:mfa', 'urn:closeloop:acr:phr'],
  conformIdTokenClaims: false,
  allowOmittingSingleRegisteredRedirectUri: false,
  pkce: { required: () => true },
  extraParams: ['aud', 'launch'],
  extraClientMetadata: { properties: ['cors_origins', 'registered_jwks_uri'] },
  cookies: {
    names: {
      session: SESSION_COOKIE,
      interaction: 'closeloop-interaction',
      resume: 'closeloop-interaction-resume',
    },
    short: { httpOnly: true, sameSite: 'lax', signed: false },
    long: { httpOnly: true, sameSite: 'lax', signed: false },
  },
  enabledJWA: { clientAuthSigningAlgValues: ASSERTION_ALGORITHMS, idTokenSigningAlgValues: ['RS256'] },
  fetch: () => Promise.reject(new Error('the library fetches nothing')),
  expiresWithSession: () => false, // the adapter binds what is online to the session itself
  issueRefreshToken: (_ctx: Context, client: Client, source: Token) =>
    client.grantTypeAllowed('refresh_token') &&
    (source.scopes.has('offline_access') || source.scopes.has('online_access')),
  rotateRefreshToken: true,
  routes: { authorization: '/authorize', token: '/token', jwks: '/jwks', end_session: '/library/end' },
};

async function checkAssertion(
  { adapter, settings, library }: ProviderParts,
  client: Client,
  claims: Members,
  header: Members,
): Promise<void> {
  const fault = faultOfAssertion(client.clientId, claims, header, {
    audiences: [`${settings.issuer}/token`, settings.issuer],
    now: Math.floor(adapter.now() / 1000),
    toleranceS: settings.clockToleranceS,
    algorithms: ASSERTION_ALGORITHMS,
    jwksUri: typeof client['registered_jwks_uri'] === 'string' ? client['registered_jwks_uri'] : undefined,
  });
  if (fault !== undefined) throw new library.errors.InvalidClientAuth(fault);
}

type Members = Readonly<Record<string, unknown>>;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The keys for id_tokens. Those for assertions of our own are no business of the library. */
function privateKeysOf({ active }: KeySet): readonly object[] {
  const signing = active.get('RS256');
  if (signing === undefined) throw new Error('there is no key for id_tokens');
  return [{ ...signing.key.export({ format: 'jwk' }), kid: signing.kid, alg: 'RS256', use: 'sig' }];
}

/**
 * What may be asked of the FHIR base. The library asks at the authorization request with its scopes, and again for the token
 * without: what the request asked for and what the grant holds count together (smart 5).
 */
async function resourceServer(
  { library, settings, ceilingOf }: ProviderParts,
  ctx: Context,
  resource: string,
): Promise<object> {
  const { params, client, grant } = ctx.oidc;
  if (resource.replace(/\/$/, '') !== settings.base) throw new library.errors.InvalidTarget();
  const asked = String(params['scope'] ?? '');
  const words = asked.split(' ').filter(Boolean);
  if (params['grant_type'] === 'client_credentials') {
    const fault = faultOfBackendScopes(words, await ceilingOf(client?.clientId ?? ''));
    if (fault !== undefined) throw new library.errors.InvalidScope(fault.says, fault.scope);
  }
  const granted = grant?.getResourceScope(resource) ?? '';
  const scope = [...new Set([...words, ...granted.split(' ').filter(Boolean)])].join(' ');
  return { scope, audience: settings.base, accessTokenFormat: 'opaque' };
}

/** All or nothing (smart 8, "Backend services"); undefined: all of them are granted. */
function faultOfBackendScopes(
  words: readonly string[],
  ceiling: readonly string[],
): { readonly says: string; readonly scope: string } | undefined {
  if (words.length === 0) return { says: 'scope is required', scope: '' };
  const [foreign] = words.filter((word) => !isForMachines(word));
  if (foreign !== undefined) return { says: 'only system scopes are for client credentials', scope: foreign };
  const [beyond] = beyondCeiling(words, ceiling);
  return beyond === undefined
    ? undefined
    : { says: 'scope was not registered for this client', scope: beyond };
}

const isForMachines = (word: string): boolean =>
  word === INTROSPECT_SCOPE || parseScopes(word).some(({ level }) => level === 'system');

/** What our record of an access token holds beside the library's: where, how and for what the user logged in. */
async function tokenContext(
  { library, judgeContext }: ProviderParts,
  ctx: Context,
  token: Token,
): Promise<Partial<AccessTokenBody> | undefined> {
  const { AuthorizationCode, RefreshToken, RotatedRefreshToken } = ctx.oidc.entities;
  const source = AuthorizationCode ?? RefreshToken;
  const unit = currentUnit();
  if (source === undefined || token.grantId === undefined || unit === undefined) return undefined;
  const context = await readGrantContext(unit, token.grantId);
  if (RotatedRefreshToken !== undefined && !(await judgeContext(token.accountId ?? '', context)))
    throw new library.errors.InvalidGrant('the launch context does not hold any more');
  const { organization, patient, launch } = context;
  return {
    ...(organization !== undefined && { organization }),
    ...(patient !== undefined && { patient }),
    ...(launch !== undefined && { launch }),
    ...(source.acr !== undefined && { acr: source.acr }),
    ...(source.amr !== undefined && { amr: source.amr }),
    ...(source.authTime !== undefined && { authTime: source.authTime }),
    ...(!source.scopes.has('offline_access') && token.sessionUid !== undefined && { online: true }),
  };
}
