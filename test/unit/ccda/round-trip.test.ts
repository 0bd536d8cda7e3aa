/** From C-CDA to FHIR and back: what the first reading keeps, every later one keeps. */
import { expect, test } from '@jest/globals';
import { judgeByLxml, openRules } from '../../ccda-judge.ts';
import { judged } from '../../judges.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import type { SectionName } from '../../../src/ccda/write/templates.ts';
import { judgeResource } from '../../../src/resources/validate.ts';
import { codesOf, convert, fixture, FIXTURES, type Converted } from './converted.ts';
import { readBack, saysOf, writeAgain } from './rewritten.ts';

const rewritten = async () =>
  Promise.all(FIXTURES.map(async (name) => writeAgain(await convert(fixture(name))).xml));

judged('ccda_rules', '(ccda 17) the fixtures written again are valid C-CDA', async () => {
  const judge = openRules();
  expect((await rewritten()).flatMap(judge)).toEqual([]);
});

judged(
  'lxml',
  '(ccda 17) the fixtures written again are valid C-CDA, says lxml',
  async () => expect(judgeByLxml(await rewritten()).flat()).toEqual([]),
  120_000,
);

test.each(FIXTURES)('(ccda 13) reading what was written of %s says the same as before', async (name) => {
  const second = await convert(writeAgain(await convert(fixture(name))).xml);
  const third = await convert(writeAgain(second).xml);
  expect(saysOf(third)).toEqual(saysOf(second));
});

test('(ccda 6) a consultation note without the number of its referral fulfills nothing of its own plan', async () => {
  const { xml } = writeAgain(await convert(fixture('consultation-note')));
  expect(xml).toContain('<inFulfillmentOf><order><id nullFlavor="UNK"/>');
});

test('(ccda 9) a period with digits behind the point is read', async () => {
  const { all } = await convert(fixture('referral-note', [/<period value="(\d+)"/, '<period value="1.0"']));
  expect(JSON.stringify(all('MedicationRequest'))).toContain('"period":1');
});

/** Types whose resources are entries of sections. */
const CLINICAL =
  /^\{(?=.*"resourceType":"(?:Condition|AllergyIntolerance|MedicationRequest|Procedure|ServiceRequest|DiagnosticReport|Observation|Coverage|CareTeam)")/;

test.each(FIXTURES)('(ccda 13) every entry of %s comes back as it was', async (name) => {
  const first = await convert(fixture(name));
  const second = saysOf(await convert(writeAgain(first).xml)).map(withoutParties);
  const gone = saysOf(first)
    .filter((one) => CLINICAL.test(one))
    .map(withoutParties)
    .filter((one) => !second.includes(one));
  expect(gone).toEqual([]);
});

/** Whoever stands behind a reference may be told with more or fewer names, a code with the words of the narrative. */
const withoutParties = (says: string): string =>
  says
    .replaceAll(/\{"reference":"(\w+)(?:[^"\\]|\\.)*"\}/g, '{"reference":"$1"}')
    .replaceAll(/(\}\]),"text":"(?:[^"\\]|\\.)*"/g, '$1');

const RX = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const SCT = 'http://snomed.info/sct';
const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const clinical = (type: string, code: string) =>
  coded(`http://terminology.hl7.org/CodeSystem/${type}-clinical`, code);
const verified = (type: string, code: string) => coded(`http://terminology.hl7.org/CodeSystem/${type}`, code);

type Shows = (converted: Converted) => void;
const nothingOf =
  (type: string): Shows =>
  ({ all }) =>
    expect(all(type)).toEqual([]);

