/**
 * The authorization endpoint's front (smart 3): requests by POST, and what the library lets pass and SMART App Launch does not.
 * The checks run where the library has judged client and redirect address, so that a refusal goes to the app and to nobody else.
 */
import { randomBytes } from 'node:crypto';
import type { Context } from 'oidc-provider';
import { isUsable, type Client } from '../../../identity/client.ts';
import { networkOf } from '../../../identity/network.ts';
import type { Clock } from '../../../ports/clock.ts';
import { beyondCeiling } from '../../../smart/ceiling.ts';
import { parseScope } from '../../../smart/scopes.ts';
import { readSmallBody, type AuthExchange } from '../exchange.ts';
import type { OidcModule, RequestChecks } from '../provider.ts';
import { keyOfSecret } from '../records.ts';
import { createRates } from '../rates.ts';
import { RaceLost } from '../unit.ts';
import type { Launches } from './launches.ts';
import type { Web } from './web.ts';

/** A scope that cannot be granted as it is written, and why. */
export interface ScopeFault {
  readonly scope: string;
  readonly why: string;
}

interface FrontParts {
  /** The FHIR base, without a slash at its end. */
  readonly base: string;
  readonly clock: Clock;
  readonly web: Web;
  readonly launches: Pick<Launches, 'find'>;
  readonly findClient: (id: string) => Promise<Client | undefined>;
  readonly faultOfScopes: (text: string) => ScopeFault | undefined;
  readonly answerByLibrary: (exchange: AuthExchange) => Promise<void>;
}

const KIND = 'authorization-request';
const KEPT_MS = 60_000;
const ID_BYTES = 32;

/** Each request is written down before anybody has signed in: no address fills the store. */
const PER_ADDRESS = { perSecond: 5, burst: 200 };

/** Takes a request by GET, or one that came by POST before. */
export function createFront(parts: FrontParts) {
  const rates = createRates(PER_ADDRESS, () => parts.clock.now());
  const counted =
    (answer: (own: FrontParts, exchange: AuthExchange) => Promise<void>) =>
    async (exchange: AuthExchange): Promise<void> => {
      const isTaken = exchange.query.has('request_id'); // counted when it came by POST
      if (isTaken || rates.take(networkOf(exchange.clientIp ?? '')) === 0) await answer(parts, exchange);
      else parts.web.refuse(exchange, 'too-many');
    };
  return {
    routes: [
      ['GET', '/authorize', counted(answerGet)],
      ['POST', '/authorize', counted(takePost)],
    ] as const,
    checks: (library: OidcModule): RequestChecks => createChecks(parts, library),
  };
}

/** The parameters are kept under a name that works once, and asked for by GET (smart SM-12). */
async function takePost(parts: FrontParts, exchange: AuthExchange): Promise<void> {
  const { web, clock } = parts;
  const type = exchange.req.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
    web.refuse(exchange, 'request-invalid', 'invalid_request: the body is no form');
    return;
  }
  const text = (await readSmallBody(exchange)).toString('utf8');
  const id = randomBytes(ID_BYTES).toString('base64url');
  const { unit } = exchange;
  unit.hold(
    {
      kind: KIND,
      key: keyOfSecret(id),
      expect: 'absent',
      body: { text },
      expiresAt: clock.now() + KEPT_MS,
    },
    'issue',
  );
  await unit.commit();
  web.go(exchange, web.at(`/authorize?request_id=${id}`));
}

async function restore(exchange: AuthExchange, id: string): Promise<URLSearchParams | undefined> {
  const { unit } = exchange;
  const key = keyOfSecret(id);
  const found = await unit.find(KIND, key);
  if (found === undefined) return undefined;
  unit.hold({ kind: KIND, key, expect: found.version, body: undefined }, 'end');
  try {
    await unit.commit();
  } catch (error) {
    if (error instanceof RaceLost) return undefined;
    throw error;
  }
  const { text } = found.body as { readonly text: string }; // of this kind, written above
  return new URLSearchParams(text);
}

