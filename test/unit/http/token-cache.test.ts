/** Under which name a header is remembered: one token has one name, and what is malformed has none of a token. */
import { describe, expect, test } from '@jest/globals';
import { digestOfHeader } from '../../../src/http/token-cache.ts';

const NAME = digestOfHeader('Bearer abc.def');

describe('the name of a header', () => {
  test.each([
    'bearer abc.def',
    'BEARER   abc.def',
    'Bearer  abc.def',
    'Bearer abc.def   ',
    'beaRER  abc.def ',
  ])('is the same for %j, so that one token is remembered once', (header) =>
    expect(digestOfHeader(header)).toBe(NAME),
  );

  test.each([
    'Bearer abc.deF',
    'Bearer abc.def\t',
    'Bearer\tabc.def',
    ' Bearer abc.def',
    'Bearerabc.def',
    'Bearer abc.def, x',
  ])('is another for %j', (header) => expect(digestOfHeader(header)).not.toBe(NAME));
});
