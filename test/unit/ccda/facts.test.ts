/** What the three documents say, as FHIR. */
import { describe, expect, test } from '@jest/globals';
import { judgeResource } from '../../../src/resources/validate.ts';
import { at, codesOf, convert, fixture, FIXTURES, sectionsOf } from './converted.ts';

test.each(FIXTURES)('(ccda 12) the Bundle of %s is valid', async (name) => {
  const { plain } = await convert(fixture(name));
  expect(await judgeResource(plain, {})).toEqual([]);
});

describe('a Referral Note', () => {
  const converted = convert(fixture('referral-note'));

  test('(ccda 12.1) has its header in the Composition', async () => {
    const { one, facts } = await converted;
    const composition = one('Composition');
    expect(codesOf(composition['type'])).toEqual(['57133-1']);
    expect(composition['date']).toBe('2025-03-14T09:03:00-05:00');
    expect(composition['confidentiality']).toBe('N');
    expect(facts.version).toBe(1);
    expect(facts.fulfills).toEqual([]);
  });

  test('(ccda 6) has one order under the number of the referral', async () => {
    const { one, plain } = await converted;
    const order = one('ServiceRequest', /R-2025-00731/);
    expect(order['identifier']).toEqual([
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'PLAC' }] },
        system: 'urn:oid:2.999.10.1.15',
        value: 'R-2025-00731',
      },
    ]);
    expect(codesOf(order['code'])).toEqual(['44383000']);
    expect(codesOf(at(order, 'orderDetail.0'))).toEqual(['268529002']);
    expect(codesOf(at(order, 'reasonCode.0'))).toEqual(['239873007']);
    expect(order).toMatchObject({
      status: 'active',
      intent: 'order',
      priority: 'routine',
      occurrencePeriod: { start: '2025-03-14', end: '2025-04-25' },
    });
    const performer = plain.entry?.find(
      ({ fullUrl }) => fullUrl === at(order, 'performer.0.reference'),
    )?.resource;
    expect(JSON.stringify(performer)).toContain('207X00000X');
  });

  test('(ccda 8) has problems with their course', async () => {
    const { one, all } = await converted;
    expect(all('Condition')).toHaveLength(3);
    expect(codesOf(one('Condition', /239873007/)['clinicalStatus'])).toEqual(['active']);
    expect(codesOf(one('Condition', /239873007/)['code'])).toEqual(['239873007', 'M17.11']);
    expect(one('Condition', /444814009/)).toMatchObject({
      clinicalStatus: { coding: [{ code: 'resolved' }] },
      abatementDateTime: '2024-12-20',
    });
  });

  test('(ccda 12.2) has a drug allergy with its reaction', async () => {
    const { one } = await converted;
    const allergy = one('AllergyIntolerance');
    expect(allergy).toMatchObject({
      type: 'allergy',
      category: ['medication'],
      clinicalStatus: { coding: [{ code: 'active' }] },
    });
    expect(codesOf(at(allergy, 'reaction.0.manifestation.0'))).toEqual(['126485001']);
    expect(at(allergy, 'reaction.0.severity')).toBe('moderate');
  });

  test('(ccda 9) has medicines with doses that are counts and schedules as written', async () => {
    const { one } = await converted;
    const daily = one('MedicationRequest', /314076/);
    expect(at(daily, 'dosageInstruction.0')).toMatchObject({
      doseAndRate: [{ doseQuantity: { value: 1 } }],
      timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd', boundsPeriod: { start: '2019-02-02' } } },
    });
    const needed = at(one('MedicationRequest', /198440/), 'dosageInstruction.0');
    expect(at(needed, 'doseAndRate')).toEqual([{ doseQuantity: { value: 2 } }]);
    expect(at(needed, 'timing.repeat')).toMatchObject({
      frequency: 1,
      period: 6,
      periodMax: 8,
      periodUnit: 'h',
    });
    expect(codesOf(at(needed, 'asNeededCodeableConcept'))).toEqual(['30989003']);
  });

  test('(ccda 9) has results, with a bound as a comparator', async () => {
    const { one, bundle } = await converted;
    expect(one('Observation', /"718-7"/)['valueQuantity']).toMatchObject({ value: 13.2, code: 'g/dL' });
    expect(one('Observation', /"1988-5"/)['valueQuantity']).toEqual({
      value: 5,
      unit: 'mg/L',
      system: 'http://unitsofmeasure.org',
      code: 'mg/L',
      comparator: '<',
    });
    expect(JSON.stringify(bundle)).toContain('82.5');
  });

  test('(ccda 12.2) has one blood pressure of two components', async () => {
    const { one, all } = await converted;
    const pressure = one('Observation', /"85354-9"/);
    expect(pressure['component']).toMatchObject([
      { valueQuantity: { value: 138, code: 'mm[Hg]' } },
      { valueQuantity: { value: 84, code: 'mm[Hg]' } },
    ]);
    expect(all('Observation').filter((one_) => JSON.stringify(one_['code']).includes('8462-4'))).toEqual([]);
    expect(codesOf(one('Observation', /"72166-2"/)['valueCodeableConcept'])).toEqual(['8517006']);
  });

  test('(ccda 12.2) has a planned procedure as an order, not as done', async () => {
    const { one, all } = await converted;
    expect(one('ServiceRequest', /74016001/)).toMatchObject({ intent: 'order', status: 'active' });
    expect(all('Procedure')).toEqual([]);
    expect(all('Coverage')).toHaveLength(1);
    expect(all('CareTeam')).toHaveLength(1);
  });
});