async function answerGet(parts: FrontParts, exchange: AuthExchange): Promise<void> {
  const { web, answerByLibrary } = parts;
  const id = exchange.query.get('request_id');
  const params = id === null ? exchange.query : await restore(exchange, id);
  if (params === undefined) {
    web.refuse(exchange, 'expired');
    return;
  }
  nameAudience(params, parts.base);
  refuseMode(params);
  exchange.req.url = `${web.at('/authorize')}?${params.toString()}`;
  await answerByLibrary(exchange);
}

/** `resource` says the same as `aud`; the base may end in a slash (smart SM-13). What is another's stays for the library to refuse. */
function nameAudience(params: URLSearchParams, base: string): void {
  const isBase = (value: string | null): boolean => value === base || value === `${base}/`;
  const resources = params.getAll('resource');
  if (resources.length > 0 && resources.every(isBase)) {
    params.delete('resource');
    if (!params.has('aud')) params.set('aud', base);
  }
  if (isBase(params.get('aud')) && params.getAll('aud').length === 1) params.set('aud', base);
}

/** Of no meaning to the library, which refuses it by name. */
const NO_MODE = 'unsupported';

/**
 * Answers go into the query of the redirect address, as the discovery documents say. The library knows further ways: a page that
 * sends itself by a script, which the policy of our pages stops, would leave the person on a blank page.
 */
function refuseMode(params: URLSearchParams): void {
  if (params.getAll('response_mode').some((mode) => mode !== 'query')) params.set('response_mode', NO_MODE);
}

/** Run by the library at the end of its own checks, in this order. @throws what the library answers by redirect */
function createChecks(parts: FrontParts, { errors }: OidcModule): RequestChecks {
  const { base, clock, launches, findClient, faultOfScopes } = parts;

  async function checkScopes(text: string, client: string): Promise<void> {
    const fault = faultOfScopes(text);
    if (fault !== undefined)
      throw new errors.InvalidScope(`${fault.scope}: ${fault.why}`.trim(), fault.scope);
    const words = text.split(' ').filter(Boolean);
    if (words.length === 0) throw new errors.InvalidScope('scope is required', '');
    const machine = words.find((word) => parseScope(word)?.level === 'system');
    if (machine !== undefined)
      throw new errors.InvalidScope(`${machine}: system scopes are for backend services`, machine);
    const registered = await findClient(client);
    if (registered === undefined || !isUsable(registered, clock.now())) throw new errors.UnauthorizedClient();
    const [beyond] = beyondCeiling(words.filter(isBounded), registered.scopes);
    if (beyond !== undefined)
      throw new errors.InvalidScope(`${beyond}: was not registered for this app`, beyond);
  }

  return {
    async aud(ctx, aud) {
      const { params, client } = ctx.oidc;
      if ((params['state'] ?? '') === '') throw new errors.InvalidRequest('state is required');
      if (aud === undefined) throw new errors.InvalidRequest('aud is required');
      if (aud !== base) throw new errors.InvalidTarget();
      const asked = askedScope(ctx);
      await checkScopes(asked, client?.clientId ?? '');
      // The library drops offline_access unless the client asks for a consent page (smart SM-17).
      params['scope'] = [...new Set(asked.split(' ').filter(Boolean))].join(' ');
    },
    async launch(ctx, launch) {
      const { params, client } = ctx.oidc;
      const isAsked = (params['scope'] ?? '').split(' ').includes('launch');
      if (isAsked !== (launch !== undefined))
        throw new errors.InvalidRequest('launch and scope launch come together');
      if (launch === undefined) return;
      const found = await launches.find(launch);
      if (found === undefined || found.launch.client !== client?.clientId)
        throw new errors.InvalidRequest('the launch is unknown, used or over');
    },
  };
}

/** As it was sent: what the library has is already less. */
const askedScope = (ctx: Context): string =>
  new URLSearchParams((ctx.req.url ?? '').split('?')[1] ?? '').get('scope') ?? '';

/** What the registration bounds: all but who the user is and what a launch is about, which any app may ask. */
const isBounded = (word: string): boolean => !FREE.has(word) && !word.startsWith('launch/');

const FREE: ReadonlySet<string> = new Set(['openid', 'fhirUser', 'profile', 'launch', 'online_access']);
