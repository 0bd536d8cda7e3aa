import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import type { Clause, PartClause, Prefix } from '../../../src/ports/query.ts';
import {
  parseCondition,
  parseSearch,
  PARAMETERS_MAX,
  type Pair,
  type SearchOptions,
} from '../../../src/resources/search-query.ts';
import { escape, splitEscaped, unescape } from '../../../src/resources/search/escape.ts';
import { ALTERNATIVES_MAX } from '../../../src/resources/search/filter.ts';

const OPTIONS: SearchOptions = {
  base: 'https://here.org/fhir',
  now: Date.UTC(2026, 10, 22),
  lenient: false,
  countDefault: 20,
  countMax: 100,
  sight: { everything: true },
  types: new Set(['Observation', 'Organization', 'Patient', 'PractitionerRole', 'ServiceRequest', 'Task']),
};
const LENIENT = { ...OPTIONS, lenient: true };

const pairs = (text: string): Pair[] => [...new URLSearchParams(text)];
const search = (type: string, text: string, options = OPTIONS) => parseSearch(type, pairs(text), options);
const where = (type: string, text: string): Clause => search(type, text).query.where;

const day = (text: string) => ({
  low: Date.parse(`${text}T00:00:00.000Z`),
  high: Date.parse(`${text}T23:59:59.999Z`),
});
const DAY = 86_400_000;

/** Neither literal nor logical. */
const noReference = (param: string): Clause => ({
  kind: 'all',
  of: [
    { kind: 'missing', param, missing: true },
    { kind: 'missing', param: `${param}:identifier`, missing: true },
  ],
});
const token = (param: string, code?: string, system?: string): Clause => ({
  kind: 'token',
  param,
  ...(code !== undefined && { code }),
  ...(system !== undefined && { system }),
});
const points = (param: string, prefix: Prefix, value: number): Clause & PartClause => ({
  kind: 'range',
  param,
  prefix,
  low: value,
  high: value,
  points: true,
});
const tuple = (param: string, ...of: Clause[]): Clause => ({ kind: 'tuple', param, of: of as PartClause[] });
/** A tuple, and what its components after the first select alone. */
const tupleAnd = (one: Clause, ...alone: Clause[]): Clause => ({ kind: 'all', of: [one, ...alone] });
const near = (latitude: number, longitude: number, km: number): Clause => ({
  kind: 'near',
  param: 'near',
  latitude,
  longitude,
  km,
});
const reference = (param: string, ...to: string[]): Clause => ({ kind: 'reference', param, to });

