/** Bundles as text: what stands in them, what is left out, and that stored text is not touched. */
import { describe, expect, test } from '@jest/globals';
import { buildBundleText, historyEntry, weakETag, type ReplyBundle } from '../../../src/fhir/bundle.ts';
import { buildOutcome } from '../../../src/fhir/issue.ts';

const BASE = 'https://example.org/fhir';
const STORED =
  '{"resourceType":"Observation","id":"a","valueQuantity":{"value":1.50,"unit":"\\u00b5g \\" }"}}';

describe('a bundle as text', () => {
  test.each<[string, ReplyBundle, unknown]>([
    [
      'nothing found',
      { type: 'searchset', total: 0, entries: [] },
      { resourceType: 'Bundle', type: 'searchset', total: 0 },
    ],
    [
      'a page',
      {
        type: 'searchset',
        timestamp: '2026-01-02T03:04:05.678Z',
        links: [
          ['self', `${BASE}/Task?status=accepted&_sort=-modified`],
          ['next', `${BASE}/Task?x="y"`],
        ],
        entries: [
          { fullUrl: `${BASE}/Task/1`, text: '{"resourceType":"Task","id":"1"}', search: 'match' },
          { text: JSON.stringify(buildOutcome([{ code: 'search-value-invalid' }])), search: 'outcome' },
        ],
      },
      {
        resourceType: 'Bundle',
        type: 'searchset',
        timestamp: '2026-01-02T03:04:05.678Z',
        link: [
          { relation: 'self', url: `${BASE}/Task?status=accepted&_sort=-modified` },
          { relation: 'next', url: `${BASE}/Task?x="y"` },
        ],
        entry: [
          {
            fullUrl: `${BASE}/Task/1`,
            resource: { resourceType: 'Task', id: '1' },
            search: { mode: 'match' },
          },
          { resource: buildOutcome([{ code: 'search-value-invalid' }]), search: { mode: 'outcome' } },
        ],
      },
    ],
    [
      'what a transaction answers',
      {
        type: 'transaction-response',
        entries: [
          {
            fullUrl: `${BASE}/Task/1`,
            response: {
              status: '201 Created',
              location: 'Task/1/_history/7',
              version: 7,
              at: '2026-01-02T03:04:05.678Z',
            },
          },
          { response: { status: '204 No Content' } },
        ],
      },
      {
        resourceType: 'Bundle',
        type: 'transaction-response',
        entry: [
          {
            fullUrl: `${BASE}/Task/1`,
            response: {
              status: '201 Created',
              location: 'Task/1/_history/7',
              etag: 'W/"7"',
              lastModified: '2026-01-02T03:04:05.678Z',
            },
          },
          { response: { status: '204 No Content' } },
        ],
      },
    ],
    [
      'what a batch answers for a refused entry',
      {
        type: 'batch-response',
        entries: [{ response: { status: '404 Not Found', outcome: buildOutcome([{ code: 'not-found' }]) } }],
      },
      {
        resourceType: 'Bundle',
        type: 'batch-response',
        entry: [{ response: { status: '404 Not Found', outcome: buildOutcome([{ code: 'not-found' }]) } }],
      },
    ],
  ])('%s', (_name, bundle, expected) => {
    expect(JSON.parse(buildBundleText(bundle))).toEqual(expected);
  });

  test('a stored text is in it byte for byte', () => {
    const text = buildBundleText({ type: 'searchset', entries: [{ text: STORED, search: 'match' }] });
    expect(text).toContain(`"resource":${STORED}`);
  });
});

describe('a version in a history', () => {
  const at = '2026-01-02T03:04:05.678Z';

  test.each([
    ['POST', 'Task', '201 Created', '{"resourceType":"Task"}'],
    ['PUT', 'Task/1', '200 OK', '{"resourceType":"Task"}'],
    ['PATCH', 'Task/1', '200 OK', '{"resourceType":"Task"}'],
    ['DELETE', 'Task/1', '204 No Content', undefined],
  ] as const)('%s', (method, url, status, text) => {
    const entry = historyEntry(BASE, { ref: 'Task/1', seq: 9, at, method, text });
    expect(JSON.parse(buildBundleText({ type: 'history', total: 1, entries: [entry] })).entry).toEqual([
      {
        fullUrl: `${BASE}/Task/1`,
        ...(text !== undefined && { resource: JSON.parse(text) }),
        request: { method, url },
        response: { status, etag: 'W/"9"', lastModified: at },
      },
    ]);
  });
});

test('the ETag is weak and holds the version', () => {
  expect(weakETag(12)).toBe('W/"12"');
});
