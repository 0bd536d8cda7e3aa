/**
 * What a message that was built lacks of what 360X requires: what would keep it out of the chart where it is received, by
 * the same findings and in the same words, so that nothing is sent that another server of this kind would not apply. It is
 * asked before every commit of a move, so only the fields in question are read.
 */
import { CWE, CX, DTM, EI, HD, XCN, XPN } from '../datatypes.ts';
import type { Datatype } from '../layout.ts';
import { readReason } from '../mapping/concept.ts';
import { readNumber, readPatientNumber } from '../mapping/identity.ts';
import { readDateTime } from '../mapping/moment.ts';
import { readName } from '../mapping/person.ts';
import { first, repetitions, text, type Message } from '../message.ts';
import { createFindings, type Finding, type Findings } from './findings.ts';
import { nameOf } from './header.ts';
import type { MessageName } from './reading.ts';

/** One line for each thing that is missing, without a word of the patient. */
export function lacksOf(messages: readonly Message[]): readonly string[] {
  return [...new Set(messages.flatMap(lacksIn))];
}

function lacksIn(message: Message): readonly string[] {
  const [family, event] = [partOf(message, 'MSH-9', 1), partOf(message, 'MSH-9', 2)];
  const name = `${family}^${event}` as MessageName; // it was built here
  const findings = createFindings({ message: name, claims360X: true });
  for (const [finding, isThere] of [PATIENT, ...(REQUIRED[family] ?? [])]) {
    if (!isThere(message)) findings.add(finding);
  }
  checkReferralId(message, PLACERS[family] ?? [], findings);
  if (family === 'SIU') checkSlot(message, name, findings);
  return [
    ...(hasName(message) ? [] : ['PID-5: the patient has no name']),
    ...(hasFacility(message) ? [] : ['MSH-4: the sending organization has neither a facility nor an OID']),
    ...findings.all
      .filter(({ severity }) => severity === 'E')
      .map(({ location, says }) => `${location}: ${says}`),
  ];
}

type Required = readonly [finding: Finding, isThere: (message: Message) => boolean];

const PATIENT: Required = [
  'patient',
  (message) => valuesAt(message, 'PID-3', CX).some((cx) => readPatientNumber(cx, {}) !== undefined),
];

/** By MSH-9.1. */
const REQUIRED: Readonly<Record<string, readonly Required[]>> = {
  OMG: [
    [
      'ordering-provider',
      (message) => ['ORC-12', 'OBR-16'].some((place) => valuesAt(message, place, XCN).length > 0),
    ],
    ['service', (message) => valuesAt(message, 'OBR-4', CWE).length > 0],
    [
      'reason-for-referral',
      (message) => valuesAt(message, 'OBR-31', CWE).some((cwe) => readReason(cwe, '') !== undefined),
    ],
  ],
  SIU: [
    [
      'appointment-id',
      (message) => valuesAt(message, 'SCH-2', EI).some((ei) => readNumber(ei, {}) !== undefined),
    ],
  ],
  MDM: [['document', (message) => partOf(message, 'OBX-5', 5) !== '']],
};

/** Where the referral id may stand, the best place first. */
const PLACERS: Readonly<Record<string, readonly string[]>> = {
  OMG: ['ORC-2', 'OBR-2'],
  OSU: ['ORC-2'],
  SIU: ['SCH-26'],
  MDM: ['ORC-2', 'TXA-14', 'OBR-2'],
};

function checkReferralId(message: Message, places: readonly string[], findings: Findings): void {
  const found = places.map((at) => ({ at, number: valuesAt(message, at, EI)[0] }));
  const best = found.find(({ number }) => number?.entityIdentifier !== undefined);
  if (best === undefined) findings.add('referral-id', places[0]);
  else if (readNumber(best.number, {})?.system === undefined)
    findings.add('referral-authority', `${best.at}.3`);
}

/** Booked: a visit that is called off or missed may have no slot any more. */
const BOOKED: ReadonlySet<MessageName> = new Set(['SIU^S12', 'SIU^S13']);

function checkSlot(message: Message, name: MessageName, findings: Findings): void {
  const [start, end] = ['TQ1-7', 'TQ1-8'].map((at) => {
    const moment = readDateTime(valuesAt(message, at, DTM)[0] ?? '', 'Z')?.dateTime;
    return moment?.includes('T') === true ? Date.parse(moment) : undefined;
  });
  if (start === undefined || end === undefined) {
    if (BOOKED.has(name)) findings.add('slot');
  } else if (end < start) findings.add('slot-backwards');
}

function hasName(message: Message): boolean {
  const [name] = valuesAt(message, 'PID-5', XPN).flatMap((xpn) => readName(xpn) ?? []);
  return name?.family !== undefined || name?.given !== undefined;
}

const hasFacility = (message: Message): boolean => nameOf(valuesAt(message, 'MSH-4', HD)[0]) !== undefined;

// — places: `ORC-2`

const placeOf = (place: string): readonly [segment: string, field: number] => {
  const dash = place.indexOf('-');
  return [place.slice(0, dash), Number(place.slice(dash + 1))];
};

function valuesAt<Value>(message: Message, place: string, type: Datatype<Value>): readonly Value[] {
  const [name, n] = placeOf(place);
  const segment = first(message, name);
  return segment === undefined ? [] : repetitions(segment, n).flatMap((one) => type.read(one) ?? []);
}

/** The plain text of a component; empty when there is none. */
function partOf(message: Message, place: string, component: number): string {
  const [name, n] = placeOf(place);
  const segment = first(message, name);
  return (segment && text(segment, n, 1, component)) ?? '';
}