describe('one parameter becomes a clause', () => {
  test.each<[string, string, Clause]>([
    // token
    ['Task', 'status=requested', token('status', 'requested')],
    ['Task', 'identifier=urn:oid:1.2|7', token('identifier', '7', 'urn:oid:1.2')],
    ['Task', 'identifier=|7', token('identifier', '7', '')],
    ['Task', 'identifier=urn:oid:1.2|', token('identifier', undefined, 'urn:oid:1.2')],
    ['Task', String.raw`identifier=a\|b|c\,d`, token('identifier', 'c,d', 'a|b')],
    ['Task', String.raw`identifier=\\\$`, token('identifier', String.raw`\$`)],
    ['Task', 'status=a,b', { kind: 'any', of: [token('status', 'a'), token('status', 'b')] }],
    [
      'Task',
      'status:not=a,b',
      { kind: 'not', clause: { kind: 'any', of: [token('status', 'a'), token('status', 'b')] } },
    ],
    ['Patient', 'active=true', token('active', 'true')],
    ['Patient', 'deceased=false', token('deceased', 'false')],
    ['Task', '_tag=http://t|x', token('_tag', 'x', 'http://t')],
    [
      'Task',
      '_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R',
      token('_security', 'R', 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'),
    ],
    // a code whose system does not mind the case, and one of which nothing is known
    ['Observation', 'code=http://loinc.org|LA1-5', token('code', 'la1-5', 'http://loinc.org')],
    ['Observation', 'code=|LOCAL', token('code', 'local', '')],
    ['Task', '_security=R', { kind: 'any', of: [token('_security', 'R'), token('_security', 'r')] }],
    ['Patient', 'email=A@B.org', token('email', 'a@b.org')],
    ['Patient', 'identifier:of-type=http://t|MR|1', token('identifier:of-type', '1', 'http://t|MR')],
    ['Task', '_id:not=1', { kind: 'not', clause: { kind: 'id', ids: ['1'] } }],
    ['Task', '_id:missing=true', { kind: 'any', of: [] }],
    ['Task', '_lastUpdated:missing=false', { kind: 'all', of: [] }],
    // quantity
    ['Observation', 'value-quantity=gt5', points('value-quantity', 'gt', 5)],
    [
      'Observation',
      'value-quantity=gt5|http://unitsofmeasure.org|mg',
      points('value-quantity:http://unitsofmeasure.org|mg', 'gt', 5),
    ],
    ['Observation', 'value-quantity=gt5||mg', points('value-quantity:|mg', 'gt', 5)],
    ['Observation', 'value-quantity=gt5||', points('value-quantity', 'gt', 5)],
    ['Observation', String.raw`value-quantity=gt5||a\|b`, points(String.raw`value-quantity:|a\|b`, 'gt', 5)],
    // composite
    [
      'Observation',
      'code-value-quantity=http://loinc.org|8480-6$gt100||mmHg',
      tupleAnd(
        tuple('code-value-quantity', token('', '8480-6', 'http://loinc.org'), points(':|mmHg', 'gt', 100)),
        points('value-quantity:|mmHg', 'gt', 100),
      ),
    ],
    [
      'Observation',
      String.raw`code-value-string=a\$b$c\,d`,
      tuple('code-value-string', token('', 'a$b'), {
        kind: 'string',
        param: '',
        match: 'starts',
        value: 'c,d',
      }),
    ],
    [
      'Observation',
      'combo-code-value-concept=a$x,b$Y',
      {
        kind: 'any',
        of: [
          tupleAnd(
            tuple('combo-code-value-concept', token('', 'a'), token('', 'x')),
            token('combo-value-concept', 'x'),
          ),
          {
            kind: 'any',
            of: [
              tupleAnd(
                tuple('combo-code-value-concept', token('', 'b'), token('', 'Y')),
                token('combo-value-concept', 'Y'),
              ),
              tupleAnd(
                tuple('combo-code-value-concept', token('', 'b'), token('', 'y')),
                token('combo-value-concept', 'y'),
              ),
            ],
          },
        ],
      },
    ],
    [
      'DocumentReference',
      'relationship=replaces$1',
      tupleAnd(
        tuple('relationship', token('', 'replaces'), reference('', 'DocumentReference/1')),
        reference('relatesto', 'DocumentReference/1'),
      ),
    ],
    [
      'Observation',
      'code-value-quantity:missing=true',
      { kind: 'missing', param: 'code-value-quantity', missing: true },
    ],
    // near
    ['Location', 'near=-83.694810|42.256500|11.20|km', near(-83.69481, 42.2565, 11.2)],
    ['Location', 'near=1|2', near(1, 2, 50)],
    ['Location', 'near=1|2|1500|m', near(1, 2, 1.5)],
    ['Location', 'near=1|2|1|[mi_i]', near(1, 2, 1.609344)],
    ['Location', 'near=1|2||km', near(1, 2, 50)],
    // a resource inside the one that is searched
    ['Bundle', 'composition=1', reference('composition', 'Composition/1')],
    ['Bundle', 'composition.status=final', token('composition.status', 'final')],
    ['Bundle', 'composition:Composition._id=1', reference('composition', 'Composition/1')],
    [
      'Bundle',
      'message.source-uri=http://a',
      { kind: 'uri', param: 'message.source-uri', match: 'exact', value: 'http://a' },
    ],
    [
      'Bundle',
      'composition.patient.identifier=a',
      { kind: 'chain', param: 'composition.patient', types: ['Patient'], where: token('identifier', 'a') },
    ],
    // reference
    ['Task', 'patient=1', reference('patient', 'Patient/1')],
    ['Task', 'patient=Patient/1', reference('patient', 'Patient/1')],
    ['Task', 'patient=https://here.org/fhir/Patient/1', reference('patient', 'Patient/1')],
    [
      'Task',
      'patient=https://there.org/fhir/Patient/1',
      reference('patient', 'https://there.org/fhir/Patient/1'),
    ],
    ['Task', 'patient=urn:uuid:1', reference('patient', 'urn:uuid:1')],
    ['Task', 'patient=1,Patient/2,1', reference('patient', 'Patient/1', 'Patient/2')],
    ['Task', 'subject:Patient=1,2', reference('subject', 'Patient/1', 'Patient/2')],
    ['Task', 'requester=1', reference('requester', 'Organization/1', 'Patient/1', 'PractitionerRole/1')],
    ['Task', 'encounter=1', reference('encounter')],
    ['Task', 'patient:identifier=urn:oid:1|7', token('patient:identifier', '7', 'urn:oid:1')],
    ['Task', 'patient:missing=true', noReference('patient')],
    [
      'Task',
      'patient:missing=false',
      {
        kind: 'any',
        of: [
          { kind: 'missing', param: 'patient', missing: false },
          { kind: 'missing', param: 'patient:identifier', missing: false },
        ],
      },
    ],
    ['Task', 'status:missing=false', { kind: 'missing', param: 'status', missing: false }],
    // string
    ['Patient', 'name=M%C3%9CL', { kind: 'string', param: 'name', match: 'starts', value: 'mul' }],
    ['Patient', 'name:contains=ÜL', { kind: 'string', param: 'name', match: 'contains', value: 'ul' }],
    ['Patient', 'name:exact=Mül', { kind: 'string', param: 'name', match: 'exact', value: 'Mül' }],
    ['Patient', String.raw`name=a\,b`, { kind: 'string', param: 'name', match: 'starts', value: 'a,b' }],
    // uri, and references that are canonicals
    ['Task', '_profile=http://p|1', { kind: 'uri', param: '_profile', match: 'exact', value: 'http://p|1' }],
    [
      'Subscription',
      'url:below=https://a',
      { kind: 'uri', param: 'url', match: 'below', value: 'https://a' },
    ],
    [
      'Subscription',
      'url:above=https://a',
      { kind: 'uri', param: 'url', match: 'above', value: 'https://a' },
    ],
    [
      'ServiceRequest',
      'instantiates-canonical=http://p',
      { kind: 'uri', param: 'instantiates-canonical', match: 'exact', value: 'http://p' },
    ],
    // date
    [
      'Task',
      'authored-on=2026-11-22',
      { kind: 'range', param: 'authored-on', prefix: 'eq', ...day('2026-11-22') },
    ],
    ...(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'] as const).map((prefix): [string, string, Clause] => [
      'Task',
      `authored-on=${prefix}2026-11-22`,
      { kind: 'range', param: 'authored-on', prefix, ...day('2026-11-22') },
    ]),
    [
      'Task',
      'authored-on=2026-11-22T10:00',
      {
        kind: 'range',
        param: 'authored-on',
        prefix: 'eq',
        low: Date.UTC(2026, 10, 22, 10),
        high: Date.UTC(2026, 10, 22, 10, 0, 59, 999),
      },
    ],
    [
      'Task',
      'authored-on=2026-11-22T10:00:00%2B02:00',
      {
        kind: 'range',
        param: 'authored-on',
        prefix: 'eq',
        low: Date.UTC(2026, 10, 22, 8),
        high: Date.UTC(2026, 10, 22, 8, 0, 0, 999),
      },
    ],
    [
      'Task',
      'authored-on=ap2026-11-12',
      {
        kind: 'range',
        param: 'authored-on',
        prefix: 'ap',
        low: day('2026-11-12').low - DAY,
        high: day('2026-11-12').high + DAY,
      },
    ],
    [
      'Task',
      'authored-on=2026,ge2027-01-01',
      {
        kind: 'any',
        of: [
          {
            kind: 'range',
            param: 'authored-on',
            prefix: 'eq',
            low: Date.UTC(2026, 0),
            high: Date.UTC(2027, 0) - 1,
          },
          { kind: 'range', param: 'authored-on', prefix: 'ge', ...day('2027-01-01') },
        ],
      },
    ],
    // every resource
    ['Task', '_id=a,b', { kind: 'id', ids: ['a', 'b'] }],
    ['Task', '_lastUpdated=gt2026-11-22', { kind: 'updated', prefix: 'gt', ...day('2026-11-22') }],
  ])('%s?%s', (type, text, clause) => {
    expect(where(type, text)).toEqual(clause);
  });
});

