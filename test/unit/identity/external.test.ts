/** Whose account a login from outside opens, with which roles, and for how long (identity 8). */
import { describe, expect, test } from '@jest/globals';
import {
  externalIdentityKey,
  judgeArrival,
  judgeOutsideSession,
  providersFor,
  readGrants,
  type ClaimRule,
  type OutsideGrants,
} from '../../../src/identity/external.ts';

const A = 'Organization/a';
const B = 'Organization/b';
const rule = (
  claim: string,
  is: string,
  roles: ClaimRule['roles'],
  organization: ClaimRule['organization'] = A,
) => ({ when: [{ claim, is }], organization, roles }) as const;
const provider = {
  organizations: [A],
  rules: [
    rule('realm_access.roles', 'desk', ['front-desk']),
    rule('realm_access.roles', 'doctor', ['clinician']),
    rule('groups', '/Clinics/North', ['coordinator']),
    {
      when: [
        { claim: 'org', is: 'a' },
        { claim: 'title', is: 'lead' },
      ],
      organization: A,
      roles: ['compliance'],
    },
  ],
} as const;

describe('(identity ID-45) what claims grant', () => {
  test.each<[string, object, readonly string[] | string]>([
    ['one role', { realm_access: { roles: ['desk'] } }, ['front-desk']],
    ['several rules add up', { realm_access: { roles: ['doctor', 'desk'] } }, ['clinician', 'front-desk']],
    ['a claim of that whole name before a path', { 'realm_access.roles': ['doctor'] }, ['clinician']],
    ['a group by its path', { groups: ['/Clinics/North'] }, ['coordinator']],
    ['a group below another is another', { groups: ['/Clinics/North/Desk'] }, 'no-role'],
    ['a text that only holds the value', { groups: '/Clinics/North,/Clinics/South' }, 'no-role'],
    ['every test of a rule', { org: 'a', title: 'lead' }, ['compliance']],
    ['half of the tests of a rule', { org: 'a' }, 'no-role'],
    ['another organization than the rule’s', { org: 'b', title: 'lead' }, 'no-role'],
    ['the names of our roles, which no rule mentions', { roles: ['sys-admin', 'org-admin'] }, 'no-role'],
    ['nothing', {}, 'no-role'],
    ['a property of every object', { constructor: 'desk' }, 'no-role'],
    ['groups that are elsewhere', { _claim_names: { groups: 'src1' } }, 'groups-elsewhere'],
    ['others that are elsewhere', { _claim_names: { photos: 'src1' } }, 'no-role'],
  ])('%s', (_name, claims, expected) => {
    const grants = readGrants(provider, claims as Readonly<Record<string, unknown>>);
    expect(grants.kind === 'granted' ? grants.roles.get(A) : grants.why).toEqual(expected);
  });

  test.each([
    ['for an organization that is not the provider’s', rule('org', 'b', ['coordinator'], B)],
    ['of administrator of the installation', rule('org', 'b', ['sys-admin' as 'coordinator'])],
    ['of patient', rule('org', 'b', ['patient' as 'coordinator'])],
    ['without a test', { when: [], organization: A, roles: ['coordinator'] } as const],
  ])('a row %s grants nothing, however it came into the record', (_name, row) => {
    expect(readGrants({ organizations: [A], rules: [row] }, { org: 'b' })).toEqual({
      kind: 'refused',
      why: 'no-role',
    });
  });

  test('several organizations of one provider', () => {
    const rules = [rule('org', 'a', ['coordinator']), rule('also', 'b', ['clinician'], B)];
    const grants = readGrants({ organizations: [A, B], rules }, { org: 'a', also: 'b' });
    expect(grants.kind === 'granted' && [...grants.roles]).toEqual([
      [A, ['coordinator']],
      [B, ['clinician']],
    ]);
  });
});

const granted: OutsideGrants = { kind: 'granted', roles: new Map([[A, ['coordinator']]]) };
const nothing = { kind: 'refused', why: 'no-role' } as const;
const mapped = { rules: [rule('org', 'a', ['coordinator'])], justInTime: false } as const;
const stranger = {
  linked: undefined,
  invited: undefined,
  isLoginTaken: false,
  hasLogin: true,
  grants: granted,
};
const linked = { account: 'u1', isActive: true };

