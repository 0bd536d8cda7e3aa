/** One fault a row: what is wrong, where it is found, and what is said of it. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { UNCHECKED } from '../../../src/resources/validation/value-sets.ts';

const task = (rest: object): Resource => ({
  resourceType: 'Task',
  status: 'requested',
  intent: 'order',
  ...rest,
});
const patient = (rest: object): Resource => ({ resourceType: 'Patient', ...rest });
const observation = (rest: object): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...rest,
});
const input = (rest: object) => task({ input: [{ type: { text: 'x' }, ...rest }] });
const contained = (rest: object) =>
  patient({
    contained: [{ resourceType: 'Organization', id: 'o', name: 'x', ...rest }],
    managingOrganization: { reference: '#o' },
  });
const bundle = (...resources: object[]): Resource => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource) => ({ resource })),
});
const div = (inside: string) =>
  patient({
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${inside}</div>` },
  });

type Row = readonly [
  says: string | RegExp,
  resource: Resource,
  expression: string,
  code?: string,
  type?: string,
];

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'a quantity that is a simple one': [
    [
      'no comparator (sqty-1)',
      input({ valueRange: { low: { value: 1, comparator: '<' } } }),
      'Task.input[0].value.low',
      'structure-invalid',
      'invariant',
    ],
    [
      'no comparator (sqty-1)',
      input({ valueDosage: { doseAndRate: [{ rateQuantity: { value: 1, comparator: '>=' } }] } }),
      'Task.input[0].value.doseAndRate[0].rate',
      'structure-invalid',
      'invariant',
    ],
  ],
  'unknown elements': [
    ['Task has no such element', task({ colour: 'red' }), 'Task.colour'],
    ['did you mean identifier?', task({ identifiers: [] }), 'Task.identifiers'],
    ['did you mean businessStatus?', task({ businessstatus: {} }), 'Task.businessstatus'],
    [
      'Identifier has no such element',
      task({ identifier: [{ value: 'x', id2: 1 }] }),
      'Task.identifier[0].id2',
    ],
    ['Task has no such element', task({ 'a name that\nis none': 1 }), 'Task.`?`'],
    ['id is not a primitive that may have extensions', task({ _id: { id: 'x' } }), 'Task._id'],
    ['focus is not a primitive that', task({ _focus: { id: 'x' } }), 'Task._focus'],
    ['has no such element', task({ resourcetype: 'Task' }), 'Task.resourcetype'],
    [
      'url is not a primitive that',
      patient({ extension: [{ url: 'x', _url: {}, valueCode: 'x' }] }),
      'Patient.extension[0]._url',
    ],
  ],
  cardinality: [
    ['Task needs it', { resourceType: 'Task', intent: 'order' }, 'Task.status', 'field-missing', 'required'],
    [
      'Task.input needs it',
      task({ input: [{ valueString: 'x' }] }),
      'Task.input[0].type',
      'field-missing',
      'required',
    ],
    ['Task.input needs it', input({}), 'Task.input[0].value', 'field-missing', 'required'],
    ['a JSON array: the element repeats', task({ note: { text: 'x' } }), 'Task.note'],
    ['a JSON object', task({ focus: [{ reference: 'Task/1' }] }), 'Task.focus'],
    ['a JSON string', task({ status: ['draft'] }), 'Task.status'],
    ['must not be empty', task({ note: [] }), 'Task.note'],
    ['neither a value nor children', task({ focus: {} }), 'Task.focus', 'structure-invalid', 'invariant'],
    [
      'neither a value nor children',
      task({ focus: { id: 'x' } }),
      'Task.focus',
      'structure-invalid',
      'invariant',
    ],
    ['a JSON string', task({ priority: null }), 'Task.priority'],
  ],
  'JSON types': [
    ['true or false', patient({ active: 'true' }), 'Patient.active'],
    ['a JSON number', observation({ valueQuantity: { value: '1.5' } }), 'Observation.value.value'],
    ['a JSON string', patient({ birthDate: 1980 }), 'Patient.birthDate'],
    ['a whole number', patient({ multipleBirthInteger: 1.5 }), 'Patient.multipleBirth'],
    ['at least 1', input({ valuePositiveInt: 0 }), 'Task.input[0].value', 'structure-invalid', 'value'],
    ['at least 0', input({ valueUnsignedInt: -1 }), 'Task.input[0].value', 'structure-invalid', 'value'],
    [
      'at most 2147483647',
      input({ valueInteger: 2147483648 }),
      'Task.input[0].value',
      'structure-invalid',
      'value',
    ],
    ['a JSON number', observation({ valueQuantity: { value: Infinity } }), 'Observation.value.value'],
  ],
  'primitive formats': [
    ...[
      '2026-02-31',
      '2025-02-29',
      '1900-02-29',
      '2026-13',
      '2026-00',
      '26',
      '2026-1-1',
      '2026-01-01T00:00:00Z',
      '0000',
      '',
    ].map((birthDate): Row => [
      'a date that exists',
      patient({ birthDate }),
      'Patient.birthDate',
      'structure-invalid',
      'value',
    ]),
    ...[
      '2026-02-31T10:00:00Z',
      '2026-01-01T10:00:00',
      '2026-01-01T10:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01 10:00:00Z',
      '2026-01-01T10:00:00+15:00',
    ].map((authoredOn): Row => [
      'a date that exists',
      task({ authoredOn }),
      'Task.authoredOn',
      'structure-invalid',
      'value',
    ]),
    ...['2026-01-01', '2026-01', '2026-01-01T10:00:00'].map((issued): Row => [
      'time and time zone',
      observation({ issued }),
      'Observation.issued',
      'structure-invalid',
      'value',
    ]),
    ...['25:00:00', '10:00', '10:60:00'].map((valueTime): Row => [
      'a time of day',
      observation({ valueTime }),
      'Observation.value',
      'structure-invalid',
      'value',
    ]),
    ...[' x', 'x ', 'x  y', ''].map((valueCode): Row => [
      'a code',
      input({ valueCode }),
      'Task.input[0].value',
      'structure-invalid',
      'value',
    ]),
    ...['', 'a_b', 'x'.repeat(65), 'ä'].map((id): Row => [
      '1 to 64 characters',
      task({ id }),
      'Task.id',
      'structure-invalid',
      'value',
    ]),
    ...['a b', ''].map((valueUri): Row => [
      'a URI',
      input({ valueUri }),
      'Task.input[0].value',
      'structure-invalid',
      'value',
    ]),
    ...['1.2.3', 'urn:oid:3.1', 'urn:oid:1.02'].map((valueOid): Row => [
      'urn:oid:',
      input({ valueOid }),
      'Task.input[0].value',
      'structure-invalid',
      'value',
    ]),
    ...['0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e', 'urn:uuid:0F2A7C1E-6D5B-4D63-9C3F-1D2B3A4C5D6E'].map(
      (valueUuid): Row => [
        'urn:uuid:',
        input({ valueUuid }),
        'Task.input[0].value',
        'structure-invalid',
        'value',
      ],
    ),
    ...['A', 'AAA', 'AA=A', 'A===', '====', '!', '', ' '].map((data): Row => [
      'base64',
      { resourceType: 'Binary', contentType: 'x/y', data },
      'Binary.data',
      'structure-invalid',
      'value',
    ]),
    ...['', 'a\u0000b', '\u001b[0m'].map((description): Row => [
      'not empty',
      task({ description }),
      'Task.description',
      'structure-invalid',
      'value',
    ]),
  ],
  'primitive extensions': [
    ['other list', patient({ name: [{ given: [null] }] }), 'Patient.name[0].given[0]'],
    [
      'other list',
      patient({
        name: [{ given: ['a', null], _given: [{ id: 'x', extension: [{ url: 'u', valueCode: 'c' }] }] }],
      }),
      'Patient.name[0].given[1]',
    ],
    ['other list', patient({ name: [{ _given: [null] }] }), 'Patient.name[0].given[0]'],
    ['a JSON array', patient({ name: [{ given: ['a'], _given: { id: 'x' } }] }), 'Patient.name[0].given'],
    ['neither a value', patient({ _birthDate: {} }), 'Patient.birthDate', 'structure-invalid', 'invariant'],
    [
      'neither a value',
      patient({ _birthDate: { id: 'x' } }),
      'Patient.birthDate',
      'structure-invalid',
      'invariant',
    ],
    ['has no such element', patient({ _birthDate: { value: 'x' } }), 'Patient.birthDate.value'],
    ['a JSON object', patient({ name: [null] }), 'Patient.name[0]'],
  ],
  'required bindings': [
    [
      /task-status: draft, requested/,
      task({ status: 'started' }),
      'Task.status',
      'structure-invalid',
      'code-invalid',
    ],
    [
      'value set administrative-gender',
      patient({ gender: 'F' }),
      'Patient.gender',
      'structure-invalid',
      'code-invalid',
    ],
    [
      'value set days-of-week',
      { resourceType: 'Location', hoursOfOperation: [{ daysOfWeek: ['mon', 'Tue'] }] },
      'Location.hoursOfOperation[0].daysOfWeek[1]',
      'structure-invalid',
      'code-invalid',
    ],
    [
      'condition-clinical: active',
      { resourceType: 'Condition', subject: { reference: 'Patient/1' }, clinicalStatus: { text: 'active' } },
      'Condition.clinicalStatus',
      'structure-invalid',
      'code-invalid',
    ],
    [
      'condition-clinical',
      {
        resourceType: 'Condition',
        subject: { reference: 'Patient/1' },
        clinicalStatus: { coding: [{ system: 'http://x', code: 'active' }] },
      },
      'Condition.clinicalStatus',
      'structure-invalid',
      'code-invalid',
    ],
  ],
  'reference targets': [
    [
      'refers to a Location; expected a reference to',
      task({ requester: { reference: 'Location/1' } }),
      'Task.requester',
      'structure-invalid',
      'value',
    ],
    [
      'refers to a Location',
      task({ requester: { reference: 'https://x.example/fhir/Location/1' } }),
      'Task.requester',
      'structure-invalid',
      'value',
    ],
    [
      'refers to a Location',
      task({ requester: { reference: 'urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e', type: 'Location' } }),
      'Task.requester',
      'structure-invalid',
      'value',
    ],
    [
      'refers to a Location',
      task({ requester: { identifier: { value: '1' }, type: 'Location' } }),
      'Task.requester',
      'structure-invalid',
      'value',
    ],
    [
      'refers to a Location',
      task({ requester: { reference: 'Location?identifier=1' } }),
      'Task.requester',
      'structure-invalid',
      'value',
    ],
    [
      'refers to an Organization',
      patient({ link: [{ type: 'refer', other: { reference: 'Organization/1' } }] }),
      'Patient.link[0].other',
      'structure-invalid',
      'value',
    ],
    [
      'a resource of type|is to a Patient',
      task({ focus: { reference: 'Patient/1', type: 'Group' } }),
      'Task.focus.type',
      'structure-invalid',
      'value',
    ],
    [
      'not a resource type of R4',
      task({ focus: { reference: 'Referral/1' } }),
      'Task.focus.reference',
      'structure-invalid',
      'value',
    ],
    ...[
      'Patient',
      'Patient/',
      '/Patient/1',
      'Patient/1/2',
      'Patient/a b',
      'urn:uuid:1',
      'urn:x',
      'patient/1',
    ].map((reference): Row => [
      'expected Type/id',
      task({ focus: { reference } }),
      'Task.focus.reference',
      'structure-invalid',
      'value',
    ]),
    [
      'no contained resource',
      task({ focus: { reference: '#p' } }),
      'Task.focus.reference',
      'structure-invalid',
      'value',
    ],
    [
      'refers to an Organization',
      {
        ...contained({}),
        generalPractitioner: [{ reference: '#o' }],
        link: [{ type: 'refer', other: { reference: '#o' } }],
      },
      'Patient.link[0].other',
      'structure-invalid',
      'value',
    ],
  ],
  'choice types': [
    [
      'only one of valueString and valueCode',
      input({ valueString: 'x', valueCode: 'x' }),
      'Task.input[0].value',
    ],
    [
      'only one of deceasedBoolean and deceasedDateTime',
      patient({ deceasedBoolean: true, _deceasedDateTime: { extension: [{ url: 'u', valueCode: 'c' }] } }),
      'Patient.deceased',
    ],
    [
      'deceased[x] has no such type; expected deceasedBoolean or deceasedDateTime',
      patient({ deceasedString: 'x' }),
      'Patient.deceasedString',
    ],
    ['value[x] has no such type', observation({ valueDecimal: 1 }), 'Observation.valueDecimal'],
  ],
  'contained resources': [
    [
      'expected a resource type',
      contained({ resourceType: 'Organisation' }),
      'Patient.contained[0].resourceType',
      'structure-invalid',
      'value',
    ],
    [
      'a resource needs it',
      { ...patient({ contained: [{ id: 'o' }] }) },
      'Patient.contained[0].resourceType',
      'field-missing',
      'required',
    ],
    [
      'contained resource needs it',
      patient({ contained: [{ resourceType: 'Organization', name: 'x' }] }),
      'Patient.contained[0].id',
      'field-missing',
      'required',
    ],
    [
      'dom-2',
      contained({ contained: [{ resourceType: 'Basic', id: 'b', code: { text: 'x' } }] }),
      'Patient.contained[0]',
      'structure-invalid',
      'invariant',
    ],
    [
      'dom-3',
      patient({ contained: [{ resourceType: 'Organization', id: 'o', name: 'x' }] }),
      'Patient.contained[0]',
      'structure-invalid',
      'invariant',
    ],
    [
      'dom-4',
      contained({ meta: { versionId: '1' } }),
      'Patient.contained[0]',
      'structure-invalid',
      'invariant',
    ],
    [
      'dom-5',
      contained({ meta: { security: [{ code: 'R' }] } }),
      'Patient.contained[0]',
      'structure-invalid',
      'invariant',
    ],
    ['Organization has no such element', contained({ title: 'x' }), 'Patient.contained[0].title'],
    [
      'another contained resource',
      {
        ...contained({}),
        contained: [1, 2].map(() => ({ resourceType: 'Organization', id: 'o', name: 'x' })),
      },
      'Patient.contained[1].id',
      'structure-invalid',
      'duplicate',
    ],
  ],
  'resources in entries and parameters': [
    ['has no such element', bundle(task({}), patient({ colour: 'x' })), 'Bundle.entry[1].resource.colour'],
    [
      'no contained resource',
      bundle(contained({}), task({ focus: { reference: '#o' } })),
      'Bundle.entry[1].resource.focus.reference',
      'structure-invalid',
      'value',
    ],
    [
      'has no such element',
      {
        resourceType: 'Parameters',
        parameter: [{ name: 'a', part: [{ name: 'b', resource: patient({ x: 1 }) }] }],
      },
      'Parameters.parameter[0].part[0].resource.x',
    ],
    [
      'has no such element',
      bundle(bundle(patient({ x: 1 }))),
      'Bundle.entry[0].resource.entry[0].resource.x',
    ],
  ],
  narrative: [
    ['<script>x</script>'],
    ['<p onclick="x()">x</p>'],
    ['<a href="javascript:x()">x</a>'],
    ['<a href="&#106;avascript:x()">x</a>'],
    ['<a href=" javascript:x()">x</a>'],
    ['<img src="vbscript:x"/>'],
    ['<form action="x">x</form>'],
    ['<iframe src="x"></iframe>x'],
    ['<p>x'],
    ['<p>x</b></p>'],
    ['<P>x</P>'],
    ['<p class=x>x</p>'],
    ['x & y'],
    ['x < y'],
    ['<?x?>x'],
    ['  <br/>  '],
    [''],
  ].map(([inside = '']): Row => ['XHTML', div(inside), 'Patient.text.div', 'structure-invalid', 'value']),
};

describe.each(Object.entries(ROWS))('%s', (_rule, rows) => {
  test.each(rows)('%s: %j', (says, resource, expression, code = 'structure-invalid', type = 'structure') => {
    const issues = validateResource(resource);
    expect(issues).toEqual([expect.objectContaining({ expression: [expression], code, type })]);
    expect(issues[0]?.diagnostics).toMatch(
      says instanceof RegExp ? says : new RegExp(says.split('|').map(escape).join('|')),
    );
  });
});

function escape(text: string): string {
  return text.replace(/[[\]?.*+()]/g, String.raw`\$&`);
}

test('several faults are several issues, each with its place', () => {
  const issues = validateResource(
    task({ status: 'x', focus: { reference: 'Patient' }, note: {}, input: [{}], authoredOn: '2026-02-30' }),
  );
  expect(issues.map(({ expression }) => String(expression)).toSorted()).toEqual([
    'Task.authoredOn',
    'Task.focus.reference',
    'Task.input[0]',
    'Task.note',
    'Task.status',
  ]);
});

test('what is said never holds the value', () => {
  const issues = validateResource(
    patient({
      gender: 'Mustermann',
      birthDate: 'Mustermann',
      name: 'Mustermann',
      link: [{ other: { reference: 'Muster mann' }, type: 'refer' }],
    }),
  );
  expect(issues).toHaveLength(4);
  expect(JSON.stringify(issues)).not.toMatch(/Muster/);
});

test('a resource of thousands of faults is refused without naming them all', () => {
  const issues = validateResource(
    task({ input: Array.from({ length: 5000 }, () => ({ type: { x: 1 }, valueString: 'x' })) }),
  );
  expect(issues.length).toBeGreaterThan(50);
  expect(issues.length).toBeLessThan(300);
});

test('an unknown type is refused', () => {
  expect(validateResource({ resourceType: 'Referral' })).toEqual([
    expect.objectContaining({ code: 'structure-invalid' }),
  ]);
  expect(validateResource({ resourceType: 'DomainResource' })).toEqual([
    expect.objectContaining({ code: 'structure-invalid' }),
  ]);
  expect(validateResource({ resourceType: 'constructor' })).toEqual([
    expect.objectContaining({ code: 'structure-invalid' }),
  ]);
});

test('the value sets that are not checked are these', () => {
  expect(UNCHECKED.toSorted()).toEqual(['http://loinc.org/vs/LL379-9', 'mimetypes', 'ucum-units']);
});
