/** openid-client, which knows nothing of SMART, as a foreign client of the authorization server. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as oidc from 'openid-client';
import { askForCode, cameBack, locationOf, REDIRECT } from '../../people.ts';
import { ISSUER } from '../../smart.ts';
import { BASE } from '../../world.ts';
import { openG10World, type G10World } from './world.ts';

let world: G10World;
let config: oidc.Configuration;
beforeAll(async () => {
  world = await openG10World();
  // The name of the server is an example's: its requests go to where it listens.
  const here = `http://127.0.0.1:${world.server.running.port}`;
  const { origin } = new URL(ISSUER);
  const fetchHere = (url: string, options: oidc.CustomFetchOptions): Promise<Response> =>
    fetch(url.replace(origin, here), options as RequestInit); // the same members
  config = await oidc.discovery(new URL(ISSUER), 'public', undefined, oidc.None(), {
    [oidc.customFetch]: fetchHere,
  });
}, 60_000);
afterAll(() => world.close());

test('openid-client discovers, logs in by code and PKCE, refreshes, asks who it is, and logs out', async () => {
  expect(config.serverMetadata().supportsPKCE()).toBe(true);
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const scope = 'openid fhirUser profile offline_access launch/patient patient/Patient.rs';
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope,
    state,
    nonce,
    aud: BASE,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  expect(address.href).toContain(`${ISSUER}/authorize?`);
  const { params } = await world.herself.authorize(Object.fromEntries(address.searchParams));
  const back = new URL(`${REDIRECT}?${new URLSearchParams(params).toString()}`);
  const checks = {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  };
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  const claims = tokens.claims();
  expect(claims).toMatchObject({ iss: ISSUER, aud: 'public', fhirUser: `${BASE}/Patient/${world.patient}` });
  expect(tokens.scope).toBe(scope);

  const user = await oidc.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '');
  expect(user).toMatchObject({ sub: claims?.sub, name: 'Ada Byron', fhirUser: claims?.['fhirUser'] });

  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
  expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
  expect((await world.get({ access_token: refreshed.access_token }, `Patient/${world.patient}`)).status).toBe(
    200,
  );

  await oidc.tokenRevocation(config, refreshed.refresh_token ?? '');
  await expect(oidc.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
    error: 'invalid_grant',
  });

  const logout = oidc.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: REDIRECT,
    state: 'out',
  });
  const { surfer } = world.herself;
  const page = await surfer.get(`${logout.pathname}${logout.search}`);
  const left = await surfer.send(page, [...logout.searchParams.entries(), ['logout', 'yes']]);
  expect(locationOf(left)?.href).toBe(`${REDIRECT}?state=out`);
  const silent = await askForCode(surfer, BASE, { client_id: 'public', prompt: 'none', scope: 'openid' });
  expect(cameBack(silent.answer)).toMatchObject({ error: 'login_required' });
});

test('openid-client refuses an answer of another server, and one of another login (RFC 9207)', async () => {
  const code = { code: 'x', state: 'a' };
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: 'a' };
  const answered = (more: Readonly<Record<string, string>>): URL =>
    new URL(`${REDIRECT}?${new URLSearchParams({ ...code, ...more }).toString()}`);
  await expect(
    oidc.authorizationCodeGrant(config, answered({ iss: 'https://evil.example' }), checks),
  ).rejects.toMatchObject({ name: 'ClientError' });
  await expect(oidc.authorizationCodeGrant(config, answered({}), checks)).rejects.toMatchObject({
    name: 'ClientError',
  });
});
