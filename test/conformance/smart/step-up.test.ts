/** A login that is recent or good enough (OpenID Connect Core 3.1.2.1, RFC 9470): asked for at the authorization endpoint. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { askForCode, cameBack, createSurfer, putPerson, REDIRECT, redeem } from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import { BEHIND_PROXY, putClient } from '../../smart.ts';
import { BASE } from '../../world.ts';

let server: TestServer;
let ada: string;

beforeAll(async () => {
  server = await openServer(['recipient'], ...BEHIND_PROXY);
  const { store } = server.running;
  await putClient(store, 'app', { redirectUris: [REDIRECT], scopes: ['user/*.rs'], firstParty: true });
  ada = await putPerson(store, 'ada@clinic.example', { works: { recipient: ['coordinator'] } });
}, 30_000);
afterAll(() => server.close());

const PHR = 'urn:closeloop:acr:phr';

describe('a request that asks for a better login', () => {
  test.each([
    ['a passkey, after a password and a code', { acr_values: PHR }],
    ['another login', { prompt: 'login' }],
    ['a login of this second', { max_age: '0' }],
  ])('%s: the person signs in again', async (_what, more) => {
    const surfer = createSurfer(server);
    await surfer.signIn(ada);
    // The interaction begins in a later second than the login.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const { answer } = await askForCode(surfer, BASE, more);
    expect(answer.text).toContain('<h1>Sign in</h1>');
  });

  test.each([
    ['a class that is reached', { acr_values: 'urn:closeloop:acr:mfa' }, ['pwd', 'otp']],
    ['a passkey that was used', { acr_values: PHR }, ['hwk', 'user']],
    ['a class that nobody knows', { acr_values: 'urn:example:other' }, ['pwd', 'otp']],
    ['an hour', { max_age: '3600' }, ['pwd', 'otp']],
  ] as const)('%s: nobody is asked, and the token says how it was', async (_what, more, ways) => {
    const surfer = createSurfer(server);
    await surfer.signIn(ada, ways);
    const { answer, verifier } = await askForCode(surfer, BASE, more);
    const { json } = await redeem(server, cameBack(answer)['code'] ?? '', verifier);
    const [, claims = ''] = String(json['id_token']).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))).toMatchObject({
      amr: expect.arrayContaining([...ways, 'mfa']),
      auth_time: expect.any(Number),
      sub: ada,
    });
  });

  test('without a page: login_required', async () => {
    const surfer = createSurfer(server);
    await surfer.signIn(ada);
    const { answer } = await askForCode(surfer, BASE, { acr_values: PHR, prompt: 'none' });
    expect(cameBack(answer)).toMatchObject({ error: 'login_required' });
  });
});