describe('(identity ID-44) whose account is opened', () => {
  test.each([
    ['the linked one', mapped, { ...stranger, linked }, 'in u1'],
    [
      'the linked one, though another has its e-mail',
      mapped,
      { ...stranger, linked, isLoginTaken: true },
      'in u1',
    ],
    ['a linked one without a role', mapped, { ...stranger, linked, grants: nothing }, 'refused no-role'],
    [
      'a linked one without a role, where roles are kept here',
      { ...mapped, rules: [] },
      { ...stranger, linked, grants: nothing },
      'in u1',
    ],
    [
      'a linked one that is suspended',
      mapped,
      { ...stranger, linked: { account: 'u1', isActive: false } },
      'refused account-not-active',
    ],
    ['the same e-mail', mapped, { ...stranger, isLoginTaken: true }, 'prove'],
    [
      'the same e-mail, with accounts made',
      { ...mapped, justInTime: true },
      { ...stranger, isLoginTaken: true },
      'prove',
    ],
    [
      'the same e-mail without a role',
      mapped,
      { ...stranger, isLoginTaken: true, grants: nothing },
      'refused no-role',
    ],
    ['an invited one', mapped, { ...stranger, invited: 'u2' }, 'link u2'],
    [
      'an invited one, with the e-mail of another',
      mapped,
      { ...stranger, invited: 'u2', isLoginTaken: true },
      'link u2',
    ],
    ['a stranger', mapped, stranger, 'refused not-known'],
    ['a stranger, with accounts made', { ...mapped, justInTime: true }, stranger, 'create'],
    [
      'a stranger without a role, with accounts made',
      { ...mapped, justInTime: true },
      { ...stranger, grants: nothing },
      'refused no-role',
    ],
    [
      'a stranger without e-mail, with accounts made',
      { ...mapped, justInTime: true },
      { ...stranger, hasLogin: false },
      'refused no-login-name',
    ],
    [
      'a stranger, accounts made but no table',
      { rules: [], justInTime: true },
      stranger,
      'refused not-known',
    ],
  ])('%s', (_name, by, arrival, expected) => {
    const verdict = judgeArrival(by, arrival);
    const rest = 'account' in verdict ? ` ${verdict.account}` : 'why' in verdict ? ` ${verdict.why}` : '';
    expect(`${verdict.go}${rest}`).toBe(expected);
  });

  test('a subject is one of its issuer', () => {
    const keys = [
      ['https://a.example', 'x'],
      ['https://b.example', 'x'],
      ['https://a.examplex', ''],
      ['https://a.example', 'X'],
    ].map(([issuer = '', subject = '']) => externalIdentityKey(issuer, subject));
    expect(new Set(keys).size).toBe(4);
  });
});

describe('(identity ID-46) how long a session from outside lasts', () => {
  const minute = 60_000;
  test.each([
    ['answered eight minutes ago', true, 8, 'lasts'],
    ['answered nine minutes ago', true, 9, 'ask'],
    ['silent for 59 minutes', true, 59, 'ask'],
    ['silent for an hour', true, 60, 'ends'],
    ['nobody to ask, 59 minutes', false, 59, 'lasts'],
    ['nobody to ask, an hour', false, 60, 'ends'],
  ])('%s', (_name, hasRefresh, ago, expected) => {
    expect(judgeOutsideSession({ askedAt: 0, hasRefresh }, ago * minute)).toBe(expected);
  });
});

describe('(identity 8) the chooser of the login page', () => {
  const providers = [
    { id: 1, emailDomains: ['clinic.example'], status: 'active' },
    { id: 2, emailDomains: ['clinic.example', 'north.example'], status: 'active' },
    { id: 3, emailDomains: ['clinic.example'], status: 'suspended' },
  ] as const;
  test.each([
    ['ann@clinic.example', [1, 2]],
    ['Ann@NORTH.example ', [2]],
    ['ann@clinic.example@north.example', [2]],
    ['ann@sub.clinic.example', []],
    ['clinic.example', []],
    ['', []],
  ])('%s', (email, expected) => expect(providersFor(email, providers).map(({ id }) => id)).toEqual(expected));
});
