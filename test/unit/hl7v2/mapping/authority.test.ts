/** Who assigned a number, as HD and as a system; the systems of codes. */
import { describe, expect, test } from '@jest/globals';
import {
  authorityOfSystem,
  systemOfAuthority,
  type Authority,
} from '../../../../src/hl7v2/mapping/authority.ts';
import { codingSystemOf, systemOfCodingSystem } from '../../../../src/hl7v2/mapping/codes.ts';

const NAMES = { LARKSPUR: 'urn:oid:2.999.7', HOUSE: 'http://house.example.org/mrn' };
const UUID = '0b1f6c1e-7f0e-4c5d-9d5a-1f6d3f0a9b11';

describe('an authority', () => {
  // prettier-ignore
  test.each<[Authority, string]>([
    [{ universalId: '2.999.1', universalIdType: 'ISO' },                       'urn:oid:2.999.1'],
    [{ universalId: '2.16.840.1.113883.4.6', universalIdType: 'ISO' },         'http://hl7.org/fhir/sid/us-npi'],
    [{ universalId: UUID, universalIdType: 'UUID' },                           `urn:uuid:${UUID}`],
    [{ universalId: 'http://example.org/numbers', universalIdType: 'URI' },    'http://example.org/numbers'],
    [{ namespaceId: 'HOUSE' },                                                 'http://house.example.org/mrn'],
  ])('%j is %s, both ways', (authority, system) => {
    expect(systemOfAuthority(authority, NAMES)).toBe(system);
    expect(authorityOfSystem(system, NAMES)).toEqual(authority);
  });

  // prettier-ignore
  test.each<[Authority, string | undefined]>([
    [{ namespaceId: 'LARKSPUR' },                                       'urn:oid:2.999.7'],
    [{ universalId: '2.999.1' },                                        'urn:oid:2.999.1'],
    [{ universalId: '2.999.1', universalIdType: 'iso' },                'urn:oid:2.999.1'],
    [{ universalId: UUID.toUpperCase(), universalIdType: 'GUID' },      `urn:uuid:${UUID}`],
    [{ namespaceId: 'HOUSE', universalId: 'x', universalIdType: 'L' },  'http://house.example.org/mrn'],
    [{ namespaceId: 'ELSEWHERE' },                                      undefined],
    [{ universalId: 'http://x.example', universalIdType: 'ISO' },       undefined],
    [{ universalId: '2.999.01', universalIdType: 'ISO' },               undefined],
    [{ namespaceId: 'constructor' },                                    undefined],
    [{ universalId: 'x', universalIdType: '__proto__' },                undefined],
    [{},                                                                undefined],
  ])('%j is read as %s', (authority, system) => {
    expect(systemOfAuthority(authority, NAMES)).toBe(system);
  });

  test('a URI is never sent as an OID', () => {
    expect(authorityOfSystem('http://example.org/numbers', {})?.universalIdType).toBe('URI');
  });
});

describe('a coding system', () => {
  // prettier-ignore
  test.each([
    ['SCT',      'http://snomed.info/sct'],
    ['LN',       'http://loinc.org'],
    ['I10',      'http://hl7.org/fhir/sid/icd-10-cm'],
    ['RXNORM',   'http://www.nlm.nih.gov/research/umls/rxnorm'],
    ['HL70278',  'http://terminology.hl7.org/CodeSystem/v2-0278'],
    ['L',        'https://closeloop.dev/fhir/local-codes/2.999.1/L'],
    ['99 ß/x',   'https://closeloop.dev/fhir/local-codes/2.999.1/99%20%C3%9F%2Fx'],
    ['http://example.org/codes', 'http://example.org/codes'],
  ])('%s is %s, both ways', (name, system) => {
    expect(systemOfCodingSystem(name, '2.999.1')).toBe(system);
    expect(codingSystemOf(system)).toBe(name);
  });

  test('that a client wrote badly is sent as it is', () => {
    const system = 'https://closeloop.dev/fhir/local-codes/2.999.1/%zz';
    expect(codingSystemOf(system)).toBe(system);
  });

  test('is another for another sender’s local codes', () => {
    expect(systemOfCodingSystem('L', '2.999.1')).not.toBe(systemOfCodingSystem('L', '2.999.2'));
  });
});
