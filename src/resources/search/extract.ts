/**
 * The search values of a datatype for each kind of parameter (http://hl7.org/fhir/R4/search.html#ptypes). One row per
 * pair; a pair without a row cannot be searched.
 */
import { BEGINNING, END, parseDateTime, type Interval } from '../../fhir/datetime.ts';
import { cutText, foldText } from '../../fhir/fold.ts';
import { parseReference } from '../../fhir/reference.ts';
import type {
  Address,
  CodeableConcept,
  Coding,
  ContactPoint,
  HumanName,
  Identifier,
  Period,
  Range,
  Reference,
  Resource,
  Timing,
} from '../../fhir/types.ts';
import { foldToken, isCaseInsensitive, isCaseSensitive, typeKey } from './token.ts';
import type { PresentElement } from './element-path.ts';
import { emitNumber, emitRange, numberOf, QUANTITIES } from './quantity.ts';

/** How a parameter is indexed and compared; the rows of the table in `ports/query.ts`. */
export type Kind = ValueKind | 'composite';

/** Kinds whose values stand alone. */
export type ValueKind = 'token' | 'string' | 'reference' | 'uri' | 'date' | 'number' | 'quantity' | 'near';

/**
 * Receives a search value. With a suffix, the value is kept under a parameter of its own: `:identifier` for the token
 * of a logical reference, `:of-type` for an Identifier with its type, {@link unitSuffix} for a quantity of that unit.
 */
export type Emit = (low: string | number, high: string | number, suffix?: string) => void;

/** Emits the values. `argument` is that of the element path. */
type Extractor = (value: never, emit: Emit, argument: string) => void;

/** The number of values of one parameter that are kept; the parameter does not find later ones. */
export const VALUES_MAX = 500;
/** The number of code points of a string that count in a search, and that a searched string may have. */
export const STRING_MAX = 256;
/** The same for tokens, uris and references. */
export const KEY_MAX = 1024;

/** Cuts one code point after the longest searched text, so that a cut text never equals a searched one. */
const key = (text: string | undefined): string => (text === undefined ? '' : cutText(text, KEY_MAX + 1));

const EXTRACTORS: Readonly<Record<ValueKind, Readonly<Record<string, Extractor>>>> = {
  token: {
    code: (code: string, emit, system) =>
      emitToken(emit, isCaseInsensitive(system) ? foldToken(code) : code, system),
    id: (id: string, emit) => emitToken(emit, id),
    uri: (uri: string, emit) => emitToken(emit, uri),
    string: (text: string, emit) => emitToken(emit, foldToken(text)),
    boolean: (value: boolean, emit) => emitToken(emit, String(value)),
    truth: (resource: object, emit, elements) => emitToken(emit, String(isTrue(resource, elements))),
    Coding: emitCoding,
    CodeableConcept: ({ coding }: CodeableConcept, emit) => coding?.forEach((one) => emitCoding(one, emit)),
    Identifier: emitIdentifier,
    // "ContactPoint.value", without a namespace
    ContactPoint: ({ value }: ContactPoint, emit) =>
      emitToken(emit, value === undefined ? undefined : foldToken(value)),
  },
  string: {
    string: (text: string, emit) => emitText(emit, text),
    markdown: (text: string, emit) => emitText(emit, text),
    HumanName: ({ text, family, given, prefix, suffix }: HumanName, emit) =>
      emitTexts(emit, [text, family, ...(given ?? []), ...(prefix ?? []), ...(suffix ?? [])]),
    Address: ({ text, line, city, district, state, postalCode, country }: Address, emit) =>
      emitTexts(emit, [text, ...(line ?? []), city, district, state, postalCode, country]),
  },
  reference: { Reference: emitReference, Resource: emitInline },
  uri: {
    uri: (uri: string, emit) => emit(key(uri), ''),
    url: (url: string, emit) => emit(key(url), ''),
    canonical: emitCanonical,
  },
  date: {
    date: (text: string, emit) => emitInterval(emit, parseDateTime(text)),
    dateTime: (text: string, emit) => emitInterval(emit, parseDateTime(text)),
    instant: (text: string, emit) => emitInterval(emit, parseDateTime(text)),
    Period: (period: Period, emit) => emitInterval(emit, intervalOfPeriod(period)),
    Timing: (timing: Timing, emit) => emitInterval(emit, intervalOfTiming(timing)),
  },
  number: {
    decimal: (value: unknown, emit) => emitNumber(emit, value),
    integer: (value: unknown, emit) => emitNumber(emit, value),
    Range: ({ low, high }: Range, emit) => emitRange(emit, low?.value, high?.value),
  },
  quantity: QUANTITIES,
  near: { BackboneElement: emitPosition },
};

