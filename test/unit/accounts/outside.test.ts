/** Logins, roles and log-offs by the word of somebody else's provider, over a whole store (identity 8). */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  accountWrite,
  findAccountByLogin,
  findMembership,
  findAccount,
} from '../../../src/accounts/accounts.ts';
import {
  arriveFromOutside,
  linkIdentity,
  type Arrived,
  type ArrivalParts,
} from '../../../src/accounts/outside-arrival.ts';
import { endLoggedOff, logoutElsewhere } from '../../../src/accounts/outside-logout.ts';
import { renewOutsideSessions, type RenewalParts } from '../../../src/accounts/outside-renewal.ts';
import { findOutsideSession } from '../../../src/accounts/outside-sessions.ts';
import {
  accessTo,
  findProvider,
  listProviders,
  providerPlace,
  providerWrite,
  type KnownProvider,
} from '../../../src/accounts/providers.ts';
import { createSessions, type FoundSession, type Sessions } from '../../../src/accounts/sessions.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import type { IdentityProvider } from '../../../src/identity/external.ts';
import { createSeal } from '../../../src/identity/seal.ts';
import { OutsideRefused, type OutsideLogin, type OutsideRefusal } from '../../../src/ports/sign-on.ts';
import { HOUR, openAccountWorld, type AccountWorld } from './world.ts';

const MINUTE = 60_000;
const SEAL = createSeal(Buffer.alloc(32, 7), randomBytes);
const A = 'Organization/a';
const B = 'Organization/b';
const BY = { agent: { organization: '', client: 'sign-on', subject: '' }, requestId: 'r1' } as const;

const PROVIDER: IdentityProvider = {
  name: 'Clinic A',
  issuer: 'https://idp.a.example',
  organizations: [A],
  clientId: 'closeloop',
  credential: 'client_secret_basic',
  scopes: ['openid'],
  rules: [
    { when: [{ claim: 'groups', is: 'desk' }], organization: A, roles: ['front-desk'] },
    { when: [{ claim: 'groups', is: 'doctors' }], organization: A, roles: ['clinician'] },
  ],
  proof: { kind: 'methods', any: ['otp'] },
  justInTime: true,
  emailDomains: ['a.example'],
  endsSessionThere: true,
  status: 'active',
};

let accounts: AccountWorld;
let sessions: Sessions;
let parts: ArrivalParts;

beforeAll(async () => {
  accounts = await openAccountWorld('a', 'b');
  const { store, clock } = accounts.parts;
  sessions = createSessions({ store, clock, random: randomBytes, settings: { sessionIdleMs: 30 * MINUTE } });
  parts = { store, clock, newId: randomUUID, sessions, seal: SEAL };
  const sealed = SEAL.close(Buffer.from('the-secret'), providerPlace('clinic-a'));
  await accounts.put(
    providerWrite('clinic-a', { ...PROVIDER, sealed }, 'absent'),
    providerWrite(
      'authenticates',
      { ...PROVIDER, issuer: 'https://idp.only.example', rules: [], justInTime: false },
      'absent',
    ),
    providerWrite(
      'clinic-b',
      {
        ...PROVIDER,
        name: 'Clinic B',
        issuer: 'https://idp.b.example',
        organizations: [B],
        rules: [{ when: [{ claim: 'groups', is: 'desk' }], organization: B, roles: ['front-desk'] }],
      },
      'absent',
    ),
  );
});
afterAll(() => accounts.world.close());

const providerOf = async (key: string): Promise<KnownProvider> => {
  const found = await findProvider(accounts.parts.store.snapshot(), key);
  if (found === undefined) throw new Error(key);
  return found;
};

const loginOf = (
  subject: string,
  claims: Readonly<Record<string, unknown>> = {},
  issuer = PROVIDER.issuer,
): OutsideLogin => ({
  issuer,
  subject,
  claims: { iss: issuer, sub: subject, ...claims },
  proof: { methods: ['pwd', 'otp'], level: '1', authenticatedAt: accounts.now() },
  session: `there-${subject}`,
  tokens: { idToken: `id-${subject}`, refreshToken: `refresh-${subject}` },
  context: {},
});

