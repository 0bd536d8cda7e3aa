/** The codes of the sensitivity table, as they are looked up: whole codes by a map, prefixes within their category. */
import { CODE_SYSTEMS, SENSITIVITY } from './sensitivity.ts';

interface Prefixes {
  /** Both of one length; one prefix alone is a range of itself. */
  readonly from: string;
  readonly to: string;
  readonly row: number;
}

/** Characters of the category of a code: no prefix of the table is shorter. */
const CATEGORY = 3;

/** Rows by code, and by the category of ICD-10 or the beginning of a CPT code. */
const WHOLE = new Map<string, readonly number[]>();
const BY_CATEGORY = new Map<string, readonly Prefixes[]>();

/** Characters and digits of a code are those of base 36, in the same order. */
const BASE = 36;

const numberOf = (code: string): number => Number.parseInt(code.slice(0, CATEGORY), BASE);

const categoryAt = (number: number): string => number.toString(BASE).toUpperCase().padStart(CATEGORY, '0');

const PREFIXED: ReadonlySet<string> = new Set(['icd10', 'cpt']);

for (const [row, { codes }] of SENSITIVITY.entries())
  for (const [system, text] of Object.entries(codes))
    for (const word of wordsOf(text))
      if (PREFIXED.has(system)) addPrefixes(system, rangeOf(word, row));
      else push(WHOLE, `${system} ${word}`, row);

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function rangeOf(word: string, row: number): Prefixes {
  const [from = '', to = from] = word.split('-');
  return { from, to, row };
}

/** A range over several categories stands under each. */
function addPrefixes(system: string, prefixes: Prefixes): void {
  for (let at = numberOf(prefixes.from); at <= numberOf(prefixes.to); at += 1)
    push(BY_CATEGORY, `${system} ${categoryAt(at)}`, prefixes);
}

function push<Value>(map: Map<string, readonly Value[]>, key: string, value: Value): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

const isIn = ({ from, to }: Prefixes, code: string): boolean => {
  const prefix = code.slice(0, from.length);
  return from <= prefix && prefix <= to;
};

const NONE: readonly number[] = [];

/** The rows of the table that have a code: their numbers. A code is compared without its dot, whatever its case. */
export function rowsOf(system: string, code: string): readonly number[] {
  const name = CODE_SYSTEMS.get(system);
  if (name === undefined) return NONE;
  if (!PREFIXED.has(name)) return WHOLE.get(`${name} ${code}`) ?? NONE;
  const plain = code.replace('.', '').toUpperCase();
  const near = BY_CATEGORY.get(`${name} ${plain.slice(0, CATEGORY)}`);
  return near === undefined ? NONE : near.filter((one) => isIn(one, plain)).map(({ row }) => row);
}

const BESIDE: ReadonlyMap<number, readonly Prefixes[]> = new Map(
  SENSITIVITY.flatMap(({ beside }, row) =>
    beside === undefined ? [] : [[row, wordsOf(beside).map((word) => rangeOf(word, row))] as const],
  ),
);

/** Rows that count only beside a code of ICD-10 which this one is. */
export function rowsBeside(system: string, code: string): readonly number[] {
  if (CODE_SYSTEMS.get(system) !== 'icd10') return NONE;
  const plain = code.replace('.', '').toUpperCase();
  return [...BESIDE].flatMap(([row, prefixes]) => (prefixes.some((one) => isIn(one, plain)) ? [row] : []));
}

/** Whether a row counts only beside another code. */
export const needsOther = (row: number): boolean => BESIDE.has(row);
