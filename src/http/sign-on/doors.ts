/**
 * The addresses below `[origin]/auth/sign-on`: there a browser leaves for a provider and comes back, a provider tells of log-offs
 * and finds our key (identity 8).
 */
import { arriveFromOutside, linkIdentity, type ArrivalParts } from '../../accounts/outside-arrival.ts';
import type { By } from '../../accounts/changes.ts';
import { endLoggedOff } from '../../accounts/outside-logout.ts';
import { stepUpOutside } from '../../accounts/outside-step-up.ts';
import { noteTrial } from '../../accounts/outside-trial.ts';
import { accessTo, findProvider, type KnownProvider } from '../../accounts/providers.ts';
import type { Sessions } from '../../accounts/sessions.ts';
import { isFresh } from '../../identity/session.ts';
import type { Seal } from '../../identity/seal.ts';
import { OutsideRefused, type OutsideLogin, type OutsideProviders } from '../../ports/sign-on.ts';
import { readSmallBody, type AuthExchange, type AuthRoute } from '../auth/exchange.ts';
import { SESSION_COOKIE } from '../auth/provider.ts';
import { pageHeaders } from '../auth/pages/headers.ts';
import { FORM_TOKEN, renderPage, type PageFiles, type WebPage } from '../auth/pages/layout.ts';
import type { Log } from '../log.ts';
import {
  hostCookie,
  LINK_COOKIE,
  newBinding,
  openLink,
  openQuestion,
  questionCookie,
  readCookie,
  sealLink,
  sealQuestion,
  WAITS_S,
  type SignOnPurpose,
  type SignOnQuestion,
} from './question.ts';
import { linkedPage, linkPage, obstaclePage, type SignOnObstacle } from './sign-on-pages.ts';
import { isSameSecret } from '../../identity/same-secret.ts';

interface SignOnParts extends Omit<ArrivalParts, 'seal' | 'sessions'> {
  readonly sessions: Pick<Sessions, 'open' | 'find' | 'get' | 'end' | 'stepUp'>;
  readonly providers: OutsideProviders;
  readonly seal: () => Promise<Seal | undefined>;
  readonly random: (count: number) => Buffer;
  /** `[origin]/auth`. */
  readonly issuer: string;
  readonly files: PageFiles;
  /** The path of the login page of this server: it goes on to `return`. */
  readonly ownLogin: string;
  readonly log: Pick<Log, 'write'>;
}

/** What a request to one of these addresses is answered with. */
interface Door extends SignOnParts {
  readonly exchange: AuthExchange;
  readonly key: Seal;
  readonly by: By;
}

type Answer = (door: Door, provider: KnownProvider) => Promise<void>;

/** The rows of the table of routes. */
export const signOnRoutes = (parts: SignOnParts): readonly AuthRoute[] => [
  ['GET', '/sign-on-link', (exchange) => within(parts, exchange, showLink)],
  ['POST', '/sign-on-link', (exchange) => within(parts, exchange, makeLink)],
  ['GET', '/sign-on/:idp', (exchange) => toProvider(parts, exchange, leave)],
  ['GET', '/sign-on/:idp/callback', (exchange) => toProvider(parts, exchange, comeBack)],
  ['POST', '/sign-on/:idp/backchannel-logout', (exchange) => toProvider(parts, exchange, hearLogout)],
  ['GET', '/sign-on/:idp/jwks', (exchange) => toProvider(parts, exchange, showKeys)],
];

async function within(
  parts: SignOnParts,
  exchange: AuthExchange,
  answer: (door: Door) => Promise<void>,
): Promise<void> {
  const key = await parts.seal();
  if (key === undefined) return show(parts, exchange, obstaclePage('unreachable'));
  const { requestId, clientIp } = exchange;
  const agent = {
    organization: '',
    client: 'sign-on',
    subject: '',
    ...(clientIp !== undefined && { address: clientIp }),
  } as const;
  const door: Door = { ...parts, exchange, key, by: { agent, requestId } };
  try {
    await answer(door);
  } catch (error) {
    if (!(error instanceof OutsideRefused)) throw error;
    parts.log.write('warn', 'a login from outside was refused', { requestId, why: error.message });
    refuse(door, error.refusal);
  }
}

const toProvider = (parts: SignOnParts, exchange: AuthExchange, answer: Answer): Promise<void> =>
  within(parts, exchange, async (door) => {
    const provider = await findProvider(parts.store.snapshot(), exchange.params['idp'] ?? '');
    // Who comes from an EHR comes by its launch.
    if (provider?.status !== 'active' || provider.ehr !== undefined) return refuse(door, 'unknown-provider');
    await answer(door, provider);
  });

