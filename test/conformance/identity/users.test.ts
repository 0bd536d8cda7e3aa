/** The operations by which administrators keep accounts (identity 6). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { suspendDormant } from '../../../src/accounts/dormant.ts';
import { askAboutExpiry } from '../../../src/accounts/client-expiry.ts';
import { askForAccessReviews } from '../../../src/accounts/quarterly.ts';
import { findAccount, findAccountByLogin, usedWrite } from '../../../src/accounts/accounts.ts';
import { inviteFirst } from '../../../src/accounts/invite.ts';
import { SERVER_AGENT } from '../../../src/ports/audit.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { greetFirstAdministrator } from '../../../src/server/first-administrator.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { administrator, callerOf } from '../../world.ts';
import { DAY, openAccountWorld, type AccountWorld } from '../../unit/accounts/world.ts';
import { putClient } from '../../smart.ts';

let shared: AccountWorld;
beforeAll(async () => {
  shared = await openAccountWorld('a', 'b');
});
afterAll(() => shared.world.close());

/** A person of an organization who has just logged in. */
const person = (
  organization: string,
  role: 'org-admin' | 'clinician' | 'compliance',
  account?: string,
): Caller =>
  callerOf(organization, {
    roles: [role],
    serverScopes: role === 'compliance' ? ['closeloop/compliance'] : ['closeloop/org-admin'],
    account,
    session: 'sitting',
    methods: ['mfa'],
    authenticatedAt: shared.now(),
  });

interface Part {
  readonly name: string;
  readonly part?: readonly Part[];
  readonly [value: string]: unknown;
}

const partsOf = (resource: Resource | undefined): readonly Part[] =>
  (resource?.['parameter'] ?? []) as readonly Part[]; // of Parameters
const valueOf = (parts: readonly Part[] = [], name: string): unknown => {
  const found = parts.find((part) => part.name === name);
  return found && Object.entries(found).find(([key]) => key.startsWith('value'))?.[1];
};

const ask = async (caller: Caller, operation: string, given: readonly object[] = []) => {
  const { status, code, json } = await shared.world.ask(caller, 'POST', `$${operation}`, {
    resourceType: 'Parameters',
    parameter: given,
  });
  return { status, code, parts: partsOf(json) };
};

let persons = 0;
const fresh = () => `user-${(persons += 1)}@example.org`;
const text = (name: string, valueString: string) => ({ name, valueString });
const role = (valueCode: string) => ({ name: 'role', valueCode });

const invite = async (caller: Caller, login: string, ...more: readonly object[]) =>
  ask(caller, 'invite-user', [text('login', login), text('name', 'Somebody'), ...more]);

