/**
 * This server as a client of OpenID Connect and of SMART App Launch, over guarded connections: code with PKCE, `state`,
 * `nonce`, `iss` (RFC 9207); the id_token's signature, issuer, addressee and times are checked by openid-client, its at_hash
 * here. What is believed of the result is decided elsewhere (src/identity).
 */
import { hash, type webcrypto } from 'node:crypto';
import { decodeProtectedHeader, importJWK, jwtVerify, type JWK } from 'jose';
import * as oidc from 'openid-client';
import type { Claims } from '../../identity/external.ts';
import type { Clock } from '../../ports/clock.ts';
import { ConnectionFailed, type HttpClient } from '../../ports/outgoing.ts';
import {
  OutsideRefused,
  type OutsideAccess,
  type OutsideAnswer,
  type OutsideLogin,
  type OutsideLogout,
  type OutsideProviders,
  type OutsideQuestion,
  type OutsideRefusal,
} from '../../ports/sign-on.ts';
import { keysFromUri, type IssuerKeys } from '../keys.ts';
import { readAnswer, readSmartServer } from './answers.ts';

const TIMEOUT_S = 10;
const ANSWER_BYTES_MAX = 256 * 1024;
/** What a server says of itself is asked for again after this. */
const KNOWN_MS = 3_600_000;
const KNOWN_MAX = 200;
const TOLERANCE_S = 60;
/** SMART App Launch 2.2: an assertion lasts five minutes at most. */
const ASSERTION_S = 240;

interface Known {
  readonly configuration: Promise<oidc.Configuration>;
  readonly until: number;
  keys: IssuerKeys | undefined;
}

/** @param http of the purpose `sign-on`; who asks for it closes it */
export function createRelyingParty(http: HttpClient, clock: Clock): OutsideProviders {
  const find = createKnown(http, clock);

  const asking = async <T>(
    access: OutsideAccess,
    work: (of: oidc.Configuration) => T | Promise<T>,
  ): Promise<T> => {
    try {
      return await work(await find(access).configuration);
    } catch (error) {
      throw refusalOf(error);
    }
  };

  return {
    address: (access, question) =>
      asking(access, async (of) => oidc.buildAuthorizationUrl(of, await parametersOf(access, question)).href),
    login: (access, answer) => asking(access, (of) => exchangeCode(of, answer)),
    refresh: (access, refreshToken, subject) =>
      asking(access, (of) => askAgain(access, of, refreshToken, subject)),
    logoutAddress: (access, idToken, back) => asking(access, (of) => logoutAddress(of, idToken, back)),
    readResource: (access, accessToken, ref) =>
      asking(access, () => readResource(access, accessToken, ref, http)),
    readLogout: (access, token) =>
      asking(access, (of) => {
        const { jwks_uri: uri } = of.serverMetadata();
        if (uri === undefined) throw new OutsideRefused('invalid', 'the provider publishes no keys');
        const known = find(access);
        known.keys ??= keysFromUri(uri, http);
        return readLogoutToken(token, access, known.keys, clock);
      }),
  };
}

async function exchangeCode(
  configuration: oidc.Configuration,
  { address, state, nonce, verifier }: OutsideAnswer,
): Promise<OutsideLogin> {
  const checks = {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  };
  return readLogin(await oidc.authorizationCodeGrant(configuration, new URL(address), checks), undefined);
}

async function askAgain(
  { protocol }: OutsideAccess,
  configuration: oidc.Configuration,
  refreshToken: string,
  subject: string,
): Promise<OutsideLogin> {
  const tokens = await oidc.refreshTokenGrant(configuration, refreshToken);
  const told = tokens.claims();
  // An EHR answers a refresh without an id_token, and has no other place to ask: that it answers says that the person is in.
  const claims =
    told ??
    (protocol === 'smart'
      ? { iss: configuration.serverMetadata().issuer, sub: subject }
      : await askUser(configuration, tokens.access_token, subject));
  if (claims['sub'] !== subject) throw new OutsideRefused('invalid', 'the answer is about somebody else');
  return readLogin(tokens, claims);
}

function logoutAddress(configuration: oidc.Configuration, idToken: string, back: string): string | undefined {
  if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
  return oidc.buildEndSessionUrl(configuration, { id_token_hint: idToken, post_logout_redirect_uri: back })
    .href;
}

