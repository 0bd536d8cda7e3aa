/**
 * Meaning is never inverted: what is negated, refused, planned or over is never read as present, given, done or current.
 * Each row is an edit of a fixture and what must come of it.
 */
import { expect, test } from '@jest/globals';
import { judgeResource } from '../../../src/resources/validate.ts';
import { codesOf, convert, fixture, type Converted, type Edit, type Fixture } from './converted.ts';

const PROBLEM =
  '<observation classCode="OBS" moodCode="EVN">\n                  <templateId root="2.16.840.1.113883.10.20.22.4.4"';
const ALLERGY =
  '<observation classCode="OBS" moodCode="EVN">\n                  <templateId root="2.16.840.1.113883.10.20.22.4.7"';
const MEDICINE =
  '<substanceAdministration classCode="SBADM" moodCode="EVN">\n              <templateId root="2.16.840.1.113883.10.20.22.4.16"';

const negated = (act: string): Edit => [
  act,
  act.replace('moodCode="EVN"', 'moodCode="EVN" negationInd="true"'),
];

type Shows = (converted: Converted) => void;

test.each<[rule: string, fixture: Fixture, edits: readonly Edit[], shows: Shows]>([
  [
    'a negated problem is refuted, and has no course',
    'referral-note',
    [negated(PROBLEM)],
    ({ one }) => {
      expect(codesOf(one('Condition', /239873007/)['verificationStatus'])).toEqual(['refuted']);
      expect(one('Condition', /239873007/)).not.toHaveProperty('clinicalStatus');
    },
  ],
  [
    'a negated problem of no kind says that there is none',
    'referral-note',
    [
      negated(PROBLEM),
      [
        'code="239873007" codeSystem="2.16.840.1.113883.6.96" codeSystemName="SNOMED CT" displayName="Osteoarthritis of knee">\n                    <originalText>\n                      <reference value="#p1n"/>',
        'code="55607006" codeSystem="2.16.840.1.113883.6.96">\n                    <originalText>\n                      <reference value="#p1n"/>',
      ],
    ],
    ({ all }) =>
      expect(all('Condition').map(({ code }) => codesOf(code as object)[0])).toContain('160245001'),
  ],
  [
    'a negated allergy to a substance is refuted, without reactions',
    'referral-note',
    [negated(ALLERGY)],
    ({ one }) => {
      expect(codesOf(one('AllergyIntolerance')['verificationStatus'])).toEqual(['refuted']);
      expect(codesOf(one('AllergyIntolerance')['clinicalStatus'])).toEqual(['inactive']);
      expect(one('AllergyIntolerance')).not.toHaveProperty('reaction');
    },
  ],
  [
    'a negated medicine is not taken',
    'referral-note',
    [negated(MEDICINE)],
    ({ one, all }) => {
      expect(one('MedicationStatement', /314076/)['status']).toBe('not-taken');
      expect(all('MedicationRequest')).toHaveLength(1);
    },
  ],
  [
    'a negated medicine of no kind leaves the section empty for that reason',
    'ccd-restricted',
    [
      [
        /<substanceAdministration classCode="SBADM" moodCode="EVN">(\s*<templateId root="2\.16\.840\.1\.113883\.10\.20\.22\.4\.16")/,
        '<substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="true"><templateId root="2.16.840.1.113883.10.20.22.4.16"',
      ],
      [
        /<manufacturedMaterial>\s*<code[^>]*>[\s\S]*?<\/manufacturedMaterial>/,
        '<manufacturedMaterial><code nullFlavor="OTH"/></manufacturedMaterial>',
      ],
    ],
    ({ one, all }) => {
      expect(all('MedicationRequest')).toEqual([]);
      expect(JSON.stringify(one('Composition')['section'])).toContain('nilknown');
    },
  ],
  [
    'a medicine that is prescribed is an order, one that is taken a report',
    'referral-note',
    [[MEDICINE, MEDICINE.replace('EVN', 'INT')]],
    ({ one }) => {
      expect(one('MedicationRequest', /314076/)['intent']).toBe('order');
      expect(one('MedicationRequest', /314076/)).not.toHaveProperty('reportedBoolean');
      expect(one('MedicationRequest', /198440/)).toMatchObject({ intent: 'plan', reportedBoolean: true });
    },
  ],
  [
    'a procedure of the plan that was done is a Procedure',
    'referral-note',
    [[/<procedure classCode="PROC" moodCode="RQO">/, '<procedure classCode="PROC" moodCode="EVN">']],
    ({ one, all }) => {
      expect(one('Procedure', /74016001/)).toBeDefined();
      expect(all('ServiceRequest')).toHaveLength(1);
    },
  ],
  [
    'a procedure that was not done is not done',
    'consultation-note',
    [
      [
        /<procedure classCode="PROC" moodCode="EVN">/,
        '<procedure classCode="PROC" moodCode="EVN" negationInd="true">',
      ],
    ],
    ({ one }) => expect(one('Procedure')['status']).toBe('not-done'),
  ],
  [
    'a procedure of a mood that means it is an order, wherever it stands',
    'consultation-note',
    [[/<procedure classCode="PROC" moodCode="EVN">/, '<procedure classCode="PROC" moodCode="INT">']],
    ({ one, all }) => {
      expect(all('Procedure')).toEqual([]);
      expect(one('ServiceRequest', /20610/)['intent']).toBe('plan');
    },
  ],
  [
    'a vaccine of a mood that means it was not given',
    'ccd-restricted',
    [[/moodCode="EVN" negationInd="false"/, 'moodCode="INT" negationInd="false"']],
    ({ all }) => {
      expect(all('Immunization').map(({ status }) => status)).toEqual(['not-done']);
      expect(all('MedicationRequest').some(({ intent }) => intent === 'plan')).toBe(true);
    },
  ],
  [
    'a problem that ended is not active, whatever its concern says',
    'referral-note',
    [
      [
        /<effectiveTime>\s*<low value="20190202"\/>\s*<\/effectiveTime>(\s*<value xsi:type="CD" code="38341003")/,
        '<effectiveTime><low value="20190202"/><high nullFlavor="UNK"/></effectiveTime><value xsi:type="CD" code="38341003"',
      ],
    ],
    ({ one }) => {
      expect(codesOf(one('Condition', /38341003/)['clinicalStatus'])).toEqual(['resolved']);
      expect(one('Condition', /38341003/)['_abatementDateTime']).toBeDefined();
    },
  ],
  [
    'a former smoker is no current one',
    'referral-note',
    [],
    ({ one }) =>
      expect(codesOf(one('Observation', /"72166-2"/)['valueCodeableConcept'])).toEqual(['8517006']),
  ],
  [
    'a section that is restricted restricts what it holds, in a document that is not',
    'ccd-restricted',
    [
      [
        '<confidentialityCode code="R" codeSystem="2.16.840.1.113883.5.25"',
        '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"',
      ],
    ],
    ({ one }) => expect(one('Composition')['confidentiality']).toBe('R'),
  ],
  [
    'a document that says nothing of its confidentiality is read all the same',
    'referral-note',
    [[/<confidentialityCode[^>]*>/, '']],
    ({ one, labels }) => {
      expect(labels).toEqual([]);
      expect(one('Composition')['confidentiality']).toBe('N');
    },
  ],
  [
    'a result that was not made has no value of its own',
    'referral-note',
    [['<value xsi:type="PQ" value="13.2" unit="g/dL"/>', '<value xsi:type="PQ" nullFlavor="NASK"/>']],
    ({ one }) => {
      expect(one('Observation', /"718-7"/)).not.toHaveProperty('valueQuantity');
      expect(codesOf(one('Observation', /"718-7"/)['dataAbsentReason'])).toEqual(['not-asked']);
    },
  ],
])('(ccda 8) %s', async (_rule, name, edits, shows) => {
  const converted = await convert(fixture(name, ...edits));
  shows(converted);
  expect(await judgeResource(converted.plain, {})).toEqual([]);
});
