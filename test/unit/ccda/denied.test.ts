/**
 * What is denied is never told as had, given or none at all; what is another's, meant or entered in error is never the
 * patient's own. Each row is an entry and what must come of it: the resource, or a loss.
 */
import { expect, test } from '@jest/globals';
import { judgeResource } from '../../../src/resources/validate.ts';
import { at, codesOf, convert, type Converted, type Tree } from './converted.ts';
import {
  act,
  allergy,
  concern,
  documentOf,
  given,
  problem,
  qualified,
  RELATIVE,
  snomed,
  words,
  type Named,
  type Said,
} from './sections.ts';

const DENIED: Said = { negated: true };
const VOID: Said = { status: 'nullified' };
const RXNORM = '2.16.840.1.113883.6.88';
const PENICILLIN = `<code code="7980" codeSystem="${RXNORM}" displayName="Penicillin"/>`;
const UNCODED = '<code nullFlavor="UNK"/>';
const ANY = snomed('419199007');

/** The first code of an allergy or a problem, else its words, and what is said of it. */
const saysOfMatter = (resource: Tree): readonly unknown[] => [
  codesOf(resource['code'])[0] ?? at(resource, 'code.text'),
  codesOf(resource['verificationStatus'])[0],
];

const ALLERGIES: readonly (readonly [rule: string, observation: string, says: readonly unknown[]])[] = [
  ['a name', allergy(ANY, `${UNCODED}<name>Penicillin</name>`, DENIED), ['Penicillin', 'refuted']],
  ['a name alone', allergy(ANY, '<name>Penicillin</name>', DENIED), ['Penicillin', 'refuted']],
  [
    'a name beside no code at all',
    allergy(ANY, '<code nullFlavor="NA"/><name>Penicillin</name>', DENIED),
    ['Penicillin', 'refuted'],
  ],
  ['the words of a code', allergy(ANY, words('code', 'Penicillin'), DENIED), ['Penicillin', 'refuted']],
  [
    'the words of a value',
    allergy(words('value', 'Peanut allergy'), UNCODED, DENIED),
    ['Peanut allergy', 'refuted'],
  ],
  [
    'the words of a general value',
    allergy(snomed('419199007', '<originalText>Bee venom</originalText>'), UNCODED, DENIED),
    ['Bee venom', 'refuted'],
  ],
  ['the code of a value', allergy(snomed('91936005'), UNCODED, DENIED), ['91936005', 'refuted']],
  [
    'the code of a value, to nothing',
    allergy(snomed('91936005'), '<code nullFlavor="NA"/>', DENIED),
    ['91936005', 'refuted'],
  ],
  ['a code', allergy(ANY, PENICILLIN, DENIED), ['7980', 'refuted']],
  ['a code, by 1 for true', allergy(ANY, PENICILLIN, { negated: '1' }), ['7980', 'refuted']],
  [
    'a code, known absent',
    allergy(snomed('419199007', qualified('410516002')), PENICILLIN),
    ['7980', 'refuted'],
  ],
  ['nothing', allergy(ANY, '<code nullFlavor="NA"/>', DENIED), ['716186003', 'confirmed']],
  ['nothing that is named', allergy(ANY, UNCODED, DENIED), ['716186003', 'confirmed']],
  [
    'a kind in words',
    allergy(snomed('419199007', '<originalText>Allergy to substance</originalText>'), UNCODED, DENIED),
    ['716186003', 'confirmed'],
  ],
  [
    'none in words',
    allergy(ANY, `${UNCODED}<name>No known allergies</name>`, DENIED),
    ['716186003', 'confirmed'],
  ],
  [
    'none in words of medicines',
    allergy(ANY, `${UNCODED}<name>No known drug allergies</name>`, DENIED),
    ['409137002', 'confirmed'],
  ],
  [
    'none in words of food',
    allergy(words('value', 'No known food allergies'), UNCODED, DENIED),
    ['429625007', 'confirmed'],
  ],
  ['none in short', allergy(ANY, `${UNCODED}<name>NKDA</name>`, DENIED), ['409137002', 'confirmed']],
  [
    'a code for none',
    allergy(ANY, '<code code="716186003" codeSystem="2.16.840.1.113883.6.96"/>', DENIED),
    ['716186003', 'confirmed'],
  ],
  ...(
    [
      ['416098002', '409137002'],
      ['419511003', '409137002'],
      ['59037007', '409137002'],
      ['414285001', '429625007'],
      ['235719002', '429625007'],
      ['418471000', '429625007'],
      ['426232007', '428607008'],
      ['300916003', '1003774007'],
      ['419199007', '716186003'],
      ['418038007', '716186003'],
      ['420134006', '716186003'],
    ] as const
  ).map(
    ([kind, none]) =>
      [
        `the kind ${kind}`,
        allergy(snomed(kind), '<code nullFlavor="NA"/>', DENIED),
        [none, 'confirmed'],
      ] as const,
  ),
];

