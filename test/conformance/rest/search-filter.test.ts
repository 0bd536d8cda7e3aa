/**
 * `_filter` (http://hl7.org/fhir/R4/search_filter.html) and `_list` (http://hl7.org/fhir/R4/search.html#list) over HTTP,
 * against plain predicates over what was written.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Observation, Patient, Task } from '../../../src/fhir/types.ts';
import { idsOf, openRest, type Answer, type Rest } from './client.ts';
import { all, family, folded, SYSTEM, those, writeAll } from './search-rows.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
  await writeAll(rest);
});
afterAll(() => rest.close());

const sorted = (answer: Answer): readonly string[] => idsOf(answer).toSorted();
const filtered = (type: string, filter: string, more = ''): string =>
  `GET ${type}?_filter=${encodeURIComponent(filter)}${more}`;

type Row = readonly [filter: string, expected: () => readonly string[]];
const patients = (holds: (patient: Patient) => boolean) => () => those('Patient', holds);
const observations = (holds: (observation: Observation) => boolean) => () => those('Observation', holds);
const given = ({ name }: Patient): readonly string[] => name?.[0]?.given ?? [];
const values = ({ identifier = [] }: Patient): readonly (string | undefined)[] =>
  identifier.map((one) => one.value);
const amount = ({ valueQuantity }: Observation): number => valueQuantity?.value ?? Number.NaN;
const patientOf = ({ subject }: Observation): Patient =>
  all.find(({ resourceType, id }) => `${resourceType}/${id}` === subject?.reference) as unknown as Patient; // it is here
const is = (text: string) => (one: string) => folded(one) === text;

const PATIENTS: readonly Row[] = [
  ['family eq "muller"', patients((one) => is('muller')(family(one)))],
  ['family eq "MÜLLER"', patients((one) => is('muller')(family(one)))],
  ['family eq "mull"', () => []],
  ['family co "ulle"', patients((one) => folded(family(one)).includes('ulle'))],
  ['family sw "mull"', patients((one) => folded(family(one)).startsWith('mull'))],
  ['family sw mull', patients((one) => folded(family(one)).startsWith('mull'))],
  ['family ew "SON"', patients((one) => folded(family(one)).endsWith('son'))],
  ['family ew "th, jr."', patients((one) => family(one) === 'Smith, Jr.')],
  ['family eq "Smith\\u002c Jr."', patients((one) => family(one) === 'Smith, Jr.')],
  ['given ne "ana"', patients((one) => given(one).some((name) => folded(name) !== 'ana'))],
  ['family ne "muller"', patients((one) => !is('muller')(family(one)))],
  ['gender eq male', patients(({ gender }) => gender === 'male')],
  ['gender ne male', patients(({ gender }) => gender !== undefined && gender !== 'male')],
  ['not (gender eq male)', patients(({ gender }) => gender !== 'male')],
  ['active pr true', patients(({ active }) => active !== undefined)],
  ['active pr false', patients(({ active }) => active === undefined)],
  ['active ne true', patients(({ active }) => active === false)],
  ['not(active eq true)', patients(({ active }) => active !== true)],
  [`identifier eq ${SYSTEM}|p1`, patients((one) => values(one).includes('p1'))],
  ['identifier sw "p"', patients((one) => values(one).some((value) => value?.startsWith('p')))],
  ['identifier ew 3', patients((one) => values(one).some((value) => value?.endsWith('3')))],
  ['identifier co are1', patients((one) => values(one).some((value) => value?.includes('are1')))],
  // The year goes on beyond that day.
  ['birthdate ge 1974-12-01', patients(({ birthDate }) => birthDate !== undefined)],
  ['birthdate eq 1974', patients(({ birthDate = '' }) => birthDate.startsWith('1974'))],
  [
    'birthdate po 1974-12',
    patients(({ birthDate = '' }) => ['1974', '1974-12', '1974-12-25'].includes(birthDate)),
  ],
  ['birthdate po "1974-03"', patients(({ birthDate = '' }) => birthDate === '1974')],
  ['birthdate sa 1974-12-25', patients(({ birthDate = '' }) => birthDate > '1975')],
  ['birthdate eb 1980', patients(({ birthDate = '' }) => birthDate.startsWith('1974'))],
  ['gender eq male and active eq true', patients((one) => one.gender === 'male' && one.active === true)],
  [
    'gender eq male or active eq true and family sw "m"',
    patients((one) => (one.gender === 'male' || one.active === true) && folded(family(one)).startsWith('m')),
  ],
  [
    'gender eq male or (active eq true and family sw "m")',
    patients((one) => one.gender === 'male' || (one.active === true && folded(family(one)).startsWith('m'))),
  ],
  ['not (not (gender eq male))', patients(({ gender }) => gender === 'male')],
  ['((((gender eq male))))', patients(({ gender }) => gender === 'male')],
  ['_tag eq t1', patients(({ meta }) => meta?.tag?.[0]?.code === 't1')],
  ['_profile sw "http://example.org"', patients(() => true)],
  ['_lastUpdated ge 2020-01-01', patients(() => true)],
  ['_content eq "muller"', patients((one) => is('muller')(family(one)))],
];

const OBSERVATIONS: readonly Row[] = [
  ['code eq http://loinc.org|8480-1', observations(({ code }) => code.coding?.[0]?.code === '8480-1')],
  ['code sw 8480', observations(() => true)],
  ['value-quantity gt 5.4', observations((one) => amount(one) > 5.4)],
  ['value-quantity le 5.4', observations((one) => amount(one) <= 5.4)],
  ['subject.family co "mull"', observations((one) => folded(family(patientOf(one))).includes('mull'))],
  ['subject:Patient.gender eq male', observations((one) => patientOf(one).gender === 'male')],
  [
    'subject[gender eq male].family sw "mull"',
    observations(
      (one) => patientOf(one).gender === 'male' && folded(family(patientOf(one))).startsWith('mull'),
    ),
  ],
  ['not (subject.gender eq male)', observations((one) => patientOf(one).gender !== 'male')],
  ['performer pr true', observations(({ performer }) => performer !== undefined)],
  ['date po 2026-01-01', observations(({ effectiveDateTime: at }) => at !== undefined)],
];

describe.each([
  ['Patient', PATIENTS],
  ['Observation', OBSERVATIONS],
] as const)('_filter of %s', (type, rows) => {
  test.each(rows)('%s', async (filter, expected) => {
    const answer = await rest.must(`${filtered(type, filter)}&_total=accurate`);
    expect(sorted(answer)).toEqual(expected());
    expect(answer.bundle.total).toBe(expected().length);
    const stranger = await rest.must(`${filtered(type, filter)}&_total=accurate`, { as: 'stranger' });
    expect(stranger.bundle.total).toBe(0);
  });
});

test('re: references by id, by type and id, and along a chain', async () => {
  const patient = those('Patient', (one) => family(one) === 'Chalmers')[0] ?? '';
  const expected = those('Observation', (one) => one.subject?.reference === `Patient/${patient}`);
  for (const filter of [
    `subject re Patient/${patient}`,
    `patient re ${patient}`,
    `subject eq Patient/${patient}`,
  ])
    expect([filter, sorted(await rest.must(filtered('Observation', filter)))]).toEqual([filter, expected]);
  const tasks = those('Task', ({ for: about }: Task) => about?.reference === `Patient/${patient}`);
  expect(
    sorted(await rest.must(filtered('Task', `focus:ServiceRequest.subject re Patient/${patient}`))),
  ).toEqual(tasks);
  const others = those('Observation', (one) => one.subject?.reference !== `Patient/${patient}`);
  expect(sorted(await rest.must(filtered('Observation', `subject ne Patient/${patient}`)))).toEqual(others);
});

test('in: codes of a value set that is held', async () => {
  const filter = 'gender in http://hl7.org/fhir/ValueSet/administrative-gender';
  const expected = those('Patient', ({ gender }) => gender !== undefined);
  expect(sorted(await rest.must(filtered('Patient', filter)))).toEqual(expected);
});

test('together with other parameters, twice, by POST, and said in the self link', async () => {
  const filter = encodeURIComponent('family sw "m"');
  const expected = those('Patient', (one) => folded(family(one)).startsWith('m') && one.gender === 'male');
  const answer = await rest.must(`GET Patient?_filter=${filter}&gender=male`);
  expect(sorted(answer)).toEqual(expected);
  expect(answer.bundle.link?.find(({ relation }) => relation === 'self')?.url).toContain('_filter=');
  const twice = await rest.must(
    `GET Patient?_filter=${filter}&_filter=${encodeURIComponent('gender eq male')}`,
  );
  expect(sorted(twice)).toEqual(expected);
  const posted = await rest.must('POST Patient/_search', { body: `_filter=${filter}&gender=male` });
  expect(sorted(posted)).toEqual(expected);
});

describe('_filter refused in words', () => {
  test.each([
    ['', 'a parameter expected at character 1'],
    ['gender', 'an operator such as eq, co or ge expected'],
    ['gender is male', 'an operator such as eq, co or ge expected'],
    ['gender EQ male', 'an operator such as eq, co or ge expected'],
    ['gender eq', 'a value expected'],
    ['gender eq male female', '"and" or "or" expected'],
    ['gender eq male and', 'a parameter expected'],
    ['(gender eq male', '")" expected'],
    ['gender eq male)', '"and" or "or" expected'],
    ['family eq "open', 'quotation mark is not closed'],
    ['family eq "\\q"', 'a JSON string expected'],
    ['family eq ""', 'a text is missing'],
    ['shoe-size eq 43', 'Patient has not all of these parameters'],
    ['gender gt male', 'gender gt: not for a token'],
    ['family gt "a"', 'family gt: not for a string'],
    ['birthdate co 1974', 'birthdate co: not for a date'],
    ['birthdate eq someday', 'birthdate'],
    ['general-practitioner co 1', 'not for a reference'],
    ['gender pr maybe', 'pr takes true or false'],
    ['gender.code eq male', 'only references can be followed'],
    ['general-practitioner[name eq x]', '"." expected'],
    ['_filter eq x', 'stands in no filter'],
    ['_id co 1', 'not for a special parameter'],
    ['name:exact eq x', 'an operator such as eq, co or ge expected'],
    [`${'('.repeat(300)}gender eq male${')'.repeat(300)}`, 'nested more than'],
    [`${'link[link pr true].'.repeat(30)}name eq x`, 'hops'],
    [Array.from({ length: 60 }, () => 'gender eq male').join(' or '), 'at most 50 tests'],
    [`family eq "${'x'.repeat(5000)}"`, 'at most 4096 characters'],
  ])('%s', async (filter, why) => {
    const { status, issues } = await rest.send(filtered('Patient', filter));
    expect(status).toBe(400);
    expect(issues[0]?.diagnostics).toContain(why);
  });

  test.each([
    ['gender in http://example.org/unheard', 'gender:in=http://example.org/unheard'],
    ['gender ss http://example.org/unheard|1', 'gender:below=http://example.org/unheard|1'],
    ['gender sb http://example.org/unheard|1', 'gender:above=http://example.org/unheard|1'],
  ])('%s: by what is not held, as %s is', async (filter, plain) => {
    const [one, other] = [
      await rest.send(filtered('Patient', filter)),
      await rest.send(`GET Patient?${plain}`),
    ];
    expect(one.status).toBeGreaterThanOrEqual(400);
    expect([one.status, one.code]).toEqual([other.status, other.code]);
  });

  test.each([
    'gender eq male\u0000',
    'family eq "\'; DROP TABLE value;--"',
    'family co "%"',
    'family co "_"',
    'family sw "\\u0000"',
  ])('what would be another language stays a value: %j', async (filter) => {
    const { status, bundle } = await rest.send(filtered('Patient', filter));
    expect([200, 400]).toContain(status);
    expect(bundle.entry ?? []).toEqual([]);
  });
});

describe('_list', () => {
  test('members that are not struck out, within sight, with other parameters', async () => {
    const [one = '', two = '', three = ''] = those('Patient', () => true);
    const entry = [one, two, three, 'gone'].map((id) => ({
      item: { reference: `Patient/${id}` },
      ...(id === two && { deleted: true }),
    }));
    const observation = those('Observation', () => true)[0] ?? '';
    const list = await rest.create({
      resourceType: 'List',
      status: 'current',
      mode: 'changes',
      entry: [
        ...entry.filter(({ item }) => !item.reference.endsWith('gone')),
        { item: { reference: `Observation/${observation}` } },
      ],
    });
    expect(sorted(await rest.must(`GET Patient?_list=${list.id}`))).toEqual([one, three].toSorted());
    expect(sorted(await rest.must(`GET Patient?_list=List/${list.id}&_id=${one}`))).toEqual([one]);
    expect(sorted(await rest.must(`GET Observation?_list=${list.id}`))).toEqual([observation]);
    expect(sorted(await rest.must('GET Patient?_list=unused'))).toEqual([]);
    expect(sorted(await rest.must(`GET Patient?_list=unused,${list.id}`))).toEqual([one, three].toSorted());
    expect(sorted(await rest.must(`GET Patient?_list=${list.id}`, { as: 'stranger' }))).toEqual([]);
    const none = await rest.sign({ scope: 'system/Patient.rs' });
    const refused = await rest.send(`GET Patient?_list=${list.id}`, {
      headers: { Authorization: `Bearer ${none}` },
    });
    expect(refused.status).toBe(403);
    await rest.must(`PUT List/${list.id}`, { body: { ...list, entry: [entry[2]] } });
    expect(sorted(await rest.must(`GET Patient?_list=${list.id}`))).toEqual([three]);
    await rest.must(`DELETE List/${list.id}`);
    expect(sorted(await rest.must(`GET Patient?_list=${list.id}`))).toEqual([]);
  });

  test.each([
    ['$current-allergies', 'functional lists'],
    ['a/b/c', 'the id of a List'],
    ['', 'a value is missing'],
  ])('%s is refused', async (value, why) => {
    const { status, issues } = await rest.send(`GET Patient?_list=${value}`);
    expect([status, issues[0]?.diagnostics]).toEqual([400, expect.stringContaining(why)]);
  });
});
