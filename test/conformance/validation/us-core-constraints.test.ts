/** Constraints of the profiles of US Core, which are FHIRPath: each by one breach of it, and what keeps it. */
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { judgeResource } from '../../../src/resources/validate.ts';

const UC = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const patient = { reference: 'Patient/1' };
const make = (resourceType: string, profile: string, rest: object): Resource =>
  ({ resourceType, meta: { profile: [`${UC}${profile}`] }, ...rest }) as Resource; // sound by construction

const person = (name: object) =>
  make('Patient', 'patient', {
    identifier: [{ system: 'urn:x', value: '1' }],
    gender: 'female',
    name: [name],
  });
const role = (rest: object) => make('PractitionerRole', 'practitionerrole', rest);
const telecom = [{ system: 'phone', value: '1' }];
const habit = (rest: object) =>
  make('Observation', 'observation-social-history', {
    status: 'final',
    category: [{ coding: [{ system: CATEGORY, code: 'social-history' }] }],
    code: { coding: [{ system: 'http://loinc.org', code: '82589-3' }] },
    subject: patient,
    ...rest,
  });
const related = (rest: object) => make('RelatedPerson', 'relatedperson', { active: true, patient, ...rest });

describe.each<[string, Resource, Resource, string]>([
  ['us-core-6', person({ text: 'Eve' }), person({ family: 'Everywoman' }), 'Patient'],
  [
    'pd-1',
    role({ practitioner: { reference: 'Practitioner/1' } }),
    role({ practitioner: { reference: 'Practitioner/1' }, telecom }),
    'PractitionerRole',
  ],
  [
    'us-core-13',
    role({ telecom }),
    role({ telecom, location: [{ reference: 'Location/1' }] }),
    'PractitionerRole',
  ],
  ['us-core-2', habit({}), habit({ valueBoolean: true }), 'Observation'],
  ['us-core-14', related({}), related({ relationship: [{ text: 'mother' }] }), 'RelatedPerson'],
])('%s', (key, broken, kept, place) => {
  test('is kept', async () => {
    expect(await errorsOf(kept)).toEqual([]);
  });

  test('is broken', async () => {
    const errors = await errorsOf(broken);
    expect(errors).toEqual([[place, expect.stringContaining(key)]]);
  });
});

async function errorsOf(resource: Resource) {
  const found = await judgeResource(resource, { level: 'claimed' });
  return found
    .filter(({ severity = 'error' }) => severity === 'error')
    .map(({ expression, diagnostics }) => [expression?.[0], diagnostics]);
}
