/** What may be written of a Consent that says its kind. */
import { describe, expect, test } from '@jest/globals';
import type { Consent, Extension } from '../../../../src/fhir/types.ts';
import type { ConsentKind } from '../../../../src/policies/consent/kinds.ts';
import { consentFaultOf } from '../../../../src/policies/consent/write-rules.ts';
import * as make from './consents.ts';

const NOW = Date.parse('2026-02-01T00:00:00Z');

const fault = (before: Consent | undefined, after: Consent | undefined, byPrivacyOfficer = false) =>
  consentFaultOf({
    before: before && make.asResource(before),
    after: after && make.asResource(after),
    byPrivacyOfficer,
    now: NOW,
  })?.code;

const TPO = make.consentOf('part2-tpo');

const denial = (kind: ConsentKind, more: Partial<Consent> = {}): Consent => ({
  ...make.withProvision(make.consentOf('hipaa-auth'), { type: 'deny' }),
  policyRule: { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: kind }] },
  ...more,
});

const RESTRICTION = denial('hipaa-restrictions');
const SELF_PAY = denial('hipaa-self-pay');
const general = (more: Partial<Consent> = {}): Consent => ({
  ...denial('general', more),
  policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTOUT' }] },
});

const nested = (levels: number): NonNullable<Consent['provision']> =>
  levels === 0 ? { type: 'deny' } : { type: 'deny', provision: [nested(levels - 1)] };

describe('(compliance C1, C16) the shape of a Consent of a kind', () => {
  test.each<[string, Consent, string | undefined]>([
    ['a complete one', TPO, undefined],
    ['(compliance A11) an incomplete one is stored', { ...TPO, extension: [] }, undefined],
    [
      'two kinds at once',
      {
        ...TPO,
        policyRule: { coding: [...(TPO.policyRule?.coding ?? []), ...(SELF_PAY.policyRule?.coding ?? [])] },
      },
      'consent-rule',
    ],
    ['about research', { ...TPO, scope: { coding: [{ code: 'research' }] } }, 'consent-rule'],
    [
      'with a modifier extension',
      { ...TPO, modifierExtension: [{ url: 'http://example.org/x' }] },
      'consent-rule',
    ],
    ['a permit that denies', make.withProvision(TPO, { type: 'deny' }), 'consent-rule'],
    ['a restriction that permits', make.withProvision(RESTRICTION, { type: 'permit' }), 'consent-rule'],
    [
      'two levels of exceptions',
      { ...TPO, provision: { ...TPO.provision, provision: [nested(1)] } },
      undefined,
    ],
    [
      'three levels of exceptions',
      { ...TPO, provision: { ...TPO.provision, provision: [nested(2)] } },
      'consent-rule',
    ],
    [
      '51 actors',
      make.withProvision(TPO, {
        actor: Array.from({ length: 51 }, () => make.actor('IRCP', 'Organization/b')),
      }),
      'consent-rule',
    ],
    [
      '(compliance R3) self-pay without the plan',
      make.withProvision(SELF_PAY, { actor: [] }),
      'consent-rule',
    ],
    ['(compliance R1) a restriction that is asked for', { ...RESTRICTION, status: 'proposed' }, undefined],
    [
      '(compliance R1) one that is rejected without a reason',
      { ...RESTRICTION, status: 'rejected' },
      'consent-rule',
    ],
    [
      '(compliance R1) one that is rejected with a reason',
      { ...RESTRICTION, status: 'rejected', extension: [make.words('refusal-reason', 'It cannot be kept.')] },
      undefined,
    ],
    [
      'a general one, whatever it holds',
      general({ modifierExtension: [{ url: 'http://example.org/x' }] }),
      undefined,
    ],
  ])('%s', (_what, consent, code) => {
    expect(fault(undefined, consent)).toBe(code);
  });
});

