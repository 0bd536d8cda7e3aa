/** The roof over sign-on from outside: providers of organizations, their addresses here, and the job that asks them again. */
import { randomBytes, randomUUID } from 'node:crypto';
import { logoutElsewhere } from '../accounts/outside-logout.ts';
import { renewOutsideSessions } from '../accounts/outside-renewal.ts';
import { createProviderAdministration } from '../accounts/provider-administration.ts';
import { listProviders } from '../accounts/providers.ts';
import type { Factors } from '../accounts/factors.ts';
import { createSessions, type Sessions } from '../accounts/sessions.ts';
import type { AuthRoute } from '../http/auth/exchange.ts';
import { createWeb } from '../http/auth/flow/web.ts';
import { readPageFiles } from '../http/auth/pages/files.ts';
import type { People } from '../http/auth/identify.ts';
import type { Headers } from '../http/cors.ts';
import type { Log } from '../http/log.ts';
import { signOnRoutes } from '../http/sign-on/doors.ts';
import { launchRoutes } from '../http/sign-on/launch-doors.ts';
import { launchedRoutes } from '../http/sign-on/launched.ts';
import { ownFactorRoutes } from '../http/sign-on/own-factor.ts';
import { makeProviderKey } from '../http/sign-on/provider-key.ts';
import { providersFor } from '../identity/external.ts';
import type { Seal } from '../identity/seal.ts';
import type { Perform } from '../operations/request.ts';
import type { HttpClient } from '../ports/outgoing.ts';
import type { OutsideProviders, ProviderAdministration } from '../ports/sign-on.ts';
import type { Store } from '../ports/store.ts';
import type { Outgoing } from './compose-outgoing.ts';
import type { Config } from './config.ts';
import { clock } from './time.ts';

interface SignOnRoof {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly seal: () => Promise<Seal | undefined>;
  readonly log: Log;
  readonly factors: Factors;
  readonly people: Pick<People, 'acting'>;
  readonly perform: Perform;
  readonly securityHeaders: Readonly<Headers>;
  /** `[origin]/auth`. */
  readonly issuer: string;
  readonly outgoing: Pick<Outgoing, 'httpFor'>;
}

export interface ComposedSignOn {
  readonly routes: readonly AuthRoute[];
  /** One look at the sessions from outside. */
  renew(signal: AbortSignal): Promise<void>;
  /** What the login page offers beside its own ways, on the way to where the query says. */
  otherWays(query: string): Promise<readonly { readonly label: string; readonly address: string }[]>;
  /** Where a log-off goes on; to be asked before the session ends. */
  logoutElsewhere(session: string, back: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export function composeSignOn(roof: SignOnRoof): ComposedSignOn {
  const { store, sessions, seal, log, issuer, factors, securityHeaders } = roof;
  const http = roof.outgoing.httpFor('sign-on');
  const providers = loadLater(http);
  const { origin, pathname: root } = new URL(issuer);
  const files = readPageFiles(root);
  const parts = { store, clock, sessions, seal, providers };
  const choices = async (email: string, back: string) => {
    const found = providersFor(email, await listProviders(store.snapshot()));
    return found.map(({ key, name }) => ({
      label: `Sign in with ${name}`,
      address: `${root}/sign-on/${key}?return=${encodeURIComponent(back)}`,
    }));
  };
  const web = createWeb({ origin, issuerPath: root, files, securityHeaders });
  const about = {
    newId: randomUUID,
    random: randomBytes,
    issuer,
    files: files.addresses,
    ownLogin: `${root}/login`,
  };
  return {
    routes: [
      ...ownFactorRoutes({ web, sessions, factors, choices }),
      ...signOnRoutes({ ...parts, ...about, log }),
      ...launchRoutes({ ...parts, ...about, web, log }),
      ...launchedRoutes({ ...roof, web }),
    ],
    renew: (signal) => renewOutsideSessions(parts, signal),
    async otherWays(query) {
      const isAny = (await listProviders(store.snapshot())).some(
        ({ emailDomains }) => emailDomains.length > 0,
      );
      return isAny ? [{ label: 'Sign in with your organization', address: `${root}/sign-on?${query}` }] : [];
    },
    logoutElsewhere: (session, back) => logoutElsewhere(parts, session, back),
    close: () => http.close(),
  };
}

/** The client of OpenID Connect, which an installation without providers never loads. */
function loadLater(http: HttpClient): OutsideProviders {
  let loading: Promise<OutsideProviders> | undefined;
  const load = async (): Promise<OutsideProviders> => {
    const { createRelyingParty } = await import('../http/sign-on/relying-party.ts');
    return createRelyingParty(http, clock);
  };
  const loaded = (): Promise<OutsideProviders> => (loading ??= load());
  return {
    address: async (...asked) => (await loaded()).address(...asked),
    login: async (...asked) => (await loaded()).login(...asked),
    refresh: async (...asked) => (await loaded()).refresh(...asked),
    logoutAddress: async (...asked) => (await loaded()).logoutAddress(...asked),
    readLogout: async (...asked) => (await loaded()).readLogout(...asked),
    readResource: async (...asked) => (await loaded()).readResource(...asked),
  };
}

/** What operations ask of providers; undefined where nobody signs in here. */
export const providersOf = (
  config: Pick<Config, 'authorizationServer' | 'sessionIdleMs'>,
  store: Store,
  { seal }: Pick<SignOnRoof, 'seal'>,
): ProviderAdministration | undefined =>
  config.authorizationServer === 'off'
    ? undefined
    : createProviderAdministration({
        store,
        sessions: createSessions({ store, clock, random: randomBytes, settings: config }),
        seal,
        makeKey: makeProviderKey,
      });