describe('a Consultation Note', () => {
  const converted = convert(fixture('consultation-note'));

  test('(ccda 6) names the referral that it answers', async () => {
    const { facts } = await converted;
    expect(facts.fulfills).toEqual([{ system: 'urn:oid:2.999.10.1.15', value: 'R-2025-00731' }]);
  });

  test('(ccda 12.2) tells the visit, what was done in it, and what is planned', async () => {
    const { one, all } = await converted;
    expect(all('Encounter')).toHaveLength(1);
    expect(one('Procedure', /"20610"/)['status']).toBe('completed');
    expect(one('Observation', /"value":115/)['valueQuantity']).toMatchObject({ code: 'deg' });
    expect(one('ServiceRequest', /185389009/)['intent']).toBe('plan');
    expect(one('Patient')['identifier']).toHaveLength(2);
    expect(
      sectionsOf({ one }).filter((section) => codesOf(section['code']).includes('51847-2')),
    ).toHaveLength(1);
  });
});

describe('a restricted Continuity of Care Document', () => {
  const converted = convert(fixture('ccd-restricted'));

  test('(ccda 15) labels every resource with its confidentiality and the refrain', async () => {
    const { plain } = await converted;
    for (const { resource } of plain.entry ?? []) {
      const labels = (resource?.meta?.security ?? []).map(({ code }) => code);
      expect(labels).toEqual(expect.arrayContaining(['R', 'NORDSCLCD', 'TREAT']));
    }
  });

  test('(ccda 8) knows no allergies, one vaccine given and one refused', async () => {
    const { one, all } = await converted;
    const none = one('AllergyIntolerance');
    expect(codesOf(none['code'])).toEqual(['716186003']);
    expect(none).not.toHaveProperty('category');
    expect(none).not.toHaveProperty('reaction');
    expect(new Set(all('Immunization').map(({ status }) => status))).toEqual(
      new Set(['completed', 'not-done']),
    );
    expect(all('Immunization')).toHaveLength(2);
    expect(
      codesOf(all('Immunization').find(({ status }) => status === 'not-done')?.['statusReason']),
    ).not.toEqual([]);
  });

  test('(ccda 8) says why a section is empty and a race unknown', async () => {
    const { one } = await converted;
    const reasons = sectionsOf({ one }).flatMap((section) => codesOf(section['emptyReason']));
    expect(reasons.filter((reason) => reason === 'unavailable')).toHaveLength(2);
    expect(JSON.stringify(one('Patient')['extension'])).toContain('"ASKU"');
  });
});