describe('numbers imply a precision (R4 search, number)', () => {
  test.each([
    ['100', 'eq', 99.5, 100.5],
    ['100.00', 'eq', 99.995, 100.005],
    ['5.4', 'eq', 5.35, 5.45],
    ['-5.4', 'eq', -5.45, -5.35],
    ['ne0', 'ne', -0.5, 0.5],
    ['1.2e3', 'eq', 1150, 1250],
    ['1e2', 'eq', 95, 105],
    ['1.0e2', 'eq', 95, 105],
    ['5e-1', 'eq', 0.45, 0.55],
    ['12e1', 'eq', 115, 125],
    ['ap100', 'ap', 89.5, 110.5],
  ] as const)('%s: %s from %s up to, not including, %s', (text, prefix, low, end) => {
    const clause = where('Observation', `value-quantity=${text}`);
    expect(clause).toMatchObject({ kind: 'range', prefix, low });
    const { high } = clause as Extract<Clause, { kind: 'range' }>;
    expect(high).toBeCloseTo(end, 9);
    expect(prefix === 'ap' || high < end).toBe(true);
  });

  test.each(['gt', 'lt', 'ge', 'le', 'sa', 'eb'] as const)('%s ignores the precision', (prefix) => {
    expect(where('Observation', `value-quantity=${prefix}5.40`)).toEqual({
      kind: 'range',
      param: 'value-quantity',
      prefix,
      low: 5.4,
      high: 5.4,
      points: true,
    });
  });

  test('every number lies in what it implies, and the next of its precision does not', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 6 }), (digits, decimals) => {
        const text = (digits / 10 ** decimals).toFixed(decimals);
        const clause = where('Observation', `value-quantity=${text}`) as Extract<Clause, { kind: 'range' }>;
        const next = Number(((digits + 1) / 10 ** decimals).toFixed(decimals));
        expect(clause.low).toBeLessThanOrEqual(Number(text));
        expect(clause.high).toBeGreaterThanOrEqual(Number(text));
        expect(clause.high).toBeLessThan(next);
      }),
    );
  });
});

