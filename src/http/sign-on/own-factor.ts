/**
 * The pages beside a login from outside: the choice of a provider by the domain of an e-mail address, and the second factor of
 * this server where the provider has proved none (identity ID-47). The provider's login is the first factor; the session
 * stays one of that provider.
 */
import type { Factors } from '../../accounts/factors.ts';
import type { Sessions } from '../../accounts/sessions.ts';
import { ACR, reachesAcr, acrOf } from '../../identity/assurance.ts';
import type { AuthExchange, AuthRoute } from '../auth/exchange.ts';
import { byOf, onwardOf, queryOf, type Onward } from '../auth/flow/entry.ts';
import { attemptOf, refusalStatus } from '../auth/flow/sign-in.ts';
import { wordsOfRefusal, type PageRefusal } from '../auth/flow/factors.ts';
import { cookieOf, type Web } from '../auth/flow/web.ts';
import { secondFactorPage } from '../auth/pages/sign-in.ts';
import { chooserPage, obstaclePage } from './sign-on-pages.ts';

/** A way in by the provider of an organization. */
interface Choice {
  readonly label: string;
  readonly address: string;
}

interface OwnFactorParts {
  readonly web: Web;
  readonly sessions: Pick<Sessions, 'find' | 'stepUp'>;
  readonly factors: Pick<Factors, 'held' | 'totp' | 'recoveryCode'>;
  /** The providers for an address, and where each leads on the way to a path. */
  readonly choices: (email: string, back: string) => Promise<readonly Choice[]>;
}

const EMAIL_MAX = 254;

export const ownFactorRoutes = (parts: OwnFactorParts): readonly AuthRoute[] => [
  ['GET', '/sign-on', (exchange) => choose(parts, exchange)],
  ['POST', '/sign-on', (exchange) => takeAddress(parts, exchange)],
  ['GET', '/sign-on-factor', (exchange) => ask(parts, exchange)],
  ['POST', '/sign-on-factor', (exchange) => take(parts, exchange)],
];

const pathOf = (web: Web, to: Onward): string =>
  web.at('interaction' in to ? `/interaction/${to.interaction}` : `/${to.page}`);

function choose({ web }: OwnFactorParts, exchange: AuthExchange): void {
  const { value, cookies } = web.browserOf(exchange);
  const form = web.form(`/sign-on?${queryOf(onwardOf(exchange.query))}`, value);
  web.show(exchange, chooserPage({ form, choices: undefined }), { cookies });
}

async function takeAddress({ web, choices }: OwnFactorParts, exchange: AuthExchange): Promise<void> {
  const browser = cookieOf(exchange, 'browser');
  const form = await web.take(exchange, browser);
  if (form === undefined || browser === undefined) return;
  const to = onwardOf(exchange.query);
  const found = await choices(form.one('email').slice(0, EMAIL_MAX), pathOf(web, to));
  const again = web.form(`/sign-on?${queryOf(to)}`, browser);
  web.show(exchange, chooserPage({ form: again, choices: found }));
}

/** The session of the browser, where a provider opened it and proved no second factor. */
async function halfSession({ sessions }: OwnFactorParts, exchange: AuthExchange) {
  const cookie = cookieOf(exchange, 'session');
  const found = cookie === undefined ? undefined : await sessions.find(cookie);
  if (cookie === undefined || found?.state !== 'live') return undefined;
  const { provider, acr } = found.session;
  return provider === undefined || acr !== ACR.enrol ? undefined : { cookie, found };
}

async function ask(parts: OwnFactorParts, exchange: AuthExchange, refused?: PageRefusal): Promise<void> {
  const { web, factors } = parts;
  const half = await halfSession(parts, exchange);
  const query = queryOf(onwardOf(exchange.query));
  if (half === undefined) return web.go(exchange, web.at(`/login?${query}`));
  const held = await factors.held(half.found.session.account);
  if (!held.totp && held.recoveryCodes === 0) {
    const page = obstaclePage('no-factor');
    return web.show(exchange, page, { status: page.status });
  }
  const way = exchange.query.get('way') === 'recovery' || !held.totp ? 'recovery' : 'totp';
  const page = secondFactorPage({
    form: web.form(`/sign-on-factor?${query}&way=${way}`, half.cookie),
    way,
    other: web.at(`/sign-on-factor?${query}&way=${way === 'totp' ? 'recovery' : 'totp'}`),
    error: refused && wordsOfRefusal(refused),
  });
  web.show(exchange, page, refused === undefined ? {} : { status: refusalStatus(refused) });
}

async function take(parts: OwnFactorParts, exchange: AuthExchange): Promise<void> {
  const { web, factors, sessions } = parts;
  const half = await halfSession(parts, exchange);
  const form = await web.take(exchange, half?.cookie);
  if (form === undefined || half === undefined) return;
  const { account } = half.found.session;
  const code = form.one('code').replace(/[\s-]/g, '').slice(0, 64);
  const attempt = { ...attemptOf(exchange), session: half.found.id };
  const isRecovery = exchange.query.get('way') === 'recovery';
  const proven = await (isRecovery ? factors.recoveryCode : factors.totp)(account, code, attempt);
  if (!proven.ok) return ask(parts, exchange, proven);
  const ways = ['pwd', ...proven.ways] as const;
  if (!reachesAcr(acrOf(ways), ACR.mfa)) throw new Error('a second factor that proves nothing');
  const stepped = await sessions.stepUp(half.found.id, ways, byOf(exchange, account, half.found.id));
  if (stepped === undefined) return web.go(exchange, web.at('/login'));
  web.go(exchange, pathOf(web, onwardOf(exchange.query)), [{ name: 'session', value: stepped.cookie }]);
}
