/** What of a week is to be looked at (audit-compliance AU60): each kind once, and nothing of a quiet week. */
import { describe, expect, test } from '@jest/globals';
import { createActivityReview, FINDINGS, type Activity } from '../../../src/policies/activity-findings.ts';

const activity = (more: Partial<Activity> = {}): Activity => ({
  event: 'read',
  outcome: '0',
  issue: undefined,
  query: undefined,
  who: 'Practitioner/a',
  own: true,
  organization: 'Organization/own',
  patients: ['Patient/1'],
  ...more,
});
const findingsOf = (rows: readonly Activity[]) => {
  const review = createActivityReview();
  for (const row of rows) review.take(row);
  return review.findings();
};

describe('(audit-compliance AU60) findings', () => {
  test.each([
    ['break-glass', { event: 'break-glass' }],
    ['permission-change', { event: 'permission-changed' }],
    ['permission-change', { event: 'admin' }],
    ['export', { event: 'operation', query: '$everything?_type=Observation' }],
    ['export', { event: 'export' }],
    ['denial', { outcome: '4', issue: 'not-found' }],
    ['unsent', { event: 'deliver', outcome: '4', who: '', own: false }],
  ] as const)('%s', (kind, row) => {
    expect(findingsOf([activity(row)]).findings.map((finding) => finding.kind)).toEqual([kind]);
  });

  test('of others, their organization alone is named', () => {
    const row = activity({ own: false, organization: 'Organization/other', outcome: '4' });
    expect(findingsOf([row, row]).findings).toEqual([
      { kind: 'denial', who: 'Organization/other', count: 2 },
    ]);
  });

  test('who opens far more patients than colleagues, where there are enough of them', () => {
    const colleagues = (count: number) =>
      Array.from({ length: count }, (_none, at) => activity({ who: `Practitioner/${at}` }));
    const many = Array.from({ length: 200 }, (_none, at) =>
      activity({ who: 'Practitioner/many', patients: [`Patient/${at}`] }),
    );
    expect(findingsOf([...colleagues(20), ...many]).findings).toEqual([
      { kind: 'over-3-sigma', who: 'Practitioner/many', count: 200 },
    ]);
    expect(findingsOf([...colleagues(5), ...many]).findings).toEqual([]);
  });

  test('an ordinary week has none', () => {
    expect(findingsOf([activity(), activity({ event: 'search-type', query: 'name=x' })])).toEqual({
      rows: 2,
      findings: [],
    });
    expect(Object.keys(FINDINGS)).toContain('break-glass');
  });
});
