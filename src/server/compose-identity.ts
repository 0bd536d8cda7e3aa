/** The roof over the authorization server: its keys and their seal, clients, people and pages. */
import { randomBytes } from 'node:crypto';
import type { AccountParts } from '../accounts/acting.ts';
import { createClientAdministration } from '../accounts/clients.ts';
import { createSessions } from '../accounts/sessions.ts';
import { createTabs } from '../accounts/tabs.ts';
import type { Seal } from '../identity/seal.ts';
import type { Identify } from '../http/bearer.ts';
import { createClientIpOf } from '../http/client-ip.ts';
import type { Headers } from '../http/cors.ts';
import { createLogoutNotices } from '../http/auth/back-channel-logout.ts';
import { createBindTab, type BindTab } from '../http/auth/bind-tab.ts';
import { createClientKeys, type FindClientKeys } from '../http/auth/client-keys.ts';
import { createClientOrigins, type ClientOrigins } from '../http/auth/client-origins.ts';
import { createMachineEndpoints } from '../http/auth/endpoints.ts';
import { createIdentifyToken } from '../http/auth/identify.ts';
import { createAuthorizationServer, type AuthorizationServer } from '../http/auth/index.ts';
import { createSigningKeys, type SigningKeys } from '../http/auth/signing-keys.ts';
import type { DevIssuer } from '../http/dev-issuer.ts';
import { createIdentifyAny, type OutsideIssuer } from '../http/issuers.ts';
import type { Log, Warnings } from '../http/log.ts';
import type { Metrics } from '../http/metrics.ts';
import type { ClientAdministration } from '../ports/clients.ts';
import type { HttpClient } from '../ports/outgoing.ts';
import type { Perform } from '../operations/request.ts';
import type { Store } from '../ports/store.ts';
import type { Config } from './config.ts';
import { composeFactors, type ComposedFactors } from './compose-factors.ts';
import type { Outgoing } from './compose-outgoing.ts';
import { composePages } from './compose-pages.ts';
import { openOutsideIssuers } from './outside-issuers.ts';
import { createLookups } from './organizations.ts';
import { createPeople } from './people.ts';
import { readRoleSettings } from './role-default.ts';
import { composeSignOn, type ComposedSignOn } from './compose-sign-on.ts';
import { openKey, SEALING_KEY } from './key-file.ts';
import { clock } from './time.ts';

interface IdentityParts {
  readonly config: Config;
  readonly base: string;
  readonly store: Store;
  readonly perform: Perform;
  readonly accountParts: AccountParts;
  readonly outgoing: Outgoing;
  readonly log: Log;
  readonly warnings: Warnings;
  readonly metrics: Metrics;
  readonly securityHeaders: Readonly<Headers>;
  readonly secrets: Secrets;
  readonly documents: { readonly openIdConfiguration: string | undefined };
}

interface ComposedIdentity {
  readonly server: AuthorizationServer;
  /** Of tokens of its own, and of those of issuers outside. */
  readonly identify: Identify;
  readonly origins: ClientOrigins;
  readonly proofs: ComposedFactors;
  /** Providers of organizations, by whose word people come in. */
  readonly signOn: ComposedSignOn;
  /** Tells apps of sessions that have ended. */
  readonly tellOfLogouts: (signal: AbortSignal) => Promise<void>;
  close(): Promise<void>;
}

/** Who may ask: whose tokens count, and who issues them. */
interface Access {
  readonly identify: Identify;
  readonly bindTab: BindTab;
  /** The authorization server of this server; undefined where it is switched off. */
  readonly authorization: ComposedIdentity | undefined;
  readonly devIssuer: DevIssuer | undefined;
  /** Reads files of keys again. */
  reload(): void;
  close(): Promise<void>;
}

/** @throws what is wrong with the file of issuers, or with a file of keys */
export async function openAccess(parts: IdentityParts): Promise<Access> {
  const { config, base, store, outgoing } = parts;
  const lookups = createLookups(store, base, config.partyKindDefault);
  const outside = await openOutsideIssuers(
    config,
    base,
    outgoing,
    lookups,
    await readRoleSettings(store, config, parts.log),
  );
  const { openIdConfiguration } = parts.documents;
  const authorization =
    openIdConfiguration === undefined
      ? undefined
      : composeIdentity(parts, { lookups, outside: outside.issuers, openIdConfiguration });
  return {
    bindTab: createBindTab(store, createTabs(store)),
    identify: authorization?.identify ?? createIdentifyAny(undefined, outside.issuers),
    authorization,
    devIssuer: outside.devIssuer,
    reload: () => outside.reload(),
    async close() {
      await authorization?.close();
      await outside.close();
    },
  };
}

/** The name of the authorization server: below the origin of the public base (smart SM-1). */
export const issuerOf = ({ issuerPath }: Config, base: string): string =>
  `${new URL(base).origin}${issuerPath}`;

