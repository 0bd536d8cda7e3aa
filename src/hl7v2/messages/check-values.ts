/**
 * Finds values that FHIR cannot hold as sent, and codes that no table has, and reports them (rules 7.8): the server
 * never alters a value in silence. It walks the message, so that it finds them in every field, whoever reads it.
 */
import {
  addressUseOf,
  confidentialityOf,
  contactSystemOf,
  contactUseOf,
  docStatusOf,
  isKnownCodingSystem,
  isResultStatus,
  nameUseOf,
  priorityOf,
  UNIT_MONTHS,
  UNIT_SECONDS,
} from '../mapping/codes.ts';
import { field, firstSegment, repetitions, text, type Message, type Segment } from '../message.ts';
import { EXCHANGE_SEGMENTS } from '../fields-taken.ts';
import { unescapeText } from '../escape.ts';
import type { Findings } from './findings.ts';
import type { MessageFamily } from './message-family.ts';

/** Checks every segment. */
export function checkValues(
  message: Message,
  family: Pick<MessageFamily, 'required'>,
  findings: Findings,
): void {
  const counts = new Map<string, number>();
  for (const segment of message.segments) {
    const count = (counts.get(segment.name) ?? 0) + 1;
    counts.set(segment.name, count);
    if (EXCHANGE_SEGMENTS.has(segment.name)) continue;
    const name = count === 1 ? segment.name : `${segment.name}[${count}]`;
    for (const [n, raw] of segment.fields.entries()) {
      if (n > 0 && raw !== '') checkField(segment, raw, `${name}-${n}`, findings);
    }
    checkCodes(segment, name, findings);
  }
  checkRequired(message, family, findings);
}

// oxlint-disable-next-line no-control-regex -- these are what the type string does not hold
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

function checkField(segment: Segment, raw: string, at: string, findings: Findings): void {
  const { escape, truncation } = segment.syntax;
  if (raw === '""') findings.add('null', at);
  const isEscaped = escape !== '' && raw.includes(escape);
  const isHex = isEscaped && raw.includes(`${escape}X`);
  if (CONTROL.test(raw) || (isHex && CONTROL.test(unescapeText(raw, segment.syntax)))) {
    findings.add('control-characters', at);
  }
  if (isEscaped && DROPPED.some((command) => raw.includes(`${escape}${command}`)))
    findings.add('formatting', at);
  if (truncation !== '' && (raw.endsWith(truncation) || isCutInside(raw, segment))) findings.add('cut', at);
}

/** Highlighting and layout, which a plain text cannot hold (2.7.6). */
const DROPPED: readonly string[] = ['H\\', 'N\\', '.in', '.ti', '.fi', '.nf'];

const isCutInside = (raw: string, { syntax }: Segment): boolean =>
  [syntax.component, syntax.repetition, syntax.subcomponent].some(
    (mark) => mark !== '' && raw.includes(syntax.truncation + mark),
  );

// — codes that no table has

const isNumber = (value: string): boolean => /^[+-]?\d+(?:\.\d+)?$/.test(value);
const isUnit = (unit: string): boolean =>
  UNIT_SECONDS.has(unit.toLowerCase()) || UNIT_MONTHS.has(unit.toLowerCase());
const isUse = (code: string): boolean => code === 'NET' || contactUseOf(code) !== undefined;
const isKnown =
  (read: (code: string) => unknown) =>
  (code: string): boolean =>
    read(code) !== undefined;

type Check = readonly [n: number, component: number, isRead: (code: string) => boolean];

/** The coded fields by segment. The readers of these leave out a code that is in no table. */
const CODES: Readonly<Record<string, readonly Check[]>> = {
  PID: [
    [5, 7, isKnown(nameUseOf)],
    [11, 7, (code) => code === 'M' || addressUseOf(code) !== undefined],
    [13, 2, isUse],
    [13, 3, isKnown(contactSystemOf)],
    [14, 2, isUse],
    [14, 3, isKnown(contactSystemOf)],
  ],
  ORC: [[28, 1, isKnown(confidentialityOf)]],
  OBR: [[5, 1, isKnown(priorityOf)]],
  TQ1: [
    [6, 1, isNumber],
    [6, 2, isUnit],
    [9, 1, isKnown(priorityOf)],
    [14, 1, isNumber],
  ],
  AIP: [
    [9, 1, isNumber],
    [10, 1, isUnit],
  ],
  OBX: [[11, 1, isResultStatus]],
  TXA: [
    [17, 1, isKnown(docStatusOf)],
    [18, 1, isKnown(confidentialityOf)],
  ],
};

/** Coded fields (CWE, CE), whose code means nothing without its system. */
const CODED: Readonly<Record<string, readonly number[]>> = {
  PID: [10, 15, 22],
  ORC: [16],
  OBR: [4, 31],
  DG1: [3],
  OBX: [3],
  SCH: [6, 7],
  RF1: [10],
};

/** The number of repetitions of one field that are looked at. */
const REPETITIONS_MAX = 100;

function checkCodes(segment: Segment, name: string, findings: Findings): void {
  for (const [n, component, isRead] of CODES[segment.name] ?? []) {
    const count = Math.min(repetitions(segment, n).length, REPETITIONS_MAX);
    for (let one = 1; one <= count; one += 1) {
      const code = text(segment, n, one, component);
      if (code !== undefined && code !== '""' && !isRead(code))
        findings.add('code-unknown', placeOf(name, n, component));
    }
  }
  for (const n of CODED[segment.name] ?? []) {
    const count = Math.min(repetitions(segment, n).length, REPETITIONS_MAX);
    for (let one = 1; one <= count; one += 1) {
      for (const at of [1, 4]) {
        const system = text(segment, n, one, at + 2);
        if (text(segment, n, one, at) === undefined) continue;
        const place = placeOf(name, n, at + 2);
        if (system === undefined) findings.add('code-without-system', place);
        if (system !== undefined && !isKnownCodingSystem(system)) findings.add('code-system', place);
      }
    }
  }
}

const placeOf = (name: string, n: number, component: number): string =>
  component === 1 ? `${name}-${n}` : `${name}-${n}.${component}`;

// — fields that v2.5.1 requires, and that no other check covers

function checkRequired(
  message: Message,
  { required }: Pick<MessageFamily, 'required'>,
  findings: Findings,
): void {
  const msh = firstSegment(message, 'MSH');
  for (const n of [11, 12])
    if (msh !== undefined && field(msh, n) === '') findings.add('required', `MSH-${n}`);
  for (const place of required) {
    const [name = '', n] = place.split('-');
    const segment = firstSegment(message, name);
    if (segment !== undefined && field(segment, Number(n)) === '') findings.add('required', place);
  }
}
