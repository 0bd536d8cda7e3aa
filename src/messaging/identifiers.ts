/**
 * Whether a text identifies a person: a patient who is known, or anybody by a number that only one person has
 * (45 CFR 164.514(b)(2)(i); baa-messaging MS21).
 */
import type { Resource } from '../fhir/types.ts';
import { MONTH_NAMES } from './months.ts';
import { squeeze, foldWords, type PlainText } from './plain-text.ts';

export type IdentifierRule =
  | 'name-and-identifier'
  | 'identifier'
  | 'ssn'
  | 'mbi'
  | 'phone-and-name'
  | 'labelled';

/** Patients who are looked for at most. */
const PEOPLE_MAX = 1100;

/** The first rule that a text falls under; undefined where it identifies nobody. */
export function identifierIn(text: PlainText, people: readonly Resource[]): IdentifierRule | undefined {
  for (const person of people.slice(0, PEOPLE_MAX)) {
    const rule = personIn(text, person);
    if (rule !== undefined) return rule;
  }
  const upper = text.raw.normalize('NFKC').replaceAll(INVISIBLE, '').replaceAll(DASHES, '-').toUpperCase();
  if (hasSsn(upper)) return 'ssn';
  if (MBI.test(upper)) return 'mbi';
  return isLabelled(text.words) ? 'labelled' : undefined;
}

const INVISIBLE = /\p{Cf}+/gu;
const DASHES = /\p{Pd}/gu;

/** Shorter numbers are in many texts by chance. */
const CERTAIN_MIN = 6;

function personIn(text: PlainText, person: Resource): IdentifierRule | undefined {
  const numbers = identifiersOf(person);
  if (numbers.some((number) => number.length >= CERTAIN_MIN && text.squeezed.includes(number)))
    return 'identifier';
  const names = namesOf(person);
  const isBorn = hasBirthDate(text, person['birthDate']);
  // With the very day of birth a family name is enough: "Ms. Roe, 1/2/70", "J. Roe".
  if (isBorn && names.some(({ family }) => hasFamily(text, family))) return 'name-and-identifier';
  if (!names.some((name) => hasName(text, name))) return undefined;
  const hasNumber = numbers.some((number) => text.words.includes(` ${number} `));
  if (hasNumber || isBorn) return 'name-and-identifier';
  return PHONE.test(text.raw) ? 'phone-and-name' : undefined;
}

interface Named {
  readonly given: readonly string[];
  readonly family: string;
}

function namesOf(person: Resource): readonly Named[] {
  return listOf(person['name']).map((name) => {
    const given = stringsOf(name['given']);
    const { family, text } = name;
    if (typeof family === 'string') return { given, family };
    const [last = '', ...first] = (typeof text === 'string' ? text : '').split(/\s+/).toReversed();
    return { given: [...given, ...first], family: last };
  });
}

/** A run of letters of this length is a name, whatever stood between them. */
const SQUEEZED_MIN = 8;

/** The family name and a given one, in any order and at any distance; or both together, spelled with anything between. */
function hasName({ words, squeezed }: PlainText, { given, family }: Named): boolean {
  const last = foldWords(family);
  if (last.trim() === '') return false;
  if (given.length === 0) return words.includes(last);
  return given.some((first) => {
    const one = foldWords(first);
    if (one.trim() === '') return false;
    if (words.includes(last) && words.includes(one)) return true;
    const [a, b] = [squeeze(first), squeeze(family)];
    return a.length + b.length >= SQUEEZED_MIN && (squeezed.includes(a + b) || squeezed.includes(b + a));
  });
}

/** Shorter ones are words of many texts. */
const FAMILY_MIN = 3;

const hasFamily = ({ words }: PlainText, family: string): boolean =>
  squeeze(family).length >= FAMILY_MIN && words.includes(foldWords(family));

function identifiersOf(person: Resource): readonly string[] {
  return listOf(person['identifier'])
    .map(({ value }) => (typeof value === 'string' ? squeeze(value) : ''))
    .filter((value) => value.length >= 3);
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})/;