/** The extractor of a datatype for a kind; undefined when that kind has no use for values of the datatype. */
export function extractorOf(
  kind: Kind,
  datatype: string,
): ((value: PresentElement, emit: Emit, argument: string) => void) | undefined {
  if (kind === 'composite') return undefined;
  // The element path names the datatype of its values, and validation has checked them.
  return EXTRACTORS[kind][datatype] as ReturnType<typeof extractorOf>;
}

function emitToken(emit: Emit, code: string | undefined, system?: string): void {
  if (code !== undefined || system !== undefined) emit(key(code), key(system));
}

function emitCoding({ system, code }: Coding, emit: Emit): void {
  emitToken(emit, code === undefined || isCaseSensitive(system) ? code : foldToken(code), system);
}

/** `:of-type` asks for the value and a coding of the type together. */
function emitIdentifier({ system, value, type }: Identifier, emit: Emit): void {
  emitToken(emit, value, system);
  if (value === undefined) return;
  for (const coding of type?.coding ?? []) {
    if (coding.code !== undefined)
      emit(key(value), key(typeKey(coding.system ?? '', coding.code)), ':of-type');
  }
}

function isTrue(resource: object, elements: string): boolean {
  const values = elements.split(',').map((name) => (resource as Readonly<Record<string, unknown>>)[name]);
  return values.some((value) => value !== undefined && value !== null && value !== false);
}

function emitTexts(emit: Emit, texts: readonly (string | null | undefined)[]): void {
  for (const text of texts) if (typeof text === 'string') emitText(emit, text);
}

function emitText(emit: Emit, text: string): void {
  const folded = cutText(foldText(text), STRING_MAX);
  if (folded !== '') emit(folded, cutText(text, STRING_MAX + 1));
}

/** With an argument, only references to that type, and those logical ones that may be to it. */
function emitReference({ reference, type, identifier }: Reference, emit: Emit, only: string): void {
  const parsed = reference === undefined ? undefined : parseReference(reference);
  const target = (parsed !== undefined && 'type' in parsed ? parsed.type : undefined) ?? type;
  const fits = only === '' || target === only;
  if (parsed !== undefined && fits) {
    if (parsed.kind === 'local') emit(parsed.ref, parsed.version ?? '');
    else if (parsed.kind === 'absolute') emit(key(parsed.url), parsed.version ?? '');
    else if (parsed.kind === 'urn') emit(key(parsed.urn), '');
  }
  if (identifier?.value === undefined && identifier?.system === undefined) return;
  if (fits || target === undefined) emit(key(identifier.value), key(identifier.system), ':identifier');
}

/** A resource in a place where others have a reference; only of this type. */
function emitInline({ resourceType, id }: Resource, emit: Emit, only: string): void {
  if (resourceType === only && id !== undefined) emit(`${resourceType}/${id}`, '');
}

/** A canonical with its version and without, so that both find it. */
function emitCanonical(canonical: string, emit: Emit): void {
  emit(key(canonical), '');
  const bar = canonical.indexOf('|');
  if (bar > 0) emit(key(canonical.slice(0, bar)), '');
}

function emitInterval(emit: Emit, interval: Interval | undefined): void {
  if (interval !== undefined) emit(interval.low, interval.high);
}

/** "If the start element is missing, the start of the period is not known"; a missing end means it goes on. */
function intervalOfPeriod({ start, end }: Period): Interval | undefined {
  if (start === undefined && end === undefined) return undefined;
  const first = start === undefined ? BEGINNING : parseDateTime(start)?.low;
  const last = end === undefined ? END : parseDateTime(end)?.high;
  return first === undefined || last === undefined ? undefined : { low: first, high: last };
}

/** "The specified scheduling details are ignored and only the outer limits matter." */
function intervalOfTiming({ event = [], repeat }: Timing): Interval | undefined {
  const bounds = repeat?.boundsPeriod === undefined ? [] : [intervalOfPeriod(repeat.boundsPeriod)];
  const spans = [...event.map((text) => (text === null ? undefined : parseDateTime(text))), ...bounds].filter(
    (span) => span !== undefined,
  );
  if (spans.length === 0) return undefined;
  return {
    low: Math.min(...spans.map(({ low }) => low)),
    high: Math.max(...spans.map(({ high }) => high)),
  };
}

/** Location.position: latitude and longitude. */
function emitPosition(
  { latitude, longitude }: { latitude?: unknown; longitude?: unknown },
  emit: Emit,
): void {
  const [north, east] = [numberOf(latitude), numberOf(longitude)];
  if (north !== undefined && east !== undefined) emit(north, east);
}
