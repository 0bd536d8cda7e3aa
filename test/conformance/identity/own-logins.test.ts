/** Own logins where a provider has taken their place, and the one account that stays for an emergency (identity ID-49). */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findAccount } from '../../../src/accounts/accounts.ts';
import { credentialWrite } from '../../../src/accounts/credentials.ts';
import { identityLinked } from '../../../src/accounts/external-identities.ts';
import { suspendDormant } from '../../../src/accounts/dormant.ts';
import { createOwnLogins } from '../../../src/accounts/own-logins.ts';
import { findProvider } from '../../../src/accounts/providers.ts';
import type { RecordWrite } from '../../../src/ports/record.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { AUDIT_ROW } from '../../audit-row.ts';
import { putPerson } from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import { BEHIND_PROXY } from '../../smart.ts';
import { enrolPerson, titleOf, type SmartPerson } from '../../smart-person.ts';

let server: TestServer;
let eve: string;
let ann: SmartPerson;
const warned: object[] = [];

const put = async (...records: readonly RecordWrite[]): Promise<void> => {
  await server.running.store.commit(auditedCommit([AUDIT_ROW], { records }));
};

const putProvider = (emergency: string) =>
  server.ask('administrator', 'POST', '$identity-providers', {
    resourceType: 'Parameters',
    parameter: [
      { name: 'action', valueCode: 'put' },
      ...Object.entries({
        provider: 'clinic',
        name: 'Clinic',
        issuer: 'https://login.clinic.example',
        clientId: 'closeloop',
        emergencyAccount: emergency,
      }).map(([name, valueString]) => ({ name, valueString })),
      { name: 'organization', valueReference: { reference: 'Organization/initiator' } },
    ],
  });

const partsOf = () => ({
  store: server.running.store,
  clock: { now: () => Date.now() },
  newId: () => `item-${randomUUID().slice(0, 12)}`,
  selectRecipients: async () => [],
  committed: () => undefined,
  warn: (about: object) => void warned.push(about),
});
const logins = () => createOwnLogins(partsOf());

const linked = (account: string): RecordWrite =>
  identityLinked({
    issuer: 'https://login.clinic.example',
    subject: account,
    account,
    provider: 'clinic',
    linkedAt: 0,
    how: 'first-login',
  });

beforeAll(async () => {
  server = await openServer(['initiator', 'recipient'], ...BEHIND_PROXY);
  eve = await putPerson(server.running.store, 'eve@clinic.example', { works: { initiator: ['org-admin'] } });
  ann = await enrolPerson(server, 'ann@clinic.example', { works: { initiator: ['coordinator'] } });
}, 60_000);
afterAll(() => server.close());

test('(identity ID-49) the emergency account has a passkey, or it is none', async () => {
  const { status, says } = await putProvider(eve);
  expect([status, says.includes('with a passkey')]).toEqual([400, true]);
  const passkey = {
    kind: 'passkey',
    account: eve,
    label: 'key',
    addedAt: 0,
    id: 'AAAA',
    publicKey: 'AAAA',
    counter: 0,
    transports: [],
    domain: 'referrals.example.org',
    synced: false,
  } as const;
  await put(credentialWrite('eves-passkey', passkey, 'absent'));
  expect((await putProvider(eve)).status).toBe(200);
});

test('(identity ID-49) whom the provider has not let in yet keeps the own login; then it is closed', async () => {
  const login = async (): Promise<string> =>
    titleOf(await ann.passSignIn(await ann.surfer.get('/auth/login?page=account')));
  expect(await logins().judge(ann.account, ['pwd', 'otp'])).toBe('open');
  await put(linked(ann.account));
  expect(await logins().judge(ann.account, ['pwd', 'otp'])).toBe('closed');
  expect(await logins().judge(ann.account, ['hwk', 'user'])).toBe('closed');
  expect(await login()).toBe('Sign in with your organization');
  expect(ann.surfer.cookies.has('__Host-closeloop')).toBe(false);
});

test('(identity ID-49) who works elsewhere as well, or keeps the installation, is not shut out', async () => {
  const { store } = server.running;
  const two = await putPerson(store, 'two@clinic.example', {
    works: { initiator: ['coordinator'], recipient: ['coordinator'] },
  });
  const root = await putPerson(store, 'root@clinic.example', {
    works: { initiator: ['coordinator'] },
    administrator: true,
  });
  await put(linked(two), linked(root));
  expect(await logins().judge(two, ['pwd', 'otp'])).toBe('open');
  expect(await logins().judge(root, ['pwd', 'otp'])).toBe('open');
});

test('(identity ID-49) the emergency account opens by a passkey alone, and that is an alarm', async () => {
  expect(await logins().judge(eve, ['pwd', 'otp'])).toBe('passkey-only');
  const verdict = await logins().judge(eve, ['hwk', 'user']);
  expect(verdict).toMatchObject({ emergency: { key: 'clinic' } });
  const provider = await findProvider(server.running.store.snapshot(), 'clinic');
  if (provider === undefined) throw new Error('there is no provider');
  const agent = { organization: '', client: 'test', subject: eve } as const;
  await logins().raise(eve, provider, { agent, requestId: 'r' });
  expect(warned).toEqual([{ account: eve, provider: 'clinic' }]);
  const items = await server.search('initiator', 'Task?code=emergency-login');
  expect(items.map(({ description }) => String(description).includes(eve))).toEqual([true]);
});

test('(identity ID-49) it rests for long, and is not suspended for it', async () => {
  const later = { now: () => Date.now() + 100 * 86_400_000 };
  await suspendDormant(
    { ...partsOf(), clock: later, random: randomBytes, soleAdministrator: false },
    new AbortController().signal,
  );
  const snapshot = server.running.store.snapshot();
  const states = await Promise.all([eve, ann.account].map((id) => findAccount(snapshot, id)));
  expect(states.map((one) => one?.state)).toEqual(['active', 'suspended']);
});
