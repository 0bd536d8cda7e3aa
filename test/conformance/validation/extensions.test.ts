/** Extensions (http://hl7.org/fhir/R4/extensibility.html): where they stand, what they hold, and which may be unknown. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { judgeResource, validateResource, type ValidateOptions } from '../../../src/resources/validate.ts';

const R4 = (name: string): string => `http://hl7.org/fhir/StructureDefinition/${name}`;
const patient = (more: object): Resource => ({ resourceType: 'Patient', ...more });
const found = (resource: Resource, options: ValidateOptions = {}) =>
  validateResource(resource, options).map(({ severity = 'error', type, expression }) =>
    [severity, type, ...(expression ?? [])].join(' '),
  );
const birthPlace = { url: R4('patient-birthPlace'), valueAddress: { city: 'x' } };
const birthTime = { url: R4('patient-birthTime'), valueDateTime: '2000-01-01T00:00:00Z' };
const nationality = (...extension: readonly object[]) => ({ url: R4('patient-nationality'), extension });
const code = { url: 'code', valueCodeableConcept: { text: 'x' } };
const unknown = { url: 'http://example.org/x', valueString: 'x' };

const nutrition = {
  resourceType: 'NutritionOrder',
  status: 'active',
  intent: 'order',
  patient: { display: 'x' },
  dateTime: '2026-01-01',
};

describe('known extensions', () => {
  test.each<[string, Resource, readonly string[]]>([
    ['on its resource', patient({ extension: [birthPlace] }), []],
    [
      'on another resource',
      { resourceType: 'Group', type: 'person', actual: false, extension: [birthPlace] },
      ['error extension Group.extension[0]'],
    ],
    [
      'on an element of its resource',
      patient({ name: [{ text: 'x', extension: [birthPlace] }] }),
      ['error extension Patient.name[0].extension[0]'],
    ],
    [
      'on a primitive that it is for',
      patient({ birthDate: '2000-01-01', _birthDate: { extension: [birthTime] } }),
      [],
    ],
    [
      'on the resource instead of the primitive',
      patient({ extension: [birthTime] }),
      ['error extension Patient.extension[0]'],
    ],
    [
      'on a datatype wherever that stands',
      patient({
        name: [{ text: 'x', extension: [{ url: R4('humanname-assembly-order'), valueCode: 'F' }] }],
      }),
      [],
    ],
    [
      'on an element of a datatype',
      patient({
        name: [
          { family: 'x', _family: { extension: [{ url: R4('humanname-own-name'), valueString: 'x' }] } },
        ],
      }),
      [],
    ],
    [
      'on another element of a datatype',
      patient({
        name: [{ text: 'x', _text: { extension: [{ url: R4('humanname-own-name'), valueString: 'x' }] } }],
      }),
      ['error extension Patient.name[0].text.extension[0]'],
    ],
    [
      'on any element',
      patient({
        gender: 'male',
        _gender: { extension: [{ url: R4('data-absent-reason'), valueCode: 'unknown' }] },
      }),
      [],
    ],
    [
      'with a value of another type',
      patient({ extension: [{ url: R4('patient-birthPlace'), valueString: 'x' }] }),
      ['error extension Patient.extension[0].value'],
    ],
    [
      'more often than it may',
      patient({ extension: [birthPlace, birthPlace] }),
      ['error extension Patient.extension[1]'],
    ],
    [
      'with a code outside its value set',
      patient({
        gender: 'male',
        _gender: { extension: [{ url: R4('data-absent-reason'), valueCode: 'because' }] },
      }),
      ['error extension Patient.gender.extension[0].value'],
    ],
    [
      'of parts',
      patient({ extension: [nationality(code, { url: 'period', valuePeriod: { start: '2000' } })] }),
      [],
    ],
    [
      'of parts, one too often',
      patient({ extension: [nationality(code, code)] }),
      ['error extension Patient.extension[0].extension'],
    ],
    [
      'of parts, one of another type',
      patient({ extension: [nationality({ url: 'code', valueString: 'x' })] }),
      ['error extension Patient.extension[0].extension[0].value'],
    ],
    [
      'of parts, with a value',
      patient({ extension: [{ url: R4('patient-nationality'), valueString: 'x' }] }),
      ['error extension Patient.extension[0].value'],
    ],
    [
      'that modifies, in its place',
      { ...nutrition, modifierExtension: [{ url: R4('request-doNotPerform'), valueBoolean: true }] },
      [],
    ],
    [
      'that modifies, out of its place',
      { ...nutrition, extension: [{ url: R4('request-doNotPerform'), valueBoolean: true }] },
      ['error extension NutritionOrder.extension[0]'],
    ],
    [
      'that modifies nothing, among those that do',
      patient({ modifierExtension: [birthPlace] }),
      ['error extension Patient.modifierExtension[0]'],
    ],
    [
      'in a contained resource',
      {
        resourceType: 'Task',
        status: 'draft',
        intent: 'order',
        for: { reference: '#a' },
        contained: [patient({ id: 'a', extension: [birthPlace, birthTime] })],
      },
      ['error extension Task.contained[0].extension[1]'],
    ],
    [
      'in an entry',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ resource: patient({ extension: [birthPlace] }) }],
      },
      [],
    ],
  ])('%s', async (_what, resource, expected) => {
    const details = await judgeResource(resource);
    expect(
      details.map(({ severity = 'error', type, expression }) =>
        [severity, type, ...(expression ?? [])].join(' '),
      ),
    ).toEqual(expected);
  });

  test('a condition on what carries it', async () => {
    const questionnaire = (type: string): Resource => ({
      resourceType: 'Questionnaire',
      status: 'draft',
      item: [
        { linkId: '1', type, extension: [{ url: R4('questionnaire-unit'), valueCoding: { code: 'kg' } }] },
      ],
    });
    expect(await judgeResource(questionnaire('decimal'))).toEqual([]);
    expect(
      (await judgeResource(questionnaire('string'))).map(({ expression }) => String(expression)),
    ).toEqual(['Questionnaire.item[0].extension[0]']);
  });
});

describe('unknown extensions', () => {
  test('are kept, and told only to who asks', () => {
    expect(found(patient({ extension: [unknown] }))).toEqual([]);
    expect(found(patient({ extension: [unknown] }), { thorough: true })).toEqual([
      'information extension Patient.extension[0]',
    ]);
  });

  test('that modify are refused, unless the setting accepts them', () => {
    const resource = patient({ modifierExtension: [unknown] });
    expect(found(resource)).toEqual(['error extension Patient.modifierExtension[0]']);
    expect(found(resource, { unknownModifiers: 'accept' })).toEqual([]);
  });

  test('have an absolute url, but within another', () => {
    expect(found(patient({ extension: [{ url: 'x', valueString: 'x' }] }))).toEqual([
      'error extension Patient.extension[0].url',
    ]);
    expect(
      found(
        patient({ extension: [{ url: 'http://example.org/x', extension: [{ url: 'y', valueCode: 'x' }] }] }),
      ),
    ).toEqual([]);
  });

  test.each<[string, object]>([
    ['a value and parts', { url: 'http://example.org/x', valueString: 'x', extension: [unknown] }],
    ['neither', { url: 'http://example.org/x' }],
    ['two values', { url: 'http://example.org/x', valueString: 'x', valueCode: 'y' }],
    ['no url', { valueString: 'x' }],
  ])('never have %s', (_what, extension) => {
    expect(found(patient({ extension: [extension] }))).toHaveLength(1);
  });
});
