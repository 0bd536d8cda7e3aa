/** Medication Activity and Planned Medication Activity: a MedicationRequest, reported where it tells what is taken. */
import type {
  CodeableConcept,
  Dosage,
  Quantity,
  Range,
  Reference,
  Resource,
  Timing,
} from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, dataTypeOf, isNegated } from '../../element.ts';
import { MEDICATION_STATUSES } from '../../concepts.ts';
import { readConcept } from '../concept.ts';
import {
  authorshipOf,
  commonOf,
  isKind,
  isMeant,
  loseRest,
  moodOf,
  notesOf,
  relatedOf,
  statusOf,
  take,
  type EntryContext,
  type Related,
} from '../entry.ts';
import { readOrganization } from '../parties.ts';
import { plainNumberOf } from '../../number.ts';
import { readNumber, readQuantity, readQuantityInterval, readRatio } from '../quantity.ts';
import { add, lose, trimmed, type Reading } from '../reading.ts';
import { readText } from '../text.ts';
import { periodOf, readInterval, readTime } from '../time.ts';
import { saysNone } from './absence.ts';
import { reasonsOf } from './procedure.ts';
import { repeatOf } from './schedule.ts';

/** Adds the MedicationRequest of an activity; of one that says that nothing is taken, nothing. */
export function readMedication(context: EntryContext, activity: XmlElement): 'nothing-taken' | 'read' {
  const { reading } = context;
  const material = at(activity, 'consumable', 'manufacturedProduct', 'manufacturedMaterial');
  const medication =
    readConcept(reading, childOf(material, 'code')) ?? readConcept(reading, childOf(material, 'name'));
  const isDenied = isNegated(activity);
  if (isDenied && (medication === undefined || saysNoMedicine(medication)))
    return deniedAll(reading, activity);
  if (isDenied && medication !== undefined && !isMeant(activity)) {
    addNotTaken(context, activity, medication);
    return 'read';
  }
  const related = relatedOf(activity);
  const mood = moodOf(activity);
  const { author, recorded } = authorshipOf(reading, activity);
  add(reading, {
    resourceType: 'MedicationRequest',
    ...commonOf(reading, activity),
    status: statusIn(reading, activity),
    doNotPerform: isDenied ? true : undefined,
    intent: mood === 'EVN' ? 'plan' : mood === 'PRP' || mood === 'PRMS' ? 'proposal' : 'order',
    // Somebody's list of what a patient takes is a report; what a prescriber orders is not.
    reportedBoolean: mood === 'EVN' ? true : undefined,
    medicationCodeableConcept: medication ?? unknownMedication(reading, activity),
    subject: context.patient,
    authoredOn: recorded,
    requester: author,
    reasonCode: reasonsOf(reading, related),
    dosageInstruction: [dosageOf(reading, activity, related)].filter(
      (dosage) => Object.keys(dosage).length > 0,
    ),
    dispenseRequest: dispenseOf(reading, related),
    note: notesOf(reading, related),
  } satisfies Resource);
  loseRest(reading, related);
  return 'read';
}

/** SNOMED CT that says itself that no medicines are taken. */
const NO_MEDICINES = '787481004';

const saysNoMedicine = (medication: CodeableConcept): boolean =>
  saysNone(medication) || medication.coding?.some(({ code }) => code === NO_MEDICINES) === true;

/** That nothing is taken is said of now; that nothing is to be taken, or was said in error, says nothing of it. */
function deniedAll(reading: Reading, activity: XmlElement): 'nothing-taken' | 'read' {
  if (!isMeant(activity) && statusOf(activity) !== 'nullified') return 'nothing-taken';
  lose(reading, 'unmapped', activity, 'it denies a medicine that it does not name');
  return 'read';
}

/** A medicine that is named and not taken: nothing of R4's MedicationRequest says so, its statement does. */
function addNotTaken(
  { reading, patient }: EntryContext,
  activity: XmlElement,
  medication: CodeableConcept,
): void {
  add(reading, {
    resourceType: 'MedicationStatement',
    ...commonOf(reading, activity),
    status: statusOf(activity) === 'nullified' ? 'entered-in-error' : 'not-taken',
    medicationCodeableConcept: medication,
    subject: patient,
    effectivePeriod: periodOf(readInterval(reading, childOf(activity, 'effectiveTime'))),
  });
}

function unknownMedication(reading: Reading, activity: XmlElement): CodeableConcept {
  lose(reading, 'narrowed', activity, 'the medicine has neither code nor name');
  return { text: 'unknown' };
}

function statusIn(reading: Reading, activity: XmlElement): string {
  const said = statusOf(activity);
  const status = MEDICATION_STATUSES[said];
  if (status !== undefined) return status;
  lose(reading, 'defaulted', activity, 'the activity has no status that a MedicationRequest has: unknown');
  return 'unknown';
}

const FREE_TEXT_SIG = '76662-6';

