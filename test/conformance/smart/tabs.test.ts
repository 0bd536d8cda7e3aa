/** Tabs at the door (harmony Z22): the first use binds one to the session of its token. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openServerWith, type TestServer } from '../../server.ts';
import { askAuth, BEHIND_PROXY, putClient, putCode, putPerson, redeem, REDIRECT } from '../../smart.ts';

const ORGANIZATION = 'Organization/recipient';
const SCOPE = 'openid online_access user/Task.rs';

let server: TestServer;
beforeAll(async () => {
  server = await openServerWith({ organizations: ['recipient'], argv: [...BEHIND_PROXY] });
  await putClient(server.running.store, 'own', { redirectUris: [REDIRECT], firstParty: true });
  await putClient(server.running.store, 'other', { redirectUris: [REDIRECT] });
}, 60_000);
afterAll(() => server.close());

/** An access token of a new session of somebody. */
async function tokenOf(
  who: string,
  client: string,
): Promise<{ readonly token: string; readonly session: string }> {
  const { store } = server.running;
  const person = await putPerson(store, who, { organization: ORGANIZATION });
  const code = await putCode(store, {
    client,
    person,
    scope: SCOPE,
    context: { organization: ORGANIZATION },
  });
  const { json } = await redeem(server, client, code);
  return { token: String(json['access_token']), session: person.session };
}

const search = async (token: string, tab: string): Promise<readonly [status: number, code: string]> => {
  const headers = { authorization: `Bearer ${token}`, 'x-tab-id': tab };
  const { status, text } = await askAuth(server, '/fhir/Task', { headers });
  return [status, /"code":"(tab-elsewhere|header-invalid)"/.exec(text)?.[1] ?? ''];
};
const ownerOf = async (tab: string): Promise<unknown> =>
  (await server.running.store.snapshot().record('tab', tab))?.body;

test('(harmony Z22) the first use binds a tab to the session of the token; our own page in another session is refused', async () => {
  const [ada, bob] = [await tokenOf('ada', 'own'), await tokenOf('bob', 'own')];
  expect(await search(ada.token, 'tab-of-ada-1')).toEqual([200, '']);
  expect(await ownerOf('tab-of-ada-1')).toEqual({ session: ada.session, account: 'ada' });
  expect(await search(bob.token, 'tab-of-ada-1')).toEqual([403, 'tab-elsewhere']);
  expect(await search(ada.token, 'tab-of-ada-1')).toEqual([200, '']);
  expect(await search(bob.token, 'tab-of-bob-1')).toEqual([200, '']);
});

test('(harmony Z22) another application is recorded with the tab that it names, unbound', async () => {
  const [ada, eve] = [await tokenOf('ada', 'own'), await tokenOf('eve', 'other')];
  expect(await search(ada.token, 'tab-of-ada-2')).toEqual([200, '']);
  expect(await search(eve.token, 'tab-of-ada-2')).toEqual([200, '']);
  expect(await ownerOf('tab-of-ada-2')).toMatchObject({ account: 'ada' });
  const rows = await server.running.store.snapshot().audit({
    viewer: undefined,
    names: [],
    marks: [{ kind: 'tab', value: 'tab-of-ada-2' }],
    count: 100,
  });
  expect(new Set(rows.map(({ entry }) => entry.agent.subject))).toEqual(new Set(['ada', 'eve']));
});

test('(audit-compliance AU11) a malformed tab is refused', async () => {
  const { token } = await tokenOf('ada', 'own');
  expect(await search(token, 'short')).toEqual([400, 'header-invalid']);
});
