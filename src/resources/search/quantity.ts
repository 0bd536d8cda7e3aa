/**
 * Numbers and quantities as search values (http://hl7.org/fhir/R4/search.html#quantity). A quantity is an interval
 * under its parameter, and the same interval under a parameter for each of its units. A search that names a unit looks
 * there, so that number and unit belong to the same value.
 */
import type { Money, Quantity, Range } from '../../fhir/types.ts';
import { WIDE } from '../../ports/query.ts';
import { escape } from './escape.ts';
import type { Emit } from './extract.ts';
import { nextUp, nextDown } from './range.ts';

/** The bound of an interval that is open to one side. */
const NO_BOUND = Number.MAX_VALUE;

/** A unit. `system` is undefined when any system will do; `code` is then a code, or a unit as a person reads it. */
interface Unit {
  readonly system?: string | undefined;
  readonly code: string;
}

/** The suffix of the parameter under which quantities of a unit are kept. */
export const unitSuffix = ({ system = '', code }: Unit): string => `:${escape(system)}|${escape(code)}`;

/** "currency … urn:iso:std:iso:4217" */
const CURRENCIES = 'urn:iso:std:iso:4217';

type Extractor = (value: never, emit: Emit) => void;

/** The datatypes that are quantities; SampledData is none ("SampledData: not searched"). */
export const QUANTITIES: Readonly<Record<string, Extractor>> = {
  Quantity: emitQuantity,
  Age: emitQuantity,
  Count: emitQuantity,
  Distance: emitQuantity,
  Duration: emitQuantity,
  SimpleQuantity: emitQuantity,
  Money: ({ value, currency }: Money, emit) => {
    const span = spanOf(value, undefined);
    if (span !== undefined)
      emitSpan(span, currency === undefined ? {} : { system: CURRENCIES, code: currency }, emit);
  },
  Range: ({ low, high }: Range, emit) => {
    const [from, to] = [numberOf(low?.value), numberOf(high?.value)];
    if (from === undefined && to === undefined) return;
    emitSpan({ low: from ?? -NO_BOUND, high: to ?? NO_BOUND }, { ...high, ...low }, emit);
  },
};

function emitQuantity(quantity: Quantity, emit: Emit): void {
  const span = spanOf(quantity.value, quantity.comparator);
  if (span !== undefined) emitSpan(span, quantity, emit);
}

interface Span {
  readonly low: number;
  readonly high: number;
}

/** Emits the value once under its parameter, and once for each name of its unit. */
function emitSpan(span: Span, { system, code, unit }: Quantity, emit: Emit): void {
  emitNoted(span, '', emit);
  if (system !== undefined && code !== undefined) emitNoted(span, unitSuffix({ system, code }), emit);
  if (code !== undefined) emitNoted(span, unitSuffix({ code }), emit);
  if (unit !== undefined && unit !== code) emitNoted(span, unitSuffix({ code: unit }), emit);
}

/** Numbers are looked for as points; a wider interval is marked (ports/query.ts). */
function emitNoted({ low, high }: Span, suffix: string, emit: Emit): void {
  emit(low, high, suffix);
  if (low !== high) emit(0, 0, `${suffix}${WIDE}`);
}

/** "How the value should be understood": `<5` is everything below 5. */
function spanOf(value: unknown, comparator: string | undefined): Span | undefined {
  const number = numberOf(value);
  if (number === undefined) return undefined;
  return (COMPARATORS[comparator ?? ''] ?? exactly)(number);
}

const exactly = (number: number): Span => ({ low: number, high: number });

const COMPARATORS: Readonly<Record<string, (number: number) => Span>> = {
  '<': (number) => ({ low: -NO_BOUND, high: nextDown(number) }),
  '<=': (number) => ({ low: -NO_BOUND, high: number }),
  '>=': (number) => ({ low: number, high: NO_BOUND }),
  '>': (number) => ({ low: nextUp(number), high: NO_BOUND }),
};

export function emitNumber(emit: Emit, value: unknown): void {
  const number = numberOf(value);
  if (number !== undefined) emit(number, number);
}

export function emitRange(emit: Emit, low: unknown, high: unknown): void {
  const [from, to] = [numberOf(low), numberOf(high)];
  if (from === undefined && to === undefined) return;
  emitNoted({ low: from ?? -NO_BOUND, high: to ?? NO_BOUND }, '', emit);
}

/** A number of the plain or of the storing tree. */
export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : JSON.isRawJSON(value) ? Number(value.rawJSON) : undefined;
