/**
 * What a resource says is told in the document as it is, or is left out and told as a loss: a plan is no report, what is
 * over does not hold, what is refuted is no reason. Each row is a resource and what the document makes of it.
 */
import { expect, test } from '@jest/globals';
import { openRules } from '../../ccda-judge.ts';
import { judged } from '../../judges.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import type { SectionName } from '../../../src/ccda/write/templates.ts';
import { judgeResource } from '../../../src/resources/validate.ts';
import { at, codesOf } from './converted.ts';
import { readBack } from './rewritten.ts';

const SCT = 'http://snomed.info/sct';
const RX = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const TERMS = 'http://terminology.hl7.org/CodeSystem';
const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const ASTHMA = coded(SCT, '195967001');
const request = (more: object) => ({
  resourceType: 'MedicationRequest',
  status: 'active',
  intent: 'order',
  medicationCodeableConcept: coded(RX, '314076'),
  ...more,
});
const refuted = (system: string) => ({ verificationStatus: coded(`${TERMS}/${system}`, 'refuted') });
const clinical = (type: string, code: string) => ({
  clinicalStatus: coded(`${TERMS}/${type}-clinical`, code),
});
const MODIFIED = { modifierExtension: [{ url: 'https://example.org/not', valueBoolean: true }] };

type Back = Awaited<ReturnType<typeof readBack>>;
type Shows = (back: Back) => void;

/** Left out of the entries, and a loss of some place. */
const leftOut =
  (type: string, path: string, words: RegExp = /./): Shows =>
  ({ all, leftOut: losses, xml }) => {
    expect(all(type)).toEqual([]);
    expect(losses.map((loss) => loss.at)).toContain(`${type}/x${path}`);
    expect(xml).toMatch(words);
  };
const planned =
  (mood: string, intent: string): Shows =>
  ({ one, xml }) => {
    expect(xml).toContain(`<substanceAdministration classCode="SBADM" moodCode="${mood}"`);
    expect(one('MedicationRequest')['intent']).toBe(intent);
  };
const ended: Shows = ({ one }) => expect(codesOf(one('Condition')['clinicalStatus'])).toEqual(['resolved']);
const noReason: Shows = ({ xml, leftOut: losses }) => {
  expect(xml).not.toContain('2.16.840.1.113883.10.20.22.4.19');
  expect(losses.map((loss) => loss.at)).toContain('Procedure/x.reasonReference');
};
const because = {
  resourceType: 'Procedure',
  status: 'completed',
  code: coded(SCT, '80146002'),
  reasonReference: [{ reference: 'Condition/why' }],
};
const why = (more: object): Resource =>
  ({ resourceType: 'Condition', id: 'why', code: ASTHMA, ...more }) as Resource;
const none = (code: string, more: object = {}) => ({ code: coded(SCT, code), ...more });
const nothing = (more: object = {}) =>
  request({ medicationCodeableConcept: coded(SCT, '787481004'), ...more });

type Row = readonly [
  rule: string,
  section: SectionName,
  resource: object,
  shows: Shows,
  others?: readonly Resource[],
];

