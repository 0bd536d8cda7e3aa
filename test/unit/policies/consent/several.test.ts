/** Several Consents of one patient: any denial in force wins, then any permit, and nothing permits by itself (compliance C7). */
import { expect, test } from '@jest/globals';
import type { Consent } from '../../../../src/fhir/types.ts';
import { decidingPermit, permitOf, type PermitTelling } from '../../../../src/policies/consent/permit.ts';
import { factsOfLabels } from '../../../../src/policies/facts.ts';
import { patientConsent } from '../../../../src/policies/patient-consent.ts';
import { DISCLOSURE } from '../disclosure.ts';
import * as make from './consents.ts';

const NOW = Date.parse('2026-02-01T00:00:00Z');

const TELLING: PermitTelling = {
  ref: 'Observation/1',
  type: 'Observation',
  from: 'Organization/a',
  to: 'Organization/b',
  recipientKinds: new Set(['provider']),
  labels: new Set(['42CFRPart2']),
  purpose: 'TREAT',
};

const KIND = 'https://closeloop.dev/fhir/CodeSystem/consent-kind';

const permit = (more: Consent['provision'] = {}, rest: Partial<Consent> = {}): Consent => ({
  ...make.withProvision(make.consentOf('part2-tpo'), more),
  ...rest,
});

const deny = (to: string, more: Consent['provision'] = {}, rest: Partial<Consent> = {}): Consent => ({
  ...permit({ type: 'deny', actor: [make.actor('IRCP', to)], ...more }, rest),
  policyRule: { coding: [{ system: KIND, code: 'hipaa-restrictions' }] },
});

/** By which of them it is decided. */
function decided(consents: readonly Consent[]): string {
  const resources = consents.map((one, place) => ({ ...make.asResource(one), id: `${place}` }));
  const denies = resources.find(
    (one) =>
      patientConsent.vote({
        ...DISCLOSURE,
        what: { type: TELLING.type, ref: TELLING.ref },
        facts: factsOfLabels(TELLING.labels),
        consents: [one],
        now: NOW,
      }) === 'deny',
  );
  if (denies !== undefined) return `denied by ${denies.id}`;
  const permits = resources.flatMap(
    (one) => permitOf(one, `Consent/${one.id}`, 'Organization/a', new Map()) ?? [],
  );
  const deciding = decidingPermit(permits, TELLING, NOW);
  return deciding === undefined ? 'needed' : `permitted by ${deciding.source.slice('Consent/'.length)}`;
}

const OLD = { dateTime: '2025-01-01' };
const ENDED = { period: { end: '2026-01' } };
const TO_BOTH = {
  actor: [
    make.actor('CST', 'Organization/a'),
    make.actor('IRCP', 'Organization/b'),
    make.actor('IRCP', 'Organization/c'),
  ],
};

test.each<[string, readonly Consent[], string]>([
  ['none', [], 'needed'],
  ['a permit', [permit()], 'permitted by 0'],
  ['a permit that has ended', [permit(ENDED)], 'needed'],
  ['a permit that was revoked', [permit({}, { status: 'inactive' })], 'needed'],
  ['a permit for another purpose', [permit({ purpose: [make.purpose('HPAYMT')] })], 'needed'],
  ['deny old, permit new and specific', [deny('Organization/b', {}, OLD), permit()], 'denied by 0'],
  ['permit old, deny new', [permit({}, OLD), deny('Organization/b')], 'denied by 1'],
  ['a denial that has ended, a permit', [deny('Organization/b', ENDED), permit()], 'permitted by 1'],
  ['a denial of somebody else, a permit', [deny('Organization/c'), permit()], 'permitted by 1'],
  [
    'a denial that is asked for, a permit',
    [deny('Organization/b', {}, { status: 'proposed' }), permit()],
    'permitted by 1',
  ],
  ['a wide permit and a narrow one', [permit(TO_BOTH), permit({}, OLD)], 'permitted by 1'],
  ['two permits as narrow', [permit({}, OLD), permit()], 'permitted by 1'],
])('(compliance C7) %s', (_what, consents, by) => {
  expect(decided(consents)).toBe(by);
});