/** What a resource says, and what is read of the document that was written of it. */
const MEANINGS: readonly (readonly [rule: string, section: SectionName, resource: object, shows: Shows])[] = [
  [
    'no known allergies are no allergy',
    'allergies',
    { resourceType: 'AllergyIntolerance', code: coded(SCT, '716186003') },
    ({ one }) => expect(codesOf(one('AllergyIntolerance')['code'])).toEqual(['716186003']),
  ],
  [
    'a refuted allergy stays refuted',
    'allergies',
    {
      resourceType: 'AllergyIntolerance',
      verificationStatus: verified('allergyintolerance-verification', 'refuted'),
      code: coded(RX, '7980'),
    },
    ({ one }) => expect(codesOf(one('AllergyIntolerance')['verificationStatus'])).toEqual(['refuted']),
  ],
  [
    'a refuted allergy to nobody knows what is none at all',
    'allergies',
    {
      resourceType: 'AllergyIntolerance',
      verificationStatus: verified('allergyintolerance-verification', 'refuted'),
    },
    nothingOf('AllergyIntolerance'),
  ],
  [
    'that there are no allergies, refuted, is not said',
    'allergies',
    {
      resourceType: 'AllergyIntolerance',
      verificationStatus: verified('allergyintolerance-verification', 'refuted'),
      code: coded(SCT, '716186003'),
    },
    nothingOf('AllergyIntolerance'),
  ],
  [
    'no known problems are no problem',
    'problems',
    { resourceType: 'Condition', code: coded(SCT, '160245001') },
    ({ one }) => expect(codesOf(one('Condition')['code'])[0]).toBe('160245001'),
  ],
  [
    'a refuted problem stays refuted',
    'problems',
    {
      resourceType: 'Condition',
      verificationStatus: verified('condition-ver-status', 'refuted'),
      code: coded(SCT, '38341003'),
    },
    ({ one }) => expect(codesOf(one('Condition')['verificationStatus'])).toEqual(['refuted']),
  ],
  [
    'a problem that is resolved since nobody knows when is resolved',
    'problems',
    {
      resourceType: 'Condition',
      clinicalStatus: clinical('condition', 'resolved'),
      code: coded(SCT, '38341003'),
    },
    ({ one }) => {
      expect(codesOf(one('Condition')['clinicalStatus'])).toEqual(['resolved']);
      expect(one('Condition')['_abatementDateTime']).toBeDefined();
    },
  ],
  [
    'an inactive problem has not ended',
    'problems',
    {
      resourceType: 'Condition',
      clinicalStatus: clinical('condition', 'inactive'),
      code: coded(SCT, '38341003'),
    },
    ({ one }) => {
      expect(codesOf(one('Condition')['clinicalStatus'])).toEqual(['inactive']);
      expect(one('Condition')).not.toHaveProperty('_abatementDateTime');
    },
  ],
  [
    'a medicine that is not to be taken is none that is taken',
    'medications',
    {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      doNotPerform: true,
      medicationCodeableConcept: coded(RX, '314076'),
    },
    nothingOf('MedicationRequest'),
  ],
  [
    'a proposed medicine is none that is ordered',
    'medications',
    {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'proposal',
      medicationCodeableConcept: coded(RX, '314076'),
    },
    nothingOf('MedicationRequest'),
  ],
  [
    'a dose at two times of the day is not halved',
    'medications',
    {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: coded(RX, '314076'),
      dosageInstruction: [{ text: 'morning and night', timing: { repeat: { when: ['ACM', 'HS'] } } }],
    },
    ({ one }) =>
      expect(one('MedicationRequest')['dosageInstruction']).toEqual([{ text: 'morning and night' }]),
  ],
  [
    'doses that follow one another are words, never the first of them',
    'medications',
    {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: coded(RX, '314076'),
      dosageInstruction: [
        { sequence: 1, text: 'two a day', doseAndRate: [{ doseQuantity: { value: 2 } }] },
        { sequence: 2, text: 'one a day', doseAndRate: [{ doseQuantity: { value: 1 } }] },
      ],
    },
    ({ one }) =>
      expect(one('MedicationRequest')['dosageInstruction']).toEqual([{ text: 'two a day\nthen one a day' }]),
  ],
  [
    'a vaccine that was refused was not given',
    'immunizations',
    {
      resourceType: 'Immunization',
      status: 'not-done',
      statusReason: coded('http://terminology.hl7.org/CodeSystem/v3-ActReason', 'PATOBJ'),
      vaccineCode: coded('http://hl7.org/fhir/sid/cvx', '43'),
      occurrenceDateTime: '2024-10-15',
    },
    ({ one }) => {
      expect(one('Immunization')['status']).toBe('not-done');
      expect(codesOf(one('Immunization')['statusReason'])).toEqual(['PATOBJ']);
    },
  ],
  [
    'a procedure that was not done was not done',
    'procedures',
    { resourceType: 'Procedure', status: 'not-done', code: coded(SCT, '80146002') },
    ({ one }) => expect(one('Procedure')['status']).toBe('not-done'),
  ],
  [
    'a procedure that is prepared has not begun',
    'procedures',
    { resourceType: 'Procedure', status: 'preparation', code: coded(SCT, '80146002') },
    nothingOf('Procedure'),
  ],
  [
    'what is planned was not done',
    'plan',
    { resourceType: 'ServiceRequest', status: 'active', intent: 'plan', code: coded(SCT, '80146002') },
    ({ one, all }) => {
      expect(one('ServiceRequest')['intent']).toBe('plan');
      expect(all('Procedure')).toEqual([]);
    },
  ],
  [
    'what is not to be done is not ordered',
    'plan',
    {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      doNotPerform: true,
      code: coded(SCT, '80146002'),
    },
    ({ one }) => expect(one('ServiceRequest')['doNotPerform']).toBe(true),
  ],
  [
    'a referral that was revoked is none',
    'reason-for-referral',
    { resourceType: 'ServiceRequest', status: 'revoked', intent: 'order', code: coded(SCT, '44383000') },
    nothingOf('ServiceRequest'),
  ],
  [
    'a result below what can be measured keeps its sign',
    'results',
    {
      resourceType: 'Observation',
      status: 'final',
      code: coded('http://loinc.org', '718-7'),
      valueRatio: { numerator: { value: 1 }, denominator: { value: 40, comparator: '<' } },
    },
    ({ one }) => expect(one('Observation')['valueString']).toBe('1 : <40'),
  ],
  [
    'a team that is proposed is none',
    'care-teams',
    {
      resourceType: 'CareTeam',
      status: 'proposed',
      participant: [{ member: { reference: 'Practitioner/1' } }],
    },
    nothingOf('CareTeam'),
  ],
];