test.each(ALLERGIES)('(ccda 8) a negated allergy to %s', async (_what, observation, says) => {
  const { one, plain } = await convert(documentOf('allergies', concern(observation)));
  expect(saysOfMatter(one('AllergyIntolerance'))).toEqual(says);
  expect(await judgeResource(plain, {})).toEqual([]);
});

const MEDICINES: readonly (readonly [what: string, activity: string, says: readonly unknown[]])[] = [
  [
    'a name',
    given('4.16', `${UNCODED}<name>Warfarin</name>`, DENIED),
    ['MedicationStatement', 'Warfarin', 'not-taken', undefined],
  ],
  [
    'the words of a code',
    given('4.16', words('code', 'Warfarin'), DENIED),
    ['MedicationStatement', 'Warfarin', 'not-taken', undefined],
  ],
  ['a code', given('4.16', PENICILLIN, DENIED), ['MedicationStatement', '7980', 'not-taken', undefined]],
  [
    'a code, in error',
    given('4.16', PENICILLIN, { ...DENIED, ...VOID }),
    ['MedicationStatement', '7980', 'entered-in-error', undefined],
  ],
  [
    'a code that is meant',
    given('4.16', PENICILLIN, { ...DENIED, mood: 'INT', status: 'active' }),
    ['MedicationRequest', '7980', 'active', true],
  ],
  [
    'a name that is meant',
    given('4.42', '<name>Warfarin</name>', { ...DENIED, mood: 'RQO', status: 'active' }),
    ['MedicationRequest', 'Warfarin', 'active', true],
  ],
  [
    'a code that is meant, in error',
    given('4.16', PENICILLIN, { ...DENIED, ...VOID, mood: 'INT' }),
    ['MedicationRequest', '7980', 'entered-in-error', true],
  ],
];

test.each(MEDICINES)('(ccda 8) a negated medicine of %s', async (_what, activity, says) => {
  const { all, one, plain } = await convert(documentOf('medications', activity));
  const [found] = [...all('MedicationStatement'), ...all('MedicationRequest')];
  const medicine = found?.['medicationCodeableConcept'];
  expect([
    found?.resourceType,
    codesOf(medicine)[0] ?? at(medicine, 'text'),
    found?.['status'],
    found?.['doNotPerform'],
  ]).toEqual(says);
  expect(JSON.stringify(one('Composition'))).not.toContain('nilknown');
  expect(await judgeResource(plain, {})).toEqual([]);
});

test.each<[what: string, activity: string, isNil: boolean]>([
  ['no name', given('4.16', '<code nullFlavor="OTH"/>', DENIED), true],
  ['words that say none', given('4.16', words('code', 'No known medications'), DENIED), true],
  [
    'a code for none',
    given('4.16', '<code code="787481004" codeSystem="2.16.840.1.113883.6.96"/>', DENIED),
    true,
  ],
  ['no name that is meant', given('4.16', UNCODED, { ...DENIED, mood: 'INT' }), false],
  ['no name, in error', given('4.16', UNCODED, { ...DENIED, ...VOID }), false],
])('(ccda 8) a negated medicine of %s is none', async (_what, activity, isNil) => {
  const { all, one, lost } = await convert(documentOf('medications', activity));
  expect([...all('MedicationStatement'), ...all('MedicationRequest')]).toEqual([]);
  expect(JSON.stringify(one('Composition')).includes('nilknown')).toBe(isNil);
  expect(lost('unmapped').join().includes('it denies a medicine')).toBe(!isNil);
});

const ASTHMA = snomed('195967001');

