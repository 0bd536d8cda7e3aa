/** Allergy Observation: an AllergyIntolerance. "No known allergies" and "not allergic to" are never an allergy. */
import { table } from '../../table.ts';
import type { CodeableConcept, Resource } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, isNegated, nullFlavorOf } from '../../element.ts';
import {
  ALLERGY_CATEGORIES,
  ALLERGY_STATUSES,
  ALLERGY_TYPES,
  CRITICALITIES,
  SEVERITIES,
} from '../../concepts.ts';
import { SNOMED } from '../../systems.ts';
import { codeIn, readConcept } from '../concept.ts';
import {
  authorshipOf,
  commonOf,
  isKind,
  loseRest,
  notesOf,
  relatedOf,
  SNOMED_OID,
  take,
  type EntryContext,
  type Related,
} from '../entry.ts';
import { add, lose, trimmed, type Reading } from '../reading.ts';
import { readInterval, readTime } from '../time.ts';
import { hasEnded, statusOfConcern, type Concern } from './course.ts';

const CLINICAL = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical';
const VERIFICATION = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification';
const ABATEMENT = 'http://hl7.org/fhir/StructureDefinition/allergyintolerance-abatement';

/** A negated allergy to nothing in particular, by its value: what there is none of. */
const NONE_KNOWN: Readonly<Record<string, readonly [code: string, display: string]>> = table({
  '416098002': ['409137002', 'No known history of drug allergy'],
  '414285001': ['429625007', 'No known food allergy'],
});
const NO_KNOWN_ALLERGY = ['716186003', 'No known allergy'] as const;

export const isAllergy = (observation: XmlElement): boolean =>
  isKind(observation, '4.7') || isKind(observation, '4.90') || participantOf(observation) !== undefined;

const participantOf = (observation: XmlElement): XmlElement | undefined =>
  childrenOf(observation, 'participant').find((one) => attributeOf(one, 'typeCode') === 'CSM');

/** Adds the AllergyIntolerance of an observation. */
export function readAllergy(context: EntryContext, observation: XmlElement, concern?: Concern): void {
  const { reading } = context;
  const related = relatedOf(observation);
  const value = childOf(observation, 'value');
  const kind = codeIn(value, SNOMED_OID) ?? '';
  const substance = at(participantOf(observation), 'participantRole', 'playingEntity', 'code');
  const named = readConcept(reading, substance);
  const isNone = isNegated(observation) && (named === undefined || nullFlavorOf(substance) === 'NA');
  const code = isNone ? noneKnown(kind) : (named ?? substanceOf(reading, observation));
  const isRefuted = isNegated(observation) && !isNone;
  const { author, recorded } = authorshipOf(reading, observation);
  const { low, at: point, high } = readInterval(reading, childOf(observation, 'effectiveTime'));
  const category = ALLERGY_CATEGORIES[kind];
  add(reading, {
    resourceType: 'AllergyIntolerance',
    ...commonOf(reading, observation),
    extension: high === undefined ? [] : [{ url: ABATEMENT, valueDateTime: high }],
    // FHIR asks for a clinical status even of what is refuted (ait-1): it is not active.
    clinicalStatus: coded(
      CLINICAL,
      isRefuted ? 'inactive' : clinicalStatusOf(reading, observation, related, concern),
    ),
    verificationStatus: coded(VERIFICATION, isRefuted ? 'refuted' : 'confirmed'),
    type: isNone ? undefined : ALLERGY_TYPES[kind],
    category: isNone || category === undefined ? [] : [category],
    criticality: criticalityOf(reading, related),
    code,
    patient: context.patient,
    onsetDateTime: low ?? point,
    recordedDate: recorded ?? readTime(reading, childOf(childOf(concern?.act, 'author'), 'time')),
    recorder: author,
    ...reactionsOf(reading, related, isNone || isRefuted),
    note: notesOf(reading, related),
  } satisfies Resource);
  loseRest(reading, related);
}

const coded = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

const noneKnown = (kind: string): CodeableConcept => {
  const [code, display] = NONE_KNOWN[kind] ?? NO_KNOWN_ALLERGY;
  return { coding: [{ system: SNOMED, code, display }] };
};

/** Words for a substance that nobody coded: the name of what was taken, else of the allergy. */
function substanceOf(reading: Reading, observation: XmlElement): CodeableConcept {
  const entity = at(participantOf(observation), 'participantRole', 'playingEntity');
  const name = entity === undefined ? undefined : readConcept(reading, childOf(entity, 'name'));
  const value = readConcept(reading, childOf(observation, 'value'));
  lose(reading, 'narrowed', observation, 'the substance of the allergy has no code');
  return name ?? (value === undefined ? { text: 'unknown' } : value);
}

function clinicalStatusOf(
  reading: Reading,
  observation: XmlElement,
  related: Related[],
  concern: Concern | undefined,
): string {
  const [said] = take(related, ({ act }) => isKind(act, '4.28', '33999-4'));
  const code = codeIn(childOf(said, 'value'), SNOMED_OID) ?? attributeOf(childOf(said, 'value'), 'code');
  const status = code === undefined ? undefined : ALLERGY_STATUSES[code];
  if (said !== undefined && code !== undefined && status === undefined)
    lose(reading, 'unmapped', said, 'the status of the allergy has no equivalent');
  return status ?? (hasEnded(observation) ? 'resolved' : statusOfConcern(concern?.status ?? ''));
}

function criticalityOf(reading: Reading, related: Related[]): string | undefined {
  const [said] = take(related, ({ act }) => isKind(act, '4.145', '82606-5'));
  const code = attributeOf(childOf(said, 'value'), 'code');
  const criticality = code === undefined ? undefined : CRITICALITIES[code];
  if (said !== undefined && criticality === undefined)
    lose(reading, 'unmapped', said, 'the criticality has no equivalent');
  return criticality;
}

/** Reactions with their severity. One that is said of the allergy itself is that of every reaction. */
function reactionsOf(reading: Reading, related: Related[], isAbsent: boolean): object {
  const overall = severityIn(reading, related);
  const reactions = take(related, ({ type, act }) => type === 'MFST' || isKind(act, '4.9')).flatMap(
    (reaction) => {
      const beside = relatedOf(reaction);
      const severity = severityIn(reading, beside) ?? overall;
      const manifestation = readConcept(reading, childOf(reaction, 'value'));
      const { low, at: point } = readInterval(reading, childOf(reaction, 'effectiveTime'));
      const note = notesOf(reading, beside);
      loseRest(reading, beside);
      if (manifestation === undefined) {
        lose(reading, 'unmapped', reaction, 'the reaction has neither code nor words');
        return [];
      }
      return [trimmed({ manifestation: [manifestation], onset: low ?? point, severity, note })];
    },
  );
  return isAbsent ? {} : { reaction: reactions };
}

function severityIn(reading: Reading, related: Related[]): string | undefined {
  const [said] = take(related, ({ act }) => isSeverity(act));
  const code = codeIn(childOf(said, 'value'), SNOMED_OID) ?? '';
  const severity = SEVERITIES[code];
  if (said !== undefined && severity === undefined)
    lose(reading, 'unmapped', said, 'the severity has no equivalent');
  return severity;
}

const isSeverity = (act: XmlElement): boolean =>
  isKind(act, '4.8') || attributeOf(childOf(act, 'code'), 'code') === 'SEV';
