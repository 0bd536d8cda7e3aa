/** Signing out, by the person or because an app asks (OpenID Connect RP-Initiated Logout; smart SM-55). */
import type { Sessions } from '../../../accounts/sessions.ts';
import { isUsable, type Client } from '../../../identity/client.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { AuthExchange } from '../exchange.ts';
import { readSmallBody } from '../exchange.ts';
import { signedOutPage, signOutPage } from '../pages/account.ts';
import { FORM_TOKEN } from '../pages/layout.ts';
import { byOf } from './entry.ts';
import { cookieOf, type Web } from './web.ts';

interface Parts {
  readonly clock: Clock;
  readonly web: Web;
  readonly sessions: Sessions;
  readonly findClient: (id: string) => Promise<Client | undefined>;
  /** Where the log-off of a session goes on, at the provider by which it began; to be asked before it ends (identity ID-48). */
  readonly logoutElsewhere: (session: string, back: string) => Promise<string | undefined>;
}

/** What an app asks for, as far as it is registered. */
interface LogoutRequest {
  readonly app: string | undefined;
  /** Where the browser goes afterwards; absent: it stays here. */
  readonly to: string | undefined;
  readonly carried: Readonly<Record<string, string>>;
}

/** Where a provider sends the browser back to after its own log-off. */
const BACK = '/logout/back';

const CARRIED = ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state'] as const;

export function createSignOut(parts: Parts) {
  return {
    routes: [
      ['GET', '/logout', (exchange: AuthExchange) => show(parts, exchange)],
      ['POST', '/logout', (exchange: AuthExchange) => take(parts, exchange)],
      ['GET', BACK, (exchange: AuthExchange) => comeBack(parts, exchange)],
    ] as const,
  };
}

async function readLogoutRequest(parts: Parts, params: URLSearchParams): Promise<LogoutRequest> {
  const { findClient, clock } = parts;
  const carried = Object.fromEntries(
    CARRIED.flatMap((name) => {
      const value = params.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
  );
  const id = carried.client_id ?? audienceOf(carried.id_token_hint);
  const found = id === undefined ? undefined : await findClient(id);
  // One that nobody approved, or that was suspended, sends nobody anywhere.
  const client = found !== undefined && isUsable(found, clock.now()) ? found : undefined;
  const back = carried.post_logout_redirect_uri;
  const isRegistered = back !== undefined && client?.postLogoutRedirectUris.includes(back) === true;
  const to = isRegistered ? withState(back, carried.state) : undefined;
  return { app: client?.name, to, carried };
}

async function show(parts: Parts, exchange: AuthExchange): Promise<void> {
  const { web, sessions } = parts;
  const asked = await readLogoutRequest(parts, exchange.query);
  const cookie = cookieOf(exchange, 'session');
  const found = cookie === undefined ? undefined : await sessions.find(cookie);
  if (cookie === undefined || found === undefined) {
    leave(parts, exchange, asked);
    return;
  }
  const page = signOutPage({ form: web.form('/logout', cookie), app: asked.app, carried: asked.carried });
  const there = await addressElsewhere(parts, found.id, asked);
  const leadsTo = [asked.to, there].filter((one) => one !== undefined);
  web.show(exchange, page, { policy: { leadsTo } });
}

/** The provider's own log-off: it hands back, as state, what the app has asked for. */
async function addressElsewhere(
  { web, logoutElsewhere }: Parts,
  session: string,
  { to, carried }: LogoutRequest,
): Promise<string | undefined> {
  const address = await logoutElsewhere(session, `${web.origin}${web.at(BACK)}`);
  if (address === undefined || to === undefined) return address;
  const { client_id: client, post_logout_redirect_uri: back, state, id_token_hint: hint } = carried;
  const kept = { client_id: client ?? audienceOf(hint), post_logout_redirect_uri: back, state };
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(kept)) if (value !== undefined) told.set(name, value);
  return withState(address, told.toString());
}

/** The provider's log-off is over: on to where the app wanted, if that is registered. */
async function comeBack(parts: Parts, exchange: AuthExchange): Promise<void> {
  const asked = await readLogoutRequest(parts, new URLSearchParams(exchange.query.get('state') ?? ''));
  if (asked.to === undefined) parts.web.show(exchange, signedOutPage(parts.web.at('/login')));
  else parts.web.go(exchange, asked.to);
}

const leave = (parts: Parts, exchange: AuthExchange, { to }: Pick<LogoutRequest, 'to'>): void => {
  const gone = [{ name: 'session', value: undefined }] as const;
  if (to === undefined) parts.web.show(exchange, signedOutPage(parts.web.at('/login')), { cookies: gone });
  else parts.web.go(exchange, to, gone);
};

async function take(parts: Parts, exchange: AuthExchange): Promise<void> {
  const { web, sessions } = parts;
  const body = await readSmallBody(exchange);
  const fields = new URLSearchParams(body.toString('utf8'));
  if (!fields.has(FORM_TOKEN)) {
    // An app's own form: its parameters are asked for by GET, because it comes without the cookie.
    for (const name of Array.from(fields.keys()))
      if (!CARRIED.some((one) => one === name)) fields.delete(name);
    web.go(exchange, web.at(`/logout?${fields.toString()}`));
    return;
  }
  const cookie = cookieOf(exchange, 'session');
  const form = await web.take(exchange, cookie, body);
  if (form === undefined) return;
  const asked = await readLogoutRequest(parts, fields);
  if (form.one('logout') !== 'yes') {
    web.go(exchange, web.at('/account'));
    return;
  }
  const found = cookie === undefined ? undefined : await sessions.find(cookie);
  const there = found && (await addressElsewhere(parts, found.id, asked));
  if (found !== undefined) await sessions.end(found.id, byOf(exchange, found.session.account, found.id));
  leave(parts, exchange, { to: there ?? asked.to });
}

/** The client for which an id_token was made. It opens nothing: the person is asked, and the address must be registered. */
function audienceOf(token: string | undefined): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      aud?: unknown;
    };
    return typeof claims.aud === 'string' ? claims.aud : undefined;
  } catch {
    return undefined;
  }
}

function withState(address: string, state: string | undefined): string {
  if (state === undefined) return address;
  const url = new URL(address);
  url.searchParams.set('state', state);
  return url.href;
}