/** What a problem or an allergy is told as. */
test.each<[what: string, section: Named, entry: string, says: readonly unknown[]]>([
  [
    'a problem that is known absent',
    'problems',
    concern(problem(snomed('195967001', qualified('410516002')))),
    ['195967001', 'refuted'],
  ],
  ['a problem in error', 'problems', concern(problem(ASTHMA, VOID)), ['195967001', 'entered-in-error']],
  ['a concern in error', 'problems', concern(problem(ASTHMA), VOID), ['195967001', 'entered-in-error']],
  [
    'a denied problem in error',
    'problems',
    concern(problem(ASTHMA, { ...DENIED, ...VOID })),
    ['195967001', 'entered-in-error'],
  ],
  [
    'a problem that ended, in error',
    'problems',
    concern(problem(`<effectiveTime><high value="2020"/></effectiveTime>${ASTHMA}`, VOID)),
    ['195967001', 'entered-in-error'],
  ],
  ['an allergy in error', 'allergies', concern(allergy(ANY, PENICILLIN, VOID)), ['7980', 'entered-in-error']],
  [
    'an allergy of a concern in error',
    'allergies',
    concern(allergy(ANY, PENICILLIN), VOID),
    ['7980', 'entered-in-error'],
  ],
  [
    'no problems in words',
    'problems',
    concern(problem(words('value', 'No known problems'), DENIED)),
    ['160245001', 'confirmed'],
  ],
  [
    'that there are none, denied',
    'problems',
    concern(problem(snomed('160245001'), DENIED)),
    ['160245001', 'confirmed'],
  ],
  [
    'an allergy among health concerns',
    'concerns',
    act('act', '4.132', `<entryRelationship typeCode="REFR">${allergy(ANY, PENICILLIN)}</entryRelationship>`),
    ['7980', 'confirmed'],
  ],
])('(ccda 8) %s is told as such', async (_what, section, entry, says) => {
  const { all, plain } = await convert(documentOf(section, entry));
  expect([...all('Condition'), ...all('AllergyIntolerance')].map(saysOfMatter)).toEqual([says]);
  expect(await judgeResource(plain, {})).toEqual([]);
});

const result = (said: Said = {}): string =>
  act('observation', '4.2', '<value xsi:type="PQ" value="7" unit="g/dL"/>', {
    before: '<code code="718-7" codeSystem="2.16.840.1.113883.6.1"/>',
    ...said,
  });
const battery = (observation: string, said: Said = {}, template = '4.1'): string =>
  act('organizer', template, `<component>${observation}</component>`, {
    ...said,
    before: `<code code="58410-2" codeSystem="2.16.840.1.113883.6.1"/>${said.before ?? ''}`,
  });
const wrapped = (template: string, inner: string, said: Said = {}): string =>
  act('act', template, `<entryRelationship typeCode="SUBJ">${inner}</entryRelationship>`, said);
const visit = (inner: string): string =>
  act('encounter', '4.49', `<entryRelationship typeCode="SUBJ">${inner}</entryRelationship>`);
const policy = (said: Said = {}): string =>
  act(
    'act',
    '4.60',
    `<entryRelationship typeCode="COMP">${act('act', '4.61', '', said)}</entryRelationship>`,
  );

