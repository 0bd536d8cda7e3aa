/**
 * The registry of entries: by which marks an act is known, and who reads it. Class, mood and code decide; a template id
 * is believed only beside them, because documents of the field carry wrong ones. The first row that fits reads.
 */
import { table } from '../../table.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, hasTemplate, isNegated } from '../../element.ts';
import { actIn, isKind, isMeant, TEMPLATES, type EntryContext } from '../entry.ts';
import { lose, type Reading } from '../reading.ts';
import { standsAside } from '../standing.ts';
import { isAllergy, readAllergy } from './allergy.ts';
import { isCareTeam, readCareTeam } from './care-team.ts';
import { isConcern, readConcern, readObserved } from './concern.ts';
import { isCoverage, readCoverage } from './coverage.ts';
import { readEncounter } from './encounter.ts';
import { isFamilyHistory, readFamilyHistory } from './family.ts';
import { isGoal, readGoal } from './goal.ts';
import { isImmunization, readImmunization } from './immunization.ts';
import { readMedication } from './medication.ts';
import { isNote, readNote } from './note.ts';
import { isReferral, readPlanned, readReferral } from './order.ts';
import { readProblem } from './problem.ts';
import { readProcedure } from './procedure.ts';
import { isVitals, readObservation, readResults, readVitals, type ObservationCategory } from './result.ts';
import { readSocial } from './social.ts';
import { tellUnread } from './unread.ts';

interface EntryRow {
  /** The element of the act. */
  readonly element: string;
  readonly what: string;
  /** The resource that it becomes. */
  readonly becomes: string;
  /** What its reader reads besides: that it is negated, that it is meant. Of another entry, what is so is a loss. */
  readonly alsoIf?: readonly ('negated' | 'meant')[];
  readonly isOne: (act: XmlElement, context: EntryContext) => boolean;
  readonly read: (context: EntryContext, act: XmlElement) => unknown;
}

/** The markings of DS4P are read with the section's label. */
const isPrivacyMarking = (act: XmlElement): boolean =>
  hasTemplate(act, '2.16.840.1.113883.3.3251.1.4') || hasTemplate(act, '2.16.840.1.113883.3.3251.1.9');

const always = (): boolean => true;

/** LOINC of sections whose observations are problems. */
const PROBLEM_SECTIONS: ReadonlySet<string> = new Set([
  '11450-4',
  '11348-0',
  '46240-8',
  '11535-2',
  '46241-6',
]);

/** LOINC of sections: the category of the observations that stand in them. */
const CATEGORIES: Readonly<Record<string, ObservationCategory>> = table({
  '30954-2': 'laboratory',
  '8716-3': 'vital-signs',
  '29762-2': 'social-history',
  '29545-1': 'exam',
  '10187-3': 'exam',
  '47519-4': 'procedure',
});

const BOTH = ['negated', 'meant'] as const;

