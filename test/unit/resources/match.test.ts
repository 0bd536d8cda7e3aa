import { describe, expect, test } from '@jest/globals';
import { parseCondition } from '../../../src/resources/search-query.ts';
import { matches } from '../../../src/resources/match.ts';
import { searchValues } from '../../../src/resources/search-values.ts';

const OPTIONS = { base: 'https://here.org/fhir', now: Date.UTC(2026, 10, 22) };

const TASK = {
  resourceType: 'Task',
  id: '1',
  identifier: [{ system: 'urn:oid:1', value: 'a' }, { value: 'b' }],
  status: 'in-progress',
  businessStatus: { coding: [{ system: 'http://bs', code: '5.1.1' }] },
  focus: { reference: 'ServiceRequest/1' },
  for: { reference: 'Patient/1/_history/2', identifier: { system: 'urn:oid:2', value: 'mrn' } },
  authoredOn: '2026-11',
  executionPeriod: { start: '2026-11-10', end: '2026-11-20' },
  meta: { profile: ['http://a.org/p/q|1.0'] },
};
const PATIENT = { resourceType: 'Patient', id: 'p', name: [{ family: 'Müller', given: ['Anna Maria'] }] };
const OBSERVATION = { resourceType: 'Observation', id: 'o', valueQuantity: { value: 5.4 } };
const PRESSURE = {
  resourceType: 'Observation',
  id: 'b',
  code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
  component: [
    {
      code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }, { code: 'sys' }] },
      valueQuantity: { value: 142, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
    },
    {
      code: { coding: [{ system: 'http://loinc.org', code: '8462-4' }] },
      valueQuantity: { value: 90, unit: 'mmHg', comparator: '<' },
    },
  ],
};
const WARD = { resourceType: 'Location', id: 'w', position: { latitude: 48.2, longitude: 16.37 } };
const LETTER = {
  resourceType: 'Bundle',
  id: 'l',
  type: 'document',
  entry: [{ resource: { resourceType: 'Composition', id: 'c', status: 'final', date: '2026-03' } }],
};
const RISK = {
  resourceType: 'RiskAssessment',
  id: 'r',
  prediction: [{ probabilityRange: { low: { value: 0.2 }, high: { value: 0.4 } } }],
};

const ask = (resource: { resourceType: string; id: string }, text: string): boolean => {
  const type = resource.resourceType;
  const clause = parseCondition(type, text, OPTIONS);
  const ref = `${type}/${resource.id}`;
  return matches(clause, {
    ref,
    type,
    values: searchValues(resource, type),
    updated: Date.UTC(2026, 10, 22, 12),
  });
};

describe('a resource satisfies', () => {
  test.each([
    [TASK, 'status=in-progress'],
    [TASK, 'status=http://hl7.org/fhir/task-status|in-progress'],
    [TASK, 'status=draft,in-progress'],
    [TASK, 'status:not=draft,requested'],
    [TASK, 'priority:not=urgent'],
    [TASK, 'identifier=a'],
    [TASK, 'identifier=urn:oid:1|a'],
    [TASK, 'identifier=urn:oid:1|'],
    [TASK, 'identifier=|b'],
    [TASK, 'identifier=a&identifier=b'],
    [TASK, 'business-status=5.1.1'],
    [TASK, 'focus=1'],
    [TASK, 'focus=ServiceRequest/1'],
    [TASK, 'focus=https://here.org/fhir/ServiceRequest/1'],
    [TASK, 'patient:identifier=urn:oid:2|mrn'],
    [TASK, 'patient=1&subject:Patient=1'],
    [TASK, 'owner:missing=true'],
    [TASK, 'focus:missing=false'],
    [TASK, '_id=x,1'],
    [TASK, '_lastUpdated=2026-11-22'],
    [TASK, '_lastUpdated=ge2026-11-22T12:00:00Z'],
    [TASK, '_profile=http://a.org/p/q'],
    [TASK, '_profile=http://a.org/p/q|1.0'],
    [TASK, '_profile:below=http://a.org/p'],
    [TASK, '_profile:above=http://a.org/p/q/r'],
    // authoredOn is the whole of November
    [TASK, 'authored-on=2026'],
    [TASK, 'authored-on=2026-11'],
    [TASK, 'authored-on=ne2026-11-22'],
    [TASK, 'authored-on=gt2026-11-22'],
    [TASK, 'authored-on=lt2026-11-22'],
    [TASK, 'authored-on=ge2026-11'],
    [TASK, 'authored-on=le2026-11'],
    [TASK, 'authored-on=sa2026-10'],
    [TASK, 'authored-on=eb2026-12-01'],
    [TASK, 'authored-on=ap2026-11-22'],
    [TASK, 'period=ap2026-11-15'],
    [TASK, 'period=gt2026-11-15'],
    [PATIENT, 'name=mull'],
    [PATIENT, 'name=ANNA'],
    [PATIENT, 'family:exact=Müller'],
    [PATIENT, 'name:contains=MARIA'],
    [PATIENT, 'deceased=false'],
    [PRESSURE, 'component-value-quantity=142||mmHg'],
    [PRESSURE, 'component-value-quantity=142|http://unitsofmeasure.org|mm[Hg]'],
    [PRESSURE, 'component-value-quantity=lt80||mmHg'],
    [PRESSURE, 'component-code-value-quantity=http://loinc.org|8480-6$gt140||mmHg'],
    [PRESSURE, 'component-code-value-quantity=SYS$142'],
    [PRESSURE, 'component-code-value-quantity=8480-6$1,8462-4$lt90'],
    [WARD, 'near=48.2|16.37'],
    [WARD, 'near=48.21|16.37|1.2|km'],
    [LETTER, 'composition=c'],
    [LETTER, 'composition.status=final'],
    [LETTER, 'composition.date=ge2026'],
    [OBSERVATION, 'value-quantity=5.4'],
    [OBSERVATION, 'value-quantity=5'],
    [OBSERVATION, 'value-quantity=ge5.4'],
    [OBSERVATION, 'value-quantity=le5.4'],
    [OBSERVATION, 'value-quantity=gt5.39'],
    [OBSERVATION, 'value-quantity=ap5'],
    [OBSERVATION, 'value-quantity=ne6'],
    [RISK, 'probability=gt0.3'],
    [RISK, 'probability=lt0.3'],
  ])('%j: %s', (resource, text) => {
    expect(ask(resource, text)).toBe(true);
  });
});

