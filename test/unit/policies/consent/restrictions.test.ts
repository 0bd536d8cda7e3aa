/** What an agreed restriction denies, on which basis, to whom and until when. */
import { describe, expect, test } from '@jest/globals';
import { BASES, type Basis } from '../../../../src/policies/basis.ts';
import type { ConsentKind } from '../../../../src/policies/consent/kinds.ts';
import { patientConsent, restrictionOf } from '../../../../src/policies/patient-consent.ts';
import { deniesAt, type Telling } from '../../../../src/policies/restriction.ts';
import type { Consent, Extension } from '../../../../src/fhir/types.ts';
import { DISCLOSURE } from '../disclosure.ts';
import * as make from './consents.ts';

const NOW = Date.parse('2026-02-01T00:00:00Z');

const TELLING: Telling = {
  ref: 'Observation/1',
  type: 'Observation',
  from: 'Organization/a',
  to: 'Organization/b',
};

function restriction(
  kind: ConsentKind,
  provision: Consent['provision'] = {},
  more: Partial<Consent> = {},
): Consent {
  const { extension: _extension, ...consent } = make.consentOf('hipaa-auth');
  return {
    ...consent,
    policyRule: { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: kind }] },
    provision: { type: 'deny', actor: [make.actor('IRCP', 'Organization/b')], ...provision },
    ...more,
  };
}

const denies = (consent: Consent, telling: Partial<Telling> = {}, at = NOW): boolean => {
  const one = restrictionOf(make.asResource(consent), 'TREAT');
  return one !== undefined && deniesAt(one, { ...TELLING, ...telling }, at);
};

const vote = (kind: ConsentKind, claimed: Basis | undefined, more: object = {}) =>
  patientConsent.vote({
    ...DISCLOSURE,
    consents: [make.asResource(restriction(kind))],
    claimed,
    purpose: claimed === undefined ? 'TREAT' : BASES[claimed].purpose,
    now: NOW,
    ...more,
  });

describe('(compliance R1) a restriction', () => {
  test.each<[Consent['status'], boolean]>([
    ['proposed', false],
    ['active', true],
    ['rejected', false],
    ['inactive', false],
  ])('that is %s', (status, is) => {
    expect(denies(restriction('hipaa-restrictions', {}, { status }))).toBe(is);
  });

  test('(compliance C4) denies from the day on which it was agreed', () => {
    const signed = Date.parse('2026-01-02T00:00:00Z');
    const one = restriction('hipaa-restrictions');
    expect([signed - 1, signed].map((at) => denies(one, {}, at))).toEqual([false, true]);
  });

  test('(compliance C6) names its keeper beside those who are not told', () => {
    const actors = [make.actor('CST', 'Organization/a'), make.actor('IRCP', 'Organization/b')];
    const one = restriction('hipaa-restrictions', { actor: actors });
    expect([denies(one), denies(one, { to: 'Organization/c' })]).toEqual([true, false]);
  });
});

describe('(compliance R2) an agreed restriction does not stop', () => {
  const FREE: readonly Basis[] = [
    'required-by-law',
    'public-health',
    'child-abuse',
    'abuse-neglect',
    'oversight',
    'judicial-order',
    'judicial-process',
    'serious-threat',
    'correctional',
    'workers-compensation',
    'emergency',
    'secretary',
  ];
  test.each(Object.keys(BASES) as Basis[])('%s', (basis) => {
    const stopped = FREE.includes(basis) ? 'abstain' : 'deny';
    expect([vote('hipaa-restrictions', basis), vote('general', basis)]).toEqual([stopped, 'deny']);
  });
});