const comeIn = async (
  login: OutsideLogin,
  key = 'clinic-a',
  state: string = randomUUID(),
): Promise<Arrived> => arriveFromOutside(parts, { provider: await providerOf(key), login, state, by: BY });

const sessionOf = async (arrived: Arrived): Promise<FoundSession> => {
  const found = arrived.kind === 'in' ? await sessions.find(arrived.cookie) : undefined;
  if (found === undefined) throw new Error(JSON.stringify(arrived));
  return found;
};

const rolesOf = async (
  account: string,
  organization: Ref = A,
): Promise<readonly string[] | string | undefined> => {
  const found = await findMembership(accounts.parts.store.snapshot(), account, organization);
  return found?.status === 'active' ? found.roles : found?.status;
};

describe('(identity ID-45) a first login', () => {
  test('makes an account with the roles that the claims grant, and a session of that provider', async () => {
    const found = await sessionOf(
      await comeIn(
        loginOf('new-1', { email: 'New1@a.example', name: 'New One', groups: ['desk', 'doctors'] }),
      ),
    );
    expect(found.session).toMatchObject({
      organization: A,
      organizations: [A],
      provider: 'clinic-a',
      acr: 'urn:closeloop:acr:mfa',
      amr: ['mfa'],
    });
    const account = await findAccountByLogin(accounts.parts.store.snapshot(), 'new1@a.example');
    expect(account).toMatchObject({
      id: found.session.account,
      name: 'New One',
      state: 'active',
      administrator: false,
    });
    expect(await rolesOf(found.session.account)).toEqual(['clinician', 'front-desk']);
  });

  test('(identity ID-47) without proof of a second factor reaches the pages of enrolment alone', async () => {
    const login = {
      ...loginOf('new-2', { email: 'new2@a.example', groups: ['desk'] }),
      proof: { methods: ['pwd'], level: '1', authenticatedAt: accounts.now() },
    };
    const found = await sessionOf(await comeIn(login));
    expect(found.session.acr).toBe('urn:closeloop:acr:enrol');
    expect((await findAccount(accounts.parts.store.snapshot(), found.session.account))?.state).toBe(
      'enrolling',
    );
  });

  test.each([
    ['without a role', 'clinic-a', { email: 'x@a.example', groups: [] }, 'no-role'],
    [
      'that names another organization',
      'clinic-a',
      { email: 'x@a.example', organization: B, groups: ['b'] },
      'no-role',
    ],
    ['without an address', 'clinic-a', { groups: ['desk'] }, 'no-login-name'],
    ['where no account is made', 'authenticates', { email: 'x@a.example' }, 'not-known'],
  ])('%s opens nothing', async (_name, key, claims, why) => {
    const { issuer } = await providerOf(key);
    expect(await comeIn(loginOf('x', claims, issuer), key)).toEqual({ kind: 'refused', why });
  });

  test('the same answer begins one session', async () => {
    const login = loginOf('new-3', { email: 'new3@a.example', groups: ['desk'] });
    const [state, arrival] = [randomUUID(), await providerOf('clinic-a')];
    const both = await Promise.all(
      [1, 2].map(() => arriveFromOutside(parts, { provider: arrival, login, state, by: BY })),
    );
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(['in', 'refused']);
    expect(await comeIn(login, 'clinic-a', state)).toMatchObject({ kind: 'refused', why: 'overtaken' });
  });
});

const suspend = async (id: string): Promise<void> => {
  const account = await findAccount(accounts.parts.store.snapshot(), id);
  if (account !== undefined)
    await accounts.put(accountWrite(id, { ...account, state: 'suspended' }, account.version));
};