/** Entries of which no fact about the patient may come. */
test.each<[what: string, section: Named, entry: string, never: readonly string[]]>([
  ['a concern that is denied', 'problems', concern(problem(ASTHMA), DENIED), ['Condition']],
  [
    'a concern that is denied, about an allergy',
    'allergies',
    concern(allergy(ANY, PENICILLIN), DENIED),
    ['AllergyIntolerance'],
  ],
  ['a concern that is meant', 'problems', concern(problem(ASTHMA), { mood: 'INT' }), ['Condition']],
  [
    'a diagnosis that is denied',
    'encounters',
    visit(wrapped('4.80', problem(ASTHMA), DENIED)),
    ['Condition'],
  ],
  ['a health concern that is denied', 'concerns', wrapped('4.132', problem(ASTHMA), DENIED), ['Condition']],
  ['a problem that is meant', 'problems', concern(problem(ASTHMA, { mood: 'INT' })), ['Condition']],
  ['a problem that is a goal', 'problems', concern(problem(ASTHMA, { mood: 'GOL' })), ['Condition']],
  ['a problem by definition', 'problems', concern(problem(ASTHMA, { mood: 'DEF' })), ['Condition']],
  ['a problem by definition, without a concern', 'problems', problem(ASTHMA, { mood: 'DEF' }), ['Condition']],
  [
    'a diagnosis that is meant',
    'encounters',
    visit(wrapped('4.80', problem(ASTHMA, { mood: 'INT' }))),
    ['Condition'],
  ],
  ['a problem of a relative', 'problems', concern(problem(ASTHMA, { after: RELATIVE })), ['Condition']],
  [
    'a problem of a relative, without a concern',
    'problems',
    problem(ASTHMA, { after: RELATIVE }),
    ['Condition'],
  ],
  ['a concern about a relative', 'problems', concern(problem(ASTHMA), { before: RELATIVE }), ['Condition']],
  [
    'an allergy of a relative',
    'allergies',
    concern(allergy(ANY, PENICILLIN, { after: RELATIVE })),
    ['AllergyIntolerance'],
  ],
  [
    'a procedure of a relative',
    'procedures',
    act('procedure', '4.14', '', { after: RELATIVE }),
    ['Procedure'],
  ],
  [
    'a medicine of a relative',
    'medications',
    given('4.16', PENICILLIN, { before: RELATIVE }),
    ['MedicationRequest', 'MedicationStatement'],
  ],
  [
    'results of a relative',
    'results',
    battery(result(), { before: RELATIVE }),
    ['Observation', 'DiagnosticReport'],
  ],
  [
    'vital signs of a relative',
    'vital-signs',
    battery(result(), { before: RELATIVE }, '4.26'),
    ['Observation'],
  ],
  ['a result of a relative', 'results', battery(result({ after: RELATIVE })), ['Observation']],
  ['a result that is meant', 'results', battery(result({ mood: 'RQO' })), ['Observation']],
  [
    'results that are meant',
    'results',
    battery(result(), { mood: 'RQO' }),
    ['Observation', 'DiagnosticReport'],
  ],
  ['results that are denied', 'results', battery(result(), DENIED), ['Observation', 'DiagnosticReport']],
  ['a visit that is denied', 'encounters', act('encounter', '4.49', '', DENIED), ['Condition']],
  [
    'a coverage that is denied',
    'payers',
    act(
      'act',
      '4.60',
      `<entryRelationship typeCode="COMP">${act('act', '4.61', '')}</entryRelationship>`,
      DENIED,
    ),
    ['Coverage'],
  ],
  ['a policy that is denied', 'payers', policy(DENIED), ['Coverage']],
  ['an instruction among procedures', 'procedures', act('act', '4.20', '', { mood: 'INT' }), ['Procedure']],
])('(ccda 8) %s is told as a loss or a plan, never as a fact', async (_what, section, entry, never) => {
  const { all, losses, plain } = await convert(documentOf(section, entry));
  for (const type of never) expect(all(type)).toEqual([]);
  const told = losses.filter(({ at: place }) => place.includes('/entry['));
  expect([...all('Goal'), ...all('ServiceRequest'), ...told]).not.toEqual([]);
  expect(await judgeResource(plain, {})).toEqual([]);
});

type Shows = (converted: Converted) => void;
const status =
  (type: string, value: string): Shows =>
  ({ all }) =>
    expect(all(type).map((one) => one['status'] ?? one['lifecycleStatus'])).toEqual([value]);
const CVX = '<code code="140" codeSystem="2.16.840.1.113883.12.292"/>';
const vaccine = (said: Said = {}): string => given('4.52', CVX, said);

