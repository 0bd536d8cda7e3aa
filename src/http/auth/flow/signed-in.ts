/** Who is signed in at a browser, for the pages that are for them alone. */
import { findAccount, type KnownAccount } from '../../../accounts/accounts.ts';
import type { FoundSession, Sessions } from '../../../accounts/sessions.ts';
import { ACR } from '../../../identity/assurance.ts';
import { isFresh } from '../../../identity/session.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Store } from '../../../ports/store.ts';
import type { AuthExchange } from '../exchange.ts';
import type { Factors } from '../../../accounts/factors.ts';
import { byOf, onwardOf, queryOf } from './entry.ts';
import { cookieOf, type Web } from './web.ts';

export interface SignedIn {
  /** The value of the session's cookie, to which forms are bound. */
  readonly cookie: string;
  readonly found: FoundSession;
  readonly account: KnownAccount;
}

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly web: Web;
  readonly sessions: Sessions;
  readonly factors: Pick<Factors, 'held'>;
}

/** How much of a login a page needs. `enrol`: one that may be on its way only; `fresh`: a recent one (identity 7.3). */
type Needed = 'enrol' | 'whole' | 'fresh';

export function createSignedIn({ store, clock, web, sessions, factors }: Parts) {
  return {
    /** @returns undefined when the browser was sent to sign in, or to unlock */
    async of(exchange: AuthExchange, page: string, needed: Needed = 'whole'): Promise<SignedIn | undefined> {
      const cookie = cookieOf(exchange, 'session');
      const found = cookie === undefined ? undefined : await sessions.find(cookie);
      const account = found && (await findAccount(store.snapshot(), found.session.account));
      const go = (path: string): undefined => {
        const isForApp = exchange.query.has('interaction');
        web.go(exchange, web.at(`${path}?${isForApp ? queryOf(onwardOf(exchange.query)) : `page=${page}`}`));
        return undefined;
      };
      if (cookie === undefined || found === undefined || account === undefined) return go('/login');
      if (found.state === 'locked') return go('/unlock');
      const isEnrolling = found.session.acr === ACR.enrol;
      const isOutside = isEnrolling && found.session.provider !== undefined;
      if (account.state !== (isEnrolling && !isOutside ? 'enrolling' : 'active')) return go('/login');
      const isOwn = isProvenHere(found.session);
      if (isOutside || (needed === 'fresh' && !isOwn)) {
        const held = await factors.held(account.id);
        if (held.totp) return go('/second-factor');
        if (held.passkeys > 0) return go('/login');
      }
      if (isEnrolling && needed !== 'enrol') return go('/enrol');
      if (needed === 'fresh' && !isFresh(found.session, clock.now())) return go('/login');
      await sessions.touch(found.id, byOf(exchange, account.id, found.id));
      return { cookie, found, account };
    },
  };
}

/** Whether a factor of the account itself was shown: what a provider outside vouches for opens no factors (identity ID-34). */
const isProvenHere = ({ provider, amr }: FoundSession['session']): boolean =>
  provider === undefined || amr.includes('otp') || amr.includes('hwk');

export type SignedInPages = ReturnType<typeof createSignedIn>;
