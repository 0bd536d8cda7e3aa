/** Memberships, links, and who may change them (identity ID-2, ID-3, ID-6). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  accountsLinkedIn,
  findAccount,
  findMembership,
  membershipsIn,
  membershipsInForce,
  systemAdministrators,
} from '../../../src/accounts/accounts.ts';
import type { Acting } from '../../../src/ports/accounts.ts';
import { inviteUser } from '../../../src/accounts/invite.ts';
import { moveAccount } from '../../../src/accounts/life.ts';
import { changeLink, linksNow } from '../../../src/accounts/links.ts';
import { endMembership, setMembership } from '../../../src/accounts/memberships.ts';
import { isInForce, MEMBER_ROLES } from '../../../src/identity/membership.ts';
import { separates, SEPARATED, type SeparatedDecision } from '../../../src/identity/separation.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { administrator, administratorFor, callerOf } from '../../world.ts';
import { by, codeOf, DAY, openAccountWorld, type AccountWorld } from './world.ts';

let shared: AccountWorld;
beforeAll(async () => {
  shared = await openAccountWorld('a', 'b');
  const { world } = shared;
  const put = async (
    who: Parameters<typeof world.ask>[0],
    resource: { resourceType: string; id: string },
  ) => {
    const { status, text } = await world.ask(who, 'PUT', `${resource.resourceType}/${resource.id}`, resource);
    if (status > 201) throw new Error(text);
  };
  await put(administrator, person('Practitioner', 'directory'));
  await put(administratorFor('a'), person('Patient', 'of-a'));
  await put(administratorFor('b'), person('Patient', 'of-b'));
  await put(
    administratorFor('a'),
    person('RelatedPerson', 'parent', {
      patient: { reference: 'Patient/of-a' },
      active: true,
      period: { start: '2026-01-01', end: '2026-12-31' },
    }),
  );
});
afterAll(() => shared.world.close());

const ADMIN = by('installation');
const [A, B] = ['Organization/a', 'Organization/b'] as const;

const person = (resourceType: string, id: string, more: object = {}) => ({
  resourceType,
  id,
  name: [{ family: 'Person' }],
  ...more,
});

/** What an administrator of one organization asks of an account. */
const asks = (parts: AccountWorld['parts'], acting: Acting, account: string, where: Ref) => ({
  suspend: () => moveAccount(parts, acting, { account, move: 'suspend' }),
  reset: () => moveAccount(parts, acting, { account, move: 'reset' }),
  deactivate: () => moveAccount(parts, acting, { account, move: 'deactivate' }),
  membership: () => setMembership(parts, acting, { account, organization: where, roles: ['org-admin'] }),
  end: () => endMembership(parts, acting, { account, organization: where }),
});

const link = (acting: Acting, account: string, ref: Ref, remove = false) =>
  codeOf(changeLink(shared.parts, acting, { account, ref, remove }));
const linksOf = async (account: string) => {
  const snapshot = shared.parts.store.snapshot();
  const found = await findAccount(snapshot, account);
  return linksNow(found ?? { links: [] }, snapshot, shared.now());
};

let persons = 0;
const fresh = () => `member-${(persons += 1)}@example.org`;

