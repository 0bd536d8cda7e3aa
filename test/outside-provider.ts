/**
 * A provider of OpenID Connect that a test tells what to answer, right or wrong: what a real one never does is needed to see
 * that it is refused. It logs everybody in without a page.
 */
import { createHash, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, importJWK, jwtVerify, SignJWT, type JWK } from 'jose';

/** A fault that the provider's answers have until the test says otherwise. */
export type ProviderFault =
  | 'foreign-audience'
  | 'foreign-authorized-party'
  | 'foreign-issuer'
  | 'foreign-nonce'
  | 'no-nonce'
  | 'expired'
  | 'foreign-key'
  | 'unsigned'
  | 'foreign-at-hash'
  | 'no-id-token'
  | 'foreign-answer-issuer'
  | 'no-answer-issuer'
  | 'foreign-subject-at-refresh'
  | 'no-id-token-at-refresh'
  | 'refusal'
  | 'trouble';

export interface TestProvider {
  readonly issuer: string;
  /** Who logs in next, with which claims beside `iss`, `aud` and the times. */
  person: Readonly<Record<string, unknown>> & { readonly sub: string };
  fault: ProviderFault | undefined;
  /** Whether a refresh token is given, and still taken. */
  refreshes: 'given' | 'ended' | 'none';
  /** The tokens that it has given. */
  readonly given: string[];
  /** Resources by their references, for whoever has the last access token. */
  readonly resources: Map<string, object>;
  /** What the token response says beside the tokens. */
  context: Readonly<Record<string, unknown>>;
  /** The key by which the client proves who it is; undefined where it needs not. */
  clientKey: JWK | undefined;
  /** What a client may sign its assertions for. */
  readonly assertions: { readonly aud: unknown; readonly typ: unknown }[];
  /** The paths that were asked for, in order. */
  readonly asked: string[];
  /** The query of the last login. */
  lastQuestion: URLSearchParams;
  /** Follows the address as a browser does: the address to which it is sent back. */
  visit(address: string): Promise<string>;
  logoutToken(claims: Readonly<Record<string, unknown>>, type?: string): Promise<string>;
  close(): Promise<void>;
}

interface Issued {
  readonly nonce: string | undefined;
  readonly challenge: string;
  readonly redirectUri: string;
  readonly clientId: string;
}

const CLIENT = 'closeloop';

