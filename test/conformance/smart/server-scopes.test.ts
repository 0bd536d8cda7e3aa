/** Scopes of this server beside SMART's: registered, said in plain words, and obtained by who may administer. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  askForCode,
  authorizeQuery,
  cameBack,
  createSurfer,
  locationOf,
  putPerson,
  REDIRECT,
  redeem,
} from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import { askAuth, BEHIND_PROXY, makePkce, putClient } from '../../smart.ts';
import { BASE } from '../../world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['recipient'], ...BEHIND_PROXY);
  await putClient(server.running.store, 'app', { redirectUris: [REDIRECT], scopes: ['user/*.rs'] });
}, 30_000);
afterAll(() => server.close());

describe('a scope of this server', () => {
  const keep = 'openid fhirUser closeloop/admin user/Task.rs';

  test('(smart SM-21, identity ID-7) is for apps that are registered with it, the administrator’s as well', async () => {
    const query = authorizeQuery(BASE, makePkce().challenge, { scope: keep });
    const to = locationOf(await askAuth(server, `/auth/authorize?${query.toString()}`));
    expect(to?.searchParams.get('error')).toBe('invalid_scope');
  });

  test('(smart 3, identity ID-16) is said in plain words, may be unticked, and is there for who keeps the installation', async () => {
    const { store } = server.running;
    const scopes = ['closeloop/admin', 'user/Task.rs'];
    await putClient(store, 'keeping', { redirectUris: [REDIRECT], scopes });
    const account = await putPerson(store, 'keeper@clinic.example', { administrator: true });
    const surfer = createSurfer(server);
    await surfer.signIn(account);
    const tokenOf = async (...ticked: readonly string[]) => {
      const asked = { client_id: 'keeping', scope: keep, prompt: 'consent' };
      const { answer, verifier } = await askForCode(surfer, BASE, asked);
      expect(answer.text).toContain('keep this whole installation as you do');
      const fields = ticked.map((scope): [string, string] => ['scope', scope]);
      const allowed = await surfer.follow(await surfer.send(answer, [...fields, ['answer', 'allow']]));
      const more = { client_id: 'keeping' };
      return (await redeem(server, cameBack(allowed)['code'] ?? '', verifier, more)).json;
    };
    const users = async (token: unknown) =>
      (await askAuth(server, '/fhir/$users', { headers: { authorization: `Bearer ${String(token)}` } }))
        .status;
    const less = await tokenOf('user/Task.rs');
    expect(less['scope']).toBe('openid fhirUser user/Task.rs');
    const whole = await tokenOf(...scopes);
    expect([await users(less['access_token']), await users(whole['access_token'])]).toEqual([403, 200]);
  });
});
