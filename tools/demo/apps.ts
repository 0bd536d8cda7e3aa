/** The clients of the demonstration: the status app, an app for trying out, and a service that signs in with its own key. */
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { identityEntry } from '../../src/accounts/audit.ts';
import { clientIndex, type Client, type ClientKey } from '../../src/identity/client.ts';
import { SERVER_AGENT } from '../../src/ports/audit.ts';
import { auditedCommit } from '../../src/ports/commit.ts';
import type { Config } from '../../src/server/config.ts';
import type { Running } from '../../src/server/compose.ts';
import { issuerOf } from '../../src/server/compose-identity.ts';
import { ORGANIZATIONS } from './organizations.ts';

/** What `--json` prints for programs that sign in. */
export interface DemoSmart {
  readonly issuer: string;
  readonly clients: {
    readonly public: { readonly client_id: string; readonly redirect_uris: readonly string[] };
    readonly backend: { readonly client_id: string; readonly privateKeyJwk: JWK };
  };
}

const IDENTITY = ['openid', 'fhirUser', 'profile', 'online_access', 'offline_access'];
const LAUNCH = ['launch', 'launch/patient'];
/** Whoever administers tries it out as well. */
const TRUSTS = ['closeloop/admin', 'closeloop/org-admin'];
/** Where a developer serves an app of their own, as the README says. */
const DEVELOPER = 'http://localhost:3000';
const KEY_ALGORITHM = 'ES384';

/** Registers the clients. The data folder may be that of an earlier start: what it holds of them is replaced. */
export async function registerApps({ store, base }: Running, config: Config): Promise<DemoSmart> {
  const { origin } = new URL(base);
  const redirectUris = [`${origin}/status-app/`, `${DEVELOPER}/`, 'http://127.0.0.1/callback'];
  const { privateKey, publicKey } = await generateKeyPair(KEY_ALGORITHM, { extractable: true });
  const named = { alg: KEY_ALGORITHM, kid: 'demo-backend', use: 'sig' };
  const key = { ...(await exportJWK(publicKey)), ...named } as ClientKey; // a public key has kty
  const clients: Readonly<Record<string, Client>> = {
    'status-app': {
      ...appOf('Referral status', origin),
      scopes: ['openid', 'fhirUser', 'online_access', 'user/*.rs'],
      redirectUris: redirectUris.slice(0, 1),
    },
    'demo-app': {
      ...appOf('An app for trying out', origin),
      scopes: [...IDENTITY, ...LAUNCH, ...TRUSTS, 'user/*.cruds', 'patient/*.cruds'],
      redirectUris,
      corsOrigins: [origin, DEVELOPER],
    },
    'demo-backend': {
      ...appOf('A service of the clinic', origin),
      kind: 'service',
      organization: ORGANIZATIONS.initiator.ref,
      scopes: ['system/*.cruds'],
      redirectUris: [],
      postLogoutRedirectUris: [],
      jwks: { keys: [key] },
      corsOrigins: [],
    },
  };
  const records = Object.entries(clients).map(([id, client]) => {
    return { kind: 'client', key: id, expect: 'any', body: client, index: clientIndex(client) } as const;
  });
  const entries = Object.keys(clients).map((client) =>
    identityEntry('client-changed', { actor: SERVER_AGENT, requestId: 'demo', client }),
  );
  await store.commit(auditedCommit(entries, { records }));
  return {
    issuer: issuerOf(config, base),
    clients: {
      public: { client_id: 'demo-app', redirect_uris: redirectUris },
      backend: { client_id: 'demo-backend', privateKeyJwk: { ...(await exportJWK(privateKey)), ...named } },
    },
  };
}

const appOf = (name: string, origin: string): Omit<Client, 'scopes' | 'redirectUris'> => ({
  name,
  kind: 'public',
  status: 'active',
  postLogoutRedirectUris: [`${origin}/status-app/`],
  corsOrigins: [origin],
  embeddingOrigins: [],
  contacts: ['someone@demo.example'],
  approvedBy: 'demo',
});