test.each<[what: string, section: Named, entry: string, shows: Shows]>([
  [
    'a vaccination without a status was given',
    'immunizations',
    vaccine({ status: '' }),
    status('Immunization', 'completed'),
  ],
  [
    'a vaccination that is active was given',
    'immunizations',
    vaccine({ status: 'active' }),
    status('Immunization', 'completed'),
  ],
  [
    'a vaccination without a status is told as a default',
    'immunizations',
    vaccine({ status: '' }),
    ({ lost }) => expect(lost('defaulted').join()).toContain('told as given'),
  ],
  [
    'a vaccination that is active and denied was not given',
    'immunizations',
    vaccine({ ...DENIED, status: 'active' }),
    status('Immunization', 'not-done'),
  ],
  ...['aborted', 'cancelled', 'held', 'suspended', 'new'].map((said): [string, Named, string, Shows] => [
    `a vaccination that is ${said} was not given`,
    'immunizations',
    vaccine({ status: said }),
    status('Immunization', 'not-done'),
  ]),
  ['a vaccination in error', 'immunizations', vaccine(VOID), status('Immunization', 'entered-in-error')],
  [
    'a vaccination that was planned and cancelled is not planned',
    'immunizations',
    given('4.120', CVX, { mood: 'INT', status: 'cancelled' }),
    status('MedicationRequest', 'cancelled'),
  ],
  [
    'a planned vaccination in error',
    'immunizations',
    given('4.120', CVX, { ...VOID, mood: 'INT' }),
    status('MedicationRequest', 'entered-in-error'),
  ],
  [
    'a procedure in error',
    'procedures',
    act('procedure', '4.14', '', VOID),
    status('Procedure', 'entered-in-error'),
  ],
  [
    'a procedure not done, in error',
    'procedures',
    act('procedure', '4.14', '', { ...DENIED, ...VOID }),
    status('Procedure', 'entered-in-error'),
  ],
  [
    'a procedure qualified as not done',
    'procedures',
    act('procedure', '4.14', '', {
      before: `<code code="80146002" codeSystem="2.16.840.1.113883.6.96">${qualified('385660001')}</code>`,
    }),
    status('Procedure', 'not-done'),
  ],
  [
    'an observation in error',
    'social-history',
    act('observation', '4.38', '', VOID),
    status('Observation', 'entered-in-error'),
  ],
  ['a result in error', 'results', battery(result(VOID)), status('Observation', 'entered-in-error')],
  [
    'the results of a report in error',
    'results',
    battery(result(), VOID),
    status('Observation', 'entered-in-error'),
  ],
  ['a report in error', 'results', battery(result(), VOID), status('DiagnosticReport', 'entered-in-error')],
  [
    'a result that was not made',
    'results',
    battery(result({ negated: '1' })),
    status('Observation', 'cancelled'),
  ],
  [
    'a result that was not made has no value',
    'results',
    battery(result(DENIED)),
    ({ one, lost }) => {
      expect(one('Observation')).not.toHaveProperty('valueQuantity');
      expect(lost('unmapped').join()).toContain('not found');
    },
  ],
  [
    'an order in error',
    'plan',
    act('procedure', '4.41', '', { ...VOID, mood: 'RQO' }),
    status('ServiceRequest', 'entered-in-error'),
  ],
  [
    'an order on hold',
    'plan',
    act('procedure', '4.41', '', { mood: 'RQO', status: 'held' }),
    status('ServiceRequest', 'on-hold'),
  ],
  [
    'a goal in error',
    'goals',
    act('observation', '4.121', '', { ...VOID, mood: 'GOL' }),
    status('Goal', 'entered-in-error'),
  ],
  ['a coverage in error', 'payers', policy(VOID), status('Coverage', 'entered-in-error')],
  [
    'that there are no allergies, of a concern that is over, holds',
    'allergies',
    concern(allergy(ANY, '<code nullFlavor="NA"/>', DENIED), { status: 'completed' }),
    ({ one }) => expect(codesOf(one('AllergyIntolerance')['clinicalStatus'])).toEqual(['active']),
  ],
  [
    'that there were no allergies, which has ended, is over',
    'allergies',
    concern(
      allergy(`<effectiveTime><high value="2020"/></effectiveTime>${ANY}`, '<code nullFlavor="NA"/>', DENIED),
    ),
    ({ one }) => expect(codesOf(one('AllergyIntolerance')['clinicalStatus'])).toEqual(['resolved']),
  ],
  [
    'a sex at birth that it is not is no sex',
    'social-history',
    act('observation', '4.200', '<value xsi:type="CD" code="F" codeSystem="2.16.840.1.113883.5.1"/>', DENIED),
    ({ one }) => expect(JSON.stringify(one('Patient'))).not.toContain('birthsex'),
  ],
  [
    'a qualifier that nobody reads is a loss',
    'problems',
    concern(problem(snomed('195967001', qualified('410592001')))),
    ({ lost }) => expect(lost('unmapped').join()).toContain('qualifier'),
  ],
  [
    'an absence that is said twice is a loss',
    'problems',
    concern(problem(snomed('195967001', qualified('410516002')), DENIED)),
    ({ lost }) => expect(lost('narrowed').join()).toContain('absent'),
  ],
  [
    'a reaction to what is no allergy is a loss',
    'allergies',
    concern(
      allergy(ANY, PENICILLIN, {
        ...DENIED,
        after: `<entryRelationship typeCode="MFST">${act('observation', '4.9', snomed('126485001'))}</entryRelationship>`,
      }),
    ),
    ({ lost }) => expect(lost('unmapped').join()).toContain('reactions'),
  ],
])('(ccda 8) %s', async (_rule, section, entry, shows) => {
  const converted = await convert(documentOf(section, entry));
  shows(converted);
  expect(await judgeResource(converted.plain, {})).toEqual([]);
});