describe('(identity ID-44) an e-mail address links nothing', () => {
  test('who has somebody’s address is asked for that one’s own login; only that links', async () => {
    const victim = await accounts.active('victim@a.example', { roles: ['coordinator'] });
    const evil = loginOf('evil', { email: 'VICTIM@a.example', groups: ['desk'] }, 'https://idp.b.example');
    expect(await comeIn(evil, 'clinic-b')).toEqual({ kind: 'prove' });
    expect([await rolesOf(victim), await rolesOf(victim, B)]).toEqual([['coordinator'], undefined]);

    const linking = {
      provider: await providerOf('clinic-b'),
      issuer: evil.issuer,
      subject: 'evil',
      account: victim,
      by: BY,
    };
    expect(await linkIdentity(parts, linking)).toBe(true);
    expect(await linkIdentity(parts, linking)).toBe(false);
    const { session } = await sessionOf(await comeIn(evil, 'clinic-b'));
    expect(session).toMatchObject({ account: victim, organization: B, organizations: [B] });
    // (identity ID-45) B's provider opens nothing of A's, and leaves A's roles alone.
    expect(
      await sessions.switchOrganization((await sessionOf(await comeIn(evil, 'clinic-b'))).id, A, BY),
    ).toBe(false);
    expect([await rolesOf(victim), await rolesOf(victim, B)]).toEqual([['coordinator'], ['front-desk']]);
  });

  test('the same subject of another issuer is another person', async () => {
    const first = await sessionOf(
      await comeIn(loginOf('twin', { email: 'twin1@a.example', groups: ['desk'] })),
    );
    const other = await sessionOf(
      await comeIn(
        loginOf('twin', { email: 'twin2@b.example', groups: ['desk'] }, 'https://idp.b.example'),
        'clinic-b',
      ),
    );
    expect(first.session.account).not.toBe(other.session.account);
  });

  test('a suspended account stays out, whatever its provider says', async () => {
    const { session } = await sessionOf(
      await comeIn(loginOf('gone', { email: 'gone@a.example', groups: ['desk'] })),
    );
    await suspend(session.account);
    expect(await comeIn(loginOf('gone', { email: 'gone@a.example', groups: ['desk'] }))).toEqual({
      kind: 'refused',
      why: 'account-not-active',
    });
  });
});

const renewal = (
  answer: () => OutsideLogin | OutsideRefusal,
): RenewalParts & { readonly asked: string[] } => {
  const asked: string[] = [];
  return {
    ...parts,
    asked,
    sessions,
    seal: async () => SEAL,
    providers: {
      refresh: async (access, token) => {
        asked.push(`${access.secret ?? ''} ${token}`);
        const said = answer();
        if (typeof said === 'string') throw new OutsideRefused(said, 'as the test says');
        return said;
      },
    },
  };
};

const renewNow = (of: RenewalParts): Promise<void> => renewOutsideSessions(of, new AbortController().signal);

describe('(identity ID-46) roles are those of now', () => {
  test('at every login', async () => {
    const { session } = await sessionOf(
      await comeIn(loginOf('moving', { email: 'moving@a.example', groups: ['desk'] })),
    );
    await comeIn(loginOf('moving', { groups: ['doctors'] }));
    expect(await rolesOf(session.account)).toEqual(['clinician']);
    expect(await comeIn(loginOf('moving', { groups: [] }))).toEqual({ kind: 'refused', why: 'no-role' });
  });

  test.each<
    [string, (login: OutsideLogin) => OutsideLogin | OutsideRefusal, 'in' | 'out', readonly string[] | string]
  >([
    ['confirmed', (login) => login, 'in', ['front-desk']],
    ['another role', (login) => ({ ...login, claims: { groups: ['doctors'] } }), 'in', ['clinician']],
    ['no role any more', (login) => ({ ...login, claims: { groups: [] } }), 'out', 'ended'],
    ['disabled there', () => 'ended', 'out', ['front-desk']],
    ['an answer that proves nothing', () => 'invalid', 'out', ['front-desk']],
    ['silence', () => 'unreachable', 'in', ['front-desk']],
  ])('within ten minutes: %s', async (name, change, where, roles) => {
    const subject = `renewed-${name}`;
    const login = loginOf(subject, { email: `${subject.replaceAll(' ', '-')}@a.example`, groups: ['desk'] });
    const found = await sessionOf(await comeIn(login));
    const asking = renewal(() => change(login));
    accounts.pass(8 * MINUTE);
    await renewNow(asking);
    const early = asking.asked.filter((one) => one.endsWith(subject)).length;
    accounts.pass(MINUTE);
    await renewNow(asking);
    expect([early, asking.asked.includes(`the-secret refresh-${subject}`)]).toEqual([0, true]);
    expect((await sessions.get(found.id)) === undefined ? 'out' : 'in').toBe(where);
    expect(await rolesOf(found.session.account)).toEqual(roles);
    expect(
      ((await findOutsideSession(accounts.parts.store.snapshot(), found.id)) === undefined) ===
        (where === 'out'),
    ).toBe(true);
  });

  test('a provider that is silent for an hour, or cannot be asked, is believed no longer', async () => {
    const silent = await sessionOf(
      await comeIn(loginOf('silent', { email: 'silent@a.example', groups: ['desk'] })),
    );
    const mute = await sessionOf(
      await comeIn({
        ...loginOf('mute', { email: 'mute@a.example', groups: ['desk'] }),
        tokens: { idToken: 'id' },
      }),
    );
    const asking = renewal(() => 'unreachable');
    const live = async (): Promise<readonly boolean[]> =>
      Promise.all([silent, mute].map(async ({ id }) => (await sessions.get(id)) !== undefined));
    accounts.pass(HOUR - MINUTE);
    await renewNow(asking);
    expect(await live()).toEqual([true, true]);
    accounts.pass(MINUTE);
    await renewNow(asking);
    expect(await live()).toEqual([false, false]);
  });

  test('the tokens of a provider lie sealed', async () => {
    const { id } = await sessionOf(
      await comeIn(loginOf('sealed', { email: 'sealed@a.example', groups: ['desk'] })),
    );
    const record = await accounts.parts.store.snapshot().record('outside-session', id);
    expect(JSON.stringify(record)).not.toContain('refresh-sealed');
  });
});

