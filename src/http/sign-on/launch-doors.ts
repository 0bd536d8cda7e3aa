/**
 * `[origin]/launch`: an EHR opens this server (smart SM-81 to SM-84). An `iss` that is not on record is told so, and nothing is
 * sent to it; one that is on record is asked who the person is, and about which patient, and answers at an address of its own.
 */
import type { By } from '../../accounts/changes.ts';
import { arriveFromEhr, type LaunchRefusal } from '../../accounts/launch-arrival.ts';
import type { ArrivalParts } from '../../accounts/outside-arrival.ts';
import { accessTo, findEhrs, findProvider, type KnownProvider } from '../../accounts/providers.ts';
import type { Sessions } from '../../accounts/sessions.ts';
import { launchedPatient, npisOf, numbersBy, ehrUserOf } from '../../identity/ehr.ts';
import type { Seal } from '../../identity/seal.ts';
import { OutsideRefused, type OutsideLogin, type OutsideProviders } from '../../ports/sign-on.ts';
import type { AuthExchange, AuthRoute } from '../auth/exchange.ts';
import { browserAgent, type Web } from '../auth/flow/web.ts';
import { SESSION_COOKIE } from '../auth/provider.ts';
import type { Log } from '../log.ts';
import { launchObstaclePage, ownWindowPage, type LaunchObstacle } from './launch-pages.ts';
import {
  EMBEDDED_COOKIE,
  framedCookie,
  hostCookie,
  LINK_COOKIE,
  newBinding,
  openQuestion,
  questionCookie,
  readCookie,
  sealLink,
  sealQuestion,
  WAITS_S,
  type SignOnQuestion,
} from './question.ts';

interface LaunchParts extends Omit<ArrivalParts, 'seal' | 'sessions'> {
  readonly sessions: Pick<Sessions, 'open' | 'find' | 'end'>;
  readonly web: Web;
  readonly providers: Pick<OutsideProviders, 'address' | 'login' | 'readResource'>;
  readonly seal: () => Promise<Seal | undefined>;
  readonly random: (count: number) => Buffer;
  readonly log: Pick<Log, 'write'>;
}

interface Launching extends LaunchParts {
  readonly exchange: AuthExchange;
  readonly key: Seal;
  readonly by: By;
  /** Whether a page of somebody else has opened it in a frame. */
  readonly embedded: boolean;
}

/** The handle of a launch, at most. */
const HANDLE_MAX = 2048;
const EMBEDDED_S = 900;
const STATE = /^[\w-]{43}$/;

/** The rows of the table of routes; their addresses are below the origin. */
export const launchRoutes = (parts: LaunchParts): readonly AuthRoute[] => [
  ['GET', '/launch', (exchange) => within(parts, exchange, leave)],
  ['GET', '/launch/:ehr/callback', (exchange) => within(parts, exchange, comeBack)],
  ['GET', '/launch/:ehr/jwks', (exchange) => showKeys(parts, exchange)],
];

/** Whether the answer is shown in a frame, as browsers say (Fetch Metadata). */
export const isFramed = ({ req }: Pick<AuthExchange, 'req'>): boolean =>
  ['iframe', 'frame', 'embed', 'object'].includes(String(req.headers['sec-fetch-dest']));

async function within(
  parts: LaunchParts,
  exchange: AuthExchange,
  answer: (launching: Launching) => Promise<void>,
): Promise<void> {
  const key = await parts.seal();
  if (key === undefined) return refuse(parts, exchange, 'unreachable');
  const by = {
    agent: browserAgent(exchange, { organization: '', client: 'launch', subject: '' }),
    requestId: exchange.requestId,
  };
  try {
    await answer({ ...parts, exchange, key, by, embedded: isFramed(exchange) });
  } catch (error) {
    if (!(error instanceof OutsideRefused)) throw error;
    const { requestId } = exchange;
    parts.log.write('warn', 'a launch by an EHR was refused', { requestId, why: error.message });
    refuse(parts, exchange, error.refusal);
  }
}

function refuse(
  { web }: Pick<LaunchParts, 'web'>,
  exchange: AuthExchange,
  obstacle: LaunchObstacle | LaunchRefusal,
  provider?: KnownProvider,
): void {
  const { status, ...page } = launchObstaclePage(obstacle);
  web.show(exchange, page, { status, policy: { frames: provider?.ehr?.embeddingOrigins ?? [] } });
}

function redirect({ send }: AuthExchange, address: string, cookies: readonly string[]): void {
  send(303, undefined, {
    Location: address,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Set-Cookie': cookies as unknown as string, // Node sends one header for each
  });
}

const cookieFor = (embedded: boolean, name: string, value: string, seconds: number): string =>
  embedded ? framedCookie(name, value, seconds) : hostCookie(name, value, seconds);

const callbackOf = ({ web }: LaunchParts, { key }: KnownProvider): string =>
  `${web.origin}/launch/${key}/callback`;

/** A parameter that is there once. */
function once(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name);
  return more.length > 0 || value === '' ? undefined : value;
}