/** The rows, in the order in which they are tried. */
export const ENTRIES: readonly EntryRow[] = [
  {
    element: 'act',
    what: 'Problem or Allergy Concern Act',
    becomes: 'Condition, AllergyIntolerance',
    isOne: isConcern,
    read: readConcern,
  },
  {
    element: 'act',
    what: 'Referral Act',
    becomes: 'ServiceRequest',
    alsoIf: BOTH,
    isOne: isReferral,
    read: readReferral,
  },
  { element: 'act', what: 'Coverage Activity', becomes: 'Coverage', isOne: isCoverage, read: readCoverage },
  { element: 'act', what: 'Note Activity', becomes: 'DocumentReference', isOne: isNote, read: readNote },
  {
    element: 'act',
    what: 'Health Concern, Encounter Diagnosis',
    becomes: 'Condition',
    isOne: (act) =>
      isKind(act, '4.132', '75310-3') || isKind(act, '4.80', '29308-4') || isKind(act, '4.33', '11535-2'),
    read: readWrapped,
  },
  {
    element: 'act',
    what: 'Planned Act',
    becomes: 'ServiceRequest',
    alsoIf: BOTH,
    isOne: (act) => isMeant(act) && !isKind(act, '4.20'),
    read: readPlanned,
  },
  {
    element: 'act',
    what: 'Procedure Activity Act',
    becomes: 'Procedure',
    alsoIf: ['negated'],
    isOne: (act, { section }) => isKind(act, '4.12') || section === '47519-4',
    read: readProcedure,
  },
  {
    element: 'observation',
    what: 'Goal Observation',
    becomes: 'Goal',
    alsoIf: BOTH,
    isOne: isGoal,
    read: readGoal,
  },
  {
    element: 'observation',
    what: 'Planned Observation',
    becomes: 'ServiceRequest',
    alsoIf: BOTH,
    isOne: isMeant,
    read: readPlanned,
  },
  {
    element: 'observation',
    what: 'Allergy Observation',
    becomes: 'AllergyIntolerance',
    alsoIf: ['negated'],
    isOne: isAllergy,
    read: readAllergy,
  },
  {
    element: 'observation',
    what: 'Problem Observation',
    becomes: 'Condition',
    alsoIf: ['negated'],
    isOne: (act, { section }) => isKind(act, '4.4') || PROBLEM_SECTIONS.has(section),
    read: readProblem,
  },
  {
    element: 'observation',
    what: 'Procedure Activity Observation',
    becomes: 'Procedure',
    alsoIf: ['negated'],
    isOne: (act) => isKind(act, '4.13'),
    read: readProcedure,
  },
  {
    element: 'observation',
    what: 'Social History Observation',
    becomes: 'Observation; for sex and gender Patient',
    alsoIf: ['negated'],
    isOne: (_act, { section }) => section === '29762-2',
    read: readSocial,
  },
  {
    element: 'observation',
    what: 'any other Observation',
    becomes: 'Observation',
    alsoIf: ['negated'],
    isOne: always,
    read: (context, act) => readObservation(context, act, CATEGORIES[context.section] ?? 'survey'),
  },
  {
    element: 'procedure',
    what: 'Planned Procedure',
    becomes: 'ServiceRequest',
    alsoIf: BOTH,
    isOne: isMeant,
    read: readPlanned,
  },
  {
    element: 'procedure',
    what: 'Procedure Activity Procedure',
    becomes: 'Procedure',
    alsoIf: ['negated'],
    isOne: always,
    read: readProcedure,
  },
  {
    element: 'encounter',
    what: 'Planned Encounter',
    becomes: 'ServiceRequest',
    alsoIf: BOTH,
    isOne: isMeant,
    read: readPlanned,
  },
  {
    element: 'encounter',
    what: 'Encounter Activity',
    becomes: 'Encounter',
    isOne: always,
    read: readEncounter,
  },
  {
    element: 'substanceAdministration',
    what: 'Immunization Activity',
    becomes: 'Immunization; planned MedicationRequest',
    alsoIf: BOTH,
    isOne: (act, { section }) => isImmunization(act, section),
    read: readImmunization,
  },
  {
    element: 'substanceAdministration',
    what: 'Medication Activity',
    becomes: 'MedicationRequest; not taken MedicationStatement',
    alsoIf: BOTH,
    isOne: always,
    read: readMedication,
  },
  {
    element: 'organizer',
    what: 'Family History Organizer',
    becomes: 'FamilyMemberHistory',
    isOne: isFamilyHistory,
    read: readFamilyHistory,
  },
  {
    element: 'organizer',
    what: 'Vital Signs Organizer',
    becomes: 'Observation',
    isOne: (act, { section }) => isVitals(act, section),
    read: readVitals,
  },
  {
    element: 'organizer',
    what: 'Care Team Organizer',
    becomes: 'CareTeam',
    isOne: isCareTeam,
    read: readCareTeam,
  },
  {
    element: 'organizer',
    what: 'Result Organizer',
    becomes: 'DiagnosticReport, Observation',
    isOne: (act, { section }) =>
      isKind(act, '4.1') ||
      section === '30954-2' ||
      /^(?:BATTERY|CLUSTER)$/.test(attributeOf(act, 'classCode') ?? ''),
    read: readResults,
  },
];

/** What an entry said: `nothing-taken` for a statement that the patient takes no medicines. */
type EntrySaid = 'read' | 'nothing-taken';

/** Reads an entry of a section. What no row knows stays in the document, and is a loss. */
export function readEntry(context: EntryContext, act: XmlElement): EntrySaid {
  if (isPrivacyMarking(act)) return 'read';
  const row = ENTRIES.find(({ element, isOne }) => act.name === element && isOne(act, context));
  if (row === undefined) {
    lose(context.reading, 'unmapped', act, 'no resource is made of an entry of this kind');
    return 'read';
  }
  if (standsAside(context.reading, act) || isLeft(context.reading, act, row)) return 'read';
  tellUnread(context.reading, act);
  return row.read(context, act) === 'nothing-taken' ? 'nothing-taken' : 'read';
}

/** Whether an act is denied or meant, and its reader knows it only as what is so. */
function isLeft(reading: Reading, act: XmlElement, { alsoIf = [] }: EntryRow): boolean {
  const isDenied = isNegated(act) && !alsoIf.includes('negated');
  const isLeftMeant = isMeant(act) && !alsoIf.includes('meant');
  if (isDenied) lose(reading, 'unmapped', act, 'an entry of this kind that is denied has no place in FHIR');
  if (isLeftMeant) lose(reading, 'unmapped', act, 'an entry of this kind that is meant has no place in FHIR');
  return isDenied || isLeftMeant;
}

/** Whether an observation bears a template of C-CDA, and not that of a problem. */
const isNoProblem = (observation: XmlElement): boolean =>
  !isKind(observation, '4.4') &&
  childrenOf(observation, 'templateId').some((id) => attributeOf(id, 'root')?.startsWith(`${TEMPLATES}.4.`));

/** An act that only holds others: the problems in it. */
function readWrapped(context: EntryContext, act: XmlElement): void {
  const inner = childrenOf(act, 'entryRelationship').flatMap((element) => {
    const one = actIn(element);
    return one === undefined ? [] : [one];
  });
  for (const one of inner) {
    if (one.name === 'observation' && !isNoProblem(one)) readObserved(context, one);
    else readEntry(context, one);
  }
  if (inner.length === 0)
    lose(context.reading, 'unmapped', childOf(act, 'code') ?? act, 'the act holds no observation');
}
