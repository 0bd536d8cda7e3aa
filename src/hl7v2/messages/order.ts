/** An order (ORC, TQ1, OBR, OBX, NTE) ⇄ ServiceRequest, and the parts of it that the Task holds. */
import type { Annotation, CodeableConcept, Coding, ServiceRequest, Task } from '../../fhir/types.ts';
import type { SegmentValues } from '../build.ts';
import type { Cq, Cwe } from '../datatypes.ts';
import {
  CONFIDENTIALITY_SYSTEM,
  confidentialityOf,
  priorityCodeOf,
  priorityOf,
  withdrawnBy,
} from '../mapping/codes.ts';
import {
  readAlternate,
  readConcept,
  readReason,
  strangersOf,
  writeAlternate,
  writeConcept,
  writeReason,
} from '../mapping/concept.ts';
import { addTo, timeBetween, writeDateTime } from '../mapping/moment.ts';
import { filled, some, toFhirString } from '../mapping/plain.ts';
import { segmentsNamed, type Message, type Segment } from '../message.ts';
import { readDg1 } from '../segments/dg1.ts';
import { buildNte, readNte } from '../segments/nte.ts';
import { buildObx, readObx, type Obx } from '../segments/obx.ts';
import { buildTq1, type Tq1 } from '../segments/tq1.ts';
import type { Findings } from './findings.ts';

// — OBR-4: the kind of document that the referral is, and the service

/** `57133-1^Referral note^LN`: OBR-4 of every 360X request, and the reason and kind of its visits. */
export const REFERRAL_NOTE = {
  identifier: '57133-1',
  text: 'Referral note',
  nameOfCodingSystem: 'LN',
} as const satisfies Cwe;

/** Codes of the C-CDA value set ReferralDocumentType: kinds of document, which are no service. */
const DOCUMENT_TYPES: ReadonlySet<string | undefined> = new Set([
  '57133-1',
  '34133-9',
  '18761-7',
  '57134-9',
  '57135-6',
  '57136-4',
  '57137-2',
  '57138-0',
  '57139-8',
  '57140-6',
  '57141-4',
  '57142-2',
]);

/** The service when the order names only a kind of document: *Patient referral*. */
export const REFERRAL: Coding = {
  system: 'http://snomed.info/sct',
  code: '3457005',
  display: 'Patient referral',
};

/** Whether a code names a kind of document, and not a service. */
export const isDocumentType = ({ identifier, nameOfCodingSystem }: Cwe): boolean =>
  DOCUMENT_TYPES.has(identifier) && (nameOfCodingSystem ?? 'LN') === 'LN';

export function readService(cwe: Cwe | undefined, facility: string): CodeableConcept {
  if (cwe === undefined) return { coding: [REFERRAL] };
  if (!isDocumentType(cwe)) return readConcept(cwe, facility) ?? { coding: [REFERRAL] };
  const service = readAlternate(cwe, facility);
  const unknown = strangersOf(cwe);
  const words = unknown.length > 0 ? (cwe.originalText ?? cwe.alternateText) : cwe.originalText;
  const text = toFhirString([words, ...unknown].filter((part) => part !== undefined).join(' '));
  return filled({ coding: [service ?? REFERRAL], text });
}

export function writeService(code: CodeableConcept | undefined): Cwe {
  const [coding] = code?.coding ?? [];
  const isDefault = coding === undefined || isSameCoding(coding, REFERRAL);
  return { ...REFERRAL_NOTE, ...writeAlternate(isDefault ? undefined : coding), originalText: code?.text };
}

const isSameCoding = (a: Coding, b: Coding): boolean =>
  a.system === b.system && a.code === b.code && a.display === b.display && a.version === b.version;

// — OBR-31, DG1: the reasons

/** Reasons with their words. */
export const readReasons = (cwes: readonly Cwe[], facility: string): readonly CodeableConcept[] =>
  cwes.flatMap((cwe) => readReason(cwe, facility) ?? []);

/** The diagnoses that an engine sends as a reason. */
export const readDiagnoses = (message: Message, facility: string): readonly CodeableConcept[] =>
  segmentsNamed(message, 'DG1').flatMap((segment) => {
    const { diagnosisCode, diagnosisDescription } = readDg1(segment);
    return readReason(diagnosisCode ?? { text: diagnosisDescription }, facility) ?? [];
  });

export const writeReasons = (reasons: readonly CodeableConcept[]): readonly Cwe[] =>
  reasons.flatMap((concept) => writeReason(concept) ?? []);

// — TQ1: the time to perform by, the duration, the frequency, the priority

/** The end of the period for which an order is valid; the period begins when the order was written. */
export function readValidity(duration: Cq | undefined, authoredOn: string | undefined): string | undefined {
  const { quantity, units } = duration ?? {};
  const count = Number(quantity);
  if (!(count > 0) || authoredOn === undefined) return undefined;
  return addTo(authoredOn, count, units?.identifier ?? 'd');
}

const URGENT = 'urgent';

/** Table 0485; `urgent` has no code there and is a text. */
export function readPriority(cwe: Cwe | undefined): ServiceRequest['priority'] | undefined {
  const code = priorityOf(cwe?.identifier) ?? (cwe?.text?.toLowerCase() === URGENT ? URGENT : undefined);
  return code as ServiceRequest['priority']; // the table's
}

const writePriority = (priority: ServiceRequest['priority']): readonly Cwe[] => {
  if (priority === URGENT) return [{ text: URGENT }];
  const identifier = priorityCodeOf(priority);
  return identifier === undefined ? [] : [{ identifier }];
};

