/** A locked session goes on after one factor (identity ID-37), or ends. */
import { findAccount } from '../../../accounts/accounts.ts';
import type { FoundSession, Sessions } from '../../../accounts/sessions.ts';
import type { Store } from '../../../ports/store.ts';
import type { AuthExchange } from '../exchange.ts';
import { unlockPage } from '../pages/sign-in.ts';
import { byOf, onwardOf, queryOf, type SessionEntry } from './entry.ts';
import type { Factors } from '../../../accounts/factors.ts';
import type { FactorRefusal, ProvenFactor } from '../../../accounts/factor-parts.ts';
import { wordsOfRefusal, type PageRefusal } from './factors.ts';
import { attemptOf, refusalStatus } from './sign-in.ts';
import { cookieOf, type Web } from './web.ts';

interface Parts {
  readonly store: Store;
  readonly web: Web;
  readonly entry: SessionEntry;
  readonly factors: Factors;
  readonly sessions: Sessions;
}

export function createUnlock(parts: Parts) {
  const { factors } = parts;
  return {
    routes: [
      ['GET', '/unlock', (exchange: AuthExchange) => show(parts, exchange)],
      [
        'POST',
        '/unlock',
        taking(parts, (exchange, form, login) =>
          factors.password({ login, password: form.one('password') }, attemptOf(exchange)),
        ),
      ],
      [
        'POST',
        '/unlock/passkey',
        taking(parts, (exchange, form, _login, cookie) =>
          factors.passkey(cookie, form.one('passkey'), attemptOf(exchange)),
        ),
      ],
      ['POST', '/unlock/leave', (exchange: AuthExchange) => leave(parts, exchange)],
    ] as const,
  };
}

const lockedOf = async (
  parts: Parts,
  exchange: AuthExchange,
): Promise<{ cookie: string; found: FoundSession } | undefined> => {
  const cookie = cookieOf(exchange, 'session');
  const found = cookie === undefined ? undefined : await parts.sessions.find(cookie);
  return cookie === undefined || found === undefined ? undefined : { cookie, found };
};

const toLogin = (parts: Parts, exchange: AuthExchange): void =>
  parts.web.go(exchange, parts.web.at(`/login?${queryOf(onwardOf(exchange.query))}`));

async function show(parts: Parts, exchange: AuthExchange, refused?: PageRefusal): Promise<void> {
  const { store, web, entry, factors } = parts;
  const locked = await lockedOf(parts, exchange);
  const account = locked && (await findAccount(store.snapshot(), locked.found.session.account));
  if (locked === undefined || account?.state !== 'active') {
    toLogin(parts, exchange);
    return;
  }
  const to = onwardOf(exchange.query);
  if (locked.found.state === 'live') {
    web.go(exchange, entry.addressOf(to));
    return;
  }
  const { cookie } = locked;
  const query = queryOf(to);
  const held = await factors.held(account.id);
  const page = unlockPage({
    name: account.name,
    passkey: {
      ...web.form(`/unlock/passkey?${query}`, cookie),
      ask: 'get',
      options: JSON.stringify(await factors.askPasskey(cookie)),
      label: 'Unlock with a passkey',
    },
    password: held.password ? web.form(`/unlock?${query}`, cookie) : undefined,
    leave: web.form(`/unlock/leave?${query}`, cookie),
    error: refused && wordsOfRefusal(refused),
  });
  web.show(exchange, page, refused === undefined ? {} : { status: refusalStatus(refused) });
}

const taking =
  (
    parts: Parts,
    prove: (
      exchange: AuthExchange,
      form: { one(name: string): string },
      login: string,
      cookie: string,
    ) => Promise<ProvenFactor | FactorRefusal>,
  ) =>
  async (exchange: AuthExchange): Promise<void> => {
    const form = await parts.web.take(exchange, cookieOf(exchange, 'session'));
    if (form === undefined) return;
    const locked = await lockedOf(parts, exchange);
    const account = locked && (await findAccount(parts.store.snapshot(), locked.found.session.account));
    if (locked === undefined || account?.state !== 'active') {
      toLogin(parts, exchange);
      return;
    }
    const proven = await prove(exchange, form, account.login, locked.cookie);
    if (!proven.ok || proven.account !== account.id) {
      await show(parts, exchange, proven.ok ? { ok: false, code: 'passkey-wrong' } : proven);
      return;
    }
    const unlocked = await parts.sessions.unlock(
      locked.found.id,
      proven.ways,
      byOf(exchange, account.id, locked.found.id),
    );
    if (unlocked === undefined) toLogin(parts, exchange);
    else
      parts.web.go(exchange, parts.entry.addressOf(onwardOf(exchange.query)), [
        { name: 'session', value: unlocked.cookie },
      ]);
  };

async function leave(parts: Parts, exchange: AuthExchange): Promise<void> {
  const { web, sessions } = parts;
  const form = await web.take(exchange, cookieOf(exchange, 'session'));
  if (form === undefined) return;
  const locked = await lockedOf(parts, exchange);
  if (locked !== undefined)
    await sessions.end(locked.found.id, byOf(exchange, locked.found.session.account, locked.found.id));
  web.go(exchange, web.at(`/login?${queryOf(onwardOf(exchange.query))}`), [
    { name: 'session', value: undefined },
  ]);
}
