/**
 * Fields of medicine by their codes (directory DR25): the fields that an order names, and those of a party. The
 * comparison only raises doubts: a code without a row says nothing. NUCC's codes are a hierarchy by prefix, so a field
 * is a list of prefixes.
 */
import type { CodeableConcept, Coding } from '../../fhir/types.ts';

const NUCC = 'http://nucc.org/provider-taxonomy';
const SNOMED = 'http://snomed.info/sct';

interface Field {
  readonly name: string;
  /** Prefixes of NUCC codes; the longest that fits decides. */
  readonly nucc: readonly string[];
  /** Specialties of http://hl7.org/fhir/ValueSet/c80-practice-codes. */
  readonly snomed: readonly string[];
  /** Matches words of the field in a display or a text. */
  readonly words: RegExp;
}

// prettier-ignore
const FIELDS: readonly Field[] = [
  { name: 'cardiology',        nucc: ['207RC0000X', '207RC0001X', '207RI0011X', '207RA0001X', '2080P0202X'], snomed: ['394579002', '408459003'], words: /\bcardio(?!thor)|\bheart\b/ },
  { name: 'dermatology',       nucc: ['207N'],                                     snomed: ['394582007'],                           words: /\bdermato/ },
  { name: 'dentistry',         nucc: ['122', '124', '125', '126'],                 snomed: ['394812008', '408444009'],              words: /\bdent(?:al|ist)/ },
  { name: 'endocrinology',     nucc: ['207RE0101X', '2080P0205X'],                 snomed: ['394583002', '408475000'],              words: /\bendocrin|\bdiabet/ },
  { name: 'gastroenterology',  nucc: ['207RG0100X', '207RI0008X', '207RT0003X', '2080P0206X'], snomed: ['394584008', '408472002'],  words: /\bgastroent|\bhepatolog/ },
  { name: 'gynecology',        nucc: ['207V', '367A', '176B'],                     snomed: ['394585009', '394586005', '408470005'], words: /\bgyn(?:a?e)?colog|\bobstetric|\bmidwif/ },
  { name: 'infectious diseases', nucc: ['207RI0200X', '2080P0208X'],               snomed: ['394807007'],                           words: /\binfectious/ },
  { name: 'mental health',     nucc: ['2084P', '2084A0401X', '2084F', '101Y', '103T', '103G', '106H', '1041', '261QM0'], snomed: ['394587001', '394588006', '394913002', '408467006'], words: /\bpsych|\bmental health|\bbehaviou?ral health|\bcounsel/ },
  { name: 'nephrology',        nucc: ['207RN0300X', '2080P0210X'],                 snomed: ['394589003'],                           words: /\bnephro|\brenal/ },
  { name: 'neurology',         nucc: ['2084N', '2084V', '2084E', '2084S0012X'],    snomed: ['394591006', '394809005'],              words: /\bneurolog/ },
  { name: 'neurosurgery',      nucc: ['207T'],                                     snomed: ['394610002'],                           words: /\bneurosurg/ },
  { name: 'nutrition',         nucc: ['133'],                                      snomed: [],                                      words: /\bdiet(?:et|it)ic|\bdietitian|\bnutrition/ },
  { name: 'oncology',          nucc: ['207RH0000X', '207RH0003X', '207RX0202X', '2085R0001X', '2080P0207X'], snomed: ['394592004', '394593009', '394803006', '419815003'], words: /\boncolog|\bhematolog|\bhaematolog/ },
  { name: 'ophthalmology',     nucc: ['207W', '152W'],                             snomed: ['394594003', '394813003', '422191005'], words: /\bophthalmo|\boptometr|\beye\b/ },
  { name: 'orthopedics',       nucc: ['207X'],                                     snomed: ['394801008'],                           words: /\borthop(?:a?e)dic/ },
  { name: 'otolaryngology',    nucc: ['207Y', '231H', '237'],                      snomed: ['418960008', '394578005', '394604002'], words: /\botolaryngo|\bear nose|\baudiolog/ },
  { name: 'pain medicine',     nucc: ['207LP', '208VP'],                           snomed: ['394882004'],                           words: /\bpain (?:manage|medic|clinic)/ },
  { name: 'podiatry',          nucc: ['213'],                                      snomed: [],                                      words: /\bpodiatr/ },
  { name: 'primary care',      nucc: ['207Q', '207R00000X', '207RG0300X', '208D', '208000', '363L', '261QP2300X'], snomed: ['394802001', '394814009', '408443003', '419192003', '419772000', '394811001', '394537008'], words: /\bfamily (?:medicine|practice)|\bgeneral (?:medic|practi)|\bprimary care|\binternal medicine/ },
  { name: 'pulmonology',       nucc: ['207RP1001X', '207RS0012X', '2080P0214X'],   snomed: ['418112009', '408450004'],              words: /\bpulmon(?:ary|olog)|\bsleep (?:medic|stud)/ },
  { name: 'radiology',         nucc: ['2085'],                                     snomed: ['394914008', '408455009', '394649004'], words: /\bradiolog|\bimaging/ },
  { name: 'rehabilitation',    nucc: ['2081', '2251', '225X', '235Z', '261QR0400X'], snomed: ['394602003'],                         words: /\bphysi(?:cal|o) ?therap|\boccupational therap|\bspeech therap|\brehabilitat/ },
  { name: 'rheumatology',      nucc: ['207RR0500X', '2080P0216X'],                 snomed: ['394810000'],                           words: /\brheumat/ },
  { name: 'general surgery',   nucc: ['2086'],                                     snomed: ['394609007'],                           words: /\bgeneral surg/ },
  { name: 'urology',           nucc: ['2088'],                                     snomed: ['394612005'],                           words: /\burolog/ },
];

const BEGINNINGS: readonly (readonly [beginning: string, field: string])[] = FIELDS.flatMap(
  ({ name, nucc }) => nucc.map((beginning) => [beginning, name] as const),
).toSorted(([one], [other]) => other.length - one.length);

const SPECIALTIES: ReadonlyMap<string, string> = new Map(
  FIELDS.flatMap(({ name, snomed }) => snomed.map((code) => [code, name] as const)),
);

/** The fields that concepts name: by their codes, or by its words for a concept none of whose codes has a row. */
export function fieldsOf(concepts: readonly CodeableConcept[]): ReadonlySet<string> {
  const fields = new Set<string>();
  for (const concept of concepts) {
    const { coding = [] } = concept;
    const coded = coding.flatMap((one) => fieldOfCode(one) ?? []);
    for (const field of coded.length > 0 ? coded : fieldsInWords(concept)) fields.add(field);
  }
  return fields;
}

function fieldOfCode({ system, code = '' }: Coding): string | undefined {
  if (system === NUCC) return BEGINNINGS.find(([beginning]) => code.startsWith(beginning))?.[1];
  return system === SNOMED ? SPECIALTIES.get(code) : undefined;
}

function fieldsInWords({ coding = [], text = '' }: CodeableConcept): readonly string[] {
  const words = [text, ...coding.map(({ display = '' }) => display)].join('\n').toLowerCase();
  return FIELDS.filter((field) => field.words.test(words)).map(({ name }) => name);
}

/** Whether the order may be for the party: both have a field in common, or one side names none. */
export const mayServe = (asked: ReadonlySet<string>, known: ReadonlySet<string>): boolean =>
  asked.size === 0 || known.size === 0 || [...asked].some((field) => known.has(field));
