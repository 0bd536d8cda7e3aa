/**
 * Finds the fields that 360X requires and a message lacks. It reports the same findings in the same words that would
 * keep the message out of the receiver's chart, so that the server sends nothing that another server of this kind would
 * not apply. The server asks before every commit of a move, so the function reads the values to be sent, before they
 * are a text.
 */
import type { Ei } from '../datatypes.ts';
import type { SegmentDraft } from '../layout.ts';
import { readReason } from '../mapping/concept.ts';
import { readEntityIdentifier, readPatientNumber } from '../mapping/identity.ts';
import { readDateTime } from '../mapping/moment.ts';
import { readName } from '../mapping/person.ts';
import type { Msh } from '../segments/msh.ts';
import type { Obr } from '../segments/obr.ts';
import type { Obx } from '../segments/obx.ts';
import type { Orc } from '../segments/orc.ts';
import type { Pid } from '../segments/pid.ts';
import type { Sch } from '../segments/sch.ts';
import type { Tq1 } from '../segments/tq1.ts';
import type { Txa } from '../segments/txa.ts';
import type { Segments } from './build-messages.ts';
import { createFindings, type FindingCode, type Findings } from './findings.ts';
import { readFacility } from './header.ts';
import { definitionNamed } from './registry.ts';
import { fillerStatusOf } from '../mapping/codes.ts';

/** One line for each missing field, without a word about the patient. */
export function elementsLacking(messages: readonly Segments[]): readonly string[] {
  return [...new Set(messages.flatMap(lacksIn))];
}

/** The layouts of the segments that are checked. */
interface Drafts {
  readonly MSH: Msh;
  readonly PID: Pid;
  readonly ORC: Orc;
  readonly OBR: Obr;
  readonly OBX: Obx;
  readonly SCH: Sch;
  readonly TQ1: Tq1;
  readonly TXA: Txa;
}

/** The values of the first segment of a name; empty when there is no such segment. */
function valuesOf<Name extends keyof Drafts>(segments: Segments, name: Name): SegmentDraft<Drafts[Name]> {
  const { draft = {} } = segments.find((segment) => segment.name === name) ?? {};
  return draft as SegmentDraft<Drafts[Name]>; // the name of a segment tells its layout
}

function lacksIn(segments: Segments): readonly string[] {
  const { messageType, sendingFacility } = valuesOf(segments, 'MSH');
  const { messageCode: family = '', triggerEvent = '' } = messageType ?? {};
  const definition = definitionNamed(`${family}^${triggerEvent}`);
  if (definition === undefined) throw new Error('a message that is built has a definition');
  const findings = createFindings({ family: definition.family, claims360X: true });
  for (const [finding, isThere] of [PATIENT, ...(REQUIRED[family] ?? [])]) {
    if (!isThere(segments)) findings.add(finding);
  }
  checkReferralId(segments, PLACERS[family] ?? [], findings);
  if (family === 'SIU') checkSlot(segments, findings);
  return [
    ...(hasName(segments) ? [] : ['PID-5: the patient has no name']),
    ...(readFacility(sendingFacility) === undefined
      ? ['MSH-4: the sending organization has neither a facility nor an OID']
      : []),
    ...findings.all
      .filter(({ severity }) => severity === 'E')
      .map(({ location, says }) => `${location}: ${says}`),
  ];
}

type Required = readonly [finding: FindingCode, isThere: (segments: Segments) => boolean];

const PATIENT: Required = [
  'patient',
  (segments) =>
    valuesOf(segments, 'PID').patientIdentifierList?.some((cx) => readPatientNumber(cx, {}) !== undefined) ===
    true,
];

/** Required fields by MSH-9.1. */
const REQUIRED: Readonly<Record<string, readonly Required[]>> = {
  OMG: [
    [
      'ordering-provider',
      (segments) =>
        isSaid(valuesOf(segments, 'ORC').orderingProvider) ||
        isSaid(valuesOf(segments, 'OBR').orderingProvider),
    ],
    ['service', (segments) => isSaid(valuesOf(segments, 'OBR').universalServiceIdentifier)],
    [
      'reason-for-referral',
      (segments) =>
        valuesOf(segments, 'OBR').reasonForStudy?.some((cwe) => readReason(cwe, '') !== undefined) === true,
    ],
  ],
  SIU: [
    [
      'appointment-id',
      (segments) => readEntityIdentifier(valuesOf(segments, 'SCH').fillerAppointmentId, {}) !== undefined,
    ],
  ],
  MDM: [['document', hasDocument]],
};

/** Whether any part of a value is not empty. */
const isSaid = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.values(value).some(isSaid)
    : value !== undefined && value !== '';

function hasDocument(segments: Segments): boolean {
  const [value] = valuesOf(segments, 'OBX').observationValue ?? [];
  if (value?.kind === 'document') return isSaid(value.document.content);
  return value?.kind === 'text' && value.text.trim() !== '';
}

type Place = readonly [at: string, numberIn: (segments: Segments) => Ei | undefined];

const ORC: Place = ['ORC-2', (segments) => valuesOf(segments, 'ORC').placerOrderNumber];
const OBR: Place = ['OBR-2', (segments) => valuesOf(segments, 'OBR').placerOrderNumber];
const SCH: Place = ['SCH-26', (segments) => valuesOf(segments, 'SCH').placerOrderNumber?.[0]];
const TXA: Place = ['TXA-14', (segments) => valuesOf(segments, 'TXA').placerOrderNumber?.[0]];

/** The fields that may hold the referral id, the best one first. */
const PLACERS: Readonly<Record<string, readonly Place[]>> = {
  OMG: [ORC, OBR],
  OSU: [ORC],
  SIU: [SCH],
  MDM: [ORC, TXA, OBR],
};

function checkReferralId(segments: Segments, places: readonly Place[], findings: Findings): void {
  const found = places.map(([at, numberIn]) => ({ at, number: numberIn(segments) }));
  const best = found.find(({ number }) => isSaid(number?.entityIdentifier));
  if (best === undefined) findings.add('referral-id', places[0]?.[0]);
  else if (readEntityIdentifier(best.number, {})?.system === undefined)
    findings.add('referral-authority', `${best.at}.3`);
}

/** Whether the visit is booked: one that is called off or missed may have no slot any more. */
const isBooked = (segments: Segments): boolean =>
  valuesOf(segments, 'SCH').fillerStatusCode?.identifier === fillerStatusOf('booked');

function checkSlot(segments: Segments, findings: Findings): void {
  const { startDateTime, endDateTime } = valuesOf(segments, 'TQ1');
  const [start, end] = [startDateTime, endDateTime].map((dtm = '') => {
    const moment = readDateTime(dtm, 'Z')?.dateTime;
    return moment?.includes('T') === true ? Date.parse(moment) : undefined;
  });
  if (start === undefined || end === undefined) {
    if (isBooked(segments)) findings.add('slot');
  } else if (end < start) findings.add('slot-backwards');
}

function hasName(segments: Segments): boolean {
  const [name] = (valuesOf(segments, 'PID').patientName ?? []).flatMap((xpn) => readName(xpn) ?? []);
  return name?.family !== undefined || name?.given !== undefined;
}
