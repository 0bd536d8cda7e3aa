/** What an administrator ends has ended at the next request, over HTTP with tokens of our own (identity ID-6, ID-17, ID-19). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Role } from '../../../src/identity/roles.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import {
  askAuth,
  BEHIND_PROXY,
  putClient,
  putCode,
  putPerson,
  redeem,
  REDIRECT,
  refresh,
  type AuthAnswer,
  type TestPerson,
} from '../../smart.ts';

const RECIPIENT: Ref = 'Organization/recipient';
const SCOPE = 'openid fhirUser offline_access user/Task.rs closeloop/org-admin';

let server: TestServer;
let admin: TestPerson;
beforeAll(async () => {
  server = await openServerWith({ organizations: ['recipient', 'initiator'], argv: [...BEHIND_PROXY] });
  await putClient(server.running.store, 'app', { redirectUris: [REDIRECT] });
  admin = await person('org-admin');
}, 60_000);
afterAll(() => server.close());

let persons = 0;
const person = (role: Role): Promise<TestPerson> =>
  putPerson(server.running.store, `${role}-${(persons += 1)}`, { organization: RECIPIENT, roles: [role] });

/** The tokens of an app that a person has let in. */
async function tokens(who: TestPerson, scope = SCOPE): Promise<AuthAnswer['json']> {
  const code = await putCode(server.running.store, {
    client: 'app',
    person: who,
    scope,
    context: { organization: RECIPIENT },
  });
  return (await redeem(server, 'app', code)).json;
}

const read = (token: unknown) =>
  askAuth(server, '/fhir/Task', { headers: { authorization: `Bearer ${String(token)}` } });

async function change(who: TestPerson, operation: string, given: readonly object[], scope = SCOPE) {
  const { access_token: token } = await tokens(who, scope);
  return askAuth(server, `/fhir/$${operation}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${String(token)}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Parameters', parameter: given }),
  });
}

const user = ({ account }: TestPerson) => ({ name: 'user', valueString: account });

describe('what an administrator ends', () => {
  test.each<[string, string, readonly object[]]>([
    ['a suspension', 'user-state', [{ name: 'move', valueCode: 'suspend' }]],
    ['a deactivation', 'user-state', [{ name: 'move', valueCode: 'deactivate' }]],
    ['a reset of factors', 'reset-factors', []],
    ['the end of the membership', 'membership', [{ name: 'end', valueBoolean: true }]],
  ])(
    '(identity ID-17) after %s neither token nor refresh token is worth anything',
    async (_what, operation, given) => {
      const victim = await person('clinician');
      const { access_token: token, refresh_token: again } = await tokens(victim);
      expect((await read(token)).status).toBe(200);
      const { status } = await change(admin, operation, [user(victim), ...given]);
      expect(status).toBe(200);
      expect((await read(token)).status).toBe(401);
      expect((await refresh(server, 'app', String(again))).status).toBe(400);
    },
  );

  test('(identity ID-3) another role is another right at the next request', async () => {
    const victim = await person('clinician');
    const { access_token: token } = await tokens(victim);
    expect((await read(token)).status).toBe(200);
    await change(admin, 'membership', [user(victim), { name: 'role', valueCode: 'executive' }]);
    expect((await read(token)).status).toBe(403);
  });

  test('(identity ID-6) nobody changes the own roles', async () => {
    const { status, text } = await change(admin, 'membership', [
      user(admin),
      { name: 'role', valueCode: 'clinician' },
    ]);
    expect(status).toBe(403);
    expect(text).toContain('self-approval');
  });

  test('(identity ID-7) an app that was let in for less administers nothing', async () => {
    const victim = await person('clinician');
    const given = [user(victim), { name: 'move', valueCode: 'suspend' }];
    const { status, text } = await change(admin, 'user-state', given, 'openid fhirUser user/Task.rs');
    expect(status).toBe(403);
    expect(text).toContain('scope-insufficient');
  });
});
