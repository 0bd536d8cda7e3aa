/** What a Consent permits, when, and by whose word. */
import { describe, expect, test } from '@jest/globals';
import type { Consent } from '../../../../src/fhir/types.ts';
import {
  decidingPermit,
  permitOf,
  permitsAt,
  releases,
  type Permit,
  type PermitTelling,
} from '../../../../src/policies/consent/permit.ts';
import { COUNSELING_NOTE, TPO_RECIPIENTS } from '../../../../src/policies/consent/read-consent.ts';
import * as make from './consents.ts';

const NOW = Date.parse('2026-02-01T00:00:00Z');

const TELLING: PermitTelling = {
  ref: 'Observation/1',
  type: 'Observation',
  from: 'Organization/a',
  to: 'Organization/b',
  recipientKinds: new Set(['provider']),
  labels: new Set(['42CFRPart2', 'SUD']),
  purpose: 'TREAT',
};

const permit = (consent: Consent, custodian: 'Organization/a' | 'Organization/b' | '' = 'Organization/a') =>
  permitOf(
    make.asResource(consent),
    'Consent/1',
    custodian,
    new Map([['PractitionerRole/x', 'Organization/b']]),
  );

const permits = (consent: Consent, telling: Partial<PermitTelling> = {}, at = NOW): boolean => {
  const one = permit(consent);
  return one !== undefined && permitsAt(one, { ...TELLING, ...telling }, at);
};

const TPO = make.consentOf('part2-tpo');
const to = (...recipients: readonly string[]): Consent =>
  make.withProvision(TPO, {
    actor: [make.actor('CST', 'Organization/a'), ...recipients.map((one) => make.actor('IRCP', one))],
  });

describe('(compliance C6) a permit covers', () => {
  test.each<[string, Consent, Partial<PermitTelling>, boolean]>([
    ['whom it names', TPO, {}, true],
    ['nobody else', TPO, { to: 'Organization/c' }, false],
    ['what its keeper tells alone', TPO, { from: 'Organization/c' }, false],
    ['the organization of the role that it names', to('PractitionerRole/x'), {}, true],
    ['a provider of the class', to(TPO_RECIPIENTS), { to: 'Organization/c' }, true],
    ['a plan of the class', to(TPO_RECIPIENTS), { recipientKinds: new Set(['health-plan']) }, true],
    [
      'no community organization by the class',
      to(TPO_RECIPIENTS),
      { recipientKinds: new Set(['community-organization']) },
      false,
    ],
    ['(compliance D4) a kind of its purpose', TPO, { purpose: 'ETREAT' }, true],
    ['no other purpose', TPO, { purpose: 'HPAYMT' }, false],
    [
      '(compliance P10) no proceedings by operations',
      make.withProvision(TPO, { purpose: [make.purpose('HOPERAT')] }),
      { purpose: 'HLEGAL' },
      false,
    ],
    [
      '(compliance P10) proceedings by their own consent',
      make.consentOf('part2-proceedings'),
      { purpose: 'HLEGAL' },
      true,
    ],
    ['what bears its label', make.withProvision(TPO, { securityLabel: [make.label('OPIOIDUD')] }), {}, true],
    ['nothing without its label', TPO, { labels: new Set(['HIV']) }, false],
    [
      'its types',
      make.withProvision(TPO, {
        class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Observation' }],
      }),
      {},
      true,
    ],
    [
      'no other type',
      make.withProvision(TPO, {
        class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Condition' }],
      }),
      {},
      false,
    ],
    [
      'its resources',
      make.withProvision(TPO, { data: [{ meaning: 'instance', reference: { reference: 'Observation/1' } }] }),
      {},
      true,
    ],
    [
      'no other resource',
      make.withProvision(TPO, { data: [{ meaning: 'instance', reference: { reference: 'Observation/2' } }] }),
      {},
      false,
    ],
  ])('%s', (_what, consent, telling, is) => {
    expect(permits(consent, telling)).toBe(is);
  });
});

describe('(compliance C4, C5) no permit comes from', () => {
  const { extension: statements = [], provision } = TPO;
  test.each<[string, Consent]>([
    ['a Consent that is not active', { ...TPO, status: 'inactive' }],
    ['one that was entered in error', { ...TPO, status: 'entered-in-error' }],
    ['one that is proposed', { ...TPO, status: 'proposed' }],
    ['a general OPTIN (compliance C3)', { ...TPO, policyRule: { coding: [{ code: 'OPTIN' }] } }],
    ['an incomplete one', { ...TPO, extension: statements.slice(1) }],
    ['one about research', { ...TPO, scope: { coding: [{ code: 'research' }] } }],
    ['a denial', make.withProvision(TPO, { type: 'deny' })],
    ['codes, which are not read', make.withProvision(TPO, { code: [{ text: 'lab' }] })],
    ['a period of data, which is not read', make.withProvision(TPO, { dataPeriod: { start: '2026' } })],
    [
      'a class that is no type',
      make.withProvision(TPO, { class: [{ system: 'urn:ietf:bcp:13', code: 'text/plain' }] }),
    ],
    [
      'what is related to data',
      make.withProvision(TPO, { data: [{ meaning: 'related', reference: { reference: 'Observation/1' } }] }),
    ],
    [
      'another action than to disclose',
      make.withProvision(TPO, { action: [{ coding: [{ code: 'collect' }] }] }),
    ],
    [
      'words alone',
      {
        ...TPO,
        extension: [...statements, make.words('information-description', 'All')],
        provision: Object.fromEntries(
          Object.entries(provision ?? {}).filter(([name]) => name !== 'securityLabel'),
        ),
      },
    ],
    [
      'an extension that changes its meaning',
      { ...TPO, modifierExtension: [{ url: 'http://example.org/not' }] },
    ],
  ])('%s', (_what, consent) => {
    expect(permit(consent)).toBeUndefined();
  });

  test('another keeper than who may disclose', () => {
    expect([permit(TPO, 'Organization/b'), permit(TPO, '')]).toEqual([undefined, undefined]);
  });
});

