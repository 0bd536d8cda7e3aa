/** A token that was used, and so is remembered, is refused at the next request once anything that it stands on has ended. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  findAccount,
  membershipWrite,
  accountWrite,
  findMembership,
} from '../../../src/accounts/accounts.ts';
import { createSessions } from '../../../src/accounts/sessions.ts';
import { MEMBER_KIND } from '../../../src/resources/parties/standing.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { keyOfSecret } from '../../../src/http/auth/records.ts';
import { SERVER_AGENT } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import type { RecordWrite } from '../../../src/ports/record.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import {
  askAuth,
  BEHIND_PROXY,
  postForm,
  putClient,
  putCode,
  putPerson,
  redeem,
  REDIRECT,
  TEST_ROW,
  type TestPerson,
} from '../../smart.ts';

const RECIPIENT: Ref = 'Organization/recipient';
let server: TestServer;
beforeAll(async () => {
  server = await openServerWith({ organizations: ['recipient', 'initiator'], argv: [...BEHIND_PROXY] });
}, 60_000);
afterAll(() => server.close());

interface Used {
  readonly client: string;
  readonly person: TestPerson;
  readonly token: string;
  readonly grant: string;
}

let persons = 0;

/** A token of a person's app that two requests were answered with. */
async function used(organization = RECIPIENT): Promise<Used> {
  const { store } = server.running;
  const client = `app-${(persons += 1)}`;
  await putClient(store, client, { redirectUris: [REDIRECT] });
  const person = await putPerson(store, `person-${persons}`, { organization, roles: ['clinician'] });
  const scope = 'openid fhirUser online_access user/Task.rs';
  const context = { organization, online: true } as const;
  const { grant, ...code } = await putCode(store, { client, person, scope, context });
  const { json } = await redeem(server, client, code);
  const token = String(json['access_token']);
  for (let times = 0; times < 2; times += 1) expect(await statusOf(token)).toBe(200);
  return { client, person, token, grant };
}

const read = (token: string) =>
  askAuth(server, '/fhir/Task', { headers: { authorization: `Bearer ${token}` } });
const statusOf = async (token: string): Promise<number> => (await read(token)).status;

async function put(...records: readonly RecordWrite[]): Promise<void> {
  await server.running.store.commit(auditedCommit([TEST_ROW], { records }));
}

const gone = (kind: string, key: string): RecordWrite => ({ kind, key, expect: 'any', body: undefined });

describe('(smart SM-63) the next request is refused after the end of', () => {
  test.each<[string, (used: Used) => Promise<unknown>, number?]>([
    ['the token', ({ token }) => put(gone('access-token', keyOfSecret(token)))],
    [
      'the grant, revoked by its app',
      ({ client, token }) => postForm(server, '/auth/revoke', { token, client_id: client }),
    ],
    ['the session', ({ person }) => put(gone('session', person.session))],
    ['the session, as a log-off or the end of its provider does it', ({ person }) => endSession(person)],
    [
      'the client',
      ({ client }) =>
        putClient(server.running.store, client, { redirectUris: [REDIRECT], status: 'suspended' }),
    ],
    ['the account', ({ person }) => changeAccount(person, 'suspended')],
    ['the membership', ({ person }) => changeMembership(person, { status: 'ended' })],
    ['the role that reads', ({ person }) => changeMembership(person, { roles: ['executive'] }), 403],
    ['a role that is none', ({ person }) => changeMembership(person, { roles: [] }), 403],
  ])('%s', async (_what, end, status = 401) => {
    const one = await used();
    await end(one);
    expect(await statusOf(one.token)).toBe(status);
  });

  test('the standing of the organization, which comes back with it', async () => {
    const { token } = await used('Organization/initiator');
    const { store } = server.running;
    const member = await store.snapshot().record(MEMBER_KIND, 'Organization/initiator');
    await put(gone(MEMBER_KIND, 'Organization/initiator'));
    expect(await statusOf(token)).toBe(403);
    await put({ kind: MEMBER_KIND, key: 'Organization/initiator', expect: 'any', body: member!.body });
    expect(await statusOf(token)).toBe(200);
  });

  test('a lock of the session, and answered again after it is unlocked', async () => {
    const { token, person } = await used();
    const { store } = server.running;
    const session = (await store.snapshot().record('session', person.session))!;
    const write = (body: object): Promise<void> =>
      put({ kind: 'session', key: person.session, expect: 'any', body, expiresAt: session.expiresAt });
    await write({ ...session.body, lockedAt: Date.now() });
    const { status, text } = await read(token);
    expect([status, text.includes('session-locked')]).toEqual([401, true]);
    await write(session.body);
    expect(await statusOf(token)).toBe(200);
  });
});

const endSession = ({ session }: TestPerson): Promise<void> =>
  createSessions({
    store: server.running.store,
    clock: { now: () => Date.now() },
    random: randomBytes,
    settings: { sessionIdleMs: 900_000 },
  }).end(session, { agent: SERVER_AGENT, requestId: 'test' });

async function changeAccount({ account }: TestPerson, state: 'suspended'): Promise<void> {
  const { id, version, ...known } = (await findAccount(server.running.store.snapshot(), account))!;
  await put(accountWrite(id, { ...known, state }, version));
}

async function changeMembership(
  { account }: TestPerson,
  change: Partial<Parameters<typeof membershipWrite>[0]>,
): Promise<void> {
  const { version, ...known } = (await findMembership(server.running.store.snapshot(), account, RECIPIENT))!;
  await put(membershipWrite({ ...known, ...change }, version));
}