describe('(compliance C12) a Consent that was in force', () => {
  const ended = {
    ...TPO,
    status: 'inactive' as const,
    extension: [...(TPO.extension ?? []), endedBy('written')],
  };
  test.each<[string, Consent, Consent | undefined, string | undefined]>([
    ['is not deleted', TPO, undefined, 'deletion-refused'],
    ['is not deleted once it has ended', ended, undefined, 'deletion-refused'],
    [
      'keeps its provision',
      TPO,
      make.withProvision(TPO, { purpose: [make.purpose('HPAYMT')] }),
      'field-frozen',
    ],
    ['keeps its patient', TPO, { ...TPO, patient: { reference: 'Patient/q' } }, 'field-frozen'],
    ['keeps its statements', TPO, { ...TPO, extension: [] }, 'field-frozen'],
    ['keeps how it ended', ended, { ...ended, extension: TPO.extension ?? [] }, 'field-frozen'],
    ['may get a language', TPO, { ...TPO, language: 'en' }, undefined],
    ['incomplete, is no evidence: it may be completed', { ...TPO, extension: [] }, TPO, undefined],
    ['incomplete, may be deleted', { ...TPO, extension: [] }, undefined, undefined],
    [
      'is not deleted once it was entered in error',
      { ...TPO, status: 'entered-in-error' },
      undefined,
      'deletion-refused',
    ],
    ['and is a draft, may be deleted', { ...TPO, status: 'draft' }, undefined, undefined],
    ['and is a restriction, is not deleted', RESTRICTION, undefined, 'deletion-refused'],
    ['and is general, as before', general(), undefined, undefined],
    [
      'and is general, as before, rewritten',
      general(),
      make.withProvision(general(), { type: 'permit' }),
      undefined,
    ],
  ])('%s', (_what, before, after, code) => {
    expect(fault(before, after)).toBe(code);
  });
});

/** How a Consent was ended, as its extension says it. */
function endedBy(
  how: string,
  { by = 'Patient/p', at = '2026-01-31' }: { readonly by?: string; readonly at?: string } = {},
): Extension {
  return {
    url: 'https://closeloop.dev/fhir/StructureDefinition/revocation',
    extension: [
      { url: 'at', valueDateTime: at },
      { url: 'by', valueReference: { reference: by } },
      { url: 'how', valueCode: how },
    ],
  };
}

describe('(compliance A13, R3, R4, C11) ending', () => {
  const changed = (consent: Consent, status: Consent['status'], ...more: readonly Extension[]): Consent => ({
    ...consent,
    status,
    extension: [...(consent.extension ?? []), ...more],
  });
  test.each<[string, Consent, Consent['status'], readonly Extension[], string | undefined]>([
    ['an authorization in writing', TPO, 'inactive', [endedBy('written')], undefined],
    [
      'by who acts for the patient',
      TPO,
      'inactive',
      [endedBy('written', { by: 'RelatedPerson/r' })],
      undefined,
    ],
    ['without a word on it', TPO, 'inactive', [], 'consent-rule'],
    ['an authorization by word of mouth', TPO, 'inactive', [endedBy('oral-note')], 'consent-rule'],
    ['by somebody else', TPO, 'inactive', [endedBy('written', { by: 'Organization/a' })], 'consent-rule'],
    ['to come', TPO, 'inactive', [endedBy('written', { at: '2026-03-01' })], 'consent-rule'],
    ['as rejected', TPO, 'rejected', [endedBy('written')], 'consent-rule'],
    ['while it stays active', TPO, 'active', [endedBy('written')], 'consent-rule'],
    ['an authorization in error', TPO, 'entered-in-error', [], undefined],
    ['a restriction in writing', RESTRICTION, 'inactive', [endedBy('written')], undefined],
    ['a restriction by word of mouth', RESTRICTION, 'inactive', [endedBy('oral-note')], undefined],
    [
      'a restriction by informing the patient',
      RESTRICTION,
      'active',
      [endedBy('informed', { by: 'Organization/a' })],
      undefined,
    ],
    [
      'it, for what was created before',
      RESTRICTION,
      'inactive',
      [endedBy('informed', { by: 'Organization/a' })],
      'consent-rule',
    ],
    [
      'by word of mouth what was given so',
      { ...denial('involved-person'), provision: { ...TPO.provision } },
      'inactive',
      [endedBy('oral-note')],
      undefined,
    ],
    ['a restriction in error', RESTRICTION, 'entered-in-error', [], 'consent-rule'],
    ['self-pay in writing', SELF_PAY, 'inactive', [endedBy('written')], undefined],
    [
      'self-pay by the entity alone',
      SELF_PAY,
      'active',
      [endedBy('informed', { by: 'Organization/a' })],
      'consent-rule',
    ],
  ])('%s', (_what, before, status, extensions, code) => {
    expect(fault(before, changed(before, status, ...extensions))).toBe(code);
  });

  test('a privacy officer says that a restriction was entered in error', () => {
    expect(fault(RESTRICTION, { ...RESTRICTION, status: 'entered-in-error' }, true)).toBeUndefined();
  });

  test('a Consent that has ended stays ended', () => {
    expect(fault({ ...TPO, status: 'inactive' }, TPO)).toBe('consent-rule');
  });

  test('a general Consent ends as before', () => {
    expect(fault(general(), general({ status: 'inactive' }))).toBeUndefined();
  });
});
