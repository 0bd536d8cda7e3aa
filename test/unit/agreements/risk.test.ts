/** The risk of a vendor: each fact changes its own row and nothing else. */
import { describe, expect, test } from '@jest/globals';
import { RISK_ROWS, riskOf, unusualDay, type VendorFacts } from '../../../src/agreements/risk.ts';
import { holdsAt, lapsedAt, paperOf, type VendorPaper } from '../../../src/agreements/papers.ts';
import type { Resource } from '../../../src/fhir/types.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-12-01T12:00:00Z');
const paper = (kind: VendorPaper['kind'], more: Partial<VendorPaper> = {}): VendorPaper => ({
  ref: `DocumentReference/${kind}`,
  kind,
  about: ['Organization/billing'],
  from: NOW - 30 * DAY,
  until: NOW + 300 * DAY,
  ...more,
});
const SOUND: VendorFacts = {
  now: NOW,
  state: 'active',
  contract: 'Contract/c',
  until: NOW + 200 * DAY,
  gaps: [],
  breachNoticeHours: 48,
  broken: [],
  declared: [],
  papers: [paper('soc2'), paper('data-flow'), paper('subcontractor-list')],
  sent: ['AuditEvent/9-0'],
  tried: [],
  triedLately: [],
  incidents: [],
  quarantined: [],
};

const CASES: readonly (readonly [code: string, change: Partial<VendorFacts>, evidence: readonly string[]])[] =
  [
    ['no-agreement', { state: 'none', contract: undefined } as never, ['AuditEvent/9-0']],
    ['no-agreement', { state: 'none', sent: [], tried: ['AuditEvent/7-0'] }, ['AuditEvent/7-0']],
    ['tried-after-end', { state: 'expired', triedLately: ['AuditEvent/8-0'] }, ['AuditEvent/8-0']],
    ['tried-after-end', { state: 'revoked', triedLately: ['AuditEvent/8-0'] }, ['AuditEvent/8-0']],
    ['ends-soon', { until: NOW + 30 * DAY }, ['Contract/c']],
    ['checklist-gap', { gaps: ['subcontractors', 'return'] }, ['Contract/c', 'subcontractors', 'return']],
    ['chain-broken', { broken: ['Contract/s'] }, ['Contract/s']],
    ['no-subcontractors', { papers: [paper('soc2'), paper('data-flow')] }, []],
    ['no-data-flow', { papers: [paper('soc2'), paper('subcontractor-list')] }, []],
    [
      'no-attestation',
      { papers: [paper('soc2', { until: NOW - DAY }), paper('data-flow'), paper('subcontractor-list')] },
      ['DocumentReference/soc2'],
    ],
    [
      'no-attestation',
      { papers: [paper('soc2', { from: NOW - 400 * DAY }), paper('data-flow'), paper('subcontractor-list')] },
      ['DocumentReference/soc2'],
    ],
    ['breach-notice', { breachNoticeHours: 73 }, ['Contract/c']],
    ['breach-notice', { breachNoticeHours: undefined } as never, ['Contract/c']],
    ['open-incident', { incidents: ['Task/i'] }, ['Task/i']],
    ['unusual-access', { unusual: '2026-11-30' }, ['2026-11-30']],
    ['quarantine', { quarantined: ['AuditEvent/5-0'] }, ['AuditEvent/5-0']],
  ];