describe('memberships', () => {
  test.each([
    ['no end', {}, true],
    ['ended', { status: 'ended' as const }, false],
    ['begins later', { from: 101 }, false],
    ['begins now', { from: 100 }, true],
    ['ends now', { until: 100 }, false],
    ['ends later', { until: 101 }, true],
  ])('(identity ID-3) %s', (_what, more, expected) => {
    expect(isInForce({ status: 'active', ...more }, 100)).toBe(expected);
  });

  test('(identity ID-3) each role keeps the day since when it is held, and the chooser has what is in force', async () => {
    const { parts, active, pass, now } = shared;
    const account = await active(fresh());
    const first = now();
    pass(DAY);
    const both = await setMembership(parts, ADMIN, {
      account,
      organization: A,
      roles: ['clinician', 'front-desk'],
    });
    expect(both.rolesSince).toEqual({ clinician: first, 'front-desk': now() });
    await setMembership(parts, ADMIN, { account, organization: B, roles: ['biller'], until: now() + DAY });
    const inForce = async () =>
      (await membershipsInForce(parts.store.snapshot(), account, now())).map(
        ({ organization }) => organization,
      );
    expect(await inForce()).toEqual([A, B]);
    pass(DAY);
    expect(await inForce()).toEqual([A]);
    await endMembership(parts, ADMIN, { account, organization: A });
    expect(await inForce()).toEqual([]);
    const asked = { account, organization: A, until: now() + DAY } as const;
    expect(await codeOf(setMembership(parts, ADMIN, asked))).toBe('field-missing');
    const again = await setMembership(parts, ADMIN, { account, organization: A, roles: ['clinician'] });
    expect(again).toMatchObject({ status: 'active', rolesSince: { clinician: now() } });
  });

  test('(identity ID-17) its end ends the sittings of that organization alone', async () => {
    const { parts, active, put } = shared;
    const account = await active(fresh());
    await setMembership(parts, ADMIN, { account, organization: B, roles: ['biller'] });
    await put(
      ...[A, B].map((organization) => ({
        kind: 'session',
        key: `${account} ${organization}`,
        expect: 'any' as const,
        body: { account, organization },
        index: [['account', account]] as const,
      })),
    );
    await endMembership(parts, by('b'), { account, organization: B });
    const left = await parts.store.snapshot().records('session', 'account', account);
    expect(left.map(({ body }) => body)).toEqual([{ account, organization: A }]);
  });

  test.each<[string, object, string]>([
    ['no role', { roles: [] }, 'field-missing'],
    ['an end before its beginning', { roles: ['clinician'], from: 2, until: 1 }, 'parameter-invalid'],
    [
      'a site that is a person',
      { roles: ['clinician'], sites: ['Practitioner/directory'] },
      'parameter-invalid',
    ],
    [
      'a role that is none',
      { roles: ['clinician'], practitionerRole: 'Practitioner/directory' },
      'parameter-invalid',
    ],
    [
      'an organization that is no member',
      { organization: 'Organization/none', roles: ['clinician'] },
      'not-found',
    ],
  ])('(identity ID-3) is refused: %s', async (_what, asked, code) => {
    const { parts, active } = shared;
    const account = await active(fresh());
    const set = setMembership(parts, ADMIN, { account, organization: A, ...asked });
    expect(await codeOf(set)).toBe(code);
  });

  test('(identity 2) patients, proxies and administrators of the installation are no members', () => {
    expect(MEMBER_ROLES).not.toEqual(expect.arrayContaining(['patient']));
    expect(MEMBER_ROLES.filter((role) => ['patient', 'proxy', 'sys-admin'].includes(role))).toEqual([]);
  });

  test('(identity ID-3) of two that change it at once none is lost', async () => {
    const { parts, active } = shared;
    const account = await active(fresh());
    await Promise.all(
      MEMBER_ROLES.map((role) => setMembership(parts, ADMIN, { account, organization: A, roles: [role] })),
    );
    const found = await findMembership(parts.store.snapshot(), account, A);
    expect(found?.roles).toHaveLength(1);
    expect((await membershipsIn(parts.store.snapshot(), A)).some((one) => one.account === account)).toBe(
      true,
    );
  });
});