test.each(MEANINGS)('(ccda 8) %s', async (_rule, name, resource, shows) => {
  const whole = { id: 'x', subject: { reference: 'Patient/1' }, ...resource } as unknown as Resource;
  const converted = await readBack([{ name, resources: [whole] }]);
  shows(converted);
  expect(await judgeResource(converted.plain, {})).toEqual([]);
});

test.each<[rule: string, resource: object]>([
  ['Condition', { verificationStatus: verified('condition-ver-status', 'entered-in-error') }],
])('(ccda 8) what was entered in error is not even in the narrative', async (resourceType, more) => {
  const resource = { resourceType, id: 'x', code: { text: 'Plague' }, ...more } as unknown as Resource;
  const { plain } = await readBack([{ name: 'problems', resources: [resource] }]);
  expect(JSON.stringify(plain)).not.toContain('Plague');
});

test.each<[section: SectionName, shows: Shows]>([
  ['medications', ({ one }) => expect(JSON.stringify(one('Composition')['section'])).toContain('nilknown')],
  ['problems', ({ one }) => expect(codesOf(one('Condition')['code'])[0]).toBe('160245001')],
  ['allergies', ({ one }) => expect(codesOf(one('AllergyIntolerance')['code'])[0]).toBe('716186003')],
])('(ccda 8) known to be none is not the same as no information: %s', async (name, shows) => {
  const converted = await readBack([{ name, resources: [], isNilKnown: true }]);
  shows(converted);
  expect(await judgeResource(converted.plain, {})).toEqual([]);
});