async function leave(launching: Launching): Promise<void> {
  const { exchange, store, providers, key, clock, random, embedded, web } = launching;
  const [iss, launch] = [once(exchange.query, 'iss'), once(exchange.query, 'launch')];
  if (iss === undefined || launch === undefined || launch.length > HANDLE_MAX)
    return refuse(launching, exchange, 'no-launch');
  const [provider, ...others] = await findEhrs(store.snapshot(), iss);
  if (provider?.status !== 'active' || others.length > 0) return refuse(launching, exchange, 'unknown-ehr');
  const { ehr, proof } = provider;
  if (embedded && proof.kind === 'none') {
    // No factor is asked for in somebody else's page: the launch is not used up yet, and goes on in a window of its own.
    const address = `${web.origin}/launch?${new URLSearchParams({ iss, launch }).toString()}`;
    return web.show(exchange, ownWindowPage(address), { policy: { frames: ehr?.embeddingOrigins ?? [] } });
  }
  const binding = newBinding(random);
  const question: SignOnQuestion = {
    ...binding,
    provider: provider.key,
    purpose: 'launch',
    back: '',
    ...(embedded && { embedded: true }),
    at: clock.now(),
  };
  const address = await providers.address(accessTo(provider, key), {
    ...binding,
    redirectUri: callbackOf(launching, provider),
    anew: false,
    launch,
  });
  const name = questionCookie(binding.state);
  redirect(exchange, address, [cookieFor(embedded, name, sealQuestion(key, question), WAITS_S)]);
}

async function comeBack(launching: Launching): Promise<void> {
  const { exchange, store, providers, key, clock } = launching;
  const provider = await findProvider(store.snapshot(), exchange.params['ehr'] ?? '');
  if (provider?.ehr === undefined || provider.status !== 'active')
    return refuse(launching, exchange, 'unknown-ehr');
  const state = once(exchange.query, 'state') ?? '';
  const sealed = STATE.test(state)
    ? readCookie(exchange.req.headers.cookie, questionCookie(state))
    : undefined;
  const question = openQuestion(key, sealed, { provider: provider.key, state, now: clock.now() });
  if (question?.purpose !== 'launch') return refuse(launching, exchange, 'no-question', provider);
  const { nonce, verifier, embedded = false } = question;
  const access = accessTo(provider, key);
  const address = `${callbackOf(launching, provider)}?${exchange.query.toString()}`;
  const told = await providers.login(access, { address, state, nonce, verifier });
  // The base on record names the subject, whatever the EHR calls its authorization server: no EHR speaks of another's people.
  const login: OutsideLogin = { ...told, issuer: provider.issuer };
  const ask = resourcesOf(launching, provider, login);
  const user = ehrUserOf(login.user, provider.issuer);
  const patient = launchedPatient(login.context);
  const { patientSystems } = provider.ehr;
  const arrived = await arriveFromEhr(
    { ...launching, seal: key },
    {
      provider,
      login,
      state,
      by: launching.by,
      user,
      npis: user === undefined ? [] : await ask(user, npisOf),
      patient:
        patient === undefined ? undefined : await ask(patient, (one) => numbersBy(one, patientSystems)),
      needsBanner: login.context['need_patient_banner'] !== false,
      embedded,
    },
  );
  const gone = cookieFor(embedded, questionCookie(state), '', 0);
  if (arrived.kind === 'refused') return refuse(launching, exchange, arrived.why, provider);
  if (arrived.kind === 'prove') {
    if (embedded) return refuse(launching, exchange, 'not-framed', provider);
    const link = sealLink(key, {
      provider: provider.key,
      issuer: login.issuer,
      subject: login.subject,
      state,
      at: clock.now(),
    });
    return redirect(exchange, launching.web.at('/sign-on-link'), [
      gone,
      hostCookie(LINK_COOKIE, link, WAITS_S),
    ]);
  }
  await endLast(launching, provider, embedded);
  const session = embedded
    ? framedCookie(EMBEDDED_COOKIE, arrived.cookie, EMBEDDED_S)
    : hostCookie(SESSION_COOKIE, arrived.cookie);
  const next = arrived.isProven ? '/launched' : '/sign-on-factor?page=launched';
  redirect(exchange, launching.web.at(next), [gone, session]);
}

/** The session of the launch before, in the same browser: its window says that it is over. */
async function endLast(
  { sessions, exchange, by }: Launching,
  { key }: KnownProvider,
  embedded: boolean,
): Promise<void> {
  const cookie = readCookie(exchange.req.headers.cookie, embedded ? EMBEDDED_COOKIE : SESSION_COOKIE);
  const last = cookie === undefined ? undefined : await sessions.find(cookie);
  if (last?.session.provider === key) await sessions.end(last.id, by);
}

/** Asks the EHR for a resource with its token. What it does not show is not known, and the launch goes on without. */
const resourcesOf =
  ({ providers, key, log, exchange }: Launching, provider: KnownProvider, { tokens }: OutsideLogin) =>
  async <T>(
    ref: string,
    read: (resource: Readonly<Record<string, unknown>>) => readonly T[],
  ): Promise<readonly T[]> => {
    try {
      return read(await providers.readResource(accessTo(provider, key), tokens.accessToken ?? '', ref));
    } catch (error) {
      if (!(error instanceof OutsideRefused)) throw error;
      const [type] = ref.split('/');
      log.write('warn', 'an EHR did not show a resource of a launch', {
        requestId: exchange.requestId,
        type,
        why: error.message,
      });
      return [];
    }
  };

async function showKeys({ store }: LaunchParts, { params, send }: AuthExchange): Promise<void> {
  const provider = await findProvider(store.snapshot(), params['ehr'] ?? '');
  if (provider?.ehr === undefined || provider.publicKey === undefined) send(404, { error: 'not_found' });
  else send(200, { keys: [provider.publicKey] }, { 'Cache-Control': 'public, max-age=300' });
}
