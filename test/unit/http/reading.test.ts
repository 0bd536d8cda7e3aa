import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { chooseContent } from '../../../src/http/binary.ts';
import { readConditions, readIdempotencyKey, readRequestId } from '../../../src/http/headers.ts';
import { bestOf, negotiate, readAccept, readContentType } from '../../../src/http/media-type.ts';
import { parseQuery } from '../../../src/fhir/query.ts';

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'accepted';
  } catch (error) {
    return error instanceof OperationOutcomeError ? error.code : 'thrown';
  }
}

/** What is returned, or the code of the refusal. */
function resultOf(act: () => string): string {
  try {
    return act();
  } catch (error) {
    return error instanceof OperationOutcomeError ? error.code : 'thrown';
  }
}

describe('conditions', () => {
  test.each([
    ['W/"5"', ['5']],
    ['"5"', ['5']],
    [' W/"123456" ', ['123456']],
    ['*', ['*']],
    ['"*"', ['"*"']],
    ['W/"abc"', ['abc']],
    ['W/""', ['']],
    ['W/"1", "2",W/"a,b"', ['1', '2', 'a,b']],
    ['"1",, "2",', ['1', '2']],
    ['W/"9999999999999999"', ['9999999999999999']],
  ])('If-Match %s', (header, versions) => {
    expect(readConditions({ 'if-match': header }).ifMatch).toEqual(versions);
    expect(readConditions({ 'if-none-match': header }).ifNoneMatch).toEqual(versions);
  });

  test.each(['5', 'W/5', 'w/"5"', 'W/"1" W/"2"', '"a b"', '"1", *', '', ',', '"1'])(
    'If-Match %s is refused',
    (header) => {
      expect(codeOf(() => readConditions({ 'if-match': header }))).toBe('header-invalid');
    },
  );

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
    // — Accept
    [undefined, undefined, 'json'],
    ['', undefined, 'json'],
    ['*/*', undefined, 'json'],
    ['application/*', undefined, 'json'],
    ['application/fhir+json', undefined, 'json'],
    ['application/json', undefined, 'json'],
    ['text/json', undefined, 'json'],
    ['application/fhir+xml', undefined, 'xml'],
    ['application/xml', undefined, 'xml'],
    ['text/xml', undefined, 'xml'],
    ['APPLICATION/FHIR+XML', undefined, 'xml'],
    ['application/fhir+xml;charset=utf-8', undefined, 'xml'],
    // — one of several
    ['application/fhir+xml, application/fhir+json', undefined, 'xml'],
    ['application/fhir+json, application/fhir+xml', undefined, 'json'],
    ['application/fhir+xml;q=0.5, application/fhir+json', undefined, 'json'],
    ['application/fhir+json;q=0.5, application/fhir+xml;q=0.6', undefined, 'xml'],
    ['application/fhir+xml, */*', undefined, 'xml'],
    ['*/*, application/fhir+xml', undefined, 'xml'],
    ['application/fhir+xml;q=0.1, */*;q=0.2', undefined, 'json'],
    ['application/fhir+json;q=0, */*', undefined, 'xml'],
    ['application/fhir+xml;q=0, application/*', undefined, 'json'],
    ['application/xml;q=0.9,application/fhir+json;q=0.8', undefined, 'xml'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', undefined, 'json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', undefined, 'xml'],
    ['text/turtle, application/fhir+xml;q=0.001', undefined, 'xml'],
    ['application/fhir+xml; q = 0.3 , application/fhir+json;q=.4', undefined, 'json'],
    ['application/fhir+xml;q=nonsense, application/fhir+json;q=0.9', undefined, 'xml'],
    // — none
    ['text/turtle', undefined, 'not-acceptable'],
    ['text/html', undefined, 'not-acceptable'],
    ['application/fhir+turtle', undefined, 'not-acceptable'],
    ['application/json;q=0', undefined, 'not-acceptable'],
    ['application/json;q=0.0, text/turtle', undefined, 'not-acceptable'],
    ['*/*;q=0', undefined, 'not-acceptable'],
    ['constructor', undefined, 'not-acceptable'],
    [',', undefined, 'not-acceptable'],
    // — versions
    ['application/fhir+json; fhirVersion=4.0', undefined, 'json'],
    ['application/fhir+xml; fhirVersion="4.0.1"', undefined, 'xml'],
    ['application/fhir+json; fhirVersion=5.0', undefined, 'not-acceptable'],
    ['application/fhir+xml; fhirVersion=5.0, application/fhir+json', undefined, 'json'],
    // — _format
    ['application/fhir+xml', 'json', 'json'],
    ['application/fhir+json', 'xml', 'xml'],
    ['text/turtle', 'xml', 'xml'],
    [undefined, 'text/xml', 'xml'],
    [undefined, 'application/xml', 'xml'],
    [undefined, 'application/fhir+xml', 'xml'],
    [undefined, 'application/fhir xml', 'xml'],
    [undefined, 'application/fhir+xml; fhirVersion=4.0', 'xml'],
    [undefined, 'application/fhir json', 'json'],
    [undefined, 'XML', 'xml'],
    [undefined, 'html', 'not-acceptable'],
    [undefined, 'text/html', 'not-acceptable'],
    [undefined, 'ttl', 'not-acceptable'],
    [undefined, 'application/fhir+xml; fhirVersion=3.0', 'not-acceptable'],
    [undefined, '', 'not-acceptable'],
  ])('Accept %s, _format %s: %s', (accept, format, expected) => {
    expect(resultOf(() => negotiate(accept, format))).toBe(expected);
  });

  test.each([
    ['application/fhir+json', 'resource', 'json'],
    ['application/json; charset=UTF-8', 'resource', 'json'],
    ['application/json; charset=latin1', 'resource', 'media-type-unsupported'],
    ['application/fhir+json; fhirVersion=3.0', 'resource', 'media-type-unsupported'],
    ['application/fhir+xml', 'resource', 'xml'],
    ['application/xml; charset="utf-8"', 'resource', 'xml'],
    ['text/xml', 'resource', 'xml'],
    ['text/xml; charset=iso-8859-1', 'resource', 'media-type-unsupported'],
    ['application/fhir+xml; fhirVersion=4.0.1', 'resource', 'xml'],
    ['application/fhir+xml; fhirVersion=5.0', 'resource', 'media-type-unsupported'],
    ['xml', 'resource', 'media-type-unsupported'],
    ['constructor', 'resource', 'media-type-unsupported'],
    [undefined, 'resource', 'media-type-unsupported'],
    ['application/json-patch+json', 'patch', 'json'],
    ['application/fhir+json', 'patch', 'json'],
    ['application/fhir+xml', 'patch', 'xml'],
    ['application/json', 'patch', 'media-type-unsupported'],
    ['application/x-www-form-urlencoded', 'form', 'json'],
    ['application/json', 'form', 'media-type-unsupported'],
    ['application/fhir+xml', 'form', 'media-type-unsupported'],
  ] as const)('Content-Type %s as %s: %s', (header, kind, expected) => {
    expect(resultOf(() => readContentType(header, kind))).toBe(expected);
  });

  test.each([
    ['application/pdf', 'application/pdf', 'content'],
    ['application/*', 'application/pdf', 'content'],
    [undefined, 'application/pdf', 'content'],
    ['*/*', 'text/plain; charset=utf-8', 'content'],
    ['application/fhir+json', 'application/pdf', 'json'],
    ['application/fhir+xml', 'application/pdf', 'xml'],
    ['application/fhir+json, */*;q=0.5', 'application/pdf', 'json'],
    ['application/fhir+json;q=0.5, */*', 'application/pdf', 'content'],
    ['application/fhir+json, */*', 'application/pdf', 'json'],
    ['application/json', 'application/pdf', 'json'],
    ['text/xml', 'application/pdf', 'xml'],
    ['text/xml', 'text/xml', 'content'],
    ['application/json', 'application/json', 'content'],
    ['image/png', 'application/pdf', 'not-acceptable'],
    ['application/pdf;q=0, image/*', 'application/pdf', 'not-acceptable'],
  ] as const)('of a Binary, Accept %s for %s: %s', (accept, contentType, expected) => {
    expect(resultOf(() => chooseContent(accept, contentType))).toBe(expected);
  });

  test('no more ranges are looked at than a header of a person has', () => {
    const ranges = readAccept(`${'text/html,'.repeat(1000)}application/fhir+xml`);
    expect(ranges).toHaveLength(64);
    expect(bestOf(ranges, ['application/fhir+xml']).q).toBe(0);
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
