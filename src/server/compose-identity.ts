/** The roof over the authorization server: its keys and their seal, clients, people and pages. */
import { randomBytes } from 'node:crypto';
import { createSessions } from '../accounts/sessions.ts';
import type { Seal } from '../identity/seal.ts';
import type { Identify } from '../http/bearer.ts';
import { createClientIpOf } from '../http/client-ip.ts';
import type { Headers } from '../http/cors.ts';
import { createClientKeys } from '../http/auth/client-keys.ts';
import { createClientOrigins, type ClientOrigins } from '../http/auth/client-origins.ts';
import { createIdentifyToken, type IdentifyToken } from '../http/auth/identify.ts';
import { createAuthorizationServer, type AuthorizationServer } from '../http/auth/index.ts';
import { createSigningKeys, type SigningKeys } from '../http/auth/signing-keys.ts';
import type { DevIssuer } from '../http/dev-issuer.ts';
import { createIdentifyAny } from '../http/issuers.ts';
import type { Log, Warnings } from '../http/log.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Store } from '../ports/store.ts';
import type { Config } from './config.ts';
import { composeFactors, type ComposedFactors } from './compose-factors.ts';
import type { Outgoing } from './compose-outgoing.ts';
import { openOutsideIssuers } from './outside-issuers.ts';
import { createLookups } from './organizations.ts';
import { createPeople } from './people.ts';
import { readRoleSettings } from './role-default.ts';
import { openKey } from './key-file.ts';
import { clock } from './time.ts';

interface IdentityParts {
  readonly config: Config;
  readonly base: string;
  readonly store: Store;
  readonly outgoing: Outgoing;
  readonly log: Log;
  readonly warnings: Warnings;
  readonly metrics: Metrics;
  readonly securityHeaders: Readonly<Headers>;
  readonly documents: { readonly openIdConfiguration: string | undefined };
}

interface ComposedIdentity {
  readonly server: AuthorizationServer;
  readonly identify: IdentifyToken;
  readonly origins: ClientOrigins;
  readonly signingKeys: () => Promise<SigningKeys>;
  readonly proofs: ComposedFactors;
  close(): Promise<void>;
}

/** Who may ask: whose tokens count, and who issues them. */
interface Access {
  readonly identify: Identify;
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
    openIdConfiguration === undefined ? undefined : composeIdentity(parts, lookups, openIdConfiguration);
  return {
    identify: createIdentifyAny(authorization?.identify, outside.issuers),
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
  lookups: ReturnType<typeof createLookups>,
  openIdConfiguration: string,
): ComposedIdentity {
  const { config, base, store, outgoing, log, warnings, metrics } = parts;
  const now = (): number => clock.now();
  const seal = createSealOnce(parts);
  const http = outgoing.httpFor('client-keys');
  const origins = createClientOrigins(store, now);
  const signingKeys = createSigningKeysOnce(store, seal, now);
  const sessions = createSessions({ store, clock, random: randomBytes, settings: config });
  const proofs = composeFactors({ config, base, store, seal, log, warnings });
  const people = createPeople({ store, clock, sessions, base });
  const server = createAuthorizationServer({
    store,
    clock,
    log,
    metrics,
    clientIpOf: createClientIpOf(config.trustedProxy),
    settings: {
      issuer: issuerOf(config, base),
      base,
      accessTokenS: Math.floor(config.accessTokenMs / 1000),
      clockToleranceS: config.clockToleranceS,
    },
    securityHeaders: parts.securityHeaders,
    logins: people,
    signingKeys,
    clientKeys: createClientKeys({
      http,
      now,
      failed: (client, why) =>
        warnings.warn(`client keys ${client}`, 'the keys of a client could not be fetched', { client, why }),
    }),
    origins,
    front: {
      loadExistingGrant: async () => undefined,
      renderError: (ctx, out) => {
        ctx.body = out;
      },
    },
    routes: () => [],
    openIdConfiguration,
  });
  return {
    server,
    origins,
    signingKeys,
    identify: createIdentifyToken({
      store,
      clock,
      people,
      administratorScope: config.administratorScope,
      ...lookups,
    }),
    proofs,
    close: () => proofs.close().then(() => http.close()),
  };
}

/** The seal, opened when it is first needed; what is said of the key is said once. */
function createSealOnce({ config, store, log }: IdentityParts): () => Promise<Seal | undefined> {
  let opening: Promise<Seal | undefined> | undefined;
  const open = async (): Promise<Seal | undefined> => {
    const opened = await openKey(config, store, process.env);
    for (const { code, text } of opened.says) log.write('warn', text, { code });
    if (opened.seal === undefined) log.write('error', opened.refused.text, { code: opened.refused.code });
    return opened.seal;
  };
  return () => (opening ??= open());
}

function createSigningKeysOnce(
  store: Store,
  seal: () => Promise<Seal | undefined>,
  now: () => number,
): () => Promise<SigningKeys> {
  let made: Promise<SigningKeys> | undefined;
  const make = async (): Promise<SigningKeys> =>
    createSigningKeys({
      store,
      now,
      newKeyId: () => randomBytes(12).toString('base64url'),
      seal: await seal(),
    });
  return () => (made ??= make());
}