/** Remembers what servers say of themselves, for an hour. What could not be asked is asked again. */
function createKnown(http: HttpClient, clock: Clock): (access: OutsideAccess) => Known {
  const known = new Map<string, Known>();
  return (access) => {
    const id = hash('sha256', JSON.stringify(access), 'base64url');
    const found = known.get(id);
    if (found !== undefined && found.until > clock.now()) return found;
    const [oldest] = known.keys();
    if (known.size >= KNOWN_MAX && oldest !== undefined) known.delete(oldest);
    const configuration = configure(access, http);
    const entry = { configuration, until: clock.now() + KNOWN_MS, keys: undefined };
    known.set(id, entry);
    configuration.catch(() => known.delete(id));
    return entry;
  };
}

const parametersOf = async (
  { protocol, issuer, scopes }: OutsideAccess,
  { redirectUri, state, nonce, verifier, anew, loginHint, launch }: OutsideQuestion,
): Promise<Record<string, string>> => ({
  redirect_uri: redirectUri,
  scope: scopes.join(' '),
  state,
  nonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  ...(anew && { prompt: 'login', max_age: '0' }),
  ...(loginHint !== undefined && { login_hint: loginHint }),
  ...(protocol === 'smart' && { aud: issuer }),
  ...(launch !== undefined && { launch }),
});

async function readLogoutToken(
  token: string,
  { issuer, clientId }: OutsideAccess,
  keys: IssuerKeys,
  clock: Clock,
): Promise<OutsideLogout> {
  const { payload, protectedHeader } = await jwtVerify(token, keys.find, {
    issuer,
    audience: clientId,
    algorithms: LOGOUT_ALGORITHMS,
    clockTolerance: TOLERANCE_S,
    currentDate: new Date(clock.now()),
  });
  return { type: protectedHeader.typ, claims: payload };
}

const LOGOUT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

type Tokens = Pick<
  Awaited<ReturnType<typeof oidc.refreshTokenGrant>>,
  'id_token' | 'access_token' | 'refresh_token' | 'claims'
>;

const readLogin = (tokens: Tokens, asked: Claims | undefined): OutsideLogin => {
  const claims = tokens.claims() ?? asked;
  if (claims === undefined) throw new OutsideRefused('invalid', 'there is no id_token');
  const { id_token: idToken, access_token: accessToken, refresh_token: refreshToken, ...context } = tokens;
  if (idToken !== undefined && !fitsAccessToken(idToken, claims, accessToken))
    throw new OutsideRefused('invalid', 'at_hash is of another access token');
  return {
    ...readAnswer(claims),
    context,
    tokens: { idToken: idToken ?? '', accessToken, refreshToken },
  };
};

/** A provider that answers a refresh without an id_token says it at its userinfo endpoint. */
async function askUser(
  configuration: oidc.Configuration,
  accessToken: string,
  subject: string,
): Promise<Claims> {
  const { issuer } = configuration.serverMetadata();
  return { iss: issuer, ...(await oidc.fetchUserInfo(configuration, accessToken, subject)) };
}

/** OpenID Connect Core 3.1.3.8: half of the digest, by the algorithm of the id_token. */
function fitsAccessToken(idToken: string, claims: Claims, accessToken: string): boolean {
  const { at_hash: told } = claims;
  if (told === undefined) return true;
  const { alg = '' } = decodeProtectedHeader(idToken);
  const bits = /\d{3}$/.exec(alg)?.[0] ?? '512';
  const digest = hash(`sha${bits}`, accessToken, 'buffer');
  return told === digest.subarray(0, digest.length / 2).toString('base64url');
}

async function configure(access: OutsideAccess, http: HttpClient): Promise<oidc.Configuration> {
  const { issuer, clientId, protocol } = access;
  const fetched: oidc.CustomFetch = (url, options) => fetchOver(http, url, options);
  const metadata = { [oidc.clockTolerance]: TOLERANCE_S };
  const credential = await credentialOf(access);
  // The guard lets plain http through only to places that the operator has listed.
  const isPlain = issuer.startsWith('http:');
  if (protocol === 'openid') {
    return oidc.discovery(new URL(issuer), clientId, metadata, credential, {
      [oidc.customFetch]: fetched,
      timeout: TIMEOUT_S,
      execute: [oidc.enableNonRepudiationChecks, ...(isPlain ? [oidc.allowInsecureRequests] : [])],
    });
  }
  const server = await readSmartServer(issuer, (url) => fetchJson(http, url));
  const configuration = new oidc.Configuration(server, clientId, metadata, credential);
  configuration[oidc.customFetch] = fetched;
  configuration.timeout = TIMEOUT_S;
  oidc.enableNonRepudiationChecks(configuration);
  if (isPlain) oidc.allowInsecureRequests(configuration);
  return configuration;
}

