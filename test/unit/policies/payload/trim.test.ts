/** The payload table: what of a full chart goes by each row, and which rows a disclosure follows. */
import { describe, expect, test } from '@jest/globals';
import * as fc from '../../../chance.ts';
import type { Resource } from '../../../../src/fhir/types.ts';
import { community } from '../../../../src/policies/payload/community.ts';
import { PAYLOADS, payloadsFor } from '../../../../src/policies/payload/index.ts';
import { trim } from '../../../../src/policies/payload/trim.ts';
import { CHART, ORDER, PATIENT } from './chart.ts';

const refOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id ?? ''}`;

const REFERRAL = [
  'Patient/p',
  'ServiceRequest/o',
  'Task/t',
  'Consent/yes',
  'RelatedPerson/mother',
  'Coverage/c',
  'Bundle/request',
  'Composition/request',
];
const VITALS = ['Observation/bp', 'Observation/height', 'Observation/weight', 'Observation/bmi'];

/** A full chart in, exactly this out. */
const OUT: Readonly<Record<string, readonly string[]>> = {
  'other-information': [...REFERRAL, 'Observation/job', 'Observation/school'],
  obesity: [...REFERRAL, 'AllergyIntolerance/nuts', ...VITALS],
  arthritis: [
    ...REFERRAL,
    'AllergyIntolerance/nuts',
    'MedicationRequest/metformin',
    'Medication/m',
    ...VITALS,
  ],
  hypertension: [...REFERRAL, 'Condition/diabetes', ...VITALS],
  'nutrition-baby': [...REFERRAL, ...VITALS, 'Observation/length', 'Observation/latch'],
  'nutrition-mother': [...REFERRAL, ...VITALS],
  'diabetes-prevention': [...REFERRAL, 'Observation/a1c', ...VITALS],
  'tobacco-cessation': [...REFERRAL, 'Procedure/patches', 'Observation/smokes'],
  community: ['Patient/p', 'ServiceRequest/o', 'Task/t', 'Consent/yes'],
};

describe('(compliance M2) the payload table', () => {
  test.each(PAYLOADS)('$name: a full chart in, exactly the listed out', (row) => {
    const { kept, left } = trim(CHART, [row]);
    expect(kept.map(refOf).toSorted()).toEqual([...(OUT[row.name] ?? [])].toSorted());
    expect(left.every(({ reason }) => reason === 'not-needed')).toBe(true);
  });

  test.each(PAYLOADS)('$name: an unknown type is left', (row) => {
    expect(trim([{ resourceType: 'NotOfR4', id: 'x' }], [row])).toEqual({
      kept: [],
      left: [{ ref: 'NotOfR4/x', reason: 'not-needed' }],
    });
  });

  test('each resource is kept or left, and never both', () => {
    fc.assert(
      fc.property(fc.subarray([...CHART]), fc.subarray([...PAYLOADS]), (chart, rows) => {
        const { kept, left } = trim(chart, rows);
        const refs = [...kept.map(refOf), ...left.map(({ ref }) => ref)];
        expect(refs.toSorted()).toEqual(chart.map(refOf).toSorted());
      }),
    );
  });

  test('a row is cited by one name, and by one section of BSeR at most', () => {
    const names = PAYLOADS.map(({ name }) => name);
    const sections = PAYLOADS.flatMap(({ section }) => section ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(sections.toSorted()).toEqual([
      'ARSI',
      'DPRSI',
      'ECNRSIB',
      'ECNRSIM',
      'HRSI',
      'ORSI',
      'OSI',
      'TUCRSI',
    ]);
  });
});

describe('(compliance M2) (harmony Z9) the community row', () => {
  const [patient] = trim([PATIENT], [community]).kept;
  const [order] = trim([ORDER], [community]).kept;

  test('shows of a patient whom to reach and how, and the year of birth', () => {
    expect(patient).toEqual({
      resourceType: 'Patient',
      id: 'p',
      meta: { versionId: '3' },
      name: [{ family: 'Everywoman', given: ['Eve'] }],
      telecom: [{ system: 'phone', value: '555-0100' }],
      birthDate: '1962',
      address: [{ city: 'Ann Arbor' }],
      communication: [{ language: { text: 'Spanish' } }],
      contact: [{ name: { family: 'Betterhalf' } }],
    });
  });

  test('shows of an order what is asked for, with social reasons and those in words', () => {
    expect(order).toEqual({
      resourceType: 'ServiceRequest',
      id: 'o',
      contained: [{ resourceType: 'PractitionerRole', id: 'who' }],
      identifier: [{ value: 'CL1' }],
      status: 'active',
      intent: 'order',
      category: [{ text: 'social services' }],
      code: { text: 'food' },
      subject: { reference: 'Patient/p', display: 'Eve Everywoman' },
      occurrenceDateTime: '2026-12-01',
      authoredOn: '2026-11-30',
      requester: { reference: '#who' },
      performer: [{ reference: 'Organization/b' }],
      reasonCode: [
        { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'Z59.41' }], text: 'hungry' },
        { text: 'lives alone' },
      ],
      note: [{ text: 'Call in the evening.' }],
    });
  });

  test.each([
    ['Z54.9', false],
    ['Z55', true],
    ['Z65.8', true],
    ['Z66', false],
    ['Y93', false],
  ])('a reason with the code %s goes: %s', (code, goes) => {
    const coding = [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code }];
    const [shown] = trim([{ ...ORDER, reasonCode: [{ coding }] }], [community]).kept;
    expect(shown?.['reasonCode']).toEqual(goes ? [{ coding }] : undefined);
  });

  test('leaves a task as it is, but for a number of the patient', () => {
    const task: Resource = { resourceType: 'Task', id: 't', for: { reference: 'Patient/p' }, note: [] };
    expect(trim([task], [community]).kept[0]).toBe(task);
    const numbered = { ...task, for: { reference: 'Patient/p', identifier: { value: 'MRN-1' } } };
    expect(trim([numbered], [community]).kept[0]).toEqual(task);
  });

  test('keeps the literals of numbers', () => {
    const rate = JSON.rawJSON('1.50');
    const order = { ...ORDER, note: [{ text: 'x', extension: [{ valueDecimal: rate }] }] };
    expect(JSON.stringify(trim([order], [community]).kept[0])).toContain('"valueDecimal":1.50');
  });
});

describe('(compliance M2) which rows a disclosure follows', () => {
  const names = (question: Parameters<typeof payloadsFor>[0]) =>
    payloadsFor(question).map(({ name }) => name);
  const nothing: ReadonlySet<string> = new Set();

  test('what the recipient is comes before what the service asks for', () => {
    const recipientKinds = new Set(['community-organization'] as const);
    expect(names({ recipientKinds, purpose: 'TREAT', sections: new Set(['DPRSI']) })).toEqual(['community']);
    expect(names({ recipientKinds, purpose: 'COC', sections: nothing })).toEqual(['community']);
    expect(names({ recipientKinds, purpose: 'HPAYMT', sections: nothing })).toEqual([]);
  });

  test('a provider follows the sections of the request', () => {
    const recipientKinds = new Set(['provider', 'community-organization'] as const);
    expect(names({ recipientKinds, purpose: 'TREAT', sections: nothing })).toEqual([]);
    expect(names({ recipientKinds, purpose: 'TREAT', sections: new Set(['OSI', 'DPRSI']) })).toEqual([
      'other-information',
      'diabetes-prevention',
    ]);
  });

  test('nobody else has a row', () => {
    const recipientKinds = new Set(['health-plan'] as const);
    expect(names({ recipientKinds, purpose: 'HPAYMT', sections: new Set(['DPRSI']) })).toEqual([]);
  });
});