export async function startProvider(): Promise<TestProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const codes = new Map<string, Issued>();
  const refreshTokens = new Set<string>();
  let lastAccessToken = '';

  const sign = async (claims: object, key: KeyObject = privateKey, typ = 'JWT'): Promise<string> =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'k1', typ }).sign(key);

  async function idToken(
    nonce: string | undefined,
    accessToken: string,
    atRefresh: boolean,
  ): Promise<string> {
    const { fault } = provider;
    const now = Math.floor(Date.now() / 1000);
    const hashed = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
    const claims = {
      iss: fault === 'foreign-issuer' ? 'https://other.example' : provider.issuer,
      aud: fault === 'foreign-audience' ? 'somebody-else' : CLIENT,
      ...(fault === 'foreign-authorized-party' && { aud: [CLIENT, 'other'], azp: 'other' }),
      iat: fault === 'expired' ? now - 7200 : now,
      exp: fault === 'expired' ? now - 3600 : now + 300,
      ...(nonce !== undefined &&
        fault !== 'no-nonce' && { nonce: fault === 'foreign-nonce' ? 'of-another' : nonce }),
      at_hash: fault === 'foreign-at-hash' ? 'AAAAAAAAAAAAAAAAAAAAAA' : hashed,
      ...provider.person,
      ...(atRefresh && fault === 'foreign-subject-at-refresh' && { sub: 'somebody-else' }),
    };
    const token = await sign(claims, fault === 'foreign-key' ? foreign : privateKey);
    if (fault !== 'unsigned') return token;
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    return `${header}.${token.split('.')[1]}.`;
  }

  async function mayAsk(form: URLSearchParams): Promise<boolean> {
    if (provider.clientKey === undefined) return form.get('client_id') === CLIENT;
    const key = await importJWK(provider.clientKey, 'ES384');
    const { payload, protectedHeader } = await jwtVerify(form.get('client_assertion') ?? '', key, {
      issuer: CLIENT,
      subject: CLIENT,
    });
    provider.assertions.push({ aud: payload.aud, typ: protectedHeader.typ });
    return true;
  }

  async function answerToken(request: IncomingMessage): Promise<readonly [number, object]> {
    const form = new URLSearchParams(await text(request));
    if (provider.fault === 'trouble') return [503, { error: 'server_error' }];
    if (!(await mayAsk(form))) return [401, { error: 'invalid_client' }];
    const atRefresh = form.get('grant_type') === 'refresh_token';
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    if (
      atRefresh
        ? !refreshTokens.delete(form.get('refresh_token') ?? '') || provider.refreshes === 'ended'
        : !fits(code, form)
    )
      return [400, { error: 'invalid_grant' }];
    const [accessToken, refreshToken] = [randomUUID(), randomUUID()];
    lastAccessToken = accessToken;
    provider.given.push(accessToken, ...(provider.refreshes === 'given' ? [refreshToken] : []));
    if (provider.refreshes === 'given') refreshTokens.add(refreshToken);
    const isWithout =
      provider.fault === 'no-id-token' || (atRefresh && provider.fault === 'no-id-token-at-refresh');
    return [
      200,
      {
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: 300,
        ...(provider.refreshes === 'given' && { refresh_token: refreshToken }),
        ...(!isWithout && {
          id_token: await idToken(atRefresh ? undefined : code?.nonce, accessToken, atRefresh),
        }),
        ...provider.context,
      },
    ];
  }

  function authorize(url: URL): string {
    const query = url.searchParams;
    provider.lastQuestion = query;
    const back = new URL(query.get('redirect_uri') ?? '');
    const code = randomUUID();
    codes.set(code, {
      nonce: query.get('nonce') ?? undefined,
      challenge: query.get('code_challenge') ?? '',
      redirectUri: back.href,
      clientId: query.get('client_id') ?? '',
    });
    if (provider.fault === 'refusal') back.searchParams.set('error', 'access_denied');
    else back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    if (provider.fault !== 'no-answer-issuer')
      back.searchParams.set(
        'iss',
        provider.fault === 'foreign-answer-issuer' ? 'https://other.example' : provider.issuer,
      );
    return back.href;
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', provider.issuer);
    provider.asked.push(url.pathname);
    const json = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const at = provider.issuer;
    const description = {
      issuer: at,
      authorization_endpoint: `${at}/authorize`,
      token_endpoint: `${at}/token`,
      jwks_uri: `${at}/jwks`,
      userinfo_endpoint: `${at}/userinfo`,
      end_session_endpoint: `${at}/logout`,
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
    };
    if (url.pathname === '/.well-known/openid-configuration') json(200, description);
    else if (url.pathname === '/.well-known/smart-configuration')
      json(200, { ...description, capabilities: ['launch-ehr'] });
    else if (url.pathname === '/jwks') json(200, { keys: [jwk] });
    else if (url.pathname === '/userinfo') json(200, provider.person);
    else if (url.pathname === '/authorize') response.writeHead(303, { location: authorize(url) }).end();
    else if (url.pathname === '/token')
      answerToken(request).then(
        ([status, body]) => json(status, body),
        () => json(401, { error: 'invalid_client' }),
      );
    else if (request.headers.authorization === `Bearer ${lastAccessToken}`) {
      const resource = provider.resources.get(url.pathname.slice(1));
      json(resource === undefined ? 404 : 200, resource ?? {});
    } else json(404, {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  const provider: TestProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    person: { sub: 'ann' },
    fault: undefined,
    refreshes: 'given',
    given: [],
    resources: new Map(),
    context: {},
    clientKey: undefined,
    assertions: [],
    asked: [],
    lastQuestion: new URLSearchParams(),
    async visit(address) {
      const { headers } = await fetch(address, { redirect: 'manual' });
      return headers.get('location') ?? '';
    },
    logoutToken: (claims, type = 'logout+jwt') => sign(claims, privateKey, type),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

const fits = (code: Issued | undefined, form: URLSearchParams): boolean =>
  code !== undefined &&
  code.redirectUri === form.get('redirect_uri') &&
  code.challenge ===
    createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
