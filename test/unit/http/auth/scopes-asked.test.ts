/** What an app may ask for in a session that somebody's provider vouches for (identity ID-46). */
import { expect, test } from '@jest/globals';
import type { FoundSession } from '../../../../src/accounts/sessions.ts';
import { scopesAsked } from '../../../../src/http/auth/flow/decide.ts';
import { contentSecurityPolicy } from '../../../../src/http/auth/pages/headers.ts';

const found = (provider?: string): FoundSession => ({
  id: 's',
  version: 1,
  lastUsedAt: 0,
  idleMs: 900_000,
  state: 'live',
  session: {
    account: 'a',
    startedAt: 0,
    authenticatedAt: 0,
    acr: 'urn:closeloop:acr:mfa',
    amr: ['mfa'],
    shared: false,
    ...(provider !== undefined && { provider }),
  },
});

test.each([
  ['an own login', undefined, 'openid offline_access', ['openid', 'offline_access']],
  ['a login by a provider', 'clinic', 'openid offline_access', ['openid', 'online_access']],
  ['both at once', 'clinic', 'online_access offline_access', ['online_access']],
  ['nothing', 'clinic', undefined, []],
])('(identity ID-46) %s: what an app gets ends with the session', (_, provider, text, words) => {
  expect(scopesAsked(text, found(provider))).toEqual(words);
});

test('(identity ID-48) a form leads to each place on the way of its redirects, and to no other', () => {
  const leadsTo = ['https://app.example/back', 'https://there.example/logout?x=1', 'https://app.example/'];
  expect(contentSecurityPolicy({ leadsTo })).toMatch(
    /form-action 'self' https:\/\/app\.example https:\/\/there\.example$/,
  );
  expect(contentSecurityPolicy({})).toMatch(/form-action 'self'$/);
});
