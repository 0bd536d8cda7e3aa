/**
 * Whether a message names something clinical by its code: a coding of a clinical system, or a code written into the text
 * that is announced by the system's name or that the server knows (baa-messaging MS21).
 */
import type { PlainText } from './plain-text.ts';

const ICD10 = 'http://hl7.org/fhir/sid/icd-10-cm';
const LOINC = 'http://loinc.org';
const SNOMED = 'http://snomed.info/sct';
const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';

const CLINICAL: ReadonlySet<string> = new Set([
  ICD10,
  LOINC,
  SNOMED,
  RXNORM,
  'http://hl7.org/fhir/sid/icd-10',
  'http://hl7.org/fhir/sid/icd-9-cm',
  'http://hl7.org/fhir/sid/ndc',
  'http://hl7.org/fhir/sid/cvx',
  'http://www.ama-assn.org/go/cpt',
  'http://www.cms.gov/Medicare/Coding/ICD10',
  'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
]);

const DEPTH_MAX = 48;

/** Whether a coding of a clinical system stands anywhere in a tree. */
export function hasClinicalCoding(node: unknown, depth = 0): boolean {
  if (typeof node !== 'object' || node === null || JSON.isRawJSON(node)) return false;
  if (depth > DEPTH_MAX) return true; // too deep to be read: taken for clinical
  const { system, code } = node as { readonly system?: unknown; readonly code?: unknown };
  if (typeof system === 'string' && code !== undefined && CLINICAL.has(system)) return true;
  return Object.values(node).some((member) => hasClinicalCoding(member, depth + 1));
}

type IsCode = (system: string, code: string) => boolean;

/** Codes of a text that are asked about at most. */
const CODES_MAX = 500;

/** Whether the text holds a code of ICD-10, LOINC or SNOMED that is known, or one of these or RxNorm with its name. */
export function hasClinicalCode({ raw, words }: PlainText, isCode: IsCode = () => false): boolean {
  const text = raw
    .normalize('NFKC')
    .replaceAll(/\p{Cf}+/gu, '')
    .replaceAll(/\p{Pd}/gu, '-');
  if (isAnnounced(words)) return true;
  return SHAPES.some(({ pattern, system, isValid, isCertain }) =>
    (text.match(pattern) ?? [])
      .slice(0, CODES_MAX)
      .some((code) => isValid(code) && (isCertain(code) || isCode(system, code.toUpperCase()))),
  );
}

interface Shape {
  readonly system: string;
  readonly pattern: RegExp;
  readonly isValid: (code: string) => boolean;
  /** Whether the shape alone tells such a code from other words. */
  readonly isCertain: (code: string) => boolean;
}

const SHAPES: readonly Shape[] = [
  {
    system: ICD10,
    pattern: /(?<![A-Za-z0-9.])[A-Za-z]\d[0-9A-Za-z](?:\.[0-9A-Za-z]{1,4})?(?![A-Za-z0-9])/g,
    isValid: isIcd10,
    isCertain: (code) => code.includes('.'),
  },
  { system: LOINC, pattern: /(?<![\d-])\d{1,5}-\d(?![\d-])/g, isValid: isLoinc, isCertain: () => false },
  { system: SNOMED, pattern: /(?<![\d-])\d{6,18}(?![\d-])/g, isValid: isSnomed, isCertain: () => false },
];

/** The first and last category of each chapter of ICD-10-CM (CDC, National Center for Health Statistics, 2026). */
const CHAPTERS =
  `A00-B99 C00-D49 D50-D89 E00-E89 F01-F99 G00-G99 H00-H59 H60-H95 I00-I99 J00-J99 K00-K95 L00-L99 M00-M99
  N00-N99 O00-O9A P00-P96 Q00-Q99 R00-R99 S00-T88 U07-U09 V00-Y99 Z00-Z99`
    .split(/\s+/)
    .map((range) => range.split('-'));
const CATEGORY = 3;

/** Whether the category of a code belongs to a chapter of ICD-10-CM. */
function isIcd10(code: string): boolean {
  const category = code.slice(0, CATEGORY).toUpperCase();
  return CHAPTERS.some(([from = '', to = '']) => from <= category && category <= to);
}

const TEN = 10;

/** The check digit of LOINC: "mod 10" with the digits in odd places, from the right, doubled as one number. */
function isLoinc(code: string): boolean {
  const [digits = '', check] = code.split('-');
  const reversed = digits.split('').toReversed();
  const odd = reversed.filter((_, index) => index % 2 === 0).join('');
  const even = reversed.filter((_, index) => index % 2 === 1).join('');
  const sum = `${even}${String(Number(odd) * 2)}`
    .split('')
    .reduce((total, digit) => total + Number(digit), 0);
  return String((TEN - (sum % TEN)) % TEN) === check;
}

/** The tables of Verhoeff's check digit: the group D5, and the permutation of each place. */
const D5 = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
] as const;
const PLACES = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
] as const;

/** Concepts end in partition 00 or 10 and their check digit. */
const CONCEPT = /(?:00|10)\d$/;

function isSnomed(code: string): boolean {
  if (!CONCEPT.test(code)) return false;
  let check = 0;
  for (const [index, digit] of code.split('').toReversed().entries()) {
    const placed = PLACES[index % PLACES.length]?.[Number(digit)] ?? '0';
    check = Number(D5[check]?.[Number(placed)] ?? '0');
  }
  return check === 0;
}

/** How a system is announced, and what a code of it looks like once folded. */
const ANNOUNCED: readonly (readonly [names: readonly string[], code: RegExp])[] = [
  [
    ['icd 10', 'icd10', 'icd 10 cm', 'icd', 'dx code', 'diagnosis code'],
    /^[a-z]\d[0-9a-z](?: ?[0-9a-z]{1,4})?(?: |$)/,
  ],
  [['loinc'], /^\d{1,5} \d(?: |$)/],
  [['snomed', 'snomed ct', 'sct'], /^\d{6,18}(?: |$)/],
  [['rxnorm', 'rxcui'], /^\d{2,8}(?: |$)/],
  [['cpt', 'hcpcs'], /^[a-z0-9]\d{3}[a-z0-9](?: |$)/],
  [['ndc'], /^\d{4,5} \d{3,4} \d{1,2}(?: |$)/],
];
/** Words between the name and the code: "ICD-10 code is F10.20". */
const FILLERS = /^(?:(?:code|codes|is|no|number|cm|ct|for) ){0,3}/;
const AFTER_MAX = 48;

function isAnnounced(words: string): boolean {
  return ANNOUNCED.some(([names, code]) =>
    names.some((name) => {
      for (let at = words.indexOf(` ${name} `); at >= 0; at = words.indexOf(` ${name} `, at + 1)) {
        const from = at + name.length + 2;
        if (code.test(words.slice(from, from + AFTER_MAX).replace(FILLERS, ''))) return true;
      }
      return false;
    }),
  );
}
