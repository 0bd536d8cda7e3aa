/**
 * A sign-in server that says yes at once, and can be told to misbehave: what the status app must refuse. It answers for the
 * authorization server of the demonstration, whose tokens it hands out.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** How an answer is falsified. */
export type Trick =
  | 'other-state'
  | 'other-issuer'
  | 'no-issuer'
  | 'other-nonce'
  | 'other-audience'
  | 'denied'
  | 'late-token'
  | 'ended';

export interface SignInStub {
  /** Asked before the server; false: the request is not for it. */
  readonly answer: (req: IncomingMessage, res: ServerResponse) => boolean;
  /** What the next sign-in does. */
  play(trick: Trick | undefined): void;
  /** The parameters that came, each with the name of the endpoint. */
  readonly heard: readonly (readonly [endpoint: string, parameters: Readonly<Record<string, string>>])[];
}

type Fields = Record<string, string>;

/** @param access a token of the FHIR server; @param user whose it is, by an address */
export function createSignInStub(origin: string, access: string, user: string): SignInStub {
  const issuer = `${origin}/auth`;
  const heard: [string, Fields][] = [];
  let trick: Trick | undefined;
  let asked: Fields = {};
  let code = 0;

  function authorize(query: Fields): string {
    asked = query;
    code += 1;
    const answer = {
      ...(trick === 'denied' ? { error: 'access_denied' } : { code: `code-${code}` }),
      state: trick === 'other-state' ? 'of another' : (query['state'] ?? ''),
      ...(trick !== 'no-issuer' && { iss: trick === 'other-issuer' ? 'https://evil.example/auth' : issuer }),
    };
    return `${query['redirect_uri']}?${new URLSearchParams(answer).toString()}`;
  }

  function token(form: Fields): [number, object] {
    if (form['grant_type'] === 'refresh_token' && trick === 'ended') return [400, { error: 'invalid_grant' }];
    if (form['grant_type'] === 'refresh_token')
      return [200, { access_token: access, refresh_token: 'second', expires_in: 900 }];
    const proof = createHash('sha256')
      .update(form['code_verifier'] ?? '')
      .digest('base64url');
    const isRight =
      form['code'] === `code-${code}` &&
      proof === asked['code_challenge'] &&
      form['redirect_uri'] === asked['redirect_uri'];
    if (!isRight) return [400, { error: 'invalid_grant', error_description: 'The code is not good.' }];
    const claims = {
      iss: issuer,
      aud: trick === 'other-audience' ? 'another-app' : form['client_id'],
      sub: 'somebody',
      nonce: trick === 'other-nonce' ? 'of another' : asked['nonce'],
      fhirUser: user,
    };
    const idToken = ['e30', Buffer.from(JSON.stringify(claims)).toString('base64url'), 'c2ln'].join('.');
    const given = trick === 'late-token' || trick === 'ended' ? 'has-run-out' : access;
    return [200, { access_token: given, token_type: 'Bearer', refresh_token: 'first', id_token: idToken }];
  }

  const documents: Readonly<Record<string, object>> = {
    '/fhir/.well-known/smart-configuration': {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      code_challenge_methods_supported: ['S256'],
    },
    '/auth/.well-known/openid-configuration': { issuer, end_session_endpoint: `${issuer}/logout` },
  };

  return {
    heard,
    play: (next) => void (trick = next),
    answer(req, res) {
      const { pathname, searchParams } = new URL(req.url ?? '/', origin);
      const document = documents[pathname];
      if (document !== undefined) {
        json(res, 200, document);
        return true;
      }
      if (!pathname.startsWith('/auth/')) return false;
      void answerForm(pathname.slice('/auth/'.length), Object.fromEntries(searchParams), req, res);
      return true;
    },
  };

  async function answerForm(
    endpoint: string,
    query: Fields,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> {
    const form = Object.fromEntries(new URLSearchParams(await text(req)));
    heard.push([endpoint, { ...query, ...form }]);
    if (endpoint === 'authorize') res.writeHead(303, { Location: authorize(query) }).end();
    else if (endpoint === 'logout') res.writeHead(303, { Location: query['post_logout_redirect_uri'] }).end();
    else if (endpoint === 'token') json(res, ...token(form));
    else json(res, 200, {});
  }
}

function json(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