function dosageOf(reading: Reading, activity: XmlElement, related: Related[]): Dosage {
  const [sig] = take(related, ({ act }) => isKind(act, '4.147', FREE_TEXT_SIG));
  const [instruction] = take(related, ({ act }) => isKind(act, '4.20'));
  const text = readText(reading, childOf(sig, 'text'));
  const patientInstruction = readText(reading, childOf(instruction, 'text'));
  const route = readConcept(reading, childOf(activity, 'routeCode'));
  const site = readConcept(reading, childOf(activity, 'approachSiteCode'));
  const timing = timingOf(reading, activity);
  const dose = doseOf(reading, activity);
  const maxDose = childOf(activity, 'maxDoseQuantity');
  const maxDosePerPeriod = maxDose === undefined ? undefined : readRatio(reading, maxDose);
  return trimmed({
    text,
    patientInstruction,
    timing,
    ...neededOf(reading, activity),
    site,
    route,
    doseAndRate: dose === undefined ? [] : [dose],
    maxDosePerPeriod,
  }) as Dosage; // its members are those of a Dosage
}

/** A precondition: taken as needed, for a reason where one is coded. */
function neededOf(
  reading: Reading,
  activity: XmlElement,
): Pick<Dosage, 'asNeededBoolean' | 'asNeededCodeableConcept'> {
  const conditions = childrenOf(activity, 'precondition');
  const [first] = conditions;
  if (first === undefined) return {};
  const criterion = childOf(first, 'criterion');
  const reason = readConcept(reading, childOf(criterion, 'value')) ?? wordsOf(reading, criterion);
  if (conditions.length > 1) lose(reading, 'unmapped', activity, 'only the first precondition is kept');
  return reason === undefined ? { asNeededBoolean: true } : { asNeededCodeableConcept: reason };
}

function wordsOf(reading: Reading, criterion: XmlElement | undefined): CodeableConcept | undefined {
  const text = readText(reading, childOf(criterion, 'text'));
  return text === undefined ? undefined : { text };
}

function doseOf(
  reading: Reading,
  activity: XmlElement,
): NonNullable<Dosage['doseAndRate']>[number] | undefined {
  const dose = childOf(activity, 'doseQuantity');
  const rate = childOf(activity, 'rateQuantity');
  const [given, flow] = [dose, rate].map((element) =>
    element === undefined ? undefined : amountIn(reading, element),
  );
  if (given === undefined && flow === undefined) return undefined;
  return {
    ...(given !== undefined &&
      ('range' in given ? { doseRange: given.range } : { doseQuantity: given.quantity })),
    ...(flow !== undefined &&
      ('range' in flow ? { rateRange: flow.range } : { rateQuantity: flow.quantity })),
  };
}

/** A dose of FHIR has no comparator: an interval with one end is a range with one. */
function amountIn(
  reading: Reading,
  element: XmlElement,
): { readonly range: Range } | { readonly quantity: Quantity } | undefined {
  const amount = readQuantityInterval(reading, element);
  if (amount === undefined || 'range' in amount || amount.quantity.comparator === undefined) return amount;
  const { comparator, ...end } = amount.quantity;
  if (!comparator.endsWith('=')) lose(reading, 'narrowed', element, 'a range in FHIR includes its ends');
  return { range: comparator.startsWith('>') ? { low: end } : { high: end } };
}

/** The first effective time says from when to when, the others how often. */
function timingOf(reading: Reading, activity: XmlElement): Timing | undefined {
  const times = childrenOf(activity, 'effectiveTime');
  const spans = times.filter((time) => !/^(?:PIVL_TS|EIVL_TS|SXPR_TS)$/.test(dataTypeOf(time) ?? ''));
  const schedules = times.filter((time) => /^(?:PIVL_TS|EIVL_TS)$/.test(dataTypeOf(time) ?? ''));
  for (const time of times.filter((one) => dataTypeOf(one) === 'SXPR_TS'))
    lose(reading, 'unmapped', time, 'a schedule made of several is kept in its words alone');
  const [span] = spans;
  const event = span === undefined ? undefined : readTime(reading, span);
  const { low, high } = readInterval(reading, span);
  const boundsPeriod =
    low === undefined && high === undefined
      ? undefined
      : periodOf({ ...(low !== undefined && { low }), ...(high !== undefined && { high }) });
  const [schedule] = schedules;
  for (const other of schedules.slice(1)) lose(reading, 'unmapped', other, 'only the first schedule is kept');
  const repeat = {
    ...(boundsPeriod !== undefined && { boundsPeriod }),
    ...(schedule !== undefined && repeatOf(reading, schedule)),
  };
  if (event === undefined && Object.keys(repeat).length === 0) return undefined;
  return {
    ...(event !== undefined && { event: [event] }),
    ...(Object.keys(repeat).length > 0 && { repeat }),
  };
}

/** The supply order beside a medicine: how much, how often again. */
function dispenseOf(reading: Reading, related: Related[]): object | undefined {
  const [order] = take(
    related,
    ({ act }) => act.name === 'supply' && (isKind(act, '4.17') || attributeOf(act, 'moodCode') === 'INT'),
  );
  if (order === undefined) return undefined;
  const times = plainNumberOf(readNumber(reading, childOf(order, 'repeatNumber')));
  const performer: Reference | undefined = readOrganization(
    reading,
    at(order, 'performer', 'assignedEntity', 'representedOrganization'),
  );
  const dispense = trimmed({
    validityPeriod: periodOf(readInterval(reading, childOf(order, 'effectiveTime'))),
    // CDA counts the first dispense, FHIR what comes after it.
    numberOfRepeatsAllowed: !(times >= 1) ? undefined : Math.trunc(times) - 1,
    quantity: readQuantity(reading, childOf(order, 'quantity')),
    performer,
  });
  return Object.keys(dispense).length === 0 ? undefined : dispense;
}