describe('who administers', () => {
  test('(rules 2) an organization knows nothing of the accounts of another', async () => {
    const { parts, active } = shared;
    const account = await active(fresh());
    for (const ask of Object.values(asks(parts, by('b'), account, B)))
      expect(await codeOf(ask())).toBe('not-found');
    for (const ask of Object.values(asks(parts, by('b'), account, A)))
      expect(await codeOf(ask())).toBe('not-found');
  });

  test('(identity ID-19) nobody takes over an account that works elsewhere: its end is the membership', async () => {
    const { parts, active } = shared;
    const account = await active(fresh());
    await inviteUser(parts, by('b'), {
      login: (await findAccount(parts.store.snapshot(), account))?.login ?? '',
      account,
      name: 'Whoever',
      membership: { organization: B, roles: ['biller'] },
    });
    const { suspend, reset, deactivate, end } = asks(parts, by('b'), account, B);
    for (const ask of [suspend, reset, deactivate]) expect(await codeOf(ask())).toBe('account-not-yours');
    expect(await codeOf(endMembership(parts, by('b'), { account, organization: A }))).toBe('not-found');
    expect(await codeOf(end())).toBeUndefined();
    expect(await codeOf(asks(parts, by('a'), account, A).reset())).toBeUndefined();
  });

  test('(identity ID-19) an account that will work elsewhere is nobody’s alone', async () => {
    const { parts, active, now } = shared;
    const account = await active(fresh());
    const later = { account, organization: B, roles: ['biller'], from: now() + DAY } as const;
    await setMembership(parts, ADMIN, later);
    expect(await codeOf(asks(parts, by('a'), account, A).reset())).toBe('account-not-yours');
    await setMembership(parts, ADMIN, { ...later, from: now() - DAY, until: now() });
    expect(await codeOf(asks(parts, by('a'), account, A).reset())).toBeUndefined();
  });

  test('(identity ID-6) nobody changes the own roles, state or links', async () => {
    const { parts, active } = shared;
    const account = await active(fresh(), { roles: ['org-admin'] });
    const self = by('a', account);
    const { suspend, reset, deactivate, membership, end } = asks(parts, self, account, A);
    for (const ask of [suspend, reset, deactivate, membership, end])
      expect(await codeOf(ask())).toBe('self-approval');
    expect(await codeOf(changeLink(parts, self, { account, ref: 'Patient/of-a', remove: false }))).toBe(
      'self-approval',
    );
  });

  test('(identity ID-6) an administrator of the installation gives itself no role, unless it is the only one', async () => {
    const { parts, active } = shared;
    const account = await active(fresh(), { administrator: true });
    const self = by('installation', account);
    const asked = { account, organization: A, roles: ['clinician'] } as const;
    expect(await codeOf(setMembership(parts, self, asked))).toBe('self-approval');
    expect(await codeOf(setMembership({ ...parts, soleAdministrator: true }, self, asked))).toBeUndefined();
    expect((await systemAdministrators(parts.store.snapshot())).map(({ id }) => id)).toContain(account);
  });

  test.each(Object.keys(SEPARATED) as SeparatedDecision[])('(identity ID-6) %s', (decision) => {
    expect(separates(decision, { actor: 'x', subject: 'x' })).toBe(SEPARATED[decision]);
    expect(separates(decision, { actor: 'y', subject: 'x' })).toBeUndefined();
    expect(separates(decision, { actor: undefined, subject: 'x' })).toBeUndefined();
    expect(separates(decision, { actor: 'x', subject: 'x' }, true) === undefined).toBe(
      decision !== 'own-review',
    );
  });

  test('(identity ID-45) an organization makes no administrator of the installation', async () => {
    const asked = { login: fresh(), name: 'X', administrator: true } as const;
    expect(await codeOf(inviteUser(shared.parts, by('a'), asked))).toBe('account-not-yours');
    expect(await codeOf(inviteUser(shared.parts, by('a'), { login: fresh(), name: 'X' }))).toBe(
      'field-missing',
    );
  });
});