describe('a resource does not satisfy', () => {
  test.each([
    [TASK, 'status=draft'],
    [TASK, 'status=http://other|in-progress'],
    [TASK, 'status:not=draft,in-progress'],
    [TASK, 'identifier=c'],
    [TASK, 'identifier=A'],
    [TASK, 'identifier=|a'],
    [TASK, 'identifier=urn:oid:9|'],
    [TASK, 'identifier=a&identifier=c'],
    [TASK, 'focus=2'],
    [TASK, 'focus=https://there.org/fhir/ServiceRequest/1'],
    [TASK, 'subject:Group=1'],
    [TASK, 'owner:missing=false'],
    [TASK, '_id=2'],
    [TASK, '_lastUpdated=lt2026-11-22'],
    [TASK, '_profile=http://a.org/p'],
    [TASK, '_profile:below=http://a.org/p/qq'],
    [TASK, '_profile:above=http://a.org/p/qq'],
    [TASK, 'authored-on=2026-11-22'],
    [TASK, 'authored-on=ne2026'],
    [TASK, 'authored-on=sa2026-11-22'],
    [TASK, 'authored-on=eb2026-11-22'],
    [TASK, 'authored-on=gt2026-11'],
    [TASK, 'modified=ne2026'],
    [TASK, 'period=ap2026-11-22'],
    [PATIENT, 'name=uller'],
    [PATIENT, 'family:exact=Muller'],
    [PRESSURE, 'component-value-quantity=142||kPa'],
    [PRESSURE, 'component-value-quantity=142|http://other.org|mm[Hg]'],
    [PRESSURE, 'component-value-quantity=90'],
    [PRESSURE, 'component-code-value-quantity=8462-4$gt100'],
    [PRESSURE, 'component-code-value-quantity=http://other.org|8480-6$gt100'],
    [PRESSURE, 'component-code-value-quantity=8480-6$gt140||kPa'],
    [WARD, 'near=48.21|16.37|1.0|km'],
    [LETTER, 'composition=d'],
    [LETTER, 'composition.status=draft'],
    [OBSERVATION, 'value-quantity=5.41'],
    [OBSERVATION, 'value-quantity=gt5.4'],
    [OBSERVATION, 'value-quantity=lt5.4'],
    [OBSERVATION, 'value-quantity=ne5.4'],
    [RISK, 'probability=0.3'],
  ])('%j: %s', (resource, text) => {
    expect(ask(resource, text)).toBe(false);
  });
});

test('without a time of commit no _lastUpdated is satisfied', () => {
  const clause = parseCondition('Task', '_lastUpdated=gt1999', OPTIONS);
  expect(matches(clause, { ref: 'Task/1', type: 'Task', values: [] })).toBe(false);
});

test.each(['focus:ServiceRequest.status=active', '_has:Task:part-of:status=draft'])(
  '%s looks at another resource and is not evaluated here',
  (text) => {
    const clause = parseCondition('Task', text, OPTIONS);
    expect(() => matches(clause, { ref: 'Task/1', type: 'Task', values: [] })).toThrow(
      'looks at other resources',
    );
  },
);
