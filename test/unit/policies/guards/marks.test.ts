/** What the store keeps of guarded content (compliance D5). */
import { describe, expect, test } from '@jest/globals';
import type { Coding, Resource } from '../../../../src/fhir/types.ts';
import {
  guardMarksOf,
  LABEL_SOURCE,
  NO_LOCAL_PATIENT,
  readMarks,
  sourcesIn,
} from '../../../../src/policies/guards/marks.ts';
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

describe('(compliance L4) each patient of a Bundle is a mark by itself', () => {
  const about = (reference: object | undefined, element = 'subject') => ({
    resource: { ...labelled(part2), ...(reference !== undefined && { [element]: reference }) },
  });
  const to = (reference: string) => ({ reference });
  const patient = (fullUrl: string, id?: string) => ({
    fullUrl,
    resource: { resourceType: 'Patient', ...(id !== undefined && { id }) },
  });
  const [one, other] = ['urn:uuid:1', 'urn:uuid:2'];
  test.each<[string, readonly object[], readonly string[]]>([
    ['one local', [about(to('Patient/p'))], ['Patient/p']],
    ['one local, of a version', [about(to('Patient/p/_history/2'))], ['Patient/p']],
    [
      'a local one and an entry',
      [about(to('Patient/p')), patient(one), about(to(one))],
      [NO_LOCAL_PATIENT, 'Patient/p'],
    ],
    [
      'a local one and an entry alone',
      [about(to('Patient/p')), patient(one)],
      [NO_LOCAL_PATIENT, 'Patient/p'],
    ],
    [
      'a local one and a urn of nothing',
      [about(to('Patient/p')), about(to(one))],
      [NO_LOCAL_PATIENT, 'Patient/p'],
    ],
    [
      'a local one and one by name',
      [about(to('Patient/p')), about({ display: 'Q' })],
      [NO_LOCAL_PATIENT, 'Patient/p'],
    ],
    [
      'a local one and a contained one',
      [about(to('Patient/p')), about(to('#q'))],
      [NO_LOCAL_PATIENT, 'Patient/p'],
    ],
    [
      'a local one and a beneficiary',
      [about(to('Patient/p')), about(to(one), 'beneficiary')],
      [NO_LOCAL_PATIENT, 'Patient/p'],
    ],
    [
      'a local one and one elsewhere',
      [about(to('Patient/p')), about(to('https://x.org/Patient/q'))],
      [NO_LOCAL_PATIENT, 'Patient/p'],
    ],
    [
      'a local one and an entry of a Bundle inside',
      [about(to('Patient/p')), { resource: { resourceType: 'Bundle', entry: [patient(one)] } }],
      [NO_LOCAL_PATIENT, 'Patient/p'],
    ],
    ['an entry that is a local one', [patient(one, 'p'), about(to(one))], ['Patient/p']],
    ['an entry alone: nobody knows whom', [patient(one), about(to(one))], []],
    ['two entries', [about(to(one)), patient(one), patient(other)], [NO_LOCAL_PATIENT]],
    ['a local one and a place', [about(to('Patient/p')), about(to('Location/l'))], ['Patient/p']],
    [
      'a local one and a group of devices',
      [about(to('Patient/p')), about({ type: 'Device' })],
      ['Patient/p'],
    ],
  ])('%s', (_name, entry, patients) => {
    const marks = guardMarksOf({ resourceType: 'Bundle', type: 'collection', entry });
    expect(marks.filter((mark) => mark.startsWith('Patient/'))).toEqual(patients);
    expect(readMarks(marks).patients).toEqual(patients);
  });
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
