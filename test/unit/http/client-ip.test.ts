import type { IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { createClientIpOf, isLoopback } from '../../../src/http/client-ip.ts';

/** As much of a request as says where it came from. */
const from = (remoteAddress: string | undefined, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

test.each<
  [trusted: string[], remote: string | undefined, forwarded: string | undefined, expected: string | undefined]
>([
  [[], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  [[], '::ffff:203.0.113.9', undefined, '203.0.113.9'],
  [[], 'fe80::1%eth0', undefined, 'fe80::1'],
  [[], undefined, undefined, undefined],
  [['10.0.0.0/8'], '10.1.1.1', '198.51.100.1', '198.51.100.1'],
  [['10.0.0.0/8'], '10.1.1.1', '6.6.6.6, 198.51.100.1, 10.2.2.2', '198.51.100.1'],
  [['10.0.0.0/8'], '::ffff:10.1.1.1', '198.51.100.1', '198.51.100.1'],
  [['10.0.0.0/8'], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  [['10.0.0.0/8'], '10.1.1.1', 'unknown', '10.1.1.1'],
  [['10.0.0.0/8'], '10.1.1.1', 'fe80::1%"><script>', 'fe80::1'],
  [['10.0.0.0/8'], '10.1.1.1', undefined, '10.1.1.1'],
  [['::1'], '::1', '2001:db8::7', '2001:db8::7'],
])('behind %j: %s, %s → %s', (trusted, remote, forwarded, expected) => {
  expect(createClientIpOf(trusted)(from(remote, forwarded))).toBe(expected);
});

test.each([
  ['127.0.0.1', true],
  ['::1', true],
  ['10.0.0.1', false],
  [undefined, false],
])('loopback %s: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
