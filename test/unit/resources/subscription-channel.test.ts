import { describe, expect, test } from '@jest/globals';
import {
  judgeEndpoint,
  judgeHeaders,
  maskHeader,
  parseHeader,
  unmaskHeaders,
} from '../../../src/resources/subscription-channel.ts';

describe('endpoints', () => {
  test.each([
    ['https://hooks.example.org/closeloop'],
    ['https://hooks.example.org:8443/a?token=b'],
    ['http://hooks.example.org/'],
    ['https://[2606:4700:4700::1111]/hook'],
  ])('%s has the form; where it leads is asked elsewhere', (endpoint) => {
    expect(judgeEndpoint(endpoint)).toBeUndefined();
  });

  test.each([
    [undefined],
    [''],
    ['not an address'],
    ['/relative'],
    ['ftp://hooks.example.org/'],
    ['https://user:secret@hooks.example.org/'],
    ['https://hooks.example.org/#part'],
    [`https://hooks.example.org/${'a'.repeat(2048)}`],
  ])('%s has not', (endpoint) => {
    expect(judgeEndpoint(endpoint)).toMatch(/^(channel\.endpoint|a rest-hook)/);
  });
});

describe('headers', () => {
  test('a line is a name and a value', () => {
    expect(parseHeader('Authorization:  Bearer a:b ')).toEqual({
      name: 'Authorization',
      value: 'Bearer a:b',
    });
  });

  test.each([
    ['no colon'],
    [': no name'],
    ['two words: a'],
    ['Ünicode: a'],
    ['X: a\r\nHost: evil.example'],
    ['X: a\nY: b'],
    ['X: a\u0000'],
    ['X: ümlaut'],
    ['X\r\n: a'],
    ['Host: evil.example'],
    ['Content-Length: 0'],
    ['transfer-encoding: chunked'],
    ['Connection: close'],
    ['Idempotency-Key: mine'],
    ['Authorization: ***'],
    [`X: ${'a'.repeat(4097)}`],
  ])('%j cannot be sent, and is not quoted', (line) => {
    const why = judgeHeaders([line]);
    expect(why).toContain('channel.header[0]');
    expect(why).not.toContain('evil');
  });

  test('what may be sent', () => {
    expect(judgeHeaders(['Authorization: Bearer a', 'X-Tenant:', 'X-Tenant: b'])).toBeUndefined();
    expect(judgeHeaders(Array<string>(21).fill('X: a'))).toContain('20');
  });

  test('shown are names alone', () => {
    expect(maskHeader('Authorization: Bearer a:b')).toBe('Authorization: ***');
    expect(maskHeader('a secret without a name')).toBe('***');
  });

  test('a mask that comes back is the stored value again, by name and place', () => {
    const stored = ['X-Key: one', 'Authorization: Bearer a', 'X-Key: two'];
    expect(unmaskHeaders(stored.map(maskHeader), stored)).toEqual(stored);
    expect(unmaskHeaders(['x-key: ***', 'X-Key: new'], stored)).toEqual(['X-Key: one', 'X-Key: new']);
    expect(unmaskHeaders(['X-Key: new', 'X-Key: ***'], stored)).toEqual(['X-Key: new', 'X-Key: two']);
    expect(unmaskHeaders(['Other: ***'], stored)).toEqual(['Other: ***']);
    expect(unmaskHeaders([], stored)).toEqual([]);
  });
});
