/** Sessions by the clock: when one locks, when it ends, and when its login is recent enough. */
import { describe, expect, test } from '@jest/globals';
import { ACR } from '../../../src/identity/assurance.ts';
import {
  isFresh,
  isOwnWish,
  ofOrganization,
  provenAgain,
  sessionEnd,
  sessionState,
  stepUpChallenge,
  type Session,
} from '../../../src/identity/session.ts';
import { STEP_UP_MS } from '../../../src/identity/step-up.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = Date.UTC(2026, 0, 1);
const IDLE = 15 * MINUTE;

const session = (given: Partial<Session> = {}): Session => ({
  account: 'a',
  startedAt: T0,
  authenticatedAt: T0,
  acr: ACR.mfa,
  amr: ['mfa', 'otp', 'pwd'],
  shared: false,
  ...given,
});

describe('a session', () => {
  test.each<[string, Partial<Session>, number, number, 'live' | 'locked' | 'ended']>([
    ['used now', {}, 0, 0, 'live'],
    ['used 14:59 ago', {}, 0, IDLE - 1, 'live'],
    ['used 15 minutes ago', {}, 0, IDLE, 'locked'],
    ['shared, used 4:59 ago', { shared: true }, 0, 5 * MINUTE - 1, 'live'],
    ['shared, used 5 minutes ago', { shared: true }, 0, 5 * MINUTE, 'locked'],
    ['locked, used now', { lockedAt: T0 }, 0, 0, 'locked'],
    ['used always, 11:59 old', {}, 12 * HOUR - 1, 12 * HOUR - 1, 'live'],
    ['used always, 12 hours old', {}, 12 * HOUR, 12 * HOUR, 'ended'],
    ['locked, 12 hours old', { lockedAt: T0 }, 0, 12 * HOUR, 'ended'],
    ['of an enrolment, one hour old', { acr: ACR.enrol }, HOUR, HOUR, 'ended'],
  ])('(identity ID-36, harmony Z23) %s: %#', (_name, given, usedAfter, nowAfter, state) => {
    const at = { now: T0 + nowAfter, idleMs: IDLE };
    expect(sessionState(session(given), T0 + usedAfter, at)).toBe(state);
  });

  test('(identity ID-36) a setting can shorten the time at shared devices, never lengthen it', () => {
    const at = { now: T0 + 2 * MINUTE, idleMs: 2 * MINUTE };
    expect(sessionState(session({ shared: true }), T0, at)).toBe('locked');
  });

  test.each([
    [undefined, true],
    ['0', true],
    ['', true],
    ['1', false],
    [' 1 ', false],
  ])('(identity ID-36) with X-Closeloop-Background %j it is used: %s', (header, used) => {
    expect(isOwnWish(header)).toBe(used);
  });

  test.each([
    [0, ACR.mfa, ACR.mfa, true],
    [STEP_UP_MS, ACR.mfa, ACR.mfa, true],
    [STEP_UP_MS + 1, ACR.mfa, ACR.mfa, false],
    [0, ACR.enrol, ACR.mfa, false],
    [0, ACR.mfa, ACR.phr, false],
    [0, ACR.phr, ACR.phr, true],
    [0, ACR.phr, ACR.mfa, true],
    [0, undefined, ACR.mfa, false],
    [0, 'urn:other', ACR.mfa, false],
  ])('(identity 7.3) a login %d ms old of class %s is fresh for %s: %s', (age, acr, wanted, fresh) => {
    expect(isFresh({ authenticatedAt: T0, acr }, T0 + age, wanted)).toBe(fresh);
    expect(isFresh({ authenticatedAt: undefined, acr }, T0, wanted)).toBe(false);
  });

  test('(identity 7.3) the challenge is the one of RFC 9470', () => {
    expect(stepUpChallenge()).toBe(
      'Bearer error="insufficient_user_authentication", error_description="A more recent login is needed", acr_values="urn:closeloop:acr:mfa", max_age=300',
    );
    expect(stepUpChallenge(ACR.phr)).toContain('acr_values="urn:closeloop:acr:phr"');
  });

  test('(identity ID-37) one factor unlocks and makes the login no younger; a passkey does', () => {
    const locked = session({ lockedAt: T0 });
    expect(provenAgain(locked, ['pwd'], T0 + HOUR)).toEqual(session());
    expect(provenAgain(locked, ['hwk', 'user'], T0 + HOUR)).toEqual(
      session({ authenticatedAt: T0 + HOUR, acr: ACR.phr, amr: ['hwk', 'mfa', 'user'] }),
    );
  });

  test('(identity ID-45) a session of an outside provider is of its organizations alone', () => {
    const outside = session({ provider: 'p', organizations: ['Organization/a'] });
    expect(ofOrganization(outside, 'Organization/a')?.organization).toBe('Organization/a');
    expect(ofOrganization(outside, 'Organization/b')).toBeUndefined();
    expect(ofOrganization(session(), 'Organization/b')?.organization).toBe('Organization/b');
  });

  test('its end is known from the start', () => {
    expect(sessionEnd(session()) - T0).toBe(12 * HOUR);
  });
});
