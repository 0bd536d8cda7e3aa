import { describe, expect, test } from '@jest/globals';
import {
  isAllowListEntry,
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
    ['https://9.9.9.9/hook'],
    ['https://[2606:4700:4700::1111]/hook'],
  ])('%s is allowed and must be public', (endpoint) => {
    expect(judgeEndpoint(endpoint, [])).toEqual({ url: new URL(endpoint), listed: false });
  });

  test.each([
    [undefined],
    [''],
    ['not an address'],
    ['/relative'],
    ['ftp://hooks.example.org/'],
    ['http://hooks.example.org/'],
    ['https://user:secret@hooks.example.org/'],
    ['https://hooks.example.org/#part'],
    ['https://localhost/'],
    ['https://intranet/'],
    ['https://127.0.0.1/'],
    ['https://2130706433/'],
    ['https://0x7f.1/'],
    ['https://[::1]/'],
    ['https://[::ffff:10.0.0.1]/'],
    ['https://169.254.169.254/latest/meta-data/'],
    [`https://hooks.example.org/${'a'.repeat(2048)}`],
  ])('%s is not', (endpoint) => {
    expect(judgeEndpoint(endpoint, [])).toEqual({
      why: expect.stringMatching(/^(channel\.endpoint|a rest-hook)/),
    });
  });

  test.each([
    ['http://127.0.0.1:9/', '127.0.0.1:9', true],
    ['http://127.0.0.1:9/', '127.0.0.1', true],
    ['http://127.0.0.1:9/', '127.0.0.1:*', true],
    ['http://127.0.0.1:9/', 'http://127.0.0.1:*', true],
    ['http://127.0.0.1/', '127.0.0.1:80', true],
    ['https://inner.example/', 'INNER.example:443', true],
    ['https://[::1]:9/', '[::1]:9', true],
    ['http://127.0.0.1:9/', 'https://127.0.0.1:9', false],
    ['http://127.0.0.1:9/', '127.0.0.1:8', false],
    ['http://127.0.0.1:9/', '127.0.0', false],
    ['http://evil.inner.example/', 'inner.example', false],
    ['http://127.0.0.1:9/', '*', false],
    ['http://127.0.0.1:9/', '', false],
  ])('%s beside an allow-list of "%s": %s', (endpoint, entry, listed) => {
    expect('listed' in judgeEndpoint(endpoint, [entry])).toBe(listed);
  });

  test.each([
    ['host', true],
    ['host:1', true],
    ['[::1]:*', true],
    ['http://host', true],
    ['host/path', false],
    ['ftp://host', false],
    ['', false],
  ])('"%s" as an entry of the allow-list: %s', (entry, is) => expect(isAllowListEntry(entry)).toBe(is));
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