/** TQ1; undefined when it would be empty. */
export function writeTiming(request: ServiceRequest, task: Task, context: Timing): SegmentValues | undefined {
  const duration = timeBetween(task.authoredOn ?? request.authoredOn, task.restriction?.period?.end);
  const timing: Partial<Tq1> = filled({
    serviceDuration: duration && { quantity: String(duration.count), units: { identifier: duration.unit } },
    endDateTime: writeDateTime(performBy(request, task, context)),
    totalOccurrences: request.quantityQuantity?.value?.toString(),
  });
  const priority = writePriority(request.priority);
  const isEmpty = Object.keys(timing).length === 0 && priority.length === 0;
  return isEmpty ? undefined : buildTq1({ setId: '1', priority, ...timing });
}

/**
 * The default time to perform an order of a priority by, and the moment from which it counts when nobody wrote when the
 * order was made.
 */
interface Timing {
  readonly performWithinDays: Readonly<Partial<Record<string, number>>>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The time to perform by: the order's own, else the default of its priority, because 360X has no words for urgency. */
function performBy(
  { occurrencePeriod, occurrenceDateTime, priority, authoredOn }: ServiceRequest,
  task: Task,
  { performWithinDays, now }: Timing,
): string | undefined {
  const ordered = occurrencePeriod?.end ?? occurrenceDateTime;
  const days = priority && performWithinDays[priority];
  if (ordered !== undefined || days === undefined) return ordered;
  return addTo(authoredOn ?? task.authoredOn ?? new Date(now).toISOString(), days, 'd');
}

// — OBX: the referrer's questions

/** `REFQ^Referral question^L`: LOINC has no code for this yet. */
const REFERRAL_QUESTION = { identifier: 'REFQ', text: 'Referral question', nameOfCodingSystem: 'L' } as const;
const QUESTION = 'QST';
const QUESTIONS_MAX = 100;

/** The questions, at most a hundred; other observations stay in the kept message only. */
export function readQuestions(
  message: Message,
  facility: string,
  findings: Findings,
): { readonly questions: readonly CodeableConcept[]; readonly more: boolean } {
  const all = segmentsNamed(message, 'OBX').map(readObx).filter(isQuestion);
  const asked = all.filter(
    ({ observationResultStatus }) => withdrawnBy(observationResultStatus) === undefined,
  );
  if (asked.length < all.length) findings.add('withdrawn');
  const questions = asked.slice(0, QUESTIONS_MAX).flatMap((obx) => readQuestion(obx, facility) ?? []);
  return { questions, more: asked.length > QUESTIONS_MAX };
}

/** Whether an observation is a question of the referrer. */
export const isQuestion = ({ observationType, observationIdentifier }: Obx): boolean =>
  observationType === QUESTION || observationIdentifier?.identifier === REFERRAL_QUESTION.identifier;

function readQuestion({ observationValue }: Obx, facility: string): CodeableConcept | undefined {
  const [value] = observationValue;
  if (value?.kind === 'code') return readConcept(value.code, facility);
  const lines = observationValue.flatMap((each) => (each.kind === 'text' ? [each.text] : []));
  const text = toFhirString(lines.join('\n'));
  return text === undefined ? undefined : { text };
}

export const writeQuestions = (questions: readonly CodeableConcept[]): readonly SegmentValues[] =>
  questions.map((question, index) => {
    const isCode = question.coding !== undefined;
    return buildObx({
      setId: String(index + 1),
      valueType: isCode ? 'CWE' : (question.text ?? '').includes('\n') ? 'FT' : 'TX',
      observationIdentifier: REFERRAL_QUESTION,
      observationValue: [
        isCode
          ? { kind: 'code', code: writeConcept(question) ?? {} }
          : { kind: 'text', text: question.text ?? '' },
      ],
      observationResultStatus: 'O',
      observationType: QUESTION,
    });
  });

// — NTE after OBR: the referrer's notes

export const readNotes = (message: Message): readonly Annotation[] =>
  notesOfOrder(message.segments).flatMap((segment) => {
    const text = toFhirString(readNte(segment).comment.join('\n'));
    return text === undefined ? [] : [{ text }];
  });

/** Notes of the order. Notes before the order are the patient's, and those after an OBX are that observation's. */
function notesOfOrder(segments: readonly Segment[]): readonly Segment[] {
  const order = segments.findIndex(({ name }) => name === 'OBR');
  if (order === -1) return [];
  const after = segments.slice(order + 1);
  const end = after.findIndex(({ name }) => name !== 'NTE');
  return end === -1 ? after : after.slice(0, end);
}

export const writeNotes = (notes: readonly Annotation[]): readonly SegmentValues[] =>
  notes.map(({ text }, index) => buildNte({ setId: String(index + 1), comment: [text] }));

// — ORC-28: confidentiality

export function readSecurity(cwe: Cwe | undefined): readonly Coding[] | undefined {
  const code = confidentialityOf(cwe?.identifier);
  return some([code === undefined ? undefined : { system: CONFIDENTIALITY_SYSTEM, code }]);
}

/** The confidentiality: 360X knows normal, restricted and very restricted; of several codes the strictest counts. */
export function writeSecurity(labels: readonly Coding[] | undefined): Cwe | undefined {
  const codes = new Set(
    (labels ?? []).flatMap(({ system, code }) => (system === CONFIDENTIALITY_SYSTEM ? [code] : [])),
  );
  const identifier = ['V', 'R', 'N'].find((code) => codes.has(code));
  return identifier === undefined ? undefined : { identifier };
}