function show(
  { files }: Pick<SignOnParts, 'files'>,
  { send }: AuthExchange,
  page: WebPage & { readonly status?: number },
  cookies: readonly string[] = [],
): void {
  send(page.status ?? 200, renderPage(page, files), {
    ...pageHeaders({}),
    ...(cookies.length > 0 && { 'Set-Cookie': cookies as unknown as string }), // Node sends one header for each
  });
}

const refuse = (door: Door, obstacle: SignOnObstacle, cookies: readonly string[] = []): void =>
  show(door, door.exchange, obstaclePage(obstacle), cookies);

function redirect({ send }: AuthExchange, address: string, cookies: readonly string[]): void {
  send(303, undefined, {
    Location: address,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Set-Cookie': cookies as unknown as string, // Node sends one header for each
  });
}

const rootOf = (issuer: string): string => new URL(issuer).pathname;

/** A path of this server's own pages, whatever a link says; else the account's page. */
function readBack(issuer: string, asked: string | null): string {
  const root = rootOf(issuer);
  return asked !== null &&
    asked.startsWith(`${root}/`) &&
    /^\/[\w./?&=%~:+-]*$/.test(asked) &&
    !asked.includes('//')
    ? asked
    : `${root}/account`;
}

const callbackOf = (issuer: string, { key }: KnownProvider): string => `${issuer}/sign-on/${key}/callback`;

// — there and back

async function leave(door: Door, provider: KnownProvider): Promise<void> {
  const { exchange, issuer, providers, key, clock, random } = door;
  const { query, req } = exchange;
  const session = await currentSession(door);
  const purpose = readPurpose(query, session?.session.provider === provider.key);
  const binding = newBinding(random);
  const question: SignOnQuestion = {
    ...binding,
    provider: provider.key,
    purpose,
    back: readBack(issuer, query.get('return')),
    ...(purpose === 'step-up' && { session: session?.id }),
    at: clock.now(),
  };
  const address = await providers.address(accessTo(provider, key), {
    ...binding,
    redirectUri: callbackOf(issuer, provider),
    anew: purpose !== 'login',
    loginHint: query.get('login_hint') ?? undefined,
  });
  req.resume();
  redirect(exchange, address, [
    hostCookie(questionCookie(binding.state), sealQuestion(key, question), WAITS_S),
  ]);
}

/** A trial names itself; a step-up is of the session that this browser has of the same provider. */
function readPurpose(query: URLSearchParams, hasSession: boolean): SignOnPurpose {
  const trial = query.get('trial');
  if (trial === 'without' || trial === 'with') return `trial-${trial}`;
  return query.get('purpose') === 'step-up' && hasSession ? 'step-up' : 'login';
}

const currentSession = ({ sessions, exchange }: Door) => {
  const cookie = readCookie(exchange.req.headers.cookie, SESSION_COOKIE);
  return cookie === undefined ? undefined : sessions.find(cookie);
};

const STATE = /^[\w-]{43}$/;

async function comeBack(door: Door, provider: KnownProvider): Promise<void> {
  const { exchange, issuer, providers, key, clock } = door;
  const state = exchange.query.get('state') ?? '';
  if (!STATE.test(state)) return refuse(door, 'no-question');
  const name = questionCookie(state);
  const sealed = readCookie(exchange.req.headers.cookie, name);
  const question = openQuestion(key, sealed, { provider: provider.key, state, now: clock.now() });
  if (question === undefined) return refuse(door, 'no-question');
  const { nonce, verifier } = question;
  const address = `${callbackOf(issuer, provider)}?${exchange.query.toString()}`;
  const login = await providers.login(accessTo(provider, key), { address, state, nonce, verifier });
  const arrived = { door, provider, question, login, gone: hostCookie(name, '', 0) };
  if (question.purpose === 'login') return finishLogin(arrived);
  return question.purpose === 'step-up' ? finishStepUp(arrived) : finishTrial(arrived);
}

interface OutsideReturn {
  readonly door: Door;
  readonly provider: KnownProvider;
  readonly question: SignOnQuestion;
  readonly login: OutsideLogin;
  /** Takes the question's cookie away. */
  readonly gone: string;
}

async function finishLogin({ door, provider, question, login, gone }: OutsideReturn): Promise<void> {
  const { exchange, key, by, issuer, clock } = door;
  const { state, back } = question;
  const arrived = await arriveFromOutside({ ...door, seal: key }, { provider, login, state, by });
  if (arrived.kind === 'in')
    return redirect(exchange, onward(issuer, back, arrived.next), [
      gone,
      hostCookie(SESSION_COOKIE, arrived.cookie),
    ]);
  if (arrived.kind === 'refused') return refuse(door, arrived.why, [gone]);
  const { issuer: of, subject } = login;
  const link = sealLink(key, { provider: provider.key, issuer: of, subject, state, at: clock.now() });
  redirect(exchange, `${rootOf(issuer)}/sign-on-link`, [gone, hostCookie(LINK_COOKIE, link, WAITS_S)]);
}

