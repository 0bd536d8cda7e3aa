/** Whether an organization may write health information to a patient (baa-messaging MS30, MS31). */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../../src/fhir/types.ts';
import { MESSAGE_CHANNEL } from '../../../../src/policies/consent/channels.ts';
import { messagingAt, messagingNeed } from '../../../../src/policies/consent/messaging.ts';
import { permitOf } from '../../../../src/policies/consent/permit.ts';

const WHOSE = { patient: 'Patient/jane', organization: 'Organization/elm' } as const;
const channel = (...codes: string[]) =>
  codes.map((code) => ({ coding: [{ system: MESSAGE_CHANNEL, code }] }));
const at = (instant: string): number => Date.parse(instant);

const consent = (provision: object, more: object = {}): Resource => ({
  resourceType: 'Consent',
  status: 'active',
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  patient: { reference: WHOSE.patient },
  dateTime: '2026-01-10T10:00:00Z',
  performer: [{ reference: WHOSE.patient }],
  policyRule: {
    coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: 'patient-messaging' }],
  },
  provision: { type: 'permit', ...provision },
  ...more,
});
const standingOf = (resource: Resource, instant: string, keeper = WHOSE.organization) => {
  const permit = permitOf(resource, 'Consent/1', keeper, new Map());
  return messagingAt(permit === undefined ? [] : [permit], WHOSE, at(instant));
};
const NOON = '2026-06-01T12:00:00Z';

describe('an acknowledgement (baa-messaging MS30)', () => {
  test('is for the channels that it names, and for the portal where it names none', () => {
    expect([...standingOf(consent({}), NOON).channels]).toEqual(['portal']);
    expect([...standingOf(consent({ code: channel('mail', 'sms') }), NOON).channels]).toEqual([
      'mail',
      'sms',
    ]);
  });

  test('permits nothing by a code that means something else', () => {
    expect(standingOf(consent({ code: channel('pigeon') }), NOON).state).toBe('missing');
    expect(standingOf(consent({ code: [...channel('mail'), { text: 'not at work' }] }), NOON).state).toBe(
      'missing',
    );
  });

  test.each(['inactive', 'proposed', 'entered-in-error'])('permits nothing while it is %s', (status) => {
    expect(standingOf(consent({}, { status }), NOON).state).toBe('missing');
  });

  test('counts for the organization that keeps it alone', () => {
    expect(standingOf(consent({}), NOON, 'Organization/other' as never).state).toBe('missing');
  });

  test('begins when it was given, and ends by the clock, to the millisecond (compliance C4)', () => {
    const until = consent({ period: { end: '2026-03-31T12:00:00Z' } });
    expect(standingOf(until, '2026-01-10T09:59:59.999Z').state).toBe('pending');
    expect(standingOf(until, '2026-01-10T10:00:00.000Z').state).toBe('active');
    expect(standingOf(until, '2026-03-31T12:00:00.999Z').state).toBe('active');
    expect(standingOf(until, '2026-03-31T12:00:01.000Z').state).toBe('expired');
    const march = consent({ period: { end: '2026-03' } });
    expect(standingOf(march, '2026-03-31T23:59:59Z').state).toBe('active');
    expect(standingOf(march, '2026-04-02T00:00:00Z').state).toBe('expired');
  });

  test('says what is missing as a need, with what is on file', () => {
    expect(messagingNeed(standingOf(consent({}), NOON), WHOSE)).toBeUndefined();
    const expired = standingOf(consent({ period: { end: '2026-03' } }), NOON);
    expect(messagingNeed(expired, WHOSE)).toMatchObject({
      kind: 'patient-messaging',
      reason: 'expired',
      existing: 'Consent/1',
      patient: 'Patient/jane',
    });
  });
});