describe('(baa-messaging VR2) one fact changes its own row', () => {
  test('nothing counts of a vendor in order', () => {
    expect(riskOf(SOUND)).toEqual({ score: 0, level: 'low', rows: [] });
  });

  test.each(CASES)('%s: %j', (code, change, evidence) => {
    const { rows, score } = riskOf({ ...SOUND, ...change });
    expect(rows.map((row) => [row.code, row.evidence])).toEqual([[code, evidence]]);
    expect(score).toBe(new Map(RISK_ROWS).get(code)?.points);
  });

  test('every row of the table is among the cases', () => {
    expect(new Set(CASES.map(([code]) => code))).toEqual(new Set(RISK_ROWS.map(([code]) => code)));
  });

  test.each<[string, Partial<VendorFacts>]>([
    ['an agreement that another follows', { until: NOW + DAY, successor: 'Contract/next' }],
    ['a proposed agreement while nothing was sent', { state: 'none', sent: [], tried: [] }],
    [
      'a declared subcontractor in the place of a list',
      { declared: ['Contract/s'], papers: [paper('hitrust'), paper('data-flow')] },
    ],
    ['72 hours', { breachNoticeHours: 72 }],
    ['tries while the agreement waits', { state: 'pending', triedLately: ['AuditEvent/1-0'] }],
  ])('%s adds nothing', (_, change) => {
    expect(riskOf({ ...SOUND, ...change }).rows).toEqual([]);
  });

  test('from 30 on it is medium, from 60 on high, and never more than 100', () => {
    expect(riskOf({ ...SOUND, gaps: ['return'], quarantined: ['AuditEvent/1-0'] })).toMatchObject({
      score: 30,
      level: 'medium',
    });
    expect(
      riskOf({ ...SOUND, incidents: ['Task/i'], broken: ['Contract/s'], breachNoticeHours: 100 }),
    ).toMatchObject({ score: 60, level: 'high' });
    const everything = {
      state: 'none',
      gaps: ['return'],
      broken: ['Contract/s'],
      incidents: ['Task/i'],
      quarantined: ['AuditEvent/1-0'],
      papers: [],
    } as const;
    expect(riskOf({ ...SOUND, ...everything })).toMatchObject({ score: 100, level: 'high' });
  });

  test('a day counts as unusual far above its own 90 days, one event never does', () => {
    const day = (before: number) => new Date(NOW - before * DAY).toISOString().slice(0, 10);
    expect(unusualDay(new Map([[day(1), 20]]), NOW)).toBe(day(1));
    expect(unusualDay(new Map([[day(1), 1]]), NOW)).toBeUndefined();
    expect(unusualDay(new Map([[day(20), 20]]), NOW)).toBeUndefined();
    expect(unusualDay(new Map(Array.from({ length: 90 }, (_, at) => [day(at), 20])), NOW)).toBeUndefined();
  });
});

describe('(baa-messaging VR5) a paper', () => {
  const document = (more: object = {}): Resource => ({
    resourceType: 'DocumentReference',
    status: 'current',
    category: [
      {
        coding: [
          { system: 'https://closeloop.dev/fhir/CodeSystem/document-category', code: 'vendor-assurance' },
        ],
      },
    ],
    type: { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/vendor-paper', code: 'soc2' }] },
    author: [{ reference: 'Organization/billing' }, { reference: 'Practitioner/p' }],
    context: { period: { start: '2026-01-01', end: '2026-06-30' } },
    ...more,
  });

  test('holds from the first to the last day of its period', () => {
    const found = paperOf('DocumentReference/a', document());
    expect(found).toMatchObject({ kind: 'soc2', about: ['Organization/billing'] });
    const at = (text: string) => found !== undefined && holdsAt(found, Date.parse(text));
    expect(
      [
        '2025-12-31T23:59:59.999Z',
        '2026-01-01T00:00:00Z',
        '2026-06-30T23:59:59.999Z',
        '2026-07-01T00:00:00Z',
      ].map(at),
    ).toEqual([false, true, true, false]);
  });

  test.each<[string, object]>([
    ['of another category', { category: [] }],
    ['of no known type', { type: { text: 'soc2' } }],
    ['that was replaced', { status: 'superseded' }],
  ])('a document %s is none', (_, more) => {
    expect(paperOf('DocumentReference/a', document(more))).toBeUndefined();
  });

  test('has lapsed when its period is over and no later one of its kind is there', () => {
    const old = paper('soc2', { until: NOW - DAY, ref: 'DocumentReference/old' });
    const older = paper('soc2', { until: NOW - 200 * DAY, ref: 'DocumentReference/older' });
    expect(lapsedAt([old, older], NOW)).toEqual([old]);
    expect(lapsedAt([old, paper('soc2')], NOW)).toEqual([]);
    expect(lapsedAt([old, paper('soc2', { about: ['Organization/other'] })], NOW)).toEqual([old]);
    expect(lapsedAt([old, paper('pen-test')], NOW)).toEqual([old]);
    expect(lapsedAt([paper('soc2', { until: undefined })], NOW)).toEqual([]);
  });
});