function composeIdentity(
  parts: IdentityParts,
  { lookups, outside, openIdConfiguration }: Surrounding,
): ComposedIdentity {
  const { config, base, store, outgoing, log, warnings, metrics, secrets } = parts;
  const { seal, signingKeys } = secrets;
  const http = outgoing.httpFor('client-keys');
  const origins = createClientOrigins(store, now);
  const sessions = createSessions({ store, clock, random: randomBytes, settings: config });
  const proofs = composeFactors({ config, base, store, seal, log, warnings });
  const people = createPeople({ store, clock, sessions, base });
  const issuer = issuerOf(config, base);
  const signOn = composeSignOn({ ...parts, ...proofs, people, sessions, seal, issuer });
  const identifyToken = createIdentifyToken({ ...config, base, store, clock, people, ...lookups });
  const identify = createIdentifyAny(identifyToken, outside);
  const mode = registrationOf(config);
  const flow = composePages({
    ...parts,
    issuer,
    sessions,
    proofs,
    signOn,
    identify: async (token, address) => identifyToken({ token, onBehalfOf: undefined, address }),
  });
  const shared = {
    store,
    clock,
    log,
    settings: {
      issuer,
      base,
      accessTokenS: Math.floor(config.accessTokenMs / 1000),
      clockToleranceS: config.clockToleranceS,
    },
    logins: people,
    clientKeys: openClientKeys(parts, http),
    origins,
  };
  const endpoints = createMachineEndpoints({
    ...shared,
    identify: identifyToken,
    random: randomBytes,
    administratorScope: config.administratorScope,
    registration: mode && { mode, identify },
  });
  const server = createAuthorizationServer({
    ...shared,
    metrics,
    clientIpOf: createClientIpOf(config.trustedProxy),
    securityHeaders: parts.securityHeaders,
    signingKeys,
    front: flow.hooks,
    routes: (library) => [...endpoints, ...signOn.routes, ...flow.routes(library)],
    openIdConfiguration,
  });
  const tellOfLogouts = createLogoutNotices({ store, clock, http, issuer, signingKeys });
  return { server, origins, identify, proofs, signOn, tellOfLogouts, close: closeAll(proofs, signOn, http) };
}

const closeAll =
  (...all: readonly { close(): Promise<void> }[]) =>
  async (): Promise<void> => {
    await Promise.all(all.map((one) => one.close()));
  };

interface Surrounding {
  readonly lookups: ReturnType<typeof createLookups>;
  readonly outside: readonly OutsideIssuer[];
  readonly openIdConfiguration: string;
}

const now = (): number => clock.now();

const openClientKeys = ({ warnings }: IdentityParts, http: HttpClient): FindClientKeys =>
  createClientKeys({
    http,
    now,
    failed: (client, why) =>
      warnings.warn(`client keys ${client}`, 'the keys of a client could not be fetched', { client, why }),
  });

/** Whether clients register themselves. In a demonstration an administrator's token may register them. */
export const registrationOf = ({
  registration,
  demo,
}: Config): 'initial-token' | 'open-pending' | undefined => {
  if (registration !== 'off') return registration;
  return demo ? 'initial-token' : undefined;
};

/** The seal over the secrets of the store, and the keys that sign. Each is opened when it is first needed. */
interface Secrets {
  /** Undefined: the key file cannot be had. */
  readonly seal: () => Promise<Seal | undefined>;
  readonly signingKeys: () => Promise<SigningKeys>;
}

export function openSecrets(parts: Pick<IdentityParts, 'config' | 'store' | 'log'>): Secrets {
  let opening: Promise<Seal | undefined> | undefined;
  let making: Promise<SigningKeys> | undefined;
  const seal = (): Promise<Seal | undefined> => (opening ??= openSeal(parts));
  const make = async (): Promise<SigningKeys> =>
    createSigningKeys({
      store: parts.store,
      now,
      newKeyId: () => randomBytes(12).toString('base64url'),
      seal: await seal(),
    });
  return { seal, signingKeys: () => (making ??= make()) };
}

/** Opens the key of the store, and says once in the log what is wrong with it, or where it was made. */
async function openSeal({
  config,
  store,
  log,
}: Pick<IdentityParts, 'config' | 'store' | 'log'>): Promise<Seal | undefined> {
  const opened = await openKey(config, store, process.env);
  for (const { code, text } of opened.says) log.write('warn', text, { code });
  if (opened.seal === undefined) log.write('error', opened.refused.text, { code: opened.refused.code });
  return opened.seal;
}

/** Opens what lies sealed already, so that a start says when its key is not there. */
export async function checkSecrets({ seal }: Secrets, store: Store): Promise<void> {
  if ((await store.snapshot().record(SEALING_KEY.kind, SEALING_KEY.key)) !== undefined) await seal();
}

/** What administers clients and keys; undefined where other servers alone issue tokens. */
export const clientsOf = (
  { authorizationServer, administratorScope }: Config,
  store: Store,
  base: string,
  { signingKeys }: Secrets,
): ClientAdministration | undefined =>
  authorizationServer === 'off'
    ? undefined
    : createClientAdministration({
        store,
        clock,
        random: randomBytes,
        base,
        administratorScope,
        rotateKeys: async (by) => (await signingKeys()).rotate(by),
      });