describe('links', () => {
  test.each<[string, string, Ref, string | undefined]>([
    ['the keeper', 'a', 'Patient/of-a', undefined],
    ['another organization', 'a', 'Patient/of-b', 'not-found'],
    ['an administrator of the installation', 'installation', 'Patient/of-b', undefined],
    ['the keeper, of a representative', 'a', 'RelatedPerson/parent', undefined],
    ['an organization, of somebody in the directory', 'a', 'Practitioner/directory', 'not-custodian'],
    ['what is no person', 'a', 'Organization/a', 'parameter-invalid'],
    ['what is not there', 'installation', 'Patient/none', 'not-found'],
  ])('(identity ID-2) made by %s (%s) to %s', async (_who, over, ref, code) => {
    const account = await shared.active(fresh());
    expect(await link(by(over), account, ref)).toBe(code);
    expect((await linksOf(account)).map((one) => one.ref)).toEqual(code === undefined ? [ref] : []);
  });

  test('(identity ID-2) what a person writes about itself links nothing', async () => {
    const { world, active } = shared;
    const login = fresh();
    const account = await active(login);
    await world.ask(callerOf('a'), 'POST', 'Patient', {
      resourceType: 'Patient',
      name: [{ family: 'Somebody' }],
      telecom: [{ system: 'email', value: login }],
    });
    expect(await linksOf(account)).toEqual([]);
  });

  test('(identity 1) a representative counts while active, within the period, and beside the patient', async () => {
    const { world, active, pass } = shared;
    const account = await active(fresh());
    await link(by('a'), account, 'RelatedPerson/parent');
    await link(by('a'), account, 'Patient/of-a');
    const roles = async () => (await linksOf(account)).map(({ role, patient }) => `${role} ${patient}`);
    expect(await roles()).toEqual(['proxy Patient/of-a', 'patient Patient/of-a']);
    const change = async (active_: boolean) => {
      const { json } = await world.ask(administratorFor('a'), 'GET', 'RelatedPerson/parent');
      await world.ask(administratorFor('a'), 'PUT', 'RelatedPerson/parent', { ...json, active: active_ });
    };
    await change(false);
    expect(await roles()).toEqual(['patient Patient/of-a']);
    await change(true);
    expect(await roles()).toHaveLength(2);
    pass(365 * DAY);
    expect(await roles()).toEqual(['patient Patient/of-a']);
  });

  test('(identity ID-2) the PractitionerRole of a membership brings its Practitioner, where its keeper links it', async () => {
    const { world, parts, active } = shared;
    const role = (who: Parameters<typeof world.ask>[0], id: string) =>
      world.ask(who, 'PUT', `PractitionerRole/${id}`, {
        resourceType: 'PractitionerRole',
        id,
        practitioner: { reference: 'Practitioner/directory' },
        organization: { reference: A },
      });
    expect((await role(administrator, 'of-directory')).status).toBe(201);
    const account = await active(fresh());
    const asked = { account, organization: A, roles: ['clinician'] } as const;
    const set = (acting: Acting) =>
      codeOf(setMembership(parts, acting, { ...asked, practitionerRole: 'PractitionerRole/of-directory' }));
    expect(await set(by('a'))).toBe('not-custodian');
    expect(await set(ADMIN)).toBeUndefined();
    expect((await linksOf(account)).map(({ ref }) => ref)).toEqual(['Practitioner/directory']);
    // Another organization cannot be that person by a role that it wrote itself.
    expect((await role(administratorFor('b'), 'of-b')).status).toBe(201);
    const other = await active(fresh(), { at: 'b' });
    const theirs = { account: other, organization: B, roles: ['clinician'] } as const;
    expect(
      await codeOf(setMembership(parts, by('b'), { ...theirs, practitionerRole: 'PractitionerRole/of-b' })),
    ).toBe('not-custodian');
  });

  test('(identity 1) a patient has an account without a membership, by the organization that keeps the record', async () => {
    const { parts } = shared;
    const { account, invitation } = await inviteUser(parts, by('a'), {
      login: fresh(),
      name: 'A patient',
      links: ['Patient/of-a'],
    });
    expect(invitation?.code).toBeUndefined();
    expect((await accountsLinkedIn(parts.store.snapshot(), A)).map(({ id }) => id)).toContain(account);
    expect(await link(by('a'), account, 'Patient/of-a', true)).toBeUndefined();
    expect(await link(by('a'), account, 'Patient/of-a', true)).toBe('not-found');
  });
});