test('(ccda 8) a section about a relative tells nothing of the patient', async () => {
  const { all, lost } = await convert(documentOf('problems', concern(problem(ASTHMA)), RELATIVE));
  expect(all('Condition')).toEqual([]);
  expect(lost('unmapped').join()).toContain('somebody else');
});

const INDICATION = (said: Said): string => act('observation', '4.19', ASTHMA, said);
const RASH = (said: Said): string => act('observation', '4.9', snomed('126485001'), said);
const beside = (type: string, inner: string, negated = ''): string =>
  `<entryRelationship typeCode="${type}"${negated}>${inner}</entryRelationship>`;
const member = (said: Said): string =>
  act(
    'organizer',
    '4.500',
    `<component>${act('act', '4.500.1', '<performer><assignedEntity><assignedPerson><name>Lund</name></assignedPerson></assignedEntity></performer>', said)}</component>`,
  );

/** What is denied beside an entry says nothing of it. */
test.each<[what: string, section: Named, entry: (said: Said) => string, word: string]>([
  [
    'a reason',
    'procedures',
    (said) => act('procedure', '4.14', beside('RSON', INDICATION(said))),
    '195967001',
  ],
  [
    'a reason for a medicine',
    'medications',
    (said) => given('4.16', PENICILLIN, { after: beside('RSON', INDICATION(said)) }),
    '195967001',
  ],
  [
    'a reaction',
    'allergies',
    (said) => concern(allergy(ANY, PENICILLIN, { after: beside('MFST', RASH(said)) })),
    '126485001',
  ],
  [
    'a status',
    'problems',
    (said) =>
      concern(
        problem(ASTHMA, { after: beside('REFR', act('observation', '4.6', snomed('413322009'), said)) }),
      ),
    'resolved',
  ],
  [
    'a death of it',
    'family',
    (said) =>
      act(
        'organizer',
        '4.45',
        `<component>${act('observation', '4.46', ASTHMA, { after: beside('CAUS', act('observation', '4.47', snomed('419099009'), said)) })}</component>`,
        { before: RELATIVE },
      ),
    'contributedToDeath',
  ],
  ['a member of a team', 'plan', member, 'Lund'],
])('(ccda 8) %s that is denied, or void, is told as a loss', async (_what, section, entry, word) => {
  const said = async (how: Said) => {
    const { plain, losses } = await convert(documentOf(section, entry(how)));
    expect(await judgeResource(plain, {})).toEqual([]);
    return {
      text: JSON.stringify(plain),
      told: losses.filter(({ at: place }) => place.includes('/entry[')).length,
    };
  };
  const positive = await said({});
  expect(positive.text).toContain(word);
  for (const how of [DENIED, VOID]) {
    const { text, told } = await said(how);
    expect(text).not.toContain(word);
    expect(told).toBeGreaterThan(positive.told);
  }
});

test('(ccda 8) a relation that is denied relates nothing', async () => {
  const negated = ' negationInd="true"';
  const reaction = concern(allergy(ANY, PENICILLIN, { after: beside('MFST', RASH({}), negated) }));
  expect(JSON.stringify((await convert(documentOf('allergies', reaction))).plain)).not.toContain('126485001');
  const observed = act('act', '4.3', beside('SUBJ', problem(ASTHMA), negated), {
    before: '<code code="CONC" codeSystem="2.16.840.1.113883.5.6"/>',
  });
  expect((await convert(documentOf('problems', observed))).all('Condition')).toEqual([]);
});
