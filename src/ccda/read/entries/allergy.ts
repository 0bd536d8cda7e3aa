/** Allergy Observation: an AllergyIntolerance. "No known allergies" and "not allergic to" are never an allergy. */
import type { CodeableConcept, Resource } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, isNegated } from '../../element.ts';
import {
  ALLERGY_CATEGORIES,
  ALLERGY_STATUSES,
  ALLERGY_TYPES,
  CRITICALITIES,
  SEVERITIES,
} from '../../concepts.ts';
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
import { isNullified } from '../standing.ts';
import { readInterval, readTime } from '../time.ts';
import { deniedAllergy, entityOf } from './absence.ts';
import { hasEnded, statusOfConcern, type Concern } from './course.ts';

const CLINICAL = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical';
const VERIFICATION = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification';
const ABATEMENT = 'http://hl7.org/fhir/StructureDefinition/allergyintolerance-abatement';

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
  const entity = entityOf(participantOf(observation));
  const denied = isNegated(observation) ? deniedAllergy(reading, value, entity) : undefined;
  const isNone = denied?.isAll === true;
  const isRefuted = denied !== undefined && !isNone;
  const isVoid = isNullified(reading, observation);
  // What is watched is the allergy; that there is none holds until it has ended.
  const status = clinicalStatusOf(reading, observation, related, isNone ? undefined : concern);
  const { author, recorded } = authorshipOf(reading, observation);
  const { low, at: point, high } = readInterval(reading, childOf(observation, 'effectiveTime'));
  const category = ALLERGY_CATEGORIES[kind];
  add(reading, {
    resourceType: 'AllergyIntolerance',
    ...commonOf(reading, observation),
    extension: high === undefined ? [] : [{ url: ABATEMENT, valueDateTime: high }],
    // FHIR asks for a clinical status even of what is refuted (ait-1): it is not active; of an error it has none (ait-2).
    clinicalStatus: isVoid ? undefined : coded(CLINICAL, isRefuted ? 'inactive' : status),
    verificationStatus: coded(
      VERIFICATION,
      isVoid ? 'entered-in-error' : isRefuted ? 'refuted' : 'confirmed',
    ),
    type: isNone ? undefined : ALLERGY_TYPES[kind],
    category: isNone || category === undefined ? [] : [category],
    criticality: criticalityOf(reading, related),
    code: denied?.code ?? readConcept(reading, childOf(entity, 'code')) ?? substanceOf(reading, observation),
    patient: context.patient,
    onsetDateTime: low ?? point,
    recordedDate: recorded ?? readTime(reading, childOf(childOf(concern?.act, 'author'), 'time')),
    recorder: author,
    ...reactionsOf(reading, related, denied !== undefined),
    note: notesOf(reading, related),
  } satisfies Resource);
  loseRest(reading, related);
}

const coded = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

/** Words for a substance that nobody coded: the name of what was taken, else of the allergy. */
function substanceOf(reading: Reading, observation: XmlElement): CodeableConcept {
  const name = readConcept(reading, childOf(entityOf(participantOf(observation)), 'name'));
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
      if (isAbsent) {
        lose(reading, 'unmapped', reaction, 'what is denied has no reactions');
        return [];
      }
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
  return { reaction: reactions };
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
