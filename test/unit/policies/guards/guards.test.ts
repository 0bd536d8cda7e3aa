/** What guards withhold from whom, and what releases it (compliance P9, P11, P12, B15, B33, S6, S7; L6). */
import { describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../../src/fhir/types.ts';
import { BASES, type Basis } from '../../../../src/policies/basis.ts';
import type { Permit } from '../../../../src/policies/consent/permit.ts';
import { factsOfLabels } from '../../../../src/policies/facts.ts';
import { guardAgainst, GUARDS, type GuardedTelling } from '../../../../src/policies/guards/index.ts';
import { NEEDING_AUTHORIZATION, SENSITIVE } from '../../../../src/policies/guards/sensitive-labels.ts';
import { guardOfStates, type StateRow } from '../../../../src/policies/guards/state-rows.ts';
import { PARTY_KINDS, type PartyKind } from '../../../../src/policies/party-kind.ts';

const NOTE = 'https://closeloop.dev/fhir/CodeSystem/label|sud-counseling-note';
const [DETOX, ELM, NEXT]: readonly [Ref, Ref, Ref] = [
  'Organization/detox',
  'Organization/elm',
  'Organization/next',
];
const NOW = 1000;

interface Given {
  readonly labels?: readonly string[];
  readonly from?: Ref;
  readonly to?: Ref;
  readonly sources?: readonly Ref[];
  readonly holder?: readonly PartyKind[];
  readonly recipient?: readonly PartyKind[];
  readonly basis?: Basis;
}

const telling = (given: Given = {}): GuardedTelling => {
  const basis = given.basis ?? 'treatment';
  return {
    ref: 'DocumentReference/note',
    type: 'DocumentReference',
    from: given.from ?? DETOX,
    to: given.to ?? ELM,
    facts: factsOfLabels(new Set(given.labels ?? ['42CFRPart2'])),
    sources: new Set(given.sources ?? []),
    discloserKinds: new Set(given.holder ?? ['provider', 'part2-program']),
    recipientKinds: new Set(given.recipient ?? ['provider']),
    basis,
    purpose: BASES[basis].purpose,
  };
};

const permit = (kind: Permit['kind'], given: Partial<Permit> = {}): Permit => ({
  kind,
  source: 'Consent/c',
  patient: 'Patient/p',
  from: { named: [DETOX], treating: false },
  to: { named: [ELM], treating: false },
  purposes: [],
  labels: undefined,
  types: undefined,
  refs: undefined,
  since: 0,
  until: undefined,
  ...given,
});

const withheldBy = (given: Given, ...permits: readonly Permit[]): string | undefined =>
  guardAgainst(telling(given), permits, NOW)?.name;

describe('(compliance L3) guarded content', () => {
  test.each<[string, Given, readonly Permit[], string | undefined]>([
    ['nothing guarded', { labels: ['HIV'] }, [], undefined],
    ['a record of Part 2', {}, [], 'part2'],
    ['to its keeper', { to: DETOX }, [], undefined],
    ['with a TPO consent', {}, [permit('part2-tpo')], undefined],
    ['with a specific consent', {}, [permit('part2-specific')], undefined],
    ['for another recipient', { to: NEXT }, [permit('part2-specific')], 'part2'],
    ['of another discloser', { from: NEXT }, [permit('part2-specific')], 'part2'],
    ['(P8) ended before', {}, [permit('part2-tpo', { until: NOW })], 'part2'],
    ['(P8) a millisecond left', {}, [permit('part2-tpo', { until: NOW + 1 })], undefined],
    ['(P8) beginning now', {}, [permit('part2-tpo', { since: NOW })], undefined],
    ['(P8) beginning in a millisecond', {}, [permit('part2-tpo', { since: NOW + 1 })], 'part2'],
    ['(C3) a general authorization', {}, [permit('hipaa-auth')], 'part2'],
    ['(C3) an intake tick', {}, [permit('general')], 'part2'],
    ['its own words back to their source', { from: ELM, to: DETOX, sources: [DETOX] }, [], undefined],
    ['(B33) a psychotherapy note in treatment', { labels: ['PSYTHPN'] }, [], 'psychotherapy-notes'],
    [
      '(B33) with an authorization for notes alone',
      { labels: ['PSYTHPN'] },
      [permit('hipaa-auth', { labels: ['PSYTHPN'] })],
      undefined,
    ],
    [
      '(B33) with an authorization that does not name notes',
      { labels: ['PSYTHPN'] },
      [permit('hipaa-auth')],
      'psychotherapy-notes',
    ],
    [
      '(P9) a counseling note with a TPO consent',
      { labels: ['42CFRPart2', 'PSYTHPN', NOTE] },
      [permit('part2-tpo')],
      'counseling-notes',
    ],
    [
      '(P9) with a consent for counseling notes',
      { labels: ['42CFRPart2', 'PSYTHPN', NOTE] },
      [permit('part2-counseling-notes', { labels: [NOTE] })],
      undefined,
    ],
    [
      'a psychotherapy note of a program needs both',
      { labels: ['42CFRPart2', 'PSYTHPN'] },
      [permit('part2-tpo')],
      'psychotherapy-notes',
    ],
  ])('%s', (_name, given, permits, expected) => {
    expect(withheldBy(given, ...permits)).toBe(expected);
  });

  test('(compliance L6) of Part 2 and of notes nobody is told; (E3) no emergency lifts notes', () => {
    expect(GUARDS.map(({ name, quiet, lasting }) => [name, quiet, lasting])).toEqual([
      ['consents-themselves', true, true],
      ['counseling-notes', true, true],
      ['psychotherapy-notes', true, true],
      ['part2', true, false],
      ['sensitive-labels', false, false],
      ['state-rows', false, false],
    ]);
  });
});

/** What each basis does for a record of Part 2, with a TPO consent and with one for proceedings. */
describe('(compliance P12, section 4) Part 2 by basis', () => {
  test.each<[Basis, 'consent' | 'proceedings' | 'free' | 'never']>([
    ['own', 'consent'],
    ['treatment', 'consent'],
    ['treatment-own', 'consent'],
    ['payment', 'consent'],
    ['operations', 'consent'],
    ['business-associate', 'consent'],
    ['individual', 'free'],
    ['authorization', 'consent'],
    ['involved-person', 'consent'],
    ['required-by-law', 'proceedings'],
    ['public-health', 'never'],
    ['child-abuse', 'free'],
    ['abuse-neglect', 'never'],
    ['oversight', 'never'],
    ['psychotherapy-notes', 'consent'],
    ['judicial-order', 'proceedings'],
    ['judicial-process', 'proceedings'],
    ['serious-threat', 'never'],
    ['correctional', 'consent'],
    ['workers-compensation', 'consent'],
    ['emergency', 'consent'],
    ['secretary', 'free'],
  ])('%s: %s', (basis, rule) => {
    const passes = (...permits: readonly Permit[]): boolean =>
      withheldBy({ basis }, ...permits) === undefined;
    expect([passes(), passes(permit('part2-specific')), passes(permit('part2-proceedings'))]).toEqual([
      rule === 'free',
      rule === 'free' || rule === 'consent',
      rule === 'free' || rule === 'proceedings',
    ]);
  });

  test.each<Basis>(['judicial-order', 'judicial-process', 'required-by-law'])(
    '%s: no holder passes on for proceedings what it received under a TPO consent',
    (basis) => {
      const given: Given = { from: ELM, to: NEXT, holder: ['provider'], sources: [DETOX], basis };
      expect(withheldBy({ ...given, basis: 'treatment' }, permit('part2-tpo'))).toBeUndefined();
      expect(withheldBy(given, permit('part2-tpo'))).toBe('part2');
    },
  );
});

describe('(compliance P11) redisclosure: holder kind, kind of consent, next recipient', () => {
  const TPO = permit('part2-tpo');
  const TPO_ALL = permit('part2-tpo', { to: { named: [ELM], treating: true } });
  const SPECIFIC = permit('part2-specific');
  test.each<[readonly PartyKind[], Permit, readonly PartyKind[], readonly string[], boolean]>([
    [['provider'], TPO, ['provider'], [], true],
    [['provider'], TPO, ['health-plan'], [], true],
    [['health-plan'], TPO, ['provider'], [], true],
    [['business-associate'], TPO, ['provider'], [], true],
    [['provider'], SPECIFIC, ['provider'], [], false],
    [['provider'], TPO, ['provider'], ['NORDSCLCD'], false],
    [['part2-program'], TPO, ['provider'], [], false],
    [['part2-program'], TPO_ALL, ['provider'], [], true],
    [['part2-program'], TPO_ALL, ['court'], [], false],
    [['community-organization'], TPO, ['provider'], [], false],
    [['intermediary'], TPO_ALL, ['provider'], [], false],
    [['court'], TPO, ['provider'], [], false],
  ])('%j, %#, to %j %j: %s', (holder, consent, recipient, labels, passes) => {
    const given = {
      from: ELM,
      to: NEXT,
      holder,
      recipient,
      sources: [DETOX],
      labels: ['42CFRPart2', ...labels],
    };
    expect(withheldBy(given, consent) === undefined).toBe(passes);
  });

  test('a consent of another program than the source says nothing', () => {
    const given: Given = { from: ELM, to: NEXT, holder: ['provider'], sources: ['Organization/other'] };
    expect(withheldBy(given, TPO)).toBe('part2');
  });

  test('the holder’s own consent covers it', () => {
    const own = permit('part2-specific', {
      from: { named: [ELM], treating: false },
      to: { named: [NEXT], treating: false },
    });
    expect(withheldBy({ from: ELM, to: NEXT, holder: ['court'] }, own)).toBeUndefined();
  });
});

describe('(compliance S6) sensitive labels and kinds of recipients', () => {
  test.each(PARTY_KINDS.flatMap((kind) => [...SENSITIVE].map((label) => [kind, label] as const)))(
    '%s: %s',
    (kind, label) => {
      const needs = NEEDING_AUTHORIZATION.includes(kind);
      const given = { labels: [label], recipient: [kind] };
      expect(withheldBy(given)).toBe(needs ? 'sensitive-labels' : undefined);
      expect(withheldBy(given, permit('hipaa-auth', { labels: [label] }))).toBeUndefined();
      expect(withheldBy(given, permit('hipaa-auth', { labels: ['42CFRPart2'] }))).toBe(
        needs ? 'sensitive-labels' : undefined,
      );
      expect(withheldBy({ ...given, recipient: [kind, 'provider'] })).toBeUndefined();
    },
  );

  test('each label is to be covered', () => {
    const given: Given = { labels: ['HIV', 'MH'], recipient: ['school'] };
    const [hiv, mh] = ['HIV', 'MH'].map((label) => permit('hipaa-auth', { labels: [label] }));
    expect(withheldBy(given, hiv!)).toBe('sensitive-labels');
    expect(withheldBy(given, hiv!, mh!)).toBeUndefined();
  });
});

describe('(compliance S7) law of the states', () => {
  const ROWS: readonly StateRow[] = [
    { state: 'XA', label: 'HIV', statute: 'XA Code 1' },
    { state: 'XB', label: 'MH', statute: 'XB Code 2' },
  ];
  test.each<[readonly (string | undefined)[], string, boolean]>([
    [['XA', 'XC'], 'HIV', true],
    [['XC', 'XA'], 'HIV', true],
    [['XC', 'XC'], 'HIV', false],
    [['XA', 'XC'], 'MH', false],
    [['XA', 'XB'], 'MH', true],
    [[undefined], 'MH', true],
  ])('%j %s: %s', (states, label, needs) => {
    const guards = [guardOfStates(ROWS, states)];
    const asked = telling({ labels: [label] });
    expect(guardAgainst(asked, [], NOW, guards)?.name).toBe(needs ? 'state-rows' : undefined);
    const own = permit('hipaa-auth', { labels: [label] });
    expect(guardAgainst(asked, [own], NOW, guards)).toBeUndefined();
  });

  test('the table is empty as shipped', () => {
    expect(withheldBy({ labels: ['HIV', 'MH'] })).toBeUndefined();
  });
});