describe('several parameters', () => {
  test('must all be satisfied, repeated ones too', () => {
    expect(where('Task', 'status=a&status=b&patient=1')).toEqual({
      kind: 'all',
      of: [token('status', 'a'), token('status', 'b'), reference('patient', 'Patient/1')],
    });
  });

  test('none finds everything', () => {
    expect(where('Task', '_format=json&_pretty=true')).toEqual({ kind: 'all', of: [] });
  });
});

describe('chains', () => {
  test.each<[string, string, Clause]>([
    [
      'Task',
      'focus:ServiceRequest.identifier=urn:oid:1|7',
      {
        kind: 'chain',
        param: 'focus',
        types: ['ServiceRequest'],
        where: token('identifier', '7', 'urn:oid:1'),
      },
    ],
    // without a type: every target that has it, alike ones together
    [
      'Task',
      'owner.name=x',
      {
        kind: 'chain',
        param: 'owner',
        types: ['Organization', 'Patient'],
        where: { kind: 'string', param: 'name', match: 'starts', value: 'x' },
      },
    ],
    [
      'Task',
      'focus.patient:missing=true',
      {
        kind: 'chain',
        param: 'focus',
        types: ['Observation', 'ServiceRequest', 'Task'],
        where: noReference('patient'),
      },
    ],
    [
      'Task',
      'owner.active=true',
      {
        kind: 'chain',
        param: 'owner',
        types: ['Organization', 'Patient', 'PractitionerRole'],
        where: token('active', 'true'),
      },
    ],
    [
      'Task',
      'patient._id=1',
      { kind: 'chain', param: 'patient', types: ['Patient'], where: { kind: 'id', ids: ['1'] } },
    ],
    [
      'Task',
      'patient.gender:not=male',
      {
        kind: 'chain',
        param: 'patient',
        types: ['Patient'],
        where: { kind: 'not', clause: token('gender', 'male') },
      },
    ],
    [
      'Task',
      'focus:ServiceRequest.patient.organization=9',
      {
        kind: 'chain',
        param: 'focus',
        types: ['ServiceRequest'],
        where: {
          kind: 'chain',
          param: 'patient',
          types: ['Patient'],
          where: reference('organization', 'Organization/9'),
        },
      },
    ],
    [
      'Patient',
      '_has:Task:patient:status=requested',
      { kind: 'has', type: 'Task', param: 'patient', where: token('status', 'requested') },
    ],
    [
      'Task',
      'patient:Patient._has:Observation:patient:code=8480-6',
      {
        kind: 'chain',
        param: 'patient',
        types: ['Patient'],
        where: { kind: 'has', type: 'Observation', param: 'patient', where: token('code', '8480-6') },
      },
    ],
  ])('%s?%s', (type, text, clause) => {
    expect(where(type, text)).toEqual(clause);
  });

  test('targets for which the rest means something else have a clause of their own', () => {
    const clause = where('Task', 'focus.subject=1');
    const kinds = (clause as Extract<Clause, { kind: 'any' }>).of.map(
      (one) => (one as Extract<Clause, { kind: 'chain' }>).types,
    );
    expect(kinds).toEqual([['Observation', 'ServiceRequest'], ['Task']]);
  });
});

