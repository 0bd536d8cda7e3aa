/** Who may break the glass (compliance E2), and what denies it by name (E7). */
import { describe, expect, test } from '@jest/globals';
import {
  deniesBreakGlass,
  EMERGENCY_REASONS,
  isEmergencyReason,
  refusalOfPerson,
} from '../../../src/policies/emergency.ts';
import type { Resource } from '../../../src/fhir/types.ts';

const NOW = Date.UTC(2026, 5, 1);
const MINUTE = 60_000;
const person = {
  user: 'Practitioner/p1',
  session: 's1',
  authenticatedAt: NOW - MINUTE,
  methods: ['pwd', 'otp', 'mfa'],
};

describe('(compliance E2) who may break the glass', () => {
  test.each([
    ['a person with a fresh second factor', {}, true],
    ['by an absolute fhirUser', { user: 'https://ehr.example.org/fhir/Practitioner/p1' }, true],
    ['five minutes after the login', { authenticatedAt: NOW - 5 * MINUTE }, true],
    ['a millisecond later', { authenticatedAt: NOW - 5 * MINUTE - 1 }, false],
    ['without auth_time', { authenticatedAt: undefined }, false],
    ['a password and a key', { methods: ['pwd', 'hwk'] }, true],
    ['two things known', { methods: ['pwd', 'pin'] }, false],
    ['a password alone', { methods: ['pwd'] }, false],
    ['without amr', { methods: [] }, false],
    ['a system', { user: undefined }, false],
    ['a patient', { user: 'Patient/p1' }, false],
    ['a relative', { user: 'RelatedPerson/p1' }, false],
    ['without a session', { session: undefined }, false],
  ])('%s', (_name, change, allowed) => {
    expect(refusalOfPerson({ ...person, ...change }, NOW) === undefined).toBe(allowed);
  });

  test('reasons are those of the law', () => {
    expect(isEmergencyReason('curiosity')).toBe(false);
    expect(isEmergencyReason('toString')).toBe(false);
    expect(Object.keys(EMERGENCY_REASONS).filter(isEmergencyReason)).toHaveLength(3);
  });
});

describe('(compliance E7) a denial by name', () => {
  const consent = (provision: object, status = 'active') =>
    ({ resourceType: 'Consent', status, provision }) as unknown as Resource;
  const BTG = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'BTG' }];
  test.each([
    ['denies', consent({ type: 'deny', purpose: BTG }), true],
    ['denies within', consent({ type: 'permit', provision: [{ type: 'deny', purpose: BTG }] }), true],
    ['permits', consent({ type: 'permit', purpose: BTG }), false],
    ['denies everything, and emergencies not by name', consent({ type: 'deny' }), false],
    ['ended', consent({ type: 'deny', purpose: BTG }, 'inactive'), false],
  ])('%s', (_name, one, denies) => expect(deniesBreakGlass(one)).toBe(denies));
});
