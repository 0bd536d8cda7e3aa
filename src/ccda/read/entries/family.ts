/** Family History Organizer: a FamilyMemberHistory. A negated observation says that the relative did not have it. */
import { table } from '../../table.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, isNegated } from '../../element.ts';
import { GENDERS } from '../../concepts.ts';
import { readConcept } from '../concept.ts';
import {
  actIn,
  commonOf,
  isKind,
  isMeant,
  loseRest,
  relatedOf,
  statusOf,
  take,
  type EntryContext,
} from '../entry.ts';
import { readQuantity } from '../quantity.ts';
import { add, lose, trimmed, type Reading } from '../reading.ts';
import { isNullified } from '../standing.ts';

export const isFamilyHistory = (organizer: XmlElement): boolean =>
  isKind(organizer, '4.45') || at(organizer, 'subject', 'relatedSubject') !== undefined;

const GENDER = 'http://hl7.org/fhir/administrative-gender';

const STATUSES: Readonly<Record<string, string>> = table({
  completed: 'completed',
  nullified: 'entered-in-error',
});

/** Adds the FamilyMemberHistory. */
export function readFamilyHistory(context: EntryContext, organizer: XmlElement): void {
  const { reading } = context;
  const relative = at(organizer, 'subject', 'relatedSubject');
  const relationship = readConcept(reading, childOf(relative, 'code'));
  if (relationship === undefined) lose(reading, 'defaulted', organizer, 'the relative is not named');
  const subject = childOf(relative, 'subject');
  const gender = GENDERS[attributeOf(childOf(subject, 'administrativeGenderCode'), 'code') ?? ''];
  const conditions = childrenOf(organizer, 'component').flatMap(
    (component) => conditionOf(reading, component) ?? [],
  );
  add(reading, {
    resourceType: 'FamilyMemberHistory',
    ...commonOf(reading, organizer),
    status: STATUSES[statusOf(organizer)] ?? 'partial',
    patient: context.patient,
    relationship: relationship ?? { text: 'unknown' },
    sex: gender === undefined ? undefined : { coding: [{ system: GENDER, code: gender }] },
    deceasedBoolean: deceasedOf(subject),
    condition: conditions,
  });
}

function deceasedOf(subject: XmlElement | undefined): boolean | undefined {
  const said = attributeOf(childOf(subject, 'sdtc:deceasedInd'), 'value');
  return said === undefined ? undefined : said === 'true' || said === '1';
}

function conditionOf(reading: Reading, component: XmlElement): object | undefined {
  const observation = actIn(component);
  if (observation?.name !== 'observation') return undefined;
  const related = relatedOf(observation);
  const code = readConcept(reading, childOf(observation, 'value'));
  if (
    code === undefined ||
    isNegated(observation) ||
    isMeant(observation) ||
    isNullified(reading, observation)
  ) {
    lose(
      reading,
      'unmapped',
      observation,
      'what a relative does not have, or nobody named or stands by, stays in the document',
    );
    return undefined;
  }
  const [age] = take(
    related,
    ({ act }) => isKind(act, '4.31', '30525-0') || attributeOf(childOf(act, 'code'), 'code') === '445518008',
  );
  const [death] = take(related, ({ act }) => isKind(act, '4.47'));
  loseRest(reading, related);
  const years = readQuantity(reading, childOf(age, 'value'));
  return trimmed({
    code,
    contributedToDeath: death === undefined ? undefined : true,
    onsetAge:
      years === undefined
        ? undefined
        : {
            value: years.value,
            unit: years.unit ?? 'a',
            system: 'http://unitsofmeasure.org',
            code: years.code ?? 'a',
          },
  });
}
