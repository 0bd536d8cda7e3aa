/** A client that others wrote (openid-client): discovery, an assertion by key, introspection, revocation. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as client from 'openid-client';
import { openServer, type TestServer } from '../../server.ts';
import { askAuth, BEHIND_PROXY, ISSUER, makeKey, putClient, type TestKey } from '../../smart.ts';

let server: TestServer;
let key: TestKey;
beforeAll(async () => {
  server = await openServer(['recipient'], ...BEHIND_PROXY);
  key = await makeKey('ES384');
  await putClient(server.running.store, 'peer', {
    kind: 'service',
    organization: 'Organization/recipient',
    jwks: { keys: [key.publicJwk] },
    scopes: ['system/*.rs'],
  });
}, 60_000);
afterAll(() => server.close());

/** To the server by its public name, over the port that it has here. */
const throughPort: client.CustomFetch = (url, options) => {
  const { pathname, search } = new URL(url);
  return fetch(`http://127.0.0.1:${server.running.port}${pathname}${search}`, options as RequestInit); // the same by another name
};

/** It writes the issuer as audience and leaves `typ` out; SMART wants the token endpoint, and `typ`. */
const asSmart: client.ModifyAssertionOptions = {
  [client.modifyAssertion]: (header, payload) => {
    Object.assign(header, { typ: 'JWT' });
    payload['aud'] = `${ISSUER}/token`;
    payload['exp'] = Math.floor(Date.now() / 1000) + 240;
  },
};

const discover = (options?: client.ModifyAssertionOptions): Promise<client.Configuration> =>
  client.discovery(
    new URL(ISSUER),
    'peer',
    { token_endpoint_auth_method: 'private_key_jwt' },
    client.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }, options),
    { [client.customFetch]: throughPort },
  );

test('(smart 1, 5, 7) openid-client finds the server, gets a token, and asks about it', async () => {
  const found = await discover(asSmart);
  expect(found.serverMetadata().issuer).toBe(ISSUER);
  const granted = await client.clientCredentialsGrant(found, { scope: 'system/Task.rs' });
  expect([granted.scope, granted.expires_in]).toEqual(['system/Task.rs', 300]);
  const told = await client.tokenIntrospection(found, granted.access_token);
  expect([told.active, told.client_id, told.scope]).toEqual([true, 'peer', 'system/Task.rs']);
  const headers = { authorization: `Bearer ${granted.access_token}` };
  expect((await askAuth(server, '/fhir/Task', { headers })).status).toBe(200);
  await client.tokenRevocation(found, granted.access_token);
  expect((await askAuth(server, '/fhir/Task', { headers })).status).toBe(401);
  expect((await client.tokenIntrospection(found, granted.access_token)).active).toBe(false);
});

test('(smart 8) an assertion without typ is refused, whoever wrote the client', async () => {
  const found = await discover();
  await expect(client.clientCredentialsGrant(found, { scope: 'system/Task.rs' })).rejects.toMatchObject({
    error: 'invalid_client',
  });
});
