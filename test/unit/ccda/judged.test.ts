/** What we write is judged by the official rules of C-CDA and the schema of CDA, in two engines. */
import { expect } from '@jest/globals';
import { judgeByLxml, openRules } from '../../ccda-judge.ts';
import { judged } from '../../judges.ts';
import { fixture, FIXTURES, type Edit, type Fixture } from './converted.ts';

/** A fault that a document may have, and a word of the complaint. */
const FAULTS: readonly (readonly [fixture: Fixture, edit: Edit, complaint: RegExp])[] = [
  ['referral-note', [/<languageCode[^>]*>/, ''], /languageCode/],
  ['referral-note', ['moodCode="RQO"', 'moodCode="EVN"'], /@moodCode/],
  ['consultation-note', ['<statusCode code="completed"/>', ''], /statusCode/],
  ['ccd-restricted', ['<versionNumber value="1"/>', '<versionNumber value="one"/>'], /'one'/],
];

judged('ccda_rules', '(ccda 17) the rules pass the fixtures and find single faults', () => {
  const judge = openRules();
  for (const name of FIXTURES) expect(judge(fixture(name))).toEqual([]);
  for (const [name, edit, complaint] of FAULTS)
    expect(judge(fixture(name, edit)).join('\n')).toMatch(complaint);
});

judged(
  'lxml',
  '(ccda 17) lxml finds what libxml2 finds',
  () => {
    const judge = openRules();
    const documents = [
      ...FIXTURES.map((name) => fixture(name)),
      ...FAULTS.map(([name, edit]) => fixture(name, edit)),
    ];
    const theirs = judgeByLxml(documents).map((faults) => faults.length);
    expect(documents.map((xml) => judge(xml).length)).toEqual(theirs);
  },
  120_000,
);