/** The next address. People who proved no second factor are sent to the page that asks for one, or enrols it. */
function onward(issuer: string, back: string, next: 'nothing' | 'factor' | 'enrolment'): string {
  if (next === 'nothing') return back;
  const root = rootOf(issuer);
  const [, interaction] = /\/interaction\/([\w-]+)$/.exec(back) ?? [];
  const query = interaction === undefined ? 'page=account' : `interaction=${interaction}`;
  return `${root}/${next === 'enrolment' ? 'enrol' : 'sign-on-factor'}?${query}`;
}

async function finishStepUp({ door, provider, question, login, gone }: OutsideReturn): Promise<void> {
  const cookie = await stepUpOutside(door, { provider, login, session: question.session ?? '', by: door.by });
  if (cookie === undefined) return refuse(door, 'step-up', [gone]);
  redirect(door.exchange, question.back, [gone, hostCookie(SESSION_COOKIE, cookie)]);
}

async function finishTrial({ door, provider, question, login, gone }: OutsideReturn): Promise<void> {
  const step = question.purpose === 'trial-with' ? 'with' : 'without';
  const isKept = await noteTrial(door, { provider, login, step, by: door.by });
  refuse(door, isKept ? 'tried' : 'no-role', [gone]);
}

// — linking

async function showLink(door: Door): Promise<void> {
  const { exchange, key, clock, issuer, ownLogin, store } = door;
  const link = openLink(key, readCookie(exchange.req.headers.cookie, LINK_COOKIE), clock.now());
  const provider = link && (await findProvider(store.snapshot(), link.provider));
  if (link === undefined || provider === undefined) return refuse(door, 'no-question');
  const isOwn = (await ownSession(door)) !== undefined;
  const action = `${rootOf(issuer)}/sign-on-link`;
  const page = linkPage({
    provider: provider.name,
    isEhr: provider.ehr !== undefined,
    ownLogin: isOwn ? undefined : `${ownLogin}?return=${encodeURIComponent(action)}`,
    link: { action, token: link.state },
  });
  show(door, exchange, page);
}

/** The session of this browser, where it began with what is kept here, and not long ago. */
async function ownSession(door: Door) {
  const found = await currentSession(door);
  if (found?.state !== 'live' || found.session.provider !== undefined) return undefined;
  return isFresh(found.session, door.clock.now()) ? found : undefined;
}

async function makeLink(door: Door): Promise<void> {
  const { exchange, key, clock, store, issuer, by } = door;
  const form = new URLSearchParams((await readSmallBody(exchange)).toString('utf8'));
  const link = openLink(key, readCookie(exchange.req.headers.cookie, LINK_COOKIE), clock.now());
  const provider = link && (await findProvider(store.snapshot(), link.provider));
  const found = await ownSession(door);
  const isAsked = link !== undefined && isSameSecret(form.get(FORM_TOKEN) ?? '', link.state);
  const isOurs = [undefined, new URL(issuer).origin].includes(exchange.req.headers.origin);
  if (link === undefined || provider?.status !== 'active' || found === undefined || !isAsked || !isOurs)
    return refuse(door, 'not-linked');
  const { subject, issuer: of } = link;
  const { account } = found.session;
  if (!(await linkIdentity(door, { provider, issuer: of, subject, account, by })))
    return refuse(door, 'not-linked');
  const start = provider.ehr === undefined ? `${rootOf(issuer)}/sign-on/${provider.key}` : undefined;
  show(door, exchange, linkedPage(provider.name, start), [hostCookie(LINK_COOKIE, '', 0)]);
}

// — what the provider itself asks

async function hearLogout(door: Door, provider: KnownProvider): Promise<void> {
  const { exchange, providers, key, by, log } = door;
  const form = new URLSearchParams((await readSmallBody(exchange)).toString('utf8'));
  const headers = { 'Cache-Control': 'no-store' };
  try {
    const said = await providers.readLogout(accessTo(provider, key), form.get('logout_token') ?? '');
    await endLoggedOff(door, provider, said, by);
    exchange.send(200, '', headers);
  } catch (error) {
    if (!(error instanceof OutsideRefused)) throw error;
    log.write('warn', 'a logout token was refused', { requestId: exchange.requestId, why: error.message });
    const isLater = error.refusal === 'unreachable';
    exchange.send(
      isLater ? 503 : 400,
      { error: isLater ? 'temporarily_unavailable' : 'invalid_request' },
      headers,
    );
  }
}

const showKeys: Answer = async ({ exchange }, { publicKey }) => {
  exchange.send(
    200,
    { keys: publicKey === undefined ? [] : [publicKey] },
    { 'Cache-Control': 'public, max-age=300' },
  );
};
