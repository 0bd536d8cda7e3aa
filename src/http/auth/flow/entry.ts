/** What follows a proof of who somebody is: the session begins or is renewed, with another cookie, and the person goes on. */
import { findAccount, usedWrite } from '../../../accounts/accounts.ts';
import type { By } from '../../../accounts/changes.ts';
import { DEVICE_MS, type createDevices } from '../../../accounts/devices.ts';
import type { OwnLogins } from '../../../accounts/own-logins.ts';
import type { Sessions } from '../../../accounts/sessions.ts';
import { ACR, acrOf, reachesAcr, type Amr } from '../../../identity/assurance.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import type { AuthExchange } from '../exchange.ts';
import { browserAgent, cookieOf, type CookieChange, type Web } from './web.ts';

/** Where somebody wanted to go. */
export type Onward = { readonly interaction: string } | { readonly page: string };

/** Pages that may be asked for after a login. */
const PAGES: ReadonlySet<string> = new Set(['account', 'apps', 'organization', 'enrol', 'launched']);
const UID = /^[\w-]{1,64}$/;

/** Of the query; anything else leads to the account's page. */
export function onwardOf(query: URLSearchParams): Onward {
  const interaction = query.get('interaction') ?? '';
  if (UID.test(interaction)) return { interaction };
  const page = query.get('page') ?? '';
  return { page: PAGES.has(page) ? page : 'account' };
}

/** The query by which a page hands on where somebody wanted to go. */
export const queryOf = (to: Onward): string =>
  'interaction' in to ? `interaction=${to.interaction}` : `page=${to.page}`;

const addressOf = (to: Onward): string =>
  'interaction' in to ? `/interaction/${to.interaction}` : `/${to.page}`;

export interface EntryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly web: Web;
  readonly sessions: Sessions;
  readonly devices: ReturnType<typeof createDevices>;
  readonly ownLogins: OwnLogins;
}

/** The agent of what a person does at a browser, for the audit. @param account its id @param session its public id */
export const byOf = (exchange: AuthExchange, account: string, session?: string): By => ({
  agent: browserAgent(exchange, { subject: account, ...(session !== undefined && { session }) }),
  requestId: exchange.requestId,
});

export function createEntry(parts: EntryParts) {
  const { web, sessions } = parts;
  return {
    /**
     * Begins a session, or renews the one that this browser has, and sends the person on. A session is never taken over from
     * before the login: its cookie has another value now (identity ID-38).
     */
    async enter(exchange: AuthExchange, account: string, ways: readonly Amr[], to: Onward): Promise<void> {
      const own = await ownSession(parts, exchange, account);
      if (!(await mayEnter(parts, exchange, account, ways, own))) return;
      const renewed =
        own === undefined ? undefined : await sessions.stepUp(own, ways, byOf(exchange, account, own));
      const entered =
        renewed === undefined
          ? await begin(parts, exchange, account, ways)
          : { cookie: renewed.cookie, cookies: [] };
      if (entered === undefined) {
        web.refuse(exchange, 'no-membership');
        return;
      }
      const isEnrolment = !reachesAcr(acrOf(ways), ACR.mfa);
      web.go(exchange, web.at(isEnrolment ? `/enrol?${queryOf(to)}` : addressOf(to)), [
        { name: 'session', value: entered.cookie },
        { name: 'browser', value: undefined },
        ...entered.cookies,
      ]);
    },
    addressOf: (to: Onward): string => web.at(addressOf(to)),
  };
}

/** Whether an own login counts beside the provider of the person's organization (identity ID-49); else the answer was sent. */
async function mayEnter(
  { web, sessions, ownLogins }: EntryParts,
  exchange: AuthExchange,
  account: string,
  ways: readonly Amr[],
  own: string | undefined,
): Promise<boolean> {
  const isWhole = reachesAcr(acrOf(ways), ACR.mfa);
  // An own factor in a session that the provider has begun is no other way in.
  const isOutside = own !== undefined && (await sessions.get(own))?.session.provider !== undefined;
  const verdict = isWhole && !isOutside ? await ownLogins.judge(account, ways) : 'open';
  if (verdict === 'open') return true;
  if (typeof verdict === 'object') {
    await ownLogins.raise(account, verdict.emergency, byOf(exchange, account));
    return true;
  }
  web.refuse(exchange, verdict === 'closed' ? 'own-login-closed' : 'own-login-passkey');
  return false;
}

/** The session of the browser, where it is of this account and has not ended. */
async function ownSession(
  parts: EntryParts,
  exchange: AuthExchange,
  account: string,
): Promise<string | undefined> {
  const { sessions } = parts;
  const cookie = cookieOf(exchange, 'session');
  const found = cookie === undefined ? undefined : await sessions.find(cookie);
  if (found === undefined) return undefined;
  if (found.session.account === account) return found.id;
  // Somebody else signs in at this browser: nobody comes back to the session that it had.
  await sessions.end(found.id, byOf(exchange, found.session.account, found.id));
  return undefined;
}

async function begin(
  parts: EntryParts,
  exchange: AuthExchange,
  id: string,
  ways: readonly Amr[],
): Promise<{ readonly cookie: string; readonly cookies: readonly CookieChange[] } | undefined> {
  const { store, clock, sessions, devices } = parts;
  const account = await findAccount(store.snapshot(), id);
  const isWhole = reachesAcr(acrOf(ways), ACR.mfa);
  if (account === undefined || account.state !== (isWhole ? 'active' : 'enrolling')) return undefined;
  const known = await devices.known(cookieOf(exchange, 'device'), id);
  const device = devices.remember(cookieOf(exchange, 'device'), {
    account: id,
    shared: known?.shared === true,
  });
  const opened = await sessions.open(
    {
      session: { account: id, device: device.key, shared: known?.shared === true },
      ways,
      records: isWhole ? [device.record, usedWrite(id, clock.now())] : [],
      relies: [{ kind: 'account', key: id, version: account.version }],
      ...(known === undefined && isWhole && { detail: { device: 'new' } }),
    },
    byOf(exchange, id),
  );
  if (opened === undefined) return undefined;
  return { cookie: opened.cookie, cookies: isWhole ? [rememberedCookie(device.value)] : [] };
}

/** By which the browser is known the next time. */
export const rememberedCookie = (value: string): CookieChange => ({
  name: 'device',
  value,
  maxAgeS: DEVICE_MS / 1000,
});

export type SessionEntry = ReturnType<typeof createEntry>;
