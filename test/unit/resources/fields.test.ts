/** What an order asks for, beside what a party is known for (docs/directory.md). */
import { describe, expect, test } from '@jest/globals';
import type { CodeableConcept } from '../../../src/fhir/types.ts';
import { fieldsOf, mayServe } from '../../../src/resources/parties/fields.ts';

const nucc = (code: string, display?: string): CodeableConcept => ({
  coding: [{ system: 'http://nucc.org/provider-taxonomy', code, ...(display !== undefined && { display }) }],
});
const snomed = (code: string, display?: string): CodeableConcept => ({
  coding: [{ system: 'http://snomed.info/sct', code, ...(display !== undefined && { display }) }],
});

describe('(directory DR25) the field that a concept names', () => {
  test.each<[string, CodeableConcept, readonly string[]]>([
    ['by NUCC, of a specialty of internal medicine', nucc('207RC0000X'), ['cardiology']],
    ['by NUCC, of internal medicine itself', nucc('207R00000X'), ['primary care']],
    ['by NUCC, of a specialty that shares its classification', nucc('207RG0100X'), ['gastroenterology']],
    ['by NUCC, by how it begins', nucc('207NS0135X'), ['dermatology']],
    ['by a practice code of SNOMED CT', snomed('394582007'), ['dermatology']],
    [
      'by the words of a code without a row',
      snomed('306206005', 'Referral to cardiology service'),
      ['cardiology'],
    ],
    ['by the code where the words say otherwise', snomed('394582007', 'Cardiology'), ['dermatology']],
    ['by a text', { text: 'Diabetes education, nutrition' }, ['endocrinology', 'nutrition']],
    ['none by a code without words', snomed('3457005'), []],
    [
      'none by a code of another system',
      { coding: [{ system: 'http://example.org', code: '207RC0000X' }] },
      [],
    ],
    ['none by words of no field', { text: 'Patient referral' }, []],
  ])('%s', (_says, concept, fields) => {
    expect([...fieldsOf([concept])]).toEqual(fields);
  });

  test.each<[string, readonly CodeableConcept[], readonly CodeableConcept[], boolean]>([
    ['the same field by another system', [snomed('394579002')], [nucc('207RC0000X')], true],
    ['one of several', [nucc('207N00000X')], [nucc('207RC0000X'), nucc('207N00000X')], true],
    ['another field', [snomed('394579002')], [nucc('207N00000X')], false],
    ['an order that names none', [snomed('3457005')], [nucc('207N00000X')], true],
    ['a party that is known for none', [snomed('394579002')], [], true],
  ])('%s', (_says, asked, known, fits) => {
    expect(mayServe(fieldsOf(asked), fieldsOf(known))).toBe(fits);
  });
});
