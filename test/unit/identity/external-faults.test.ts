/** What keeps a provider from being put on record (identity ID-45, ID-47). */
import { describe, expect, test } from '@jest/globals';
import type { IdentityProvider } from '../../../src/identity/external.ts';
import { faultsOfProvider } from '../../../src/identity/external-faults.ts';

const sound: IdentityProvider = {
  name: 'Clinic',
  issuer: 'https://idp.example/realms/clinic',
  organizations: ['Organization/a'],
  clientId: 'closeloop',
  credential: 'private_key_jwt',
  scopes: ['openid', 'email'],
  rules: [{ when: [{ claim: 'roles', is: 'desk' }], organization: 'Organization/a', roles: ['front-desk'] }],
  proof: { kind: 'methods', any: ['otp', 'hwk'] },
  justInTime: true,
  emailDomains: ['clinic.example'],
  endsSessionThere: true,
  status: 'active',
};
const rule = (change: object) => ({ rules: [{ ...sound.rules[0], ...change }] });

describe('(identity ID-45) a provider', () => {
  test.each<[string, object, RegExp | undefined]>([
    ['that is sound', {}, undefined],
    ['of a realm on this machine', { issuer: 'http://127.0.0.1:8080/realms/clinic' }, undefined],
    ['of one tenant of Entra', { issuer: 'https://login.microsoftonline.com/9188040d/v2.0' }, undefined],
    ['of every tenant of Entra', { issuer: 'https://login.microsoftonline.com/common/v2.0' }, /every tenant/],
    ['with a query', { issuer: 'https://idp.example/?x=1' }, /without query/],
    ['with an empty query', { issuer: 'https://idp.example/?' }, /without query/],
    ['with a user', { issuer: 'https://a:b@idp.example' }, /no user/],
    ['of another scheme', { issuer: 'ftp://idp.example' }, /https:/],
    ['without an address', { issuer: 'idp' }, /address/],
    ['without a name', { name: '' }, /name/],
    ['without organizations', { organizations: [] }, /1 to 100 organizations/],
    [
      'of a foreign organization',
      { organizations: ['Organization/a', 'Organization/b'] },
      /name Organization\/b/,
    ],
    [
      'whose rule names another organization',
      rule({ organization: 'Organization/b' }),
      /no organization of this/,
    ],
    ['whose rule grants sys-admin', rule({ roles: ['sys-admin'] }), /no provider grants sys-admin/],
    ['whose rule grants patient', rule({ roles: ['patient'] }), /no provider grants patient/],
    ['whose rule grants nothing', rule({ roles: [] }), /grants no role/],
    ['whose rule is true of everybody', rule({ when: [] }), /1 to 8 tests/],
    ['that makes accounts without a table', { rules: [] }, /only where a rule/],
    ['that asks for no id_token', { scopes: ['email'] }, /openid/],
    ['with an unknown credential', { credential: 'client_secret_jwt' }, /credential is one of/],
    ['with a domain in capitals', { emailDomains: ['Clinic.example'] }, /lower case/],
    [
      '(identity ID-47) for which a password proves a factor',
      { proof: { kind: 'methods', any: ['pwd'] } },
      /one factor/,
    ],
    ['(identity ID-47) for which nothing proves', { proof: { kind: 'level', any: [] } }, /list of words/],
  ])('%s', (_name, change, expected) => {
    const faults = faultsOfProvider({ ...sound, ...change }, ['Organization/a']);
    expect(faults.join(' ')).toMatch(expected ?? /^$/);
  });

  test('an administrator of the installation names any organization', () => {
    expect(
      faultsOfProvider({ ...sound, organizations: ['Organization/a', 'Organization/z'] }, undefined),
    ).toEqual([]);
  });
});
