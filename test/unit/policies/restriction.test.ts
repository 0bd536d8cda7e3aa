/** Restrictions by the clock: what they deny, and the instants at which that may change. */
import { expect, test } from '@jest/globals';
import { restrictionOf } from '../../../src/policies/patient-consent.ts';
import { deniesAt, instantsOf, type Telling } from '../../../src/policies/restriction.ts';

const telling: Telling = {
  ref: 'Observation/1',
  type: 'Observation',
  from: 'Organization/a',
  to: 'Organization/b',
};

const restriction = (provision: object) =>
  restrictionOf(
    {
      resourceType: 'Consent',
      status: 'active',
      scope: { coding: [{ code: 'patient-privacy' }] },
      provision,
    } as never, // as much of a Consent as is read
    'TREAT',
  );

test('(compliance C4) a period denies from its first millisecond to its last', () => {
  const march = restriction({ type: 'deny', period: { start: '2026-03-01', end: '2026-03' } })!;
  const [since = 0, until = 0] = instantsOf(march);
  expect([since, until].map((at) => new Date(at).toISOString())).toEqual([
    '2026-03-01T00:00:00.000Z',
    '2026-04-01T00:00:00.000Z',
  ]);
  expect([since - 1, since, until - 1, until].map((at) => deniesAt(march, telling, at))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('the instants of exceptions count', () => {
  const one = restriction({ type: 'deny', provision: [{ type: 'permit', period: { end: '2026' } }] })!;
  const [end = 0] = instantsOf(one);
  expect([deniesAt(one, telling, end - 1), deniesAt(one, telling, end)]).toEqual([false, true]);
});

test('a Consent that denies nothing for the purpose is no restriction', () => {
  expect(restriction({ type: 'permit' })).toBeUndefined();
  expect(restriction({ type: 'deny', purpose: [{ code: 'HMARKT' }] })).toBeUndefined();
  expect(restriction({ type: 'permit', provision: [{ type: 'permit' }] })).toBeUndefined();
});