describe('$invite-user', () => {
  test('(identity ID-14) answers the link once, to the inviter, and keeps it nowhere', async () => {
    const { status, parts } = await invite(person('a', 'org-admin'), fresh(), role('org-admin'));
    expect(status).toBe(200);
    const link = String(valueOf(parts, 'link'));
    expect(link).toMatch(/^https:\/\/referrals\.example\.org\/auth\/invitation\/[\w-]{43}$/);
    expect(valueOf(parts, 'code')).toMatch(/^[A-Z2-9]{8}$/);
    const rows = await shared.world.store.snapshot().audit({ viewer: undefined, names: [], count: 5 });
    expect(rows[0]?.entry).toMatchObject({
      event: 'account-invited',
      identity: {
        account: valueOf(parts, 'user'),
        detail: { organization: 'Organization/a', roles: 'org-admin' },
      },
      viewers: ['Organization/a'],
    });
    expect(JSON.stringify(rows)).not.toMatch(/example\.org|invitation\//);
  });

  test.each<[string, () => Caller, readonly object[], number, string]>([
    ['by a clinician', () => person('a', 'clinician'), [role('clinician')], 403, 'role-insufficient'],
    [
      'into another organization',
      () => person('a', 'org-admin'),
      [role('clinician'), { name: 'organization', valueReference: { reference: 'Organization/b' } }],
      404,
      'not-found',
    ],
    [
      'as an administrator of the installation',
      () => person('a', 'org-admin'),
      [{ name: 'administrator', valueBoolean: true }],
      403,
      'account-not-yours',
    ],
    ['as a patient, by a role', () => person('a', 'org-admin'), [role('patient')], 400, 'parameter-invalid'],
    ['as nothing', () => person('a', 'org-admin'), [], 422, 'field-missing'],
    [
      'from a day, without a role',
      () => person('a', 'org-admin'),
      [{ name: 'from', valueDateTime: '2026-07-01' }],
      422,
      'field-missing',
    ],
  ])('(identity ID-2) is refused %s', async (_what, caller, given, status, code) => {
    const refused = await invite(caller(), fresh(), ...given);
    expect(refused.status).toBe(status);
    expect(refused.code).toBe(code);
  });

  test('(identity ID-7) an app in the hands of an administrator needs the scope as well', async () => {
    for (const role_ of ['org-admin', 'compliance'] as const) {
      const weak: Caller = { ...person('a', role_), serverScopes: [] };
      for (const operation of ['users', 'access-review'])
        expect(await ask(weak, operation)).toMatchObject({ status: 403 });
    }
    expect(
      await invite({ ...person('a', 'org-admin'), serverScopes: [] }, fresh(), role('clinician')),
    ).toMatchObject({
      status: 403,
      code: 'scope-insufficient',
    });
  });

  test.each([
    ['no account', []],
    ['another account', [text('user', 'another')]],
  ])(
    '(identity ID-2, ID-44) gives nothing to an account that another organization made for the address, by %s',
    async (_what, told) => {
      const login = fresh();
      await invite(person('a', 'org-admin'), login, role('clinician'));
      const refused = await invite(person('b', 'org-admin'), login, role('clinician'), ...told);
      expect([refused.status, refused.code]).toEqual([403, 'account-not-yours']);
    },
  );

  test('(identity ID-1) a person who has an account gets no second one', async () => {
    const login = fresh();
    const first = await invite(person('a', 'org-admin'), login, role('clinician'));
    const user = text('user', String(valueOf(first.parts, 'user')));
    const second = await invite(person('b', 'org-admin'), login.toUpperCase(), role('biller'), user);
    expect(valueOf(second.parts, 'outcome')).toBe('added');
    expect(valueOf(second.parts, 'user')).toBe(valueOf(first.parts, 'user'));
    expect(valueOf(second.parts, 'link')).toBeUndefined();
    expect(await invite(person('b', 'org-admin'), login, role('biller'))).toMatchObject({
      status: 409,
      code: 'login-taken',
    });
  });
});

describe('$users', () => {
  test('(rules 2) shows each administrator what is of the own organization, a page at a time', async () => {
    const logins = [fresh(), fresh(), fresh()];
    for (const login of logins) await invite(person('b', 'org-admin'), login, role('coordinator'));
    const both = fresh();
    const { parts } = await invite(person('a', 'org-admin'), both, role('clinician'));
    await invite(
      person('b', 'org-admin'),
      both,
      role('biller'),
      text('user', String(valueOf(parts, 'user'))),
    );
    const seen: string[] = [];
    const memberships: unknown[] = [];
    for (let after: string | undefined, pages = 0; pages < 20; pages += 1) {
      const given = [
        { name: 'count', valuePositiveInt: 2 },
        ...(after === undefined ? [] : [text('after', after)]),
      ];
      const { parts } = await ask(person('b', 'org-admin'), 'users', given);
      const found = parts.filter(({ name }) => name === 'user');
      expect(found.length).toBeLessThanOrEqual(2);
      seen.push(...found.map(({ part }) => String(valueOf(part, 'login'))));
      for (const { part = [] } of found)
        memberships.push(
          ...part.filter(({ name }) => name === 'membership').map((one) => valueOf(one.part, 'organization')),
        );
      after = valueOf(parts, 'next') as string | undefined; // a string, by the definition
      if (after === undefined) break;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining([...logins, both]));
    expect(new Set(memberships.map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify({ reference: 'Organization/b' })]),
    );
  });

  test.each<[string, readonly object[], number]>([
    ['a part of the name', [text('search', 'SOMEB')], 1],
    ['a state', [{ name: 'state', valueCode: 'active' }], 0],
    ['a role', [role('executive')], 1],
  ])('finds by %s', async (_what, given, least) => {
    await invite(person('b', 'org-admin'), fresh(), role('executive'));
    const { status, parts } = await ask(person('b', 'org-admin'), 'users', given);
    expect(status).toBe(200);
    expect(parts.filter(({ name }) => name === 'user').length).toBeGreaterThanOrEqual(least);
  });

  test('(identity 10) a login that was searched for is not on record', async () => {
    await ask(administrator, 'users', [text('search', 'secret@example.org')]);
    const rows = await shared.world.store.snapshot().audit({ viewer: undefined, names: [], count: 1 });
    expect(rows[0]?.entry.query).toBe('$users');
  });

  test.each<[string, object]>([
    ['state', { name: 'state', valueCode: 'gone' }],
    ['role', role('king')],
  ])('a wrong %s is refused', async (_what, given) => {
    expect(await ask(administrator, 'users', [given])).toMatchObject({
      status: 400,
      code: 'parameter-invalid',
    });
  });
});

