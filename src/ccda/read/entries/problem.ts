/** Problem Observation: a Condition. What is negated is refuted, never had. */
import type { CodeableConcept, Reference, Resource } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, isNegated } from '../../element.ts';
import { CONDITION_CATEGORIES, PROBLEM_STATUSES } from '../../concepts.ts';
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
} from '../entry.ts';
import { readQuantity } from '../quantity.ts';
import { add, lose, type Reading } from '../reading.ts';
import { isNullified } from '../standing.ts';
import { readInterval, readTime } from '../time.ts';
import { deniedProblem } from './absence.ts';
import { hasEnded, statusOfConcern, type Concern } from './course.ts';

const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const VERIFICATION = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/condition-category';
const US_CORE_CATEGORY = 'http://hl7.org/fhir/us/core/CodeSystem/condition-category';

/** Adds the Condition of an observation. */
export function readProblem(context: EntryContext, observation: XmlElement, concern?: Concern): Reference {
  const { reading } = context;
  const related = relatedOf(observation);
  const value = childOf(observation, 'value');
  const isDenied = isNegated(observation);
  const denied = isDenied ? deniedProblem(reading, value) : undefined;
  const isNone = denied?.isAll === true;
  const code = isDenied ? denied?.code : readConcept(reading, value);
  if (code === undefined) lose(reading, 'unmapped', observation, 'the problem has neither code nor words');
  const verification = isNullified(reading, observation)
    ? 'entered-in-error'
    : isDenied && !isNone
      ? 'refuted'
      : 'confirmed';
  const [diagnosed] = take(related, ({ act }) => isKind(act, '4.502', '77975-1'));
  const { author, recorded } = authorshipOf(reading, observation);
  const asserted = readTime(reading, childOf(diagnosed, 'effectiveTime'));
  const onset = onsetOf(reading, observation, related);
  // What is watched is the problem; that there is none holds until it has ended.
  const status = clinicalStatusOf(reading, observation, related, isNone ? undefined : concern);
  const reference = add(reading, {
    resourceType: 'Condition',
    ...commonOf(reading, observation),
    extension:
      asserted === undefined
        ? []
        : [
            {
              url: 'http://hl7.org/fhir/StructureDefinition/condition-assertedDate',
              valueDateTime: asserted,
            },
          ],
    // What is refuted, or an error, has no course.
    clinicalStatus: verification === 'confirmed' ? coded(CLINICAL, status) : undefined,
    verificationStatus: coded(VERIFICATION, verification),
    category: categoriesOf(context),
    code: code ?? { text: 'unknown' },
    bodySite: bodySitesOf(reading, observation),
    subject: context.patient,
    encounter: context.section === '46240-8' ? context.encounter : undefined,
    ...onset,
    ...(verification === 'confirmed' ? abatementOf(reading, observation) : {}),
    recordedDate: recorded,
    recorder: author,
    note: notesOf(reading, related),
  } satisfies Resource);
  loseRest(reading, related);
  return reference;
}

const coded = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

function categoriesOf({ section }: EntryContext): readonly CodeableConcept[] {
  const category = CONDITION_CATEGORIES[section] ?? 'problem-list-item';
  return [coded(category === 'health-concern' ? US_CORE_CATEGORY : CATEGORY, category)];
}

/** The status observation says it; else an end; else the concern. A problem that has ended is not active. */
function clinicalStatusOf(
  reading: Reading,
  observation: XmlElement,
  related: ReturnType<typeof relatedOf>,
  concern: Concern | undefined,
): string {
  const [said] = take(related, ({ act }) => isKind(act, '4.6', '33999-4'));
  const code = codeIn(childOf(said, 'value'), SNOMED_OID) ?? attributeOf(childOf(said, 'value'), 'code');
  const status = code === undefined ? undefined : PROBLEM_STATUSES[code];
  if (said !== undefined && code !== undefined && status === undefined)
    lose(reading, 'unmapped', said, 'the status of the problem has no equivalent');
  const derived = hasEnded(observation) ? 'resolved' : statusOfConcern(concern?.status ?? '');
  if (status === undefined) return derived;
  if (!hasEnded(observation) || !/^(?:active|recurrence|relapse)$/.test(status)) return status;
  lose(
    reading,
    'narrowed',
    said ?? observation,
    'the problem is said to be active and to have ended: its end is believed',
  );
  return 'resolved';
}

/** SNOMED CT "age at onset". */
const AGE_AT_ONSET = '445518008';

function onsetOf(reading: Reading, observation: XmlElement, related: ReturnType<typeof relatedOf>): object {
  const [aged] = take(related, ({ act }) => codeIn(childOf(act, 'code'), SNOMED_OID) === AGE_AT_ONSET);
  const { low, at } = readInterval(reading, childOf(observation, 'effectiveTime'));
  if (low !== undefined || at !== undefined) return { onsetDateTime: low ?? at };
  const age = readQuantity(reading, childOf(aged, 'value'));
  if (age === undefined) return {};
  const code = age.code ?? 'a';
  return { onsetAge: { ...age, unit: age.unit ?? 'a', system: 'http://unitsofmeasure.org', code } };
}

const ABSENT = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';

function abatementOf(reading: Reading, observation: XmlElement): object {
  const { high, endedUnknown } = readInterval(reading, childOf(observation, 'effectiveTime'));
  if (high !== undefined) return { abatementDateTime: high };
  if (endedUnknown === undefined) return {};
  return { _abatementDateTime: { extension: [{ url: ABSENT, valueCode: 'unknown' }] } };
}

const bodySitesOf = (reading: Reading, observation: XmlElement): readonly CodeableConcept[] =>
  childrenOf(observation, 'targetSiteCode').flatMap((site) => readConcept(reading, site) ?? []);
