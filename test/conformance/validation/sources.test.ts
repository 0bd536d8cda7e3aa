/** What the guides' own definitions say of counts and codes: each by one breach, and what keeps it. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { judgeResource } from '../../../src/resources/validate.ts';

const UC = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';
const ODH = 'http://hl7.org/fhir/us/odh/StructureDefinition/odh-EmploymentStatus';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const LOINC = 'http://loinc.org';
const NPI = { system: 'http://hl7.org/fhir/sid/us-npi', value: '9941339108' };
const CLIA = { system: 'urn:oid:2.16.840.1.113883.4.7', value: '12D4567890' };

const claim = (resourceType: string, profile: string, rest: object): Resource =>
  ({ resourceType, meta: { profile: [profile] }, ...rest }) as Resource; // sound by construction
const faultsOf = async (resource: Resource): Promise<readonly string[]> =>
  (await judgeResource(JSON.parse(JSON.stringify(resource)) as Resource)) // without what is undefined
    .filter(({ severity = 'error' }) => severity === 'error')
    .flatMap(({ expression = [] }) => expression);

const practitioner = (identifier: readonly object[]) =>
  claim('Practitioner', `${UC}practitioner`, { identifier, name: [{ family: 'Seven' }] });
const organization = (identifier: readonly object[]) =>
  claim('Organization', `${UC}organization`, { identifier, active: true, name: 'Lab' });
const role = (telecom: object) =>
  claim('PractitionerRole', `${UC}practitionerrole`, {
    practitioner: { reference: 'Practitioner/1' },
    telecom: [telecom],
  });
const employed = (rest: object = {}) =>
  claim('Observation', ODH, {
    status: 'final',
    category: [{ coding: [{ system: CATEGORY, code: 'social-history' }] }],
    code: { coding: [{ system: LOINC, code: '74165-2' }] },
    subject: { reference: 'Patient/1' },
    effectivePeriod: { start: '2014-01-17' },
    valueCodeableConcept: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'Employed' }],
    },
    ...rest,
  });

describe('kept', () => {
  test.each<readonly [string, Resource]>([
    ['an NPI and a local number', practitioner([NPI, { system: 'urn:x', value: '1' }])],
    ['an NPI and a number of CLIA', organization([NPI, CLIA])],
    ['a telephone', role({ system: 'phone', value: '1' })],
    ['an employment status', employed()],
    [
      'with a further code',
      employed({
        code: {
          coding: [
            { system: LOINC, code: '74165-2' },
            { system: 'urn:x', code: 'y' },
          ],
        },
      }),
    ],
    ['without a category', employed({ category: undefined })],
    ['by a patient', employed({ performer: [{ reference: 'Patient/1' }] })],
  ])('%s', async (_what, resource) => {
    expect(await faultsOf(resource)).toEqual([]);
  });
});

describe('broken', () => {
  const codings = (...codes: readonly string[]) => ({
    coding: codes.map((code) => ({ system: LOINC, code })),
  });
  test.each<readonly [string, Resource, string]>([
    ['two NPIs of a practitioner', practitioner([NPI, NPI]), 'Practitioner.identifier'],
    ['two NPIs of an organization', organization([NPI, NPI]), 'Organization.identifier'],
    ['two numbers of CLIA', organization([CLIA, CLIA]), 'Organization.identifier'],
    ['a telecom without system', role({ value: '1' }), 'PractitionerRole.telecom[0]'],
    ['a telecom without value', role({ system: 'phone' }), 'PractitionerRole.telecom[0].value'],
    ['its code twice', employed({ code: codings('74165-2', '74165-2') }), 'Observation.code.coding'],
    ['another code', employed({ code: codings('1-1') }), 'Observation.code.coding'],
    [
      'two categories',
      employed({ category: [1, 2].map(() => ({ coding: [{ system: CATEGORY, code: 'social-history' }] })) }),
      'Observation.category',
    ],
    [
      'another category',
      employed({ category: [{ coding: [{ system: CATEGORY, code: 'exam' }] }] }),
      'Observation.category[0].coding',
    ],
    [
      'an instant',
      employed({ effectivePeriod: undefined, effectiveDateTime: '2014' }),
      'Observation.effective',
    ],
    ['a focus', employed({ focus: [{ reference: 'Patient/2' }] }), 'Observation.focus'],
    [
      'a reason for no value',
      employed({ valueCodeableConcept: undefined, dataAbsentReason: { text: 'x' } }),
      'Observation.dataAbsentReason',
    ],
    [
      'two interpretations',
      employed({ interpretation: [{ text: 'x' }, { text: 'y' }] }),
      'Observation.interpretation',
    ],
    ['a body site', employed({ bodySite: { text: 'x' } }), 'Observation.bodySite'],
    ['a method', employed({ method: { text: 'x' } }), 'Observation.method'],
    ['a component', employed({ component: [{ code: { text: 'x' } }] }), 'Observation.component'],
    ['a member', employed({ hasMember: [{ reference: 'Observation/1' }] }), 'Observation.hasMember'],
    [
      'a performer of another type',
      employed({ performer: [{ reference: 'CareTeam/1' }] }),
      'Observation.performer[0]',
    ],
    ['a value of another set', employed({ valueCodeableConcept: codings('1-1') }), 'Observation.value'],
  ])('%s', async (_what, resource, place) => {
    expect(await faultsOf(resource)).toEqual([place]);
  });
});

describe('a code of a code system that is held', () => {
  const encounter = (coding: object): Resource =>
    ({ resourceType: 'Encounter', status: 'finished', class: coding }) as unknown as Resource; // it is one
  const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
  test.each<readonly [string, object, readonly string[]]>([
    ['is known', { system: ACT, code: 'AMB' }, []],
    ['is not known', { system: ACT, code: 'NOWHERE' }, ['Encounter.class.code']],
    ['is written in another case', { system: ACT, code: 'amb' }, ['Encounter.class.code']],
    ['is of another version', { system: ACT, version: '2099', code: 'NOWHERE' }, []],
    ['is of a system that is not held', { system: 'http://snomed.info/sct', code: 'x' }, []],
    ['has no code', { system: ACT, display: 'x' }, []],
    ['is no language', { system: 'urn:ietf:bcp:47', code: 'no such_language' }, ['Encounter.class.code']],
  ])('%s', async (_what, coding, places) => {
    expect(await faultsOf(encounter(coding))).toEqual(places);
  });

  test('from a message it is told and refuses nothing; at a lower level it is not asked', async () => {
    const resource = encounter({ system: ACT, code: 'NOWHERE' });
    expect(await judgeResource(resource, { unknownCodes: 'warning' })).toMatchObject([
      { severity: 'warning' },
    ]);
    expect(await judgeResource(resource, { level: 'structural' })).toEqual([]);
  });
});

describe('a part of an extension that is known', () => {
  const race = (...extension: readonly object[]): Resource => ({
    resourceType: 'Patient',
    extension: [{ url: `${UC}race`, extension: [...extension, { url: 'text', valueString: 'White' }] }],
  });
  const unknown = { url: 'http://example.org/x', extension: [{ url: 'part', valueString: 'x' }] };
  test.each<readonly [string, Resource, readonly string[]]>([
    ['is there', race(), []],
    [
      'is not in its definition',
      race({ url: 'ombCategory-x', valueString: 'zz' }),
      ['Patient.extension[0].extension[0].url'],
    ],
    ['is an extension of its own', race({ url: 'http://example.org/y', valueString: 'zz' }), []],
    ['of one that is not known', { resourceType: 'Patient', extension: [unknown] }, []],
  ])('%s', async (_what, resource, places) => {
    expect(await faultsOf(resource)).toEqual(places);
  });
});