const logOffThere = async (claims: object) => {
  const provider = await providerOf('clinic-a');
  const seconds = accounts.now() / 1000;
  const said = {
    iss: provider.issuer,
    aud: 'closeloop',
    iat: seconds,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    jti: randomUUID(),
    ...claims,
  };
  return endLoggedOff({ ...parts, sessions }, provider, { type: 'logout+jwt', claims: said }, BY);
};

const openFor = async (subject: string, there?: string) =>
  sessionOf(
    await comeIn({
      ...loginOf(subject, { email: `${subject}@a.example`, groups: ['desk'] }),
      ...(there !== undefined && { session: there }),
    }),
  );

describe('(identity ID-48) a log-off at the provider', () => {
  test('ends the session there names, or all of a person, and nobody else’s', async () => {
    const [one, two, other] = [
      await openFor('leaver', 's1'),
      await openFor('leaver', 's2'),
      await openFor('stayer', 's3'),
    ];
    const live = async (): Promise<readonly boolean[]> =>
      Promise.all([one, two, other].map(async ({ id }) => (await sessions.get(id)) !== undefined));
    expect([await logOffThere({ sid: 's1' }), await live()]).toEqual([1, [false, true, true]]);
    expect([await logOffThere({ sid: 's3', sub: 'leaver' }), await live()]).toEqual([0, [false, true, true]]);
    expect([await logOffThere({ sub: 'leaver' }), await live()]).toEqual([1, [false, false, true]]);
  });

  test('a token is taken once', async () => {
    await logOffThere({ sub: 'leaver', jti: 'once' });
    await expect(logOffThere({ sub: 'leaver', jti: 'once' })).rejects.toThrow('taken before');
  });

  test('ours goes on to the page of the provider, where its record says so', async () => {
    const { id } = await openFor('goer');
    const asking = {
      ...parts,
      seal: async () => SEAL,
      providers: {
        logoutAddress: async (_access: unknown, token: string) => `https://there.example/?${token}`,
      },
    };
    expect(await logoutElsewhere(asking, id, 'https://here.example')).toBe('https://there.example/?id-goer');
    const own = await sessions.open({ session: { account: 'nobody' }, ways: ['pwd', 'otp'] }, BY);
    expect(await logoutElsewhere(asking, own?.id ?? '', 'https://here.example')).toBeUndefined();
  });
});

test('(identity ID-54) a secret that does not open is said, and nothing is asked', async () => {
  const provider = await providerOf('clinic-a');
  const another = createSeal(Buffer.alloc(32, 8), randomBytes);
  expect(accessTo(provider, SEAL).secret).toBe('the-secret');
  for (const seal of [another, undefined]) expect(() => accessTo(provider, seal)).toThrow('keyFile');
  expect((await listProviders(accounts.parts.store.snapshot(), A)).map(({ key }) => key)).toEqual([
    'authenticates',
    'clinic-a',
  ]);
});
