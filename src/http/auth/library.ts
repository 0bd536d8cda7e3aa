/** The library as it is called: loaded when it is first needed, and made anew when the signing keys are others. */
import type { Provider } from 'oidc-provider';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../log.ts';
import type { Headers } from '../cors.ts';
import { keepGrantContext, type AdapterParts, type LoginState } from './adapter.ts';
import type { FindClientKeys } from './client-keys.ts';
import { createClientReader, findClient } from './clients.ts';
import type { AuthExchange } from './exchange.ts';
import { createMount } from './mount.ts';
import { createProvider, type FrontHooks, type ProviderAccount } from './provider.ts';
import type { GrantContext } from './records.ts';
import type { KeySet, SigningKeys } from './signing-keys.ts';
import type { Unit, UnitStore } from './unit.ts';

/** What the server knows of people and their logins. */
export interface LoginSource {
  /** The login of a session's cookie; undefined: none, ended or locked. */
  readonly findLogin: (cookie: string) => Promise<LoginState | undefined>;
  /** Whether a session lives, by its public id. */
  readonly isLive: (session: string) => Promise<boolean>;
  /** Undefined: there is no such account, or it is not active. */
  readonly findAccount: (id: string, context: GrantContext) => Promise<ProviderAccount | undefined>;
  readonly reliedOn: AdapterParts['reliedOn'];
  /** Whether what was chosen at the launch still holds for the account. */
  readonly judgeContext: (account: string, context: GrantContext) => Promise<boolean>;
}

interface AuthSettings {
  /** `[origin]/auth` */
  readonly issuer: string;
  /** The FHIR base. */
  readonly base: string;
  readonly accessTokenS: number;
  readonly clockToleranceS: number;
}

export interface LibraryParts {
  readonly store: UnitStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly securityHeaders: Readonly<Headers>;
  readonly settings: AuthSettings;
  readonly logins: LoginSource;
  readonly signingKeys: () => Promise<SigningKeys>;
  readonly clientKeys: FindClientKeys;
  readonly front: FrontHooks;
}

/** What endpoints and pages use of it. */
export interface OidcLibrary {
  readonly provider: () => Promise<Provider>;
  readonly keys: () => Promise<KeySet>;
  /** Lets the library answer: authorization requests, their resumption, tokens. */
  readonly answer: (exchange: AuthExchange, body?: Buffer) => Promise<void>;
  /** Keeps the launch context with a grant that the same unit has saved. */
  readonly keepContext: (unit: Unit, grantId: string, context: GrantContext) => Promise<void>;
}

export function createLibrary(parts: LibraryParts): OidcLibrary {
  const { store, settings, signingKeys, securityHeaders } = parts;
  const callProvider = createMount(settings.issuer, store);
  let current: { readonly version: string; readonly provider: Provider } | undefined;

  const keys = async (): Promise<KeySet> => (await signingKeys()).load();

  async function provider(): Promise<Provider> {
    const set = await keys();
    if (current?.version === set.version) return current.provider;
    const made = await makeProvider(parts, set);
    current = { version: set.version, provider: made };
    return made;
  }

  return {
    provider,
    keys,
    keepContext: keepGrantContext,
    async answer({ req, res, unit, requestId }, body) {
      for (const [name, value] of Object.entries(securityHeaders)) res.setHeader(name, value);
      res.setHeader('X-Request-Id', requestId);
      await callProvider(await provider(), { req, res, unit, body });
    },
  };
}

async function makeProvider(parts: LibraryParts, keys: KeySet): Promise<Provider> {
  const { store, settings, front, logins, log } = parts;
  return createProvider({
    library: await import('oidc-provider'),
    keys,
    settings,
    front,
    findAccount: logins.findAccount,
    judgeContext: logins.judgeContext,
    ceilingOf: async (id) => (await findClient(store.snapshot(), id))?.scopes ?? [],
    adapter: adapterOf(parts),
    failed: (event, { client, why }) =>
      log.write(event === 'server_error' ? 'error' : 'info', 'authorization refused', { event, client, why }),
  });
}

function adapterOf({ store, clock, logins, clientKeys }: LibraryParts): AdapterParts {
  const now = (): number => clock.now();
  return {
    store,
    now,
    findLogin: logins.findLogin,
    isLive: logins.isLive,
    reliedOn: logins.reliedOn,
    findClient: createClientReader({ keys: clientKeys, now }),
  };
}
