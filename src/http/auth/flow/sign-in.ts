/** Signing in: a passkey, or a password and then a second factor (identity 7). */
import { randomBytes } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import { acrOf, ACR, reachesAcr, type Amr } from '../../../identity/assurance.ts';
import type { Sessions } from '../../../accounts/sessions.ts';
import type { Client } from '../../../identity/client.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { AuthExchange } from '../exchange.ts';
import { loginPage, secondFactorPage } from '../pages/sign-in.ts';
import { keyOfSecret } from '../records.ts';
import { RaceLost } from '../unit.ts';
import { onwardOf, queryOf, type Onward, type SessionEntry } from './entry.ts';
import type { FactorAttempt } from '../../../accounts/factor-parts.ts';
import type { Factors } from '../../../accounts/factors.ts';
import { wordsOfRefusal, type PageRefusal } from './factors.ts';
import { cookieOf, type Web } from './web.ts';

/** A way in by another organization's provider. */
export interface OtherWay {
  readonly label: string;
  readonly address: string;
}

interface SignInParts {
  readonly clock: Clock;
  readonly web: Web;
  readonly entry: SessionEntry;
  readonly factors: Factors;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly provider: () => Promise<Provider>;
  readonly findClient: (id: string) => Promise<Client | undefined>;
  /** @param query to be kept over the other provider's pages */
  readonly otherWays: (query: string) => Promise<readonly OtherWay[]>;
  /** What the login page says in a demonstration. */
  readonly notice: string | undefined;
}

/** Somebody whose password was right and whose second factor is still to come. */
interface HalfProven {
  readonly account: string;
  readonly ways: readonly Amr[];
  readonly mustChange?: boolean;
}

const KIND = 'sign-in';
const KEPT_MS = 10 * 60_000;
const LOGIN_MAX = 254;
const PASSWORD_MAX = 1024;
const ANSWER_MAX = 16_384;

/** Who tries a factor, and from where, as the brake counts it. */
export const attemptOf = (exchange: AuthExchange): FactorAttempt => ({
  device: cookieOf(exchange, 'device'),
  address: exchange.clientIp,
  requestId: exchange.requestId,
});

export function createSignIn(parts: SignInParts) {
  return {
    routes: [
      ['GET', '/login', (exchange: AuthExchange) => showLogin(parts, exchange, onwardOf(exchange.query))],
      ['POST', '/login', (exchange: AuthExchange) => takePassword(parts, exchange)],
      ['POST', '/login/passkey', (exchange: AuthExchange) => takePasskey(parts, exchange)],
      ['GET', '/second-factor', (exchange: AuthExchange) => showSecond(parts, exchange)],
      ['POST', '/second-factor', (exchange: AuthExchange) => takeSecond(parts, exchange)],
    ] as const,
  };
}

/** The app that waits for the login, where its answer will go, and whom it expects. */
async function waitingApp(
  parts: SignInParts,
  to: Onward,
): Promise<{ readonly app?: string; readonly leadsTo?: string; readonly hint?: string }> {
  if (!('interaction' in to)) return {};
  const provider = await parts.provider();
  const interaction = await provider.Interaction.find(to.interaction);
  const client = interaction && (await parts.findClient(interaction.params.client_id ?? ''));
  const leadsTo = interaction?.params['redirect_uri'];
  const hint = interaction?.params['login_hint'];
  return {
    ...(client && { app: client.name }),
    ...(leadsTo !== undefined && { leadsTo }),
    ...(hint !== undefined && { hint: hint.slice(0, LOGIN_MAX) }),
  };
}

async function showLogin(
  parts: SignInParts,
  exchange: AuthExchange,
  to: Onward,
  more: { readonly login?: string; readonly refused?: PageRefusal } = {},
): Promise<void> {
  const { web, factors } = parts;
  const { value, cookies } = web.browserOf(exchange);
  const { app, leadsTo, hint } = await waitingApp(parts, to);
  const login = more.login ?? hint;
  const query = queryOf(to);
  const passkey = web.form(`/login/passkey?${query}`, value);
  const page = loginPage({
    app,
    passkey: {
      ...passkey,
      ask: 'get',
      options: JSON.stringify(await factors.askPasskey(value)),
      label: 'Sign in with a passkey',
    },
    password: web.form(`/login?${query}`, value),
    login,
    error: more.refused && wordsOfRefusal(more.refused),
    others: await parts.otherWays(query),
    notice: parts.notice,
  });
  web.show(exchange, page, {
    policy: { leadsTo },
    cookies,
    ...(more.refused !== undefined && { status: refusalStatus(more.refused) }),
  });
}

async function takePassword(parts: SignInParts, exchange: AuthExchange): Promise<void> {
  const { clock, web, entry, factors } = parts;
  const browser = cookieOf(exchange, 'browser');
  const form = await web.take(exchange, browser);
  if (form === undefined || browser === undefined) return;
  const to = onwardOf(exchange.query);
  const login = form.one('login').slice(0, LOGIN_MAX);
  const password = form.one('password');
  const proven =
    password.length > PASSWORD_MAX
      ? ({ ok: false, code: 'login-wrong' } as const)
      : await factors.password({ login, password }, attemptOf(exchange));
  if (!proven.ok) {
    await showLogin(parts, exchange, to, { login, refused: proven });
    return;
  }
  const held = await factors.held(proven.account);
  if (!held.totp && held.passkeys === 0) {
    await entry.enter(exchange, proven.account, proven.ways, to);
    return;
  }
  // The half that is proven belongs to a new name of the browser: who knew the old one has nothing.
  const value = randomBytes(32).toString('base64url');
  const { unit } = exchange;
  const { account, ways, mustChange } = proven;
  const body: HalfProven = { account, ways, mustChange: mustChange !== undefined };
  unit.hold(
    {
      kind: KIND,
      key: keyOfSecret(value),
      expect: 'absent',
      body,
      expiresAt: clock.now() + KEPT_MS,
      index: [['account', proven.account]],
    },
    'issue',
  );
  await unit.commit();
  web.go(exchange, web.at(`/second-factor?${queryOf(to)}`), [{ name: 'browser', value }]);
}