describe('$user-state, $reset-factors, $membership', () => {
  const active = async (at = 'a') => {
    const login = fresh();
    return { login, account: await shared.active(login, { at }) };
  };
  const user = (account: string) => text('user', account);

  test('(identity ID-13, ID-17) an account is suspended, comes back, and ends', async () => {
    const { account } = await active();
    const move = (word: string) =>
      ask(person('a', 'org-admin'), 'user-state', [
        user(account),
        { name: 'move', valueCode: word },
        text('why', 'left'),
      ]);
    for (const [word, state] of [
      ['suspend', 'suspended'],
      ['reactivate', 'active'],
      ['deactivate', 'deactivated'],
    ] as const)
      expect(valueOf((await move(word)).parts, 'state')).toBe(state);
    expect(await move('reactivate')).toMatchObject({ status: 409, code: 'account-state' });
    expect(await move('reset')).toMatchObject({ status: 400 });
    expect(await move('enrol')).toMatchObject({ status: 400 });
  });

  test('(identity ID-19) all factors lost: a new link, and nothing else is left', async () => {
    const { account } = await active();
    const { parts } = await ask(person('a', 'org-admin'), 'reset-factors', [user(account)]);
    expect(valueOf(parts, 'state')).toBe('invited');
    expect(valueOf(parts, 'link')).toMatch(/\/auth\/invitation\//);
    const items = await shared.world.bundle(callerOf('a'), 'Task?code=factors-reset');
    expect(JSON.stringify(items)).toContain(account);
    expect((await shared.world.bundle(callerOf('b'), 'Task?code=factors-reset')).total).toBe(0);
  });

  test('(identity ID-6) nobody changes the own account', async () => {
    const { account } = await active();
    const self = person('a', 'org-admin', account);
    for (const [operation, given] of [
      ['user-state', [{ name: 'move', valueCode: 'suspend' }]],
      ['reset-factors', []],
      ['membership', [role('compliance')]],
    ] as const)
      expect(await ask(self, operation, [user(account), ...given])).toMatchObject({
        status: 403,
        code: 'self-approval',
      });
  });

  test('(identity ID-3) a membership is changed and ended', async () => {
    const { account } = await active();
    const change = (...given: readonly object[]) =>
      ask(person('a', 'org-admin'), 'membership', [user(account), ...given]);
    const changed = await change(role('front-desk'), role('biller'));
    expect(changed.parts.filter(({ name }) => name === 'role').map(({ valueCode }) => valueCode)).toEqual([
      'front-desk',
      'biller',
    ]);
    expect(valueOf((await change({ name: 'end', valueBoolean: true })).parts, 'outcome')).toBe('ended');
    expect(await change({ name: 'end', valueBoolean: true })).toMatchObject({ status: 404 });
    expect(await change()).toMatchObject({ status: 400 });
    expect(await change(role('biller'), { name: 'end', valueBoolean: true })).toMatchObject({ status: 400 });
  });

  test('(identity ID-6) administrators of the installation are made by one of them', async () => {
    const { account } = await active();
    const given = [user(account), { name: 'administrator', valueBoolean: true }];
    expect(await ask(person('a', 'org-admin'), 'membership', given)).toMatchObject({
      status: 403,
      code: 'account-not-yours',
    });
    expect((await ask(administrator, 'membership', given)).status).toBe(200);
    const { status } = await ask(person('a', 'org-admin'), 'reset-factors', [user(account)]);
    expect(status).toBe(403);
    expect(
      (
        await ask(administrator, 'membership', [
          user(account),
          { name: 'administrator', valueBoolean: false },
        ])
      ).status,
    ).toBe(200);
  });
});

describe('access', () => {
  test('(identity ID-18) who holds which role since when, and the last use, also as a table', async () => {
    const login = fresh();
    const account = await shared.active(login, { at: 'b', roles: ['compliance'] });
    await shared.put(usedWrite(account, shared.now()));
    const { parts } = await ask(person('b', 'compliance'), 'access-review');
    const row = parts.find(({ part }) => valueOf(part, 'user') === account)?.part;
    expect(valueOf(row, 'role')).toBe('compliance');
    expect(valueOf(row, 'since')).toBe(new Date(shared.now()).toISOString());
    expect(valueOf(row, 'lastUse')).toBe(new Date(shared.now()).toISOString());
    expect(parts.every(({ part }) => valueOf(part, 'organization') === 'Organization/b')).toBe(true);
    const rows = await shared.world.store.snapshot().audit({ viewer: undefined, names: [], count: 1 });
    expect(rows[0]?.entry).toMatchObject({ event: 'export', query: '$access-review' });
  });

  test('(identity ID-18) after 90 days without a login an account is suspended, and no other', async () => {
    const { parts, put, pass, now, active } = shared;
    const [idle, used, first] = [fresh(), fresh(), fresh()];
    await active(idle);
    const account = await active(used);
    pass(DAY);
    await put(usedWrite(account, now()));
    pass(89 * DAY - 1);
    await active(first);
    const stateOf = async (login: string) => {
      await suspendDormant(parts, new AbortController().signal);
      return (await findAccountByLogin(parts.store.snapshot(), login))?.state;
    };
    expect(await stateOf(idle)).toBe('active');
    pass(1);
    expect(await stateOf(idle)).toBe('suspended');
    expect(await stateOf(used)).toBe('active');
    pass(DAY);
    expect(await stateOf(used)).toBe('suspended');
    expect(await stateOf(first)).toBe('active');
  });
});

describe('each quarter', () => {
  test('(identity ID-18) an organization in which people have roles is asked once for a review', async () => {
    const { parts, world, pass, active } = shared;
    await active(fresh(), { at: 'b', roles: ['executive'] });
    const ask = () => askForAccessReviews(parts, new AbortController().signal);
    const asked = async () => (await world.bundle(callerOf('b'), 'Task?code=access-review')).total ?? 0;
    await ask();
    const before = await asked();
    expect(before).toBeGreaterThan(0);
    await Promise.all([ask(), ask()]);
    expect(await asked()).toBe(before);
    pass(92 * DAY);
    await Promise.all([ask(), ask(), ask()]);
    expect(await asked()).toBe(before + 1);
  });
});

describe('thirty days before its end', () => {
  test('(identity ID-60) the registration of a machine asks its organization once, and again after it was renewed', async () => {
    const { parts, world, pass, now } = shared;
    const DAYS = 30 * DAY;
    const register = (expiresAt: number) =>
      putClient(parts.store, 'machine', { kind: 'service', organization: 'Organization/b', expiresAt });
    const ask = () => askAboutExpiry(parts, new AbortController().signal);
    const asked = async () => (await world.bundle(callerOf('b'), 'Task?code=client-expiry')).total ?? 0;
    await register(now() + DAYS + 1);
    await ask();
    expect(await asked()).toBe(0);
    pass(1);
    await Promise.all([ask(), ask()]);
    pass(DAY);
    await ask();
    expect(await asked()).toBe(1);
    await register(now() + DAYS);
    await ask();
    expect(await asked()).toBe(2);
    await putClient(parts.store, 'machine', { kind: 'service', status: 'suspended', expiresAt: now() + DAY });
    await putClient(parts.store, 'app', { organization: 'Organization/b' });
    await ask();
    expect(await asked()).toBe(2);
  });
});

const SETTINGS = {
  demo: false,
  authorizationServer: 'on',
  issuer: undefined,
  issuersFile: undefined,
  issuerPath: '/auth',
} as const;

describe('the first start', () => {
  test('(identity ID-16) prints a link while the first administrator is not enrolled, and never after', async () => {
    const world = await openAccountWorld('a');
    const printed: string[] = [];
    const greet = (more: object = {}) =>
      greetFirstAdministrator({
        parts: world.parts,
        settings: { ...SETTINGS, ...more },
        base: 'https://referrals.example.org/fhir',
        print: (says) => void printed.push(says),
      });
    for (const elsewhere of [
      { demo: true },
      { authorizationServer: 'off' },
      { issuer: 'https://idp.example.org' },
    ])
      await greet(elsewhere);
    expect(printed).toEqual([]);
    await greet();
    await greet();
    expect(printed).toHaveLength(2);
    expect(printed[0]).toMatch(/administrator@referrals\.example\.org.*\/auth\/invitation\/.*code: /s);
    expect(printed[0]).not.toBe(printed[1]);
    await world.invite('somebody@example.org');
    await greet();
    expect(printed).toHaveLength(3);
    await world.world.close();
  });

  test('(identity ID-16) a start does not kill the link of a command, and names who is waited for', async () => {
    const world = await openAccountWorld('a');
    const asked = { login: 'ann@example.org', name: 'Ann' };
    const { account } = await inviteFirst(world.parts, { agent: SERVER_AGENT, requestId: 'command' }, asked);
    const printed: string[] = [];
    const print = (says: string) => void printed.push(says);
    const base = 'http://127.0.0.1:8080/fhir';
    await greetFirstAdministrator({ parts: world.parts, settings: SETTINGS, base, print });
    expect(printed.join('')).toContain('users invite-again ann@example.org');
    expect(printed.join('')).not.toContain('/invitation/');
    const known = await findAccount(world.world.store.snapshot(), account);
    expect(known?.state).toBe('invited');
    await world.world.close();
  });

  test('(identity ID-16) whoever was invited before the first start takes no link from its administrator', async () => {
    const world = await openAccountWorld('a');
    await world.invite('early@example.org');
    const printed: string[] = [];
    const greet = () =>
      greetFirstAdministrator({
        parts: world.parts,
        settings: SETTINGS,
        base: 'http://127.0.0.1:8080/fhir',
        print: (says) => void printed.push(says),
      });
    await greet();
    expect(printed.join('')).toMatch(/administrator@127\.0\.0\.1.*\/auth\/invitation\/.*code: /s);
    await world.world.close();
  });
});