describe('refusals', () => {
  test.each([
    // parameters
    ['Task', 'nonsense=1', 'search-parameter-unknown'],
    ['Task', 'constructor=1', 'search-parameter-unknown'],
    ['Task', '__proto__=1', 'search-parameter-unknown'],
    ['Task', 'Status=x', 'search-parameter-unknown'],
    ['Task', '_text=(', 'search-value-invalid'],
    ['Task', '_filter=x', 'search-value-invalid'],
    ['Observation', 'code-value-concept=a', 'search-value-invalid'],
    ['Observation', 'code-value-concept=a$b$c', 'search-value-invalid'],
    ['Observation', 'code-value-concept=$b', 'search-value-invalid'],
    ['Observation', 'code-value-quantity=a$five', 'search-value-invalid'],
    ['Observation', 'code-value-concept:not=a$b', 'search-parameter-unknown'],
    ['Observation', '_sort=code-value-concept', 'search-parameter-unknown'],
    ['Location', 'near=1', 'search-value-invalid'],
    ['Location', 'near=91|2', 'search-value-invalid'],
    ['Location', 'near=1|181', 'search-value-invalid'],
    ['Location', 'near=1|2|-1', 'search-value-invalid'],
    ['Location', 'near=1|2|3|parsec', 'search-value-invalid'],
    ['Location', 'near=north|east', 'search-value-invalid'],
    ['Location', 'near:above=1|2', 'search-parameter-unknown'],
    ['Bundle', 'composition._lastUpdated=2026', 'search-parameter-unknown'],
    ['Bundle', 'composition:Patient.name=x', 'search-parameter-unknown'],
    ['Bundle', '_include=Bundle:composition', 'search-parameter-unknown'],
    ['Composition', '_has:Bundle:composition:type=document', 'search-parameter-unknown'],
    // modifiers
    ['Task', 'status:exact=x', 'search-parameter-unknown'],
    ['Task', 'status:toString=x', 'search-parameter-unknown'],
    ['Task', 'status:=x', 'search-parameter-unknown'],
    ['Task', 'authored-on:not=2026', 'search-parameter-unknown'],
    ['Task', 'patient:contains=1', 'search-parameter-unknown'],
    ['Task', '_id:above=1', 'search-parameter-unknown'],
    ['Task', '_lastUpdated:not=2026', 'search-parameter-unknown'],
    ['Patient', 'gender:of-type=a|b|c', 'search-value-invalid'],
    ['Patient', 'identifier:of-type=a|b', 'search-value-invalid'],
    ['Patient', 'identifier:of-type=|b|c', 'search-value-invalid'],
    ['Task', 'subject:below=Patient/1', 'search-parameter-unknown'],
    ['Subscription', 'url:below=urn:oid:1', 'search-value-invalid'],
    ['Task', 'status:missing=maybe', 'search-value-invalid'],
    ['Task', 'status:missing=true,false', 'search-value-invalid'],
    // values
    ['Task', 'status=', 'search-value-invalid'],
    ['Task', 'status=a,,b', 'search-value-invalid'],
    ['Task', 'status=,', 'search-value-invalid'],
    ['Task', 'identifier=|', 'search-value-invalid'],
    ['Task', 'identifier=a|b|c', 'search-value-invalid'],
    ['Task', String.raw`identifier=a\b`, 'search-value-invalid'],
    ['Task', 'identifier=a\\', 'search-value-invalid'],
    ['Task', `identifier=${'x'.repeat(1025)}`, 'search-value-invalid'],
    ['Patient', `name=${'x'.repeat(257)}`, 'search-value-invalid'],
    ['Patient', 'name=%20', 'search-value-invalid'],
    ['Patient', 'active=yes', 'search-value-invalid'],
    ['Patient', 'active=http://x|', 'search-value-invalid'],
    ['Task', 'authored-on=yesterday', 'search-value-invalid'],
    ['Task', 'authored-on=2026-02-30', 'search-value-invalid'],
    ['Task', 'authored-on=ge', 'search-value-invalid'],
    ['Task', 'authored-on=xx2026', 'search-value-invalid'],
    ['Task', 'authored-on=2026-11-22T25:00', 'search-value-invalid'],
    ['Observation', 'value-quantity=five', 'search-value-invalid'],
    ['Observation', 'value-quantity=5|mg', 'search-value-invalid'],
    ['Observation', 'value-quantity=5|http://unitsofmeasure.org|', 'search-value-invalid'],
    ['Observation', 'value-quantity=|http://unitsofmeasure.org|mg', 'search-value-invalid'],
    ['Observation', 'value-quantity=5|a|b|c', 'search-value-invalid'],
    ['Observation', 'value-quantity=1e999', 'search-value-invalid'],
    ['Observation', 'value-quantity=05', 'search-value-invalid'],
    ['Task', 'patient=Patient/1/_history/2', 'search-value-invalid'],
    ['Task', 'patient=a b', 'search-value-invalid'],
    ['Task', 'patient=#p', 'search-value-invalid'],
    ['Task', 'patient=Patient?name=x', 'search-value-invalid'],
    ['Task', 'patient:Group=1', 'search-value-invalid'],
    ['Task', 'subject:Patient=Patient/1', 'search-value-invalid'],
    ['Task', '_id=a/b', 'search-value-invalid'],
    [
      'Task',
      `status=${Array.from({ length: ALTERNATIVES_MAX + 1 }, () => 'x').join(',')}`,
      'search-value-invalid',
    ],
    ['Task', Array.from({ length: PARAMETERS_MAX + 1 }, () => 'status=x').join('&'), 'search-value-invalid'],
    // chains
    ['Task', 'status.code=x', 'search-parameter-unknown'],
    ['Task', 'focus.nonsense=x', 'search-parameter-unknown'],
    ['Task', 'nonsense.name=x', 'search-parameter-unknown'],
    ['Task', 'focus:Nonsense.identifier=x', 'search-parameter-unknown'],
    ['Task', 'focus:Binary.identifier=x', 'search-parameter-unknown'],
    ['Task', 'patient:Group.identifier=x', 'search-parameter-unknown'],
    ['Task', 'patient.=x', 'search-parameter-unknown'],
    ['Task', 'part-of.part-of.part-of.part-of.part-of.part-of.status=x', 'search-parameter-unknown'],
    ['Patient', '_has:Task:status:code=x', 'search-parameter-unknown'],
    ['Patient', '_has:Task:patient=x', 'search-parameter-unknown'],
    ['Patient', '_has:Task:encounter:status=x', 'search-parameter-unknown'],
    ['Patient', '_has:Nonsense:patient:code=x', 'search-parameter-unknown'],
    // the result
    ['Task', '_count=-1', 'search-value-invalid'],
    ['Task', '_count=ten', 'search-value-invalid'],
    ['Task', '_count=1&_count=2', 'search-value-invalid'],
    ['Task', '_total=exactly', 'search-value-invalid'],
    ['Task', '_summary=yes', 'search-value-invalid'],
    ['Task', '_elements=a.b', 'search-value-invalid'],
    ['Task', '_elements=', 'search-value-invalid'],
    ['Task', '_sort=nonsense', 'search-parameter-unknown'],
    ['Task', '_sort=', 'search-parameter-unknown'],
    ['Task', '_sort=status,status,status,status,status,status', 'search-value-invalid'],
    ['Task', '_sort:desc=status', 'search-parameter-unknown'],
    ['Task', '_include=*:focus', 'search-value-invalid'],
    ['Task', '_include=Task:status', 'search-parameter-unknown'],
    ['Task', '_include=Task:focus:Nonsense', 'search-value-invalid'],
    ['Task', '_include=ServiceRequest:subject', 'search-value-invalid'],
    ['Task', '_include:all=Task:focus', 'search-parameter-unknown'],
    ['Task', '_revinclude=Task:encounter', 'search-value-invalid'],
  ])('%s?%s: %s', (type, text, code) => {
    expect(refusalOf(() => search(type, text)).code).toBe(code);
  });

  test('a chain without types comes to a bounded question in bounded time, whatever types there are', () => {
    const everyType = { ...OPTIONS, types: undefined };
    const before = performance.now();
    for (const hop of ['subject', 'focus', 'target', 'entity', 'item', 'based-on', 'part-of', 'context']) {
      for (const type of ['Basic', 'Task', 'Provenance', 'List', 'Observation', 'Communication']) {
        const size = sizeOf(() => search(type, `${`${hop}.`.repeat(5)}status=x`, everyType));
        expect(size).toBeLessThan(100_000);
      }
    }
    expect(performance.now() - before).toBeLessThan(5000);
  });

  test('names the parameter and never the value', () => {
    for (const text of [
      'name=%20Kowalski\\x',
      'birthdate=Kowalski',
      'Kowalski%3Cscript%3E=1',
      'identifier=a|b|Kowalski',
    ]) {
      const [issue] = refusalOf(() => search('Patient', text)).issues;
      expect(issue?.diagnostics).toMatch(/^[\w.:?-]+: /);
      expect(issue?.diagnostics?.split(': ').slice(1).join()).not.toContain('Kowalski');
    }
  });
});