async function credentialOf({ credential, secret = '', protocol }: OutsideAccess): Promise<oidc.ClientAuth> {
  if (credential === 'none') return oidc.None();
  if (credential === 'client_secret_basic') return oidc.ClientSecretBasic(secret);
  if (credential === 'client_secret_post') return oidc.ClientSecretPost(secret);
  const jwk = JSON.parse(secret) as JWK & { readonly kid: string }; // `makeSigningKey` wrote it
  const key = (await importJWK(jwk, 'ES384')) as webcrypto.CryptoKey; // an EC key
  return (server, client, body, headers) =>
    oidc.PrivateKeyJwt(
      { key, kid: jwk.kid },
      {
        [oidc.modifyAssertion]: (header, payload) => {
          if (protocol !== 'smart') return;
          // SMART App Launch 2.2 wants the address of the token endpoint where OpenID Connect takes the issuer.
          Object.assign(header, { typ: 'JWT' });
          Object.assign(payload, { aud: server.token_endpoint, exp: Number(payload['iat']) + ASSERTION_S });
        },
      },
    )(server, client, body, headers);
}

async function fetchOver(http: HttpClient, url: string, options: oidc.CustomFetchOptions): Promise<Response> {
  const { method, headers, body, signal } = options;
  if (method !== 'GET' && method !== 'POST') throw new OutsideRefused('invalid', `the method ${method}`);
  const text = body instanceof URLSearchParams || typeof body === 'string' ? String(body) : undefined;
  const asked = {
    method,
    headers: Object.entries(headers).flat(),
    ...(text !== undefined && { body: text }),
    signal: signal ?? AbortSignal.timeout(TIMEOUT_S * 1000),
    responseBytesMax: ANSWER_BYTES_MAX,
  } as const;
  const answer = await http.send(new URL(url), asked, true);
  if (answer.status >= 500 || answer.status === 429)
    throw new OutsideRefused('unreachable', String(answer.status));
  // The type of an answer is not read: what is no JSON is refused when it is parsed.
  const init = { status: answer.status, headers: { 'content-type': 'application/json' } };
  return new Response(BODILESS.has(answer.status) ? null : answer.body, init);
}

const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** A resource below the base of an EHR, and nothing that it does not hold. */
async function readResource(
  { issuer }: OutsideAccess,
  accessToken: string,
  ref: string,
  http: HttpClient,
): Promise<Claims> {
  const told = await fetchJson(http, `${issuer.replace(/\/$/, '')}/${ref}`, {
    accept: 'application/fhir+json',
    authorization: `Bearer ${accessToken}`,
  });
  const resource = (typeof told === 'object' && told !== null ? told : {}) as Claims; // any JSON
  if (`${String(resource['resourceType'])}/${String(resource['id'])}` !== ref)
    throw new OutsideRefused('invalid', 'the EHR answered with another resource');
  return resource;
}

async function fetchJson(
  http: HttpClient,
  url: string,
  headers: Readonly<Record<string, string>> = { accept: 'application/json' },
): Promise<unknown> {
  const asked = {
    method: 'GET',
    headers: Object.entries(headers).flat(),
    signal: AbortSignal.timeout(TIMEOUT_S * 1000),
    responseBytesMax: ANSWER_BYTES_MAX,
  } as const;
  const { status, body } = await http.send(new URL(url), asked, true);
  if (status !== 200) throw new OutsideRefused('unreachable', `${status} where a document was asked for`);
  return JSON.parse(body);
}

/** Errors of the token endpoint that say that nobody is in any more (RFC 6749 5.2). */
const ENDED: ReadonlySet<string> = new Set(['invalid_grant']);
const DENIED: ReadonlySet<string> = new Set([
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'unmet_authentication_requirements',
]);

function refusalOf(error: unknown): OutsideRefused {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof OutsideRefused) return at;
    if (at instanceof ConnectionFailed) return new OutsideRefused('unreachable', at.failure);
    if (at instanceof oidc.AuthorizationResponseError)
      return new OutsideRefused(wordOf(at.error, 400), at.error);
    if (at instanceof oidc.ResponseBodyError)
      return new OutsideRefused(wordOf(at.error, at.status), at.error);
  }
  const { code, name } = error as { readonly code?: unknown; readonly name?: string };
  return new OutsideRefused('invalid', typeof code === 'string' ? code : (name ?? 'unknown'));
}

const wordOf = (word: string, status: number): OutsideRefusal => {
  if (ENDED.has(word)) return 'ended';
  if (DENIED.has(word)) return 'denied';
  return word === 'temporarily_unavailable' || word === 'server_error' || status >= 500
    ? 'unreachable'
    : 'invalid';
};