describe('(compliance C4) the clock', () => {
  const begins = Date.parse('2026-01-02T00:00:00Z');
  const ends = Date.parse('2026-04-01T00:00:00Z');
  test.each<[string, number, boolean]>([
    ['a millisecond before it was signed', begins - 1, false],
    ['when it was signed', begins, true],
    ['the last millisecond of March', ends - 1, true],
    ['April', ends, false],
  ])('%s', (_when, at, is) => {
    expect(permits(TPO, {}, at)).toBe(is);
  });

  test('an event ends nothing by itself: a person ends the Consent', () => {
    const { period: _period, ...provision } = TPO.provision ?? {};
    const open = {
      ...TPO,
      provision,
      extension: [...(TPO.extension ?? []), make.words('expiration-event', 'End of the treatment')],
    };
    expect(permits(open, {}, Date.parse('2099-01-01T00:00:00Z'))).toBe(true);
  });
});

describe('(compliance C7) among permits', () => {
  const one = (source: string, more: Partial<Permit>): Permit => ({
    ...permit(TPO)!,
    source: `Consent/${source}`,
    ...more,
  });
  const narrow = one('narrow', {});
  const wide = one('wide', { to: { named: ['Organization/b', 'Organization/c'], treating: false } });
  const all = one('all', { to: { named: [], treating: true } });
  const newer = one('newer', { since: narrow.since + 1 });
  const ended = one('ended', { until: NOW });
  test.each<[string, readonly Permit[], string | undefined]>([
    ['none', [], undefined],
    ['one that ended', [ended], undefined],
    ['one', [narrow], 'Consent/narrow'],
    ['the narrowest recipients', [all, wide, narrow], 'Consent/narrow'],
    ['names before a class', [all, wide], 'Consent/wide'],
    ['then the newest', [narrow, newer], 'Consent/newer'],
    ['not the ended one', [ended, all], 'Consent/all'],
  ])('%s', (_what, list, source) => {
    expect(decidingPermit(list, TELLING, NOW)?.source).toBe(source);
  });
});

describe('what a permit may release', () => {
  test.each<[string, Consent, readonly boolean[]]>([
    // part2, psychotherapy, counseling
    ['(compliance P9) a TPO consent no counseling notes', TPO, [true, false, false]],
    [
      '(compliance B08) an authorization nothing under Part 2',
      make.consentOf('hipaa-auth'),
      [false, false, false],
    ],
    [
      '(compliance B15) a notes authorization',
      make.withProvision(make.consentOf('hipaa-auth'), { securityLabel: [make.label('PSYTHPN')] }),
      [false, true, false],
    ],
    [
      '(compliance P9) a consent for counseling notes',
      make.consentOf('part2-counseling-notes'),
      [true, true, true],
    ],
  ])('%s', (_what, consent, may) => {
    const one = permit(consent)!;
    expect(
      (['part2', 'psychotherapy', 'counseling'] as const).map((content) => releases(one, content)),
    ).toEqual(may);
  });

  test('(compliance P9) a consent for counseling notes covers nothing else under Part 2', () => {
    const labels = [make.COUNSELING, make.label('42CFRPart2')];
    const notes = make.withProvision(make.consentOf('part2-counseling-notes'), { securityLabel: labels });
    expect([
      permits(notes),
      permits(notes, { labels: new Set([COUNSELING_NOTE, '42CFRPart2', 'PSYTHPN']) }),
    ]).toEqual([false, true]);
  });
});

test.each<[string, Consent]>([
  [
    '(compliance P8, A11) that somebody found to be false',
    make.consentOf('part2-tpo', { verification: [{ verified: true }, { verified: false }] }),
  ],
  [
    '(compliance C6) that opts out as well',
    make.consentOf('part2-tpo', {
      policyRule: {
        coding: [
          ...(TPO.policyRule?.coding ?? []),
          { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTOUT' },
        ],
      },
    }),
  ],
  [
    '(compliance D4) whose purpose is of a system that nobody knows',
    make.withProvision(TPO, { purpose: [{ system: 'urn:other', code: 'TREAT' }] }),
  ],
  [
    '(compliance P6) of a paper that is named in passing',
    make.consentOf('part2-tpo', { sourceReference: { display: 'paper' } }),
  ],
])('a Consent %s permits nothing', (_name, consent) => {
  expect([permit(TPO) === undefined, permit(consent)]).toEqual([false, undefined]);
});