/** Characters of the question; 0 when it is refused. */
function sizeOf(act: () => unknown): number {
  try {
    return JSON.stringify(act()).length;
  } catch (error) {
    if (error instanceof OperationOutcomeError) return 0;
    throw error;
  }
}

function refusalOf(act: () => unknown): OperationOutcomeError {
  try {
    act();
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('lenient handling', () => {
  test('leaves unknown parameters out, says so, and shows in self what was searched', () => {
    const { query, self, warnings } = search('Task', 'nonsense=1&status=a&focus.nonsense=2', LENIENT);
    expect(query.where).toEqual(token('status', 'a'));
    expect(self).toBe('status=a');
    expect(warnings.map(({ code, severity, diagnostics }) => [code, severity, diagnostics])).toEqual([
      ['search-parameter-unknown', 'warning', 'nonsense: Task has no such parameter; it was left out'],
      ['search-parameter-unknown', 'warning', 'focus.nonsense: Task has no such parameter; it was left out'],
    ]);
  });

  test.each(['status:exact=x', 'authored-on=never', '_count=x'])('does not excuse %s', (text) => {
    expect(() => search('Task', text, LENIENT)).toThrow(OperationOutcomeError);
  });
});

describe('what is asked of the result', () => {
  test('nothing: defaults', () => {
    const { query, ...rest } = search('Task', 'status=a');
    expect(query).toMatchObject({
      type: 'Task',
      sort: [],
      count: 20,
      offset: 0,
      total: false,
      sight: { everything: true },
    });
    expect(rest).toEqual({
      include: [],
      revinclude: [],
      summary: 'false',
      elements: undefined,
      total: undefined,
      left: [],
      self: 'status=a',
      warnings: [],
    });
  });

  test.each([
    ['_count=7', 7, false],
    ['_count=1000', 100, false],
    ['_count=0', 0, true],
    ['_summary=count', 0, true],
    ['_summary=count&_count=5', 0, true],
    ['_total=accurate', 20, true],
    ['_total=estimate', 20, true],
    ['_total=none', 20, false],
  ])('%s: at most %s matches, total %s', (text, count, total) => {
    expect(search('Task', text).query).toMatchObject({ count, total });
  });

  test('the page size that is used stands in self', () => {
    expect(search('Task', '_count=1000').self).toBe('_count=100');
  });

  test('sort keys', () => {
    expect(search('Task', '_sort=-authored-on,status,_id,-_lastUpdated').query.sort).toEqual([
      { param: 'authored-on', descending: true },
      { param: 'status', descending: false },
      { param: '_id', descending: false },
      { param: '_lastUpdated', descending: true },
    ]);
  });

  test('elements', () => {
    expect(search('Task', '_elements=status,focus&_elements=status,owner').elements).toEqual([
      'status',
      'focus',
      'owner',
    ]);
  });

  test('inclusions', () => {
    const { include, revinclude } = search(
      'Task',
      '_include=Task:focus&_include=Task:focus:ServiceRequest&_include:iterate=ServiceRequest:subject&_revinclude=Task:part-of',
    );
    expect(include).toEqual([
      { type: 'Task', param: 'focus', iterate: false },
      { type: 'Task', param: 'focus', target: 'ServiceRequest', iterate: false },
      { type: 'ServiceRequest', param: 'subject', iterate: true },
    ]);
    expect(revinclude).toEqual([{ type: 'Task', param: 'part-of', iterate: false }]);
  });
});

test('self says the same search again, whatever is in it', () => {
  const value = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).map((text) => escape(text));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (values) => {
      const asked = values.map((text): Pair => ['identifier', text]);
      const first = parseSearch('Task', asked, OPTIONS);
      expect(pairs(first.self)).toEqual(asked);
      expect(first.self).toMatch(/^[\w.~!*'()%=&:,/?@$-]*$/);
    }),
  );
});

describe('escapes', () => {
  test('an escaped text is one value, one part, and comes back', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (texts) => {
        for (const separator of [',', '|'] as const) {
          const pieces = splitEscaped(texts.map(escape).join(separator), separator);
          expect(pieces?.map(unescape)).toEqual(texts);
        }
      }),
    );
  });

  test('an alternative is found as it was meant', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 9 }), { minLength: 2, maxLength: 5 }),
        (codes) => {
          const [, value] = ['identifier', codes.map((code) => `s|${escape(code)}`).join(',')] as const;
          expect(parseSearch('Task', [['identifier', value]], OPTIONS).query.where).toEqual({
            kind: 'any',
            of: codes.map((code) => token('identifier', code, 's')),
          });
        },
      ),
    );
  });
});

