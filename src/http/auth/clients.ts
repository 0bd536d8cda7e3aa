/** The registrations of clients in the words of the library, which is handed each as a static client (smart SM-65). */
import type { StoredPayload } from 'oidc-provider';
import { isUsable, type Client } from '../../identity/client.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { FindClientKeys } from './client-keys.ts';
import type { Unit } from './unit.ts';

/** The registration of a client, whatever its state. */
export async function findClient(
  snapshot: Pick<Snapshot, 'record'>,
  id: string,
): Promise<Client | undefined> {
  const found = await snapshot.record('client', id);
  return found?.body as Client | undefined; // of this kind
}

const NO_KEYS: FindClientKeys = async () => [];

/** A redirect to an app on the user's own machine: a scheme of its own, or loopback (RFC 8252). */
const isNative = (uri: string): boolean => !uri.startsWith('https:');

/** Makes what the library's adapter of clients answers. */
export function createClientReader({
  keys,
  now,
}: {
  readonly keys: FindClientKeys;
  readonly now: () => number;
}): (id: string, unit: Unit) => Promise<StoredPayload | undefined> {
  return async (id, unit) => {
    const found = await unit.find('client', id);
    if (found === undefined) return undefined;
    const client = found.body as Client; // of this kind
    const isRequested = client.status === 'requested';
    if (!isRequested && !isUsable(client, now())) return undefined;
    return {
      client_id: id,
      client_name: client.name,
      application_type: client.redirectUris.some(isNative) ? 'native' : 'web',
      // Nobody is sent to an address, and no key is fetched from one, that nobody has approved.
      redirect_uris: isRequested ? [] : client.redirectUris,
      cors_origins: isRequested ? [] : client.corsOrigins,
      ...(client.jwksUri !== undefined && { registered_jwks_uri: client.jwksUri }),
      ...flowsOf(client, isRequested),
      ...(await credentialsOf(id, client, isRequested ? NO_KEYS : keys, unit)),
    };
  };
}

/** The grant types of a client. One that nobody has approved has none: `unauthorized_client` (smart SM-64). */
function flowsOf({ kind }: Client, isRequested: boolean): StoredPayload {
  if (isRequested) return { grant_types: [], response_types: [] };
  if (kind === 'service') return { grant_types: ['client_credentials'], response_types: [] };
  return { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };
}

async function credentialsOf(
  id: string,
  client: Client,
  keys: FindClientKeys,
  unit: Unit,
): Promise<StoredPayload> {
  if (client.kind === 'public') return { token_endpoint_auth_method: 'none' };
  if (client.kind === 'symmetric')
    return { token_endpoint_auth_method: 'client_secret_basic', client_secret: client.secretHash };
  const method = { token_endpoint_auth_method: 'private_key_jwt' };
  if (client.jwksUri === undefined) return { ...method, jwks: client.jwks ?? { keys: [] } };
  // Keys are fetched for requests with an assertion alone; the library itself never fetches any.
  if (unit.assertedKeyId === undefined) return { ...method, jwks_uri: client.jwksUri };
  return { ...method, jwks: { keys: await keys(id, client.jwksUri, unit.assertedKeyId) } };
}