/** A birth date as people write it, with the month first or the day. */
function hasBirthDate({ words, squeezed }: PlainText, birthDate: unknown): boolean {
  const [, year, month, day] = DATE.exec(typeof birthDate === 'string' ? birthDate : '') ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  if ([year + month + day, month + day + year, day + month + year].some((run) => squeezed.includes(run)))
    return true;
  const [m, d, short] = [String(Number(month)), String(Number(day)), year.slice(2)];
  const names = MONTH_NAMES[Number(month) - 1] ?? [];
  const forms = [
    ...[m, month].flatMap((mm) => [d, day].flatMap((dd) => [`${mm} ${dd}`, `${dd} ${mm}`])),
    ...names.flatMap((name) =>
      [d, day, `${d}st`, `${d}nd`, `${d}rd`, `${d}th`].flatMap((dd) => [
        `${name} ${dd}`,
        `${dd} ${name}`,
        `${dd} de ${name}`,
        `${dd} de ${name} de`,
        `${dd} of ${name}`,
      ]),
    ),
  ];
  return forms.some(
    (form) =>
      words.includes(` ${form} ${year} `) ||
      words.includes(` ${form} ${short} `) ||
      words.includes(` ${year} ${form} `),
  );
}

const PHONE = /(?<!\d)(?:\+?1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]{0,2}\d{3}[ .-]?\d{4}(?!\d)/;

const SSN = /(?<![\d-])(\d{3})([- .])(\d{2})\2(\d{4})(?![\d-])/g;

/** A number as the Social Security Administration gives them: no area 000, 666 or 9xx, no group 00, no serial 0000. */
function hasSsn(text: string): boolean {
  for (const [, area = '', , group, serial] of text.matchAll(SSN))
    if (area !== '000' && area !== '666' && !area.startsWith('9') && group !== '00' && serial !== '0000')
      return true;
  return false;
}

/** The Medicare Beneficiary Identifier: eleven characters without S, L, O, I, B, Z (CMS, "Understanding the MBI"). */
const LETTER = '[AC-HJKMNP-RT-Y]';
const EITHER = '[0-9AC-HJKMNP-RT-Y]';
const MBI = new RegExp(
  `(?<![A-Z0-9])[1-9]${LETTER}${EITHER}\\d[- ]?${LETTER}${EITHER}\\d[- ]?${LETTER}{2}\\d{2}(?![A-Z0-9])`,
);

/** What announces a number that belongs to one person, and how many digits it must have. */
const LABELS: readonly (readonly [words: string, digitsMin: number])[] = [
  ['mrn', 4],
  ['medical record number', 4],
  ['medical record', 5],
  ['numero de historia clinica', 4],
  ['ssn', 9],
  ['social security number', 9],
  ['seguro social', 9],
  ['dob', 4],
  ['date of birth', 4],
  ['birth date', 4],
  ['birthdate', 4],
  ['fecha de nacimiento', 4],
  ['medicaid id', 6],
  ['medicare number', 6],
  ['mbi', 6],
  ['member id', 6],
  ['patient id', 4],
  ['patient number', 4],
];
const WORDS_AFTER = 4;

/** Whether one of the labels is followed by its number, within a few words. */
function isLabelled(words: string): boolean {
  return LABELS.some(([label, digitsMin]) => {
    for (let at = words.indexOf(` ${label} `); at >= 0; at = words.indexOf(` ${label} `, at + 1)) {
      const after = words.slice(at + label.length + 2, at + label.length + 2 + AFTER_MAX).split(' ');
      const digits = after.slice(0, WORDS_AFTER).join('').replaceAll(/\D/g, '');
      if (digits.length >= digitsMin) return true;
    }
    return false;
  });
}
const AFTER_MAX = 60;

type Part = Readonly<Record<string, unknown>>;

const listOf = (value: unknown): readonly Part[] => (Array.isArray(value) ? (value as readonly Part[]) : []);

const stringsOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? (value as readonly unknown[]) : []).filter((one) => typeof one === 'string');
