/** Encounter Activity, and the visit that the whole document is of (componentOf). */
import type { Coding, Period, Reference } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf } from '../../element.ts';
import { ENCOUNTER_STATUSES } from '../../concepts.ts';
import { codeIn, readConcept } from '../concept.ts';
import {
  ACT_CODE_OID,
  actIn,
  commonOf,
  isKind,
  loseRest,
  relatedOf,
  statusOf,
  takeAll,
  type EntryContext,
} from '../entry.ts';
import { readOrganization, readParty, readPerformers, readPlace } from '../parties.ts';
import { readIdentifiers } from '../identifier.ts';
import { add, lose, type Reading } from '../reading.ts';
import { isNullified } from '../standing.ts';
import { periodOf, readInterval } from '../time.ts';
import { isConcern, readConcern, readObserved } from './concern.ts';
import { reasonsOf } from './procedure.ts';

const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';

/** Classes that R4 knows for an encounter. */
const CLASSES: ReadonlySet<string> = new Set([
  'AMB',
  'EMER',
  'FLD',
  'HH',
  'IMP',
  'ACUTE',
  'NONAC',
  'OBSENC',
  'PRENC',
  'SS',
  'VR',
]);

/** The class of an encounter by its code or a translation; unknown is told as such. */
function classOf(code: XmlElement | undefined): Coding {
  const found = codeIn(code, ACT_CODE_OID);
  if (found !== undefined && CLASSES.has(found)) return { system: ACT_CODE, code: found };
  return { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK' };
}

/** Adds the Encounter of an entry, and the diagnoses beside it. */
export function readEncounter(context: EntryContext, encounter: XmlElement): void {
  const { reading } = context;
  const related = relatedOf(encounter);
  const code = childOf(encounter, 'code');
  const type = readConcept(reading, code);
  const period = periodOf(readInterval(reading, childOf(encounter, 'effectiveTime')));
  const diagnoses = takeAll(related, ({ act }) => isKind(act, '4.80', '29308-4')).flatMap((act) =>
    diagnosesOf(context, act),
  );
  for (const act of takeAll(related, ({ act: inner }) => isConcern(inner))) readConcern(context, act);
  add(reading, {
    resourceType: 'Encounter',
    ...commonOf(reading, encounter),
    status: statusIn(reading, encounter, period),
    class: classOf(code),
    type: type === undefined ? [] : [type],
    subject: context.patient,
    participant: readPerformers(reading, encounter).map((individual) => ({ individual })),
    period,
    reasonCode: reasonsOf(reading, related),
    diagnosis: diagnoses.map((condition) => ({ condition })),
    location: placesOf(reading, encounter),
  });
  loseRest(reading, related);
}

const placesOf = (reading: Reading, encounter: XmlElement): readonly object[] => {
  const location = readPlace(reading, encounter);
  return location === undefined ? [] : [{ location }];
};

const diagnosesOf = (context: EntryContext, act: XmlElement): readonly Reference[] =>
  childrenOf(act, 'entryRelationship').flatMap((element) => {
    const inner = actIn(element);
    return inner?.name === 'observation' ? (readObserved(context, inner) ?? []) : [];
  });

/** The status that is said, else what the times amount to: an end is the end. */
function statusIn(reading: Reading, encounter: XmlElement, period: Period | undefined): string {
  if (isNullified(reading, encounter)) return 'entered-in-error';
  const status = ENCOUNTER_STATUSES[statusOf(encounter)];
  if (status !== undefined) return status;
  if (period?.end !== undefined) return 'finished';
  lose(reading, 'defaulted', encounter, 'the encounter has no status: unknown');
  return 'unknown';
}

/** Adds the Encounter of the document; undefined where it is of none. */
export function readVisit(reading: Reading, patient: Reference): Reference | undefined {
  const visit = at(reading.document.root, 'componentOf', 'encompassingEncounter');
  if (visit === undefined) return undefined;
  const code = childOf(visit, 'code');
  const type = readConcept(reading, code);
  const period = periodOf(readInterval(reading, childOf(visit, 'effectiveTime')));
  const facility = at(visit, 'location', 'healthCareFacility');
  return add(reading, {
    resourceType: 'Encounter',
    identifier: readIdentifiers(reading, visit),
    status: period?.end === undefined ? 'unknown' : 'finished',
    class: classOf(code),
    type: type === undefined ? [] : [type],
    subject: patient,
    participant: [
      ...partiesIn(reading, visit, 'responsibleParty', 'PPRF'),
      ...partiesIn(reading, visit, 'encounterParticipant', undefined),
    ],
    period,
    serviceProvider: readOrganization(reading, childOf(facility, 'serviceProviderOrganization')),
    hospitalization: dispositionOf(reading, visit),
  });
}

function partiesIn(
  reading: Reading,
  visit: XmlElement,
  name: string,
  type: string | undefined,
): readonly object[] {
  return childrenOf(visit, name).flatMap((one) => {
    const individual = readParty(reading, childOf(one, 'assignedEntity'));
    const code = type ?? attributeOf(one, 'typeCode');
    if (individual === undefined) return [];
    return [
      {
        ...(code !== undefined && { type: [{ coding: [{ system: PARTICIPATION, code }] }] }),
        individual,
      },
    ];
  });
}

function dispositionOf(reading: Reading, visit: XmlElement): object | undefined {
  const dischargeDisposition =
    readConcept(reading, childOf(visit, 'sdtc:dischargeDispositionCode')) ??
    readConcept(reading, childOf(visit, 'dischargeDispositionCode'));
  return dischargeDisposition === undefined ? undefined : { dischargeDisposition };
}