describe('(compliance R3) what was paid in full', () => {
  test.each<[string, Basis | undefined, object, string]>([
    ['is not told the plan for payment', 'payment', {}, 'deny'],
    ['is not told the plan for operations', 'operations', {}, 'deny'],
    ['is not told the plan with a referral', undefined, {}, 'deny'],
    ['is told a provider', undefined, { to: 'Organization/c' }, 'abstain'],
    ['is told as the law requires', 'required-by-law', {}, 'abstain'],
  ])('%s', (_what, basis, more, answer) => {
    expect(vote('hipaa-self-pay', basis, more)).toBe(answer);
  });

  test('(compliance E3) stays restricted in an emergency', () => {
    const one = restrictionOf(make.asResource(restriction('hipaa-self-pay')), 'TREAT');
    expect([one?.lasting, vote('hipaa-self-pay', 'emergency')]).toEqual([true, 'deny']);
  });

  test('is restricted whatever purpose the Consent writes beside it', () => {
    expect(denies(restriction('hipaa-self-pay', { purpose: [make.purpose('HPAYMT')] }))).toBe(true);
  });
});

describe('(compliance R4) a restriction that its entity ended', () => {
  const informed: Extension = {
    url: 'https://closeloop.dev/fhir/StructureDefinition/revocation',
    extension: [
      { url: 'at', valueDateTime: '2026-01-20T00:00:00Z' },
      { url: 'by', valueReference: { reference: 'Organization/a' } },
      { url: 'how', valueCode: 'informed' },
    ],
  };
  const ended = Date.parse('2026-01-20T00:00:00Z');
  test.each<[ConsentKind, string, number | undefined, boolean]>([
    ['hipaa-restrictions', 'what was created before', ended - 1, true],
    ['hipaa-restrictions', 'what was created later', ended, false],
    ['hipaa-restrictions', 'what was created nobody knows when', undefined, true],
    ['hipaa-self-pay', 'what was paid in full later', ended, true],
  ])('%s: %s', (kind, _what, created, is) => {
    const one = restriction(kind, {}, { extension: [informed] });
    expect(denies(one, created === undefined ? {} : { created })).toBe(is);
  });
});

describe('(compliance C6) labels of a denial', () => {
  const HIV = { securityLabel: [make.label('HIV')] };
  const but = { securityLabel: [], provision: [{ type: 'permit' as const, ...HIV }] };
  test.each<[string, Consent['provision'], readonly string[] | undefined, boolean]>([
    ['cover what bears them', HIV, ['HIV'], true],
    ['do not cover what does not', HIV, ['MH'], false],
    ['cover what is not known', HIV, undefined, true],
    [
      'of a system that is not kept narrow nothing',
      { securityLabel: [make.label('x', 'http://example.org/labels')] },
      [],
      true,
    ],
    [
      '(compliance 16) cover substance use by any of its four',
      { securityLabel: [make.label('ETH')] },
      ['OPIOIDUD'],
      true,
    ],
    ['except what bears them', but, ['HIV'], false],
    ['do not except what is not known', but, undefined, true],
  ])('%s', (_what, provision, labels, is) => {
    const telling = labels === undefined ? {} : { labels: new Set(labels) };
    expect(denies(restriction('hipaa-restrictions', provision), telling)).toBe(is);
  });
});

describe('(compliance D2) within one legal entity', () => {
  const concept = (code: string) => ({ coding: [{ code }] });
  test.each<[string, ConsentKind, Consent['provision'], string]>([
    ['a general denial is none of a use', 'general', {}, 'abstain'],
    ['a restriction binds', 'hipaa-restrictions', {}, 'deny'],
    [
      'a restriction of disclosures does not',
      'hipaa-restrictions',
      { action: [concept('disclose')] },
      'abstain',
    ],
    ['a restriction of uses does', 'hipaa-restrictions', { action: [concept('use')] }, 'deny'],
  ])('%s', (_what, kind, provision, answer) => {
    const consents = [make.asResource(restriction(kind, provision))];
    expect(patientConsent.vote({ ...DISCLOSURE, sameEntity: true, consents, now: NOW })).toBe(answer);
  });
});
