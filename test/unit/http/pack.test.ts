import { describe, expect, test } from '@jest/globals';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { codingFor, isPackable, pack } from '../../../src/http/pack.ts';

describe('Accept-Encoding (RFC 9110, 12.5.3)', () => {
  test.each([
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br', 'br'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['GZIP;Q=0.5', 'gzip'],
    ['gzip;q=0', undefined],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['identity;q=0, gzip;q=0.001', 'gzip'],
    ['deflate, zstd', undefined],
    ['gzip;q=nonsense', undefined],
    ['gzip;q=2', undefined],
    [' gzip ; q=1.000 ', 'gzip'],
  ])('%j: %j', (header, coding) => expect(codingFor(header)).toBe(coding));
});

test('what was packed is unpacked to the same', async () => {
  const bytes = Buffer.from('abc'.repeat(10_000));
  expect(brotliDecompressSync(await pack(bytes, 'br'))).toEqual(bytes);
  expect(gunzipSync(await pack(bytes, 'gzip'))).toEqual(bytes);
});

test.each([
  ['text/plain; charset=utf-8', true],
  ['application/fhir+json', true],
  ['application/xml', true],
  ['x-application/hl7-v2+er7', true],
  ['application/pdf', false],
  ['image/png', false],
  ['application/octet-stream', false],
])('%s is packed: %j', (type, packed) => expect(isPackable(type)).toBe(packed));