async function takePasskey(parts: SignInParts, exchange: AuthExchange): Promise<void> {
  const { web, entry, factors } = parts;
  const browser = cookieOf(exchange, 'browser');
  const form = await web.take(exchange, browser);
  if (form === undefined || browser === undefined) return;
  const to = onwardOf(exchange.query);
  const answer = form.one('passkey');
  const proven =
    answer.length > ANSWER_MAX
      ? ({ ok: false, code: 'passkey-wrong' } as const)
      : await factors.passkey(browser, answer, attemptOf(exchange));
  if (proven.ok) await entry.enter(exchange, proven.account, proven.ways, to);
  else await showLogin(parts, exchange, to, { refused: { ...proven, code: 'passkey-wrong' } });
}

/** Somebody whose first factor is proven here or by a provider outside, and the cookie to which the forms are bound. */
interface FoundHalf {
  readonly half: HalfProven;
  readonly secret: string;
  /** Of its record; undefined: it is a session that a provider has opened. */
  readonly version: number | undefined;
}

async function halfOf({ sessions }: SignInParts, exchange: AuthExchange): Promise<FoundHalf | undefined> {
  const browser = cookieOf(exchange, 'browser');
  const found = browser === undefined ? undefined : await exchange.unit.find(KIND, keyOfSecret(browser));
  if (browser !== undefined && found !== undefined)
    return { half: found.body as HalfProven, secret: browser, version: found.version }; // of this kind, written above
  const cookie = cookieOf(exchange, 'session');
  const session = cookie === undefined ? undefined : await sessions.find(cookie);
  if (cookie === undefined || session?.state !== 'live' || session.session.provider === undefined)
    return undefined;
  // The provider's word counts as the first factor, and never as the second (identity ID-47).
  return { half: { account: session.session.account, ways: ['pwd'] }, secret: cookie, version: undefined };
}

async function showSecond(parts: SignInParts, exchange: AuthExchange, refused?: PageRefusal): Promise<void> {
  const { web, factors } = parts;
  const found = await halfOf(parts, exchange);
  const to = onwardOf(exchange.query);
  if (found === undefined) {
    web.go(exchange, web.at(`/login?${queryOf(to)}`));
    return;
  }
  const held = await factors.held(found.half.account);
  const way = exchange.query.get('way') === 'recovery' || !held.totp ? 'recovery' : 'totp';
  const { leadsTo } = await waitingApp(parts, to);
  const query = queryOf(to);
  const page = secondFactorPage({
    form: web.form(`/second-factor?${query}&way=${way}`, found.secret),
    way,
    other: web.at(`/second-factor?${query}&way=${way === 'totp' ? 'recovery' : 'totp'}`),
    error: refused && wordsOfRefusal(refused),
  });
  web.show(exchange, page, {
    policy: { leadsTo },
    ...(refused !== undefined && { status: refusalStatus(refused) }),
  });
}

async function takeSecond(parts: SignInParts, exchange: AuthExchange): Promise<void> {
  const { web, entry, factors } = parts;
  const found = await halfOf(parts, exchange);
  const form = await web.take(exchange, found?.secret);
  if (form === undefined || found === undefined) return;
  const { account, ways, mustChange } = found.half;
  // A password that others know is changed before anything else (identity ID-24).
  const to = mustChange === true ? { page: 'enrol' } : onwardOf(exchange.query);
  const code = form.one('code').replace(/[\s-]/g, '').slice(0, 64);
  const isRecovery = exchange.query.get('way') === 'recovery';
  const proven = await factors[isRecovery ? 'recoveryCode' : 'totp'](account, code, attemptOf(exchange));
  if (!proven.ok) {
    await showSecond(parts, exchange, proven);
    return;
  }
  const all = [...ways, ...proven.ways];
  if (!reachesAcr(acrOf(all), ACR.mfa)) throw new Error('a second factor that proves nothing');
  if (await usedOnce(exchange, found)) await entry.enter(exchange, account, all, to);
  else web.refuse(exchange, 'form-refused');
}

/** The half is used up, so that of two forms at once one begins a session. */
async function usedOnce({ unit }: AuthExchange, { secret, version }: FoundHalf): Promise<boolean> {
  if (version === undefined) return true;
  unit.hold({ kind: KIND, key: keyOfSecret(secret), expect: version, body: undefined }, 'end');
  try {
    await unit.commit();
    return true;
  } catch (error) {
    if (error instanceof RaceLost) return false;
    throw error;
  }
}

/** Of a page that says no: a reader of logs sees what it was. */
export const refusalStatus = ({ code, retryAfter }: PageRefusal): number =>
  code === 'busy' ? 503 : retryAfter === undefined ? 400 : 429;
