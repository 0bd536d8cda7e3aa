/** What the store keeps of guarded content (compliance D5). */
import { expect, test } from '@jest/globals';
import type { Coding, Resource } from '../../../../src/fhir/types.ts';
import { guardMarksOf, LABEL_SOURCE, readMarks, sourcesIn } from '../../../../src/policies/guards/marks.ts';
import {
  isProgramUnit,
  organizationOfUnit,
  PART2_PROGRAM,
} from '../../../../src/resources/parties/program-unit.ts';

const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const CONF = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const part2: Coding = {
  system: ACT,
  code: '42CFRPart2',
  extension: [{ url: LABEL_SOURCE, valueReference: { reference: 'Organization/detox' } }],
};
const labelled = (...security: Coding[]): Resource => ({ resourceType: 'Observation', meta: { security } });

test.each<[string, Resource, readonly string[]]>([
  ['no label', { resourceType: 'Observation' }, []],
  ['the usual confidentiality', labelled({ system: CONF, code: 'N' }), []],
  ['a confidentiality alone', labelled({ system: CONF, code: 'R' }), [`${CONF}|R`]],
  ['a sensitivity', labelled({ system: ACT, code: 'HIV' }), ['HIV']],
  ['Part 2 with its source', labelled(part2), ['42CFRPart2', 'Organization/detox']],
  [
    'a Bundle: the union of its members, and whom they are about',
    {
      resourceType: 'Bundle',
      meta: { security: [{ system: CONF, code: 'R' }] },
      entry: [
        { resource: { ...labelled(part2), subject: { reference: 'Patient/p' } } },
        { resource: { resourceType: 'Patient', id: 'q' } },
        {},
      ],
    },
    ['42CFRPart2', 'Organization/detox', 'Patient/p', 'Patient/q', `${CONF}|R`],
  ],
])('(compliance D5) marks of %s', (_name, resource, marks) => {
  expect(guardMarksOf(resource)).toEqual(marks);
});

test('(compliance D5) marks are read as they were made', () => {
  const { facts, sources, patients } = readMarks(['42CFRPart2', 'Organization/detox', 'Patient/p', 'SUD']);
  expect([[...facts.labels], facts.part2, [...sources], patients]).toEqual([
    ['42CFRPart2', 'SUD'],
    true,
    ['Organization/detox'],
    ['Patient/p'],
  ]);
  expect(sourcesIn(part2)).toEqual(['Organization/detox']);
});

test('(compliance P1) a unit bears the flag itself, and is one of its organization', () => {
  const unit: Resource = {
    resourceType: 'HealthcareService',
    providedBy: { reference: 'Organization/general' },
    extension: [{ url: PART2_PROGRAM, valueBoolean: true }],
  };
  expect([isProgramUnit(unit), organizationOfUnit(unit)]).toEqual([true, 'Organization/general']);
  expect(isProgramUnit({ ...unit, extension: [{ url: PART2_PROGRAM, valueBoolean: false }] })).toBe(false);
});
