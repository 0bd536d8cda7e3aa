/** Tokens of back-channel logout (identity ID-48; smart SM-57). */
import { describe, expect, test } from '@jest/globals';
import { judgeLogoutToken } from '../../../src/identity/logout-token.ts';

const NOW = 1_800_000_000_000;
const S = NOW / 1000;
const us = { issuer: 'https://idp.example', clientId: 'closeloop' };
const claims = {
  iss: us.issuer,
  aud: us.clientId,
  iat: S - 5,
  jti: 'j1',
  sub: 'ann',
  sid: 's1',
  events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
};

describe('(identity ID-48) a logout token', () => {
  test.each<[string, unknown, object, string]>([
    ['of a person and a session', 'logout+jwt', {}, 'ann s1'],
    ['with the whole media type', 'application/logout+jwt', {}, 'ann s1'],
    ['of all sessions of a person', 'logout+jwt', { sid: undefined }, 'ann undefined'],
    ['of one session', 'logout+jwt', { sub: undefined }, 'undefined s1'],
    ['for several, us among them', 'logout+jwt', { aud: ['other', 'closeloop'] }, 'ann s1'],
    ['typed as a JWT', 'JWT', {}, 'type'],
    ['an access token', 'at+jwt', {}, 'type'],
    ['without a type', undefined, {}, 'type'],
    ['with a nonce: an id_token', 'logout+jwt', { nonce: 'n' }, 'id-token'],
    ['with an empty nonce', 'logout+jwt', { nonce: null }, 'id-token'],
    ['of another issuer', 'logout+jwt', { iss: 'https://other.example' }, 'issuer'],
    ['for somebody else', 'logout+jwt', { aud: 'other' }, 'audience'],
    ['for nobody', 'logout+jwt', { aud: undefined }, 'audience'],
    ['without a time', 'logout+jwt', { iat: undefined }, 'time'],
    ['of tomorrow', 'logout+jwt', { iat: S + 86_400, exp: S + 86_500 }, 'time'],
    ['expired', 'logout+jwt', { exp: S - 61 }, 'time'],
    ['old, without an expiry', 'logout+jwt', { iat: S - 181 }, 'time'],
    ['old, with an expiry to come', 'logout+jwt', { iat: S - 300, exp: S + 10 }, 'ann s1'],
    ['without an id', 'logout+jwt', { jti: undefined }, 'id'],
    ['without an event', 'logout+jwt', { events: undefined }, 'event'],
    ['of another event', 'logout+jwt', { events: { 'urn:x': {} } }, 'event'],
    [
      'whose event is a text',
      'logout+jwt',
      { events: { 'http://schemas.openid.net/event/backchannel-logout': 'yes' } },
      'event',
    ],
    ['of nobody', 'logout+jwt', { sub: undefined, sid: undefined }, 'whose'],
    ['of an endless subject alone', 'logout+jwt', { sub: 'a'.repeat(256), sid: undefined }, 'whose'],
  ])('%s', (_name, type, change, expected) => {
    const judged = judgeLogoutToken(type, { ...claims, ...change }, us, NOW);
    expect('fault' in judged ? judged.fault : `${judged.subject} ${judged.session}`).toBe(expected);
  });

  test('is remembered for as long as it could be taken', () => {
    const judged = judgeLogoutToken('logout+jwt', { ...claims, exp: S + 10 }, us, NOW);
    expect('fault' in judged ? undefined : judged.rememberUntil).toBe(NOW + 70_000);
  });
});
