/** Results and vital signs: Observations, and the DiagnosticReport or panel that holds them together. */
import type { CodeableConcept, Reference } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, isNegated, nullFlavorOf } from '../../element.ts';
import { RESULT_STATUSES } from '../../concepts.ts';
import { LOINC } from '../../systems.ts';
import { codeIn, readConcept } from '../concept.ts';
import {
  actIn,
  authorshipOf,
  commonOf,
  isKind,
  isMeant,
  LOINC_OID,
  loseRest,
  notesOf,
  relatedOf,
  statusOf,
  type EntryContext,
} from '../entry.ts';
import { readPerformers } from '../parties.ts';
import { add, lose, trimmed, type Reading } from '../reading.ts';
import { isNullified, standsAside } from '../standing.ts';
import { periodOf, pointOf, readInterval } from '../time.ts';
import { absentOf, readReferenceRange, readValue } from '../value.ts';
import { readPlanned } from './order.ts';
import { joinVitals } from './vitals.ts';

const OBSERVATION_CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const DIAGNOSTIC_SERVICE = 'http://terminology.hl7.org/CodeSystem/v2-0074';

export type ObservationCategory =
  | 'laboratory'
  | 'vital-signs'
  | 'social-history'
  | 'exam'
  | 'survey'
  | 'procedure';

const categoryOf = (code: ObservationCategory): CodeableConcept => ({
  coding: [{ system: OBSERVATION_CATEGORY, code }],
});

/** Whether an organizer holds vital signs. */
export const isVitals = (organizer: XmlElement, section: string): boolean =>
  isKind(organizer, '4.26', '74728-7') ||
  section === '8716-3' ||
  attributeOf(childOf(organizer, 'code'), 'code') === '46680005';

/** The observations of an organizer; what else it holds is a loss, a specimen apart. */
function observationsIn(
  context: EntryContext,
  organizer: XmlElement,
  category: ObservationCategory,
): readonly Reference[] {
  return childrenOf(organizer, 'component').flatMap((component) => {
    const act = actIn(component);
    if (act?.name === 'observation') return inOrganizer(context, act, category);
    if (act !== undefined)
      lose(context.reading, 'unmapped', act, 'only observations of an organizer become resources');
    return [];
  });
}

function inOrganizer(
  context: EntryContext,
  observation: XmlElement,
  category: ObservationCategory,
): readonly Reference[] {
  if (standsAside(context.reading, observation)) return [];
  if (!isMeant(observation)) return [readObservation(context, observation, category)];
  readPlanned(context, observation);
  return [];
}

/** Adds the DiagnosticReport of a result organizer. */
export function readResults(context: EntryContext, organizer: XmlElement): void {
  const { reading } = context;
  const result = observationsIn(context, organizer, 'laboratory');
  const code = readConcept(reading, childOf(organizer, 'code'));
  if (code === undefined && result.length === 0) return;
  const { author, recorded } = authorshipOf(reading, organizer);
  add(reading, {
    resourceType: 'DiagnosticReport',
    ...commonOf(reading, organizer),
    status: reportStatusOf(reading, organizer),
    category: [{ coding: [{ system: DIAGNOSTIC_SERVICE, code: 'LAB' }] }],
    code: code ?? { text: 'Results' },
    subject: context.patient,
    encounter: context.encounter,
    ...effectiveOf(reading, organizer),
    issued: recorded?.includes('T') === true ? recorded : undefined,
    performer: [...readPerformers(reading, organizer), ...(author === undefined ? [] : [author])],
    result,
  });
}

/** Adds the panel of vital signs; both pressures of one moment become one observation. */
export function readVitals(context: EntryContext, organizer: XmlElement): void {
  const { reading } = context;
  const members = joinVitals(reading, observationsIn(context, organizer, 'vital-signs'));
  if (members.length === 0) return;
  add(reading, {
    resourceType: 'Observation',
    ...commonOf(reading, organizer),
    status: observationStatusOf(reading, organizer),
    category: [categoryOf('vital-signs')],
    code: { coding: [{ system: LOINC, code: '85353-1', display: 'Vital signs panel' }] },
    subject: context.patient,
    encounter: context.encounter,
    ...effectiveOf(reading, organizer),
    hasMember: members,
  });
}

/** Adds an Observation. */
export function readObservation(
  context: EntryContext,
  observation: XmlElement,
  category: ObservationCategory,
): Reference {
  const { reading } = context;
  const related = relatedOf(observation);
  const value = childOf(observation, 'value');
  const read = valueIn(reading, observation);
  const code = readConcept(reading, childOf(observation, 'code'));
  if (code === undefined)
    lose(reading, 'narrowed', observation, 'the observation has neither code nor words');
  const { author } = authorshipOf(reading, observation);
  const performer = readPerformers(reading, observation);
  const isEmpty = Object.keys(read).length === 0;
  const reference = add(reading, {
    resourceType: 'Observation',
    ...commonOf(reading, observation),
    status: observationStatusOf(reading, observation),
    category: [categoryOf(category)],
    code: code ?? { text: 'unknown' },
    subject: context.patient,
    encounter: context.encounter,
    ...effectiveOf(reading, observation),
    performer: performer.length > 0 || author === undefined ? performer : [author],
    ...read,
    dataAbsentReason: isEmpty
      ? absentOf(nullFlavorOf(value) ?? (value === undefined ? undefined : 'UNK'))
      : undefined,
    interpretation: childrenOf(observation, 'interpretationCode').flatMap(
      (one) => readConcept(reading, one) ?? [],
    ),
    note: notesOf(reading, related),
    bodySite: readConcept(reading, childOf(observation, 'targetSiteCode')),
    method: readConcept(reading, childOf(observation, 'methodCode')),
    referenceRange: childrenOf(observation, 'referenceRange').flatMap(
      (range) => readReferenceRange(reading, range) ?? [],
    ),
  });
  loseRest(reading, related);
  return reference;
}

/** The value of an observation. Negated, it is the one that was not found, which FHIR has no place for. */
function valueIn(reading: Reading, observation: XmlElement): object {
  const value = childOf(observation, 'value');
  if (value === undefined) return {};
  if (!isNegated(observation)) return readValue(reading, value);
  if (nullFlavorOf(value) === undefined)
    lose(reading, 'unmapped', value, 'the value that was not found stays in the document');
  return {};
}

/** The time of an observation, or of all that an organizer holds. */
function effectiveOf(reading: Reading, act: XmlElement): object {
  const interval = readInterval(reading, childOf(act, 'effectiveTime'));
  const point = pointOf(interval);
  if (point !== undefined) return { effectiveDateTime: point };
  const effectivePeriod = periodOf(interval);
  return trimmed({ effectivePeriod });
}

function reportStatusOf(reading: Reading, act: XmlElement): string {
  const status = isNullified(reading, act) ? 'entered-in-error' : RESULT_STATUSES[statusOf(act)];
  if (status !== undefined) return status;
  lose(reading, 'defaulted', act, 'the status of the result is none that FHIR has: unknown');
  return 'unknown';
}

/** Negated, an observation was not made. */
const observationStatusOf = (reading: Reading, act: XmlElement): string =>
  isNegated(act) && !isNullified(reading, act) ? 'cancelled' : reportStatusOf(reading, act);

/** LOINC of an observation. */
export const loincOf = (observation: XmlElement): string | undefined =>
  codeIn(childOf(observation, 'code'), LOINC_OID);