const ROWS: readonly Row[] = [
  [
    'a medicine that is planned is meant',
    'medications',
    request({ intent: 'plan' }),
    planned('INT', 'order'),
  ],
  [
    'a medicine that is planned and no report is meant',
    'medications',
    request({ intent: 'plan', reportedBoolean: false }),
    planned('INT', 'order'),
  ],
  [
    'a medicine that is reported is taken',
    'medications',
    request({ intent: 'plan', reportedBoolean: true }),
    planned('EVN', 'plan'),
  ],
  [
    'a vaccine that is planned is meant',
    'medications',
    request({ intent: 'plan', medicationCodeableConcept: coded('http://hl7.org/fhir/sid/cvx', '140') }),
    ({ xml }) => expect(xml).toContain('moodCode="INT"'),
  ],
  [
    'that there were no allergies',
    'allergies',
    { resourceType: 'AllergyIntolerance', ...none('716186003', clinical('allergyintolerance', 'resolved')) },
    leftOut('AllergyIntolerance', '.clinicalStatus'),
  ],
  [
    'that there were no allergies to food',
    'allergies',
    { resourceType: 'AllergyIntolerance', ...none('429625007', clinical('allergyintolerance', 'inactive')) },
    leftOut('AllergyIntolerance', '.clinicalStatus'),
  ],
  [
    'that there were no allergies to latex',
    'allergies',
    { resourceType: 'AllergyIntolerance', ...none('1003774007', clinical('allergyintolerance', 'resolved')) },
    leftOut('AllergyIntolerance', '.clinicalStatus'),
  ],
  [
    'that there are no allergies to latex, refuted',
    'allergies',
    { resourceType: 'AllergyIntolerance', ...none('1003774007', refuted('allergyintolerance-verification')) },
    leftOut('AllergyIntolerance', '.verificationStatus'),
  ],
  [
    'that there were no problems',
    'problems',
    { resourceType: 'Condition', ...none('160245001', clinical('condition', 'resolved')) },
    leftOut('Condition', '.clinicalStatus'),
  ],
  [
    'that there were no problems, until a day',
    'problems',
    { resourceType: 'Condition', ...none('160245001', { abatementDateTime: '2020' }) },
    leftOut('Condition', '.clinicalStatus'),
  ],
  ...['stopped', 'completed', 'cancelled', 'on-hold', 'draft', 'unknown'].map((status): Row => [
    `that no medicines were taken, ${status}`,
    'medications',
    nothing({ status }),
    leftOut('MedicationRequest', '.status'),
  ]),
  [
    'that it shall not be that no medicines are taken',
    'medications',
    nothing({ doNotPerform: true }),
    leftOut('MedicationRequest', '.status'),
  ],
  [
    'that no medicines are proposed',
    'medications',
    nothing({ intent: 'proposal' }),
    leftOut('MedicationRequest', '.status'),
  ],
  ['that no medicines are planned', 'plan', nothing(), leftOut('MedicationRequest', '.status')],
  [
    'that no medicines are taken',
    'medications',
    nothing(),
    ({ one }) => expect(JSON.stringify(one('Composition'))).toContain('nilknown'),
  ],
  [
    'a medicine that is not to be taken is told so in words',
    'medications',
    request({ doNotPerform: true }),
    leftOut('MedicationRequest', '.status', />Not: 314076</),
  ],
  [
    'a medicine of the plan that is not to be taken is told so in words',
    'plan',
    request({ doNotPerform: true }),
    leftOut('MedicationRequest', '.status', />Not: 314076</),
  ],
  [
    'a medicine of the plan that was stopped is told so in words',
    'plan',
    request({ status: 'stopped' }),
    leftOut('MedicationRequest', '.status', /314076<br\/>stopped/),
  ],
  [
    'a referral that is not to be is told so in words',
    'reason-for-referral',
    {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      doNotPerform: true,
      code: { text: 'Surgery' },
    },
    leftOut('ServiceRequest', '.status', />Not: Surgery/),
  ],
  [
    'an order that was revoked and not to be is told so in words',
    'plan',
    {
      resourceType: 'ServiceRequest',
      status: 'revoked',
      intent: 'order',
      doNotPerform: true,
      code: { text: 'Surgery' },
    },
    leftOut('ServiceRequest', '.status', />Not: Surgery/),
  ],
  [
    'a condition that the patient has is a reason',
    'procedures',
    because,
    ({ one }) => expect(codesOf(at(one('Procedure'), 'reasonCode.0'))).toEqual(['195967001']),
    [why({})],
  ],
  [
    'a condition that is refuted is no reason',
    'procedures',
    because,
    noReason,
    [why(refuted('condition-ver-status'))],
  ],
  [
    'a condition in error is no reason',
    'procedures',
    because,
    noReason,
    [why({ verificationStatus: coded(`${TERMS}/condition-ver-status`, 'entered-in-error') })],
  ],
  ['a condition that is modified is no reason', 'procedures', because, noReason, [why(MODIFIED)]],
  [
    'an observation is no condition for a reason',
    'procedures',
    { ...because, reasonReference: [{ reference: 'Observation/why' }] },
    noReason,
    [{ resourceType: 'Observation', id: 'why', status: 'final', code: { text: 'Pregnancy' } } as Resource],
  ],
  [
    'a problem that ended by its words has ended',
    'problems',
    { resourceType: 'Condition', code: ASTHMA, abatementString: 'as a child' },
    ended,
  ],
  [
    'a problem that ended at an age has ended',
    'problems',
    {
      resourceType: 'Condition',
      code: ASTHMA,
      abatementAge: { value: 9, unit: 'a', system: 'http://unitsofmeasure.org', code: 'a' },
    },
    ended,
  ],
  [
    'a problem that ended in a time has ended',
    'problems',
    { resourceType: 'Condition', code: ASTHMA, abatementPeriod: { start: '2019' } },
    ended,
  ],
  [
    'a problem that ended on a day has ended',
    'problems',
    { resourceType: 'Condition', code: ASTHMA, abatementDateTime: '2020' },
    ended,
  ],
  [
    'a problem that ended has ended, though it is said to be active',
    'problems',
    {
      resourceType: 'Condition',
      code: ASTHMA,
      ...clinical('condition', 'active'),
      abatementString: 'as a child',
    },
    ended,
  ],
  [
    'an allergy that ended has ended',
    'allergies',
    {
      resourceType: 'AllergyIntolerance',
      code: coded(RX, '7980'),
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/allergyintolerance-abatement',
          valueDateTime: '2020',
        },
      ],
    },
    ({ one }) => expect(codesOf(one('AllergyIntolerance')['clinicalStatus'])).toEqual(['resolved']),
  ],
  [
    'a problem that is modified is told in words that say so',
    'problems',
    { resourceType: 'Condition', code: { text: 'Asthma' }, ...MODIFIED },
    leftOut('Condition', '.modifierExtension', /Asthma \(changed in meaning/),
  ],
  [
    'a medicine whose dosage is modified is told in words',
    'medications',
    request({ dosageInstruction: [{ text: 'one', ...MODIFIED }] }),
    leftOut('MedicationRequest', '.modifierExtension'),
  ],
  [
    'a result of a report that is modified is left out',
    'results',
    {
      resourceType: 'DiagnosticReport',
      status: 'final',
      code: { text: 'Blood' },
      result: [{ reference: 'Observation/x' }],
    },
    leftOut('Observation', '.modifierExtension'),
    [
      {
        resourceType: 'Observation',
        id: 'x',
        status: 'final',
        code: { text: 'Hb' },
        valueString: '7',
        ...MODIFIED,
      } as unknown as Resource,
    ],
  ],
  [
    'a medicine that is contained is told',
    'medications',
    request({
      medicationCodeableConcept: undefined,
      medicationReference: { reference: '#m' },
      contained: [{ resourceType: 'Medication', id: 'm', code: coded(RX, '314076') }],
    }),
    ({ one }) => expect(codesOf(one('MedicationRequest')['medicationCodeableConcept'])).toEqual(['314076']),
  ],
  [
    'a manufacturer that is contained is told',
    'immunizations',
    {
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode: coded('http://hl7.org/fhir/sid/cvx', '140'),
      occurrenceDateTime: '2024',
      manufacturer: { reference: '#o' },
      contained: [{ resourceType: 'Organization', id: 'o', name: 'Serum Works' }],
    },
    ({ xml }) => expect(xml).toContain('<name>Serum Works</name>'),
  ],
  [
    'a reason that is contained and refuted is none',
    'procedures',
    {
      ...because,
      reasonReference: [{ reference: '#why' }],
      contained: [why(refuted('condition-ver-status'))],
    },
    noReason,
  ],
  [
    'a reference to what another contains names nothing',
    'medications',
    request({ medicationCodeableConcept: undefined, medicationReference: { reference: '#x' } }),
    ({ leftOut: losses }) =>
      expect(losses.map((loss) => `${loss.kind} ${loss.at}`)).toContain(
        'unresolved MedicationRequest/x.medicationReference',
      ),
  ],
  [
    'a medicine that refers to what is modified is told in words',
    'medications',
    request({ medicationCodeableConcept: undefined, medicationReference: { reference: 'Medication/m' } }),
    leftOut('MedicationRequest', '.modifierExtension', /changed in meaning/),
    [{ resourceType: 'Medication', id: 'm', code: coded(RX, '314076'), ...MODIFIED } as unknown as Resource],
  ],
  [
    'a dose of a vaccine that does not count is told in words',
    'immunizations',
    {
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode: coded('http://hl7.org/fhir/sid/cvx', '140'),
      occurrenceDateTime: '2024',
      isSubpotent: true,
    },
    leftOut('Immunization', '.isSubpotent', /changed in meaning/),
  ],
];

const back = (name: SectionName, resource: object, others: readonly Resource[] = []) =>
  readBack(
    [
      {
        name,
        resources: [{ id: 'x', subject: { reference: 'Patient/1' }, ...resource } as unknown as Resource],
      },
    ],
    others,
  );

test.each(
  ROWS.map(
    ([rule, name, resource, shows, others = []]) => [rule, { name, resource, shows, others }] as const,
  ),
)('(ccda 8) %s', async (_rule, { name, resource, shows, others }) => {
  const told = await back(name, resource, others);
  shows(told);
  expect(await judgeResource(told.plain, {})).toEqual([]);
});

judged('ccda_rules', '(ccda 17) what is told of them is valid C-CDA', async () => {
  const judge = openRules();
  for (const [rule, name, resource, , others] of ROWS)
    expect([rule, judge((await back(name, resource, others)).xml)]).toEqual([rule, []]);
});
