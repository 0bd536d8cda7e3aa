/** Immunization Activity: an Immunization; one that was refused is not done, and one that is meant is an order. */
import { table } from '../../table.ts';
import type { CodeableConcept, Resource } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, isNegated, lineOf } from '../../element.ts';
import { readConcept } from '../concept.ts';
import {
  authorshipOf,
  commonOf,
  isKind,
  isMeant,
  loseRest,
  notesOf,
  relatedOf,
  statusOf,
  take,
  type EntryContext,
  type Related,
} from '../entry.ts';
import { reasonsOf } from './procedure.ts';
import { readOrganization, readPerformers } from '../parties.ts';
import { plainNumberOf } from '../../number.ts';
import { readNumber, readQuantity } from '../quantity.ts';
import { add, lose, type Reading } from '../reading.ts';
import { isNullified } from '../standing.ts';
import { readInterval, readTime } from '../time.ts';

const VACCINES = '11369-6';
const FUNCTION = 'http://terminology.hl7.org/CodeSystem/v2-0443';
const CVX = '2.16.840.1.113883.12.292';

/** Whether a substance that is given is a vaccine: its template, its section, or a code of CVX. */
export const isImmunization = (activity: XmlElement, section: string): boolean =>
  isKind(activity, '4.52') ||
  isKind(activity, '4.120') ||
  section === VACCINES ||
  (!isKind(activity, '4.16') && codeSystemOf(activity) === CVX);

const codeSystemOf = (activity: XmlElement): string | undefined =>
  attributeOf(
    at(activity, 'consumable', 'manufacturedProduct', 'manufacturedMaterial', 'code'),
    'codeSystem',
  );

/** Adds the Immunization. */
export function readImmunization(context: EntryContext, activity: XmlElement): void {
  const { reading } = context;
  const related = relatedOf(activity);
  const product = at(activity, 'consumable', 'manufacturedProduct');
  const material = childOf(product, 'manufacturedMaterial');
  const vaccineCode = readConcept(reading, childOf(material, 'code')) ??
    readConcept(reading, childOf(material, 'name')) ?? { text: 'unknown' };
  if (isMeant(activity)) {
    addPlanned(context, activity, vaccineCode, related);
    return;
  }
  const isDone = isGiven(reading, activity);
  const isVoid = isNullified(reading, activity);
  const status = isVoid ? 'entered-in-error' : isDone ? 'completed' : 'not-done';
  const reasons = take(related, ({ type }) => type === 'RSON');
  const statusReason = isDone ? undefined : reasonNotDone(reading, reasons);
  const { recorded } = authorshipOf(reading, activity);
  const [reaction] = take(related, ({ type, act }) => type === 'CAUS' || isKind(act, '4.9'));
  if (reaction !== undefined)
    lose(reading, 'unmapped', reaction, 'a reaction to a vaccine refers to an Observation in FHIR');
  add(reading, {
    resourceType: 'Immunization',
    ...commonOf(reading, activity),
    status,
    statusReason,
    vaccineCode,
    patient: context.patient,
    ...occurrenceOf(reading, activity),
    recorded,
    manufacturer: readOrganization(reading, childOf(product, 'manufacturerOrganization')),
    lotNumber: lineOf(childOf(material, 'lotNumberText')),
    site: readConcept(reading, childOf(activity, 'approachSiteCode')),
    route: readConcept(reading, childOf(activity, 'routeCode')),
    doseQuantity: isDone ? readQuantity(reading, childOf(activity, 'doseQuantity')) : undefined,
    performer: readPerformers(reading, activity).map((actor) => ({
      function: { coding: [{ system: FUNCTION, code: 'AP' }] },
      actor,
    })),
    reasonCode: isDone
      ? reasons.flatMap(
          (act) =>
            readConcept(reading, childOf(act, 'value')) ?? readConcept(reading, childOf(act, 'code')) ?? [],
        )
      : [],
    protocolApplied: doseNumberOf(reading, activity),
    note: notesOf(reading, related),
  } satisfies Resource);
  loseRest(reading, related);
}

/** ActStatus of what was never given. */
const NOT_GIVEN = /^(?:aborted|cancelled|held|suspended|new)$/;

/** Whether it was given. An event says so itself: a status that says less does not take it back. */
function isGiven(reading: Reading, activity: XmlElement): boolean {
  const said = statusOf(activity);
  if (isNegated(activity) || NOT_GIVEN.test(said)) return false;
  if (said !== 'completed' && said !== 'nullified')
    lose(reading, 'defaulted', activity, 'the vaccination is no completed act: it is told as given');
  return true;
}

/** The reason of a refusal is the code of its observation. */
function reasonNotDone(reading: Reading, reasons: readonly XmlElement[]): CodeableConcept | undefined {
  return reasons
    .map((act) => readConcept(reading, childOf(act, 'code')) ?? readConcept(reading, childOf(act, 'value')))
    .find((reason) => reason !== undefined);
}

function occurrenceOf(reading: Reading, activity: XmlElement): object {
  const [time] = childrenOf(activity, 'effectiveTime');
  const { at: point, low } = readInterval(reading, time);
  const when = point ?? low;
  if (when !== undefined) return { occurrenceDateTime: when };
  lose(reading, 'defaulted', activity, 'the vaccination has no time');
  return { occurrenceString: 'unknown' };
}

function doseNumberOf(reading: Reading, activity: XmlElement): readonly object[] {
  const dose = plainNumberOf(readNumber(reading, childOf(activity, 'repeatNumber')));
  return !(dose >= 1) ? [] : [{ doseNumberPositiveInt: Math.trunc(dose) }];
}

/** ActStatus of a vaccination that is meant to be; what is not named here is still meant. */
const PLANNED_STATUSES: Readonly<Record<string, string>> = table({
  aborted: 'stopped',
  cancelled: 'cancelled',
  completed: 'completed',
  held: 'on-hold',
  suspended: 'on-hold',
});

const statusOfPlanned = (reading: Reading, activity: XmlElement): string =>
  isNullified(reading, activity) ? 'entered-in-error' : (PLANNED_STATUSES[statusOf(activity)] ?? 'active');

/** A vaccination that is meant to be is an order for the vaccine. */
function addPlanned(
  { reading, patient }: EntryContext,
  activity: XmlElement,
  vaccine: CodeableConcept,
  related: Related[],
): void {
  const { author, recorded } = authorshipOf(reading, activity);
  const when = readTime(reading, childrenOf(activity, 'effectiveTime')[0]);
  add(reading, {
    resourceType: 'MedicationRequest',
    ...commonOf(reading, activity),
    status: statusOfPlanned(reading, activity),
    intent: 'plan',
    doNotPerform: isNegated(activity) ? true : undefined,
    medicationCodeableConcept: vaccine,
    subject: patient,
    authoredOn: recorded,
    requester: author,
    dosageInstruction: when === undefined ? [] : [{ timing: { event: [when] } }],
    reasonCode: reasonsOf(reading, related),
    note: notesOf(reading, related),
  });
  loseRest(reading, related);
}
