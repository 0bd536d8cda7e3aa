import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { readConditions, readIdempotencyKey, readRequestId } from '../../../src/http/headers.ts';
import { checkAcceptable, checkContentType } from '../../../src/http/media-type.ts';
import { parseQuery } from '../../../src/http/query.ts';

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'accepted';
  } catch (error) {
    return error instanceof OperationOutcomeError ? error.code : 'thrown';
  }
}

describe('conditions', () => {
  test.each([
    ['W/"5"', 5],
    ['"5"', 5],
    [' W/"123456" ', 123_456],
  ])('If-Match %s', (header, version) => {
    expect(readConditions({ 'if-match': header }).ifMatch).toBe(version);
  });

  test.each([
    '5',
    'W/5',
    'W/"abc"',
    '*',
    'W/"0"',
    'W/"05"',
    'W/"-1"',
    'W/"1", W/"2"',
    'W/"1e3"',
    '',
    'W/"9999999999999999"',
  ])('If-Match %s is refused', (header) => {
    expect(codeOf(() => readConditions({ 'if-match': header }))).toBe('header-invalid');
  });

  test.each([
    ['*', ['*']],
    ['W/"1"', ['1']],
    ['W/"1", "2",W/"abc"', ['1', '2', 'abc']],
  ])('If-None-Match %s', (header, versions) => {
    expect(readConditions({ 'if-none-match': header }).ifNoneMatch).toEqual(versions);
  });

  test.each(['x', 'W/"1" W/"2"', ''])('If-None-Match %j is refused', (header) => {
    expect(codeOf(() => readConditions({ 'if-none-match': header }))).toBe('header-invalid');
  });

  test.each([
    ['identifier=a|b', 'identifier=a|b'],
    ['?identifier=a', 'identifier=a'],
    ['Patient?identifier=a', 'identifier=a'],
  ])('If-None-Exist %s', (header, query) => {
    expect(readConditions({ 'if-none-exist': header }).ifNoneExist).toBe(query);
  });

  test('If-None-Exist without a search is refused', () => {
    expect(codeOf(() => readConditions({ 'if-none-exist': 'Patient' }))).toBe('header-invalid');
  });

  test('If-Modified-Since, and one that is no date', () => {
    const header = 'Wed, 04 Mar 2026 05:06:07 GMT';
    expect(readConditions({ 'if-modified-since': header }).ifModifiedSince).toBe(
      Date.UTC(2026, 2, 4, 5, 6, 7),
    );
    expect(readConditions({ 'if-modified-since': 'yesterday-ish' }).ifModifiedSince).toBeUndefined();
  });

  test.each([
    ['return=minimal', { return: 'minimal', handling: undefined }],
    ['return=OperationOutcome; handling=lenient', { return: 'OperationOutcome', handling: 'lenient' }],
    ['handling="strict", return=representation', { return: 'representation', handling: 'strict' }],
    ['respond-async, return=everything', { return: undefined, handling: undefined }],
    ['return=minimal, return=representation', { return: 'minimal', handling: undefined }],
  ])('Prefer %s', (header, prefer) => {
    expect(readConditions({ prefer: header }).prefer).toEqual(prefer);
  });
});

test.each([
  ['8e03978e-40d5-43dd', '8e03978e-40d5-43dd'],
  ['"quoted"', 'quoted'],
])('Idempotency-Key %s', (header, key) => {
  expect(readIdempotencyKey(header)).toBe(key);
});

test.each(['', 'a b', 'x'.repeat(256), 'ä', '"'])('Idempotency-Key %j is refused', (header) => {
  expect(codeOf(() => readIdempotencyKey(header))).toBe('header-invalid');
});

test.each([
  ['abc-123', 'abc-123'],
  ['a b', 'new'],
  ['x'.repeat(65), 'new'],
  ['{"inject":1}', 'new'],
  [undefined, 'new'],
])('X-Request-Id %j', (header, id) => {
  expect(readRequestId(header, () => 'new')).toBe(id);
});

describe('media types', () => {
  test.each([
    [undefined, undefined, 'accepted'],
    ['application/fhir+json', undefined, 'accepted'],
    ['application/fhir+json; fhirVersion=4.0', undefined, 'accepted'],
    ['application/fhir+json; fhirVersion=5.0', undefined, 'not-acceptable'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', undefined, 'accepted'],
    ['application/fhir+xml', undefined, 'not-acceptable'],
    ['application/json;q=0', undefined, 'not-acceptable'],
    ['application/json;q=0.0, text/turtle', undefined, 'not-acceptable'],
    ['application/fhir+xml', 'json', 'accepted'],
    ['application/fhir+json', 'xml', 'not-acceptable'],
    [undefined, 'application/fhir json', 'accepted'],
    [undefined, '', 'not-acceptable'],
  ])('Accept %s, _format %s: %s', (accept, format, expected) => {
    expect(codeOf(() => checkAcceptable(accept, format))).toBe(expected);
  });

  test.each([
    ['application/fhir+json', 'resource', 'accepted'],
    ['application/json; charset=UTF-8', 'resource', 'accepted'],
    ['application/json; charset=latin1', 'resource', 'media-type-unsupported'],
    ['application/fhir+json; fhirVersion=3.0', 'resource', 'media-type-unsupported'],
    ['application/fhir+xml', 'resource', 'media-type-unsupported'],
    ['constructor', 'resource', 'media-type-unsupported'],
    [undefined, 'resource', 'media-type-unsupported'],
    ['application/json-patch+json', 'patch', 'accepted'],
    ['application/fhir+json', 'patch', 'accepted'],
    ['application/json', 'patch', 'media-type-unsupported'],
    ['application/x-www-form-urlencoded', 'form', 'accepted'],
    ['application/json', 'form', 'media-type-unsupported'],
  ] as const)('Content-Type %s as %s: %s', (header, kind, expected) => {
    expect(codeOf(() => checkContentType(header, kind))).toBe(expected);
  });
});

describe('queries', () => {
  test.each([
    ['', []],
    [
      'a=1&a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    [
      'a=b%7Cc+d&e',
      [
        ['a', 'b|c d'],
        ['e', ''],
      ],
    ],
    ['a=b=c&&', [['a', 'b=c']]],
    ['name:exact=%C3%A9', [['name:exact', 'é']]],
  ])('%s', (text, pairs) => {
    expect(parseQuery(text)).toEqual(pairs);
  });

  test.each(['a=%', 'a=%zz', '%ff=1', 'a=%C3'])('%s is refused', (text) => {
    expect(codeOf(() => parseQuery(text))).toBe('search-value-invalid');
  });
});