describe('conditions', () => {
  test.each<[string, Clause]>([
    ['identifier=urn:oid:1%7C7', token('identifier', '7', 'urn:oid:1')],
    ['?identifier=7&_format=json', token('identifier', '7')],
    [
      'family=M%C3%BCller&active=true',
      {
        kind: 'all',
        of: [{ kind: 'string', param: 'family', match: 'starts', value: 'muller' }, token('active', 'true')],
      },
    ],
  ])('%s', (text, clause) => {
    expect(parseCondition('Patient', text, OPTIONS)).toEqual(clause);
  });

  test.each([
    ['', 'search-value-invalid'],
    ['?', 'search-value-invalid'],
    ['_format=json', 'search-value-invalid'],
    ['identifier=7&_count=1', 'search-parameter-unknown'],
    ['identifier=7&_include:iterate=Patient:organization', 'search-parameter-unknown'],
    ['identifier=7&nonsense=1', 'search-parameter-unknown'],
    ['identifier=', 'search-value-invalid'],
  ])('%j is refused: %s', (text, code) => {
    expect(refusalOf(() => parseCondition('Patient', text, OPTIONS)).code).toBe(code);
  });
});

test('an open chain over every type of R4 is read in no time', () => {
  const { types: _served, ...anywhere } = OPTIONS;
  const asked = Array.from({ length: PARAMETERS_MAX }, (): Pair => [
    'subject.subject.subject.identifier',
    '7',
  ]);
  const start = performance.now();
  const { query } = parseSearch('Task', asked, anywhere);
  expect((query.where as Extract<Clause, { kind: 'all' }>).of).toHaveLength(PARAMETERS_MAX);
  expect(performance.now() - start).toBeLessThan(2000);
});
