/**
 * Dates and numbers of a search: a prefix, and the interval that the precision implies
 * (http://hl7.org/fhir/R4/search.html#prefix, #number, #date).
 */
import { parseSearchDate } from '../../fhir/datetime.ts';
import type { Prefix } from '../../ports/query.ts';

interface SearchedRange {
  readonly prefix: Prefix;
  readonly low: number;
  readonly high: number;
}

const PREFIXED = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)$/s;

/** "The recommended value for the approximation is 10% of the stated value (or for a date, 10% of the gap to now)." */
const APPROXIMATION = 0.1;

/** `now` in milliseconds, against which `ap` measures dates. */
export function parseDateRange(text: string, now: number): SearchedRange | undefined {
  const [prefix, rest] = readPrefix(text);
  const interval = parseSearchDate(rest);
  if (interval === undefined) return undefined;
  const { low, high } = interval;
  if (prefix !== 'ap') return { prefix, low, high };
  const gap = Math.round(APPROXIMATION * Math.max(Math.abs(now - low), Math.abs(now - high)));
  return { prefix, low: low - gap, high: high + gap };
}

/** Matches a number, up to the length of a binary number with all its digits. */
const DECIMAL = /^(-?)(0|[1-9]\d{0,400})(?:\.(\d{1,400}))?(?:[eE]([+-]?\d{1,3}))?$/;

export function parseNumberRange(text: string): SearchedRange | undefined {
  const [prefix, rest] = readPrefix(text);
  const found = DECIMAL.exec(rest);
  if (found === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found;
  const value = Number(rest);
  if (!Number.isFinite(value)) return undefined;
  // "The implicit precision of the number is ignored" by the prefixes that compare.
  if (prefix !== 'eq' && prefix !== 'ne' && prefix !== 'ap') return { prefix, low: value, high: value };
  const margin = prefix === 'ap' ? Math.abs(value) * APPROXIMATION : 0;
  // "1e2: … to 1 significant figures precision, … in the range [95 ... 105)": as the standard's example has it.
  const isOneDigit = Number(exponent) > 0 && whole.length + fraction.length === 1;
  const digits = isOneDigit ? `${whole}0` : whole + fraction;
  const decimals = digits.length - whole.length;
  const { low, high } = precisionOf(BigInt(`${sign}${digits}`), Number(exponent) - decimals);
  // Half a unit of a 17th digit is less than the distance between two numbers; the number itself is always inside.
  return { prefix, low: Math.min(low, value) - margin, high: Math.max(high, value) + margin };
}

/**
 * Half a unit of the last digit to both sides, without the upper bound: `100` is [99.5 … 100.5). The function computes
 * in decimals, because 5.4 - 0.05 is not 5.35.
 */
function precisionOf(digits: bigint, exponent: number): { low: number; high: number } {
  const at = (tenths: bigint): number => Number(`${digits * 10n + tenths}e${exponent - 1}`);
  return { low: at(-5n), high: nextDown(at(5n)) };
}

/** The greatest number that is less than `value`. */
export function nextDown(value: number): number {
  if (value === 0) return -Number.MIN_VALUE;
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0] = (bits[0] ?? 0n) + (value > 0 ? -1n : 1n);
  return new Float64Array(bits.buffer)[0] ?? value;
}

/** The least number that is greater than `value`. */
export const nextUp = (value: number): number => -nextDown(-value);

function readPrefix(text: string): readonly [Prefix, string] {
  const [, prefix = 'eq', rest = ''] = PREFIXED.exec(text) ?? [];
  return [prefix as Prefix, rest]; // the pattern holds no other
}
