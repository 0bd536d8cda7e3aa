import { expect, test } from '@jest/globals';
import {
  identifierOf,
  identifierToken,
  NPI,
  oidOfSystem,
  systemOfOid,
  V2_0203,
} from '../../../src/fhir/identifier.ts';

test.each([
  ['1.2.840.114350', 'urn:oid:1.2.840.114350'],
  ['2.16.840.1.113883.4.6', NPI],
])('OID %s is the system %s, and back', (oid, system) => {
  expect(systemOfOid(oid)).toBe(system);
  expect(oidOfSystem(system)).toBe(oid);
});

test.each(['', '1', '3.1', '1.02', '1..2', '1.2.', 'http://x', '1.2 '])('%j is no OID', (text) => {
  expect(systemOfOid(text)).toBeUndefined();
  expect(oidOfSystem(`urn:oid:${text}`)).toBeUndefined();
});

test.each([undefined, 'http://example.org/mrn', 'urn:uuid:1'])('system %s has no OID', (system) => {
  expect(oidOfSystem(system)).toBeUndefined();
});

const typed = (code: string, value: string) => ({ type: { coding: [{ system: V2_0203, code }] }, value });

test('an identifier is found by its type, not by its place', () => {
  const list = [{ value: 'x' }, typed('FILL', 'f'), typed('PLAC', 'p'), typed('PLAC', 'q')];
  expect(identifierOf(list, 'PLAC')).toBe(list[2]);
  expect(identifierOf(list, 'MR')).toBeUndefined();
  expect(identifierOf([{ type: { coding: [{ code: 'PLAC' }] } }], 'PLAC')).toBeUndefined();
  expect(identifierOf(undefined, 'PLAC')).toBeUndefined();
});

test('an identifier as a token', () => {
  expect(identifierToken({ system: 'urn:oid:1.2', value: '7' })).toBe('urn:oid:1.2|7');
  expect(identifierToken({ value: '7' })).toBe('|7');
});
