/** Goal Observation: a Goal. */
import { table } from '../../table.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, dataTypeOf, isNegated } from '../../element.ts';
import { readConcept } from '../concept.ts';
import {
  authorshipOf,
  commonOf,
  isKind,
  loseRest,
  moodOf,
  notesOf,
  relatedOf,
  statusOf,
  type EntryContext,
} from '../entry.ts';
import { add, lose, type Reading } from '../reading.ts';
import { isNullified } from '../standing.ts';
import { readText } from '../text.ts';
import { readDate } from '../time.ts';

export const isGoal = (observation: XmlElement): boolean =>
  isKind(observation, '4.121') || moodOf(observation) === 'GOL';

const STATUSES: Readonly<Record<string, string>> = table({
  active: 'active',
  completed: 'completed',
  held: 'on-hold',
  suspended: 'on-hold',
  obsolete: 'cancelled',
  aborted: 'cancelled',
  cancelled: 'cancelled',
});

function statusIn(reading: Reading, observation: XmlElement): string {
  if (isNullified(reading, observation)) return 'entered-in-error';
  return isNegated(observation) ? 'rejected' : (STATUSES[statusOf(observation)] ?? 'active');
}

/** Adds the Goal. */
export function readGoal(context: EntryContext, observation: XmlElement): void {
  const { reading } = context;
  const related = relatedOf(observation);
  const value = childOf(observation, 'value');
  const said = readConcept(reading, childOf(observation, 'code'));
  const words = /^(?:ST|ED)$/.test(dataTypeOf(value) ?? '') ? readText(reading, value) : undefined;
  const text = words ?? readText(reading, childOf(observation, 'text'));
  if (value !== undefined && words === undefined && attributeOf(value, 'nullFlavor') === undefined)
    lose(reading, 'unmapped', value, 'the target of a goal stays in the document');
  const { author } = authorshipOf(reading, observation);
  add(reading, {
    resourceType: 'Goal',
    ...commonOf(reading, observation),
    lifecycleStatus: statusIn(reading, observation),
    description: text === undefined ? (said ?? { text: 'unknown' }) : { ...said, text },
    subject: context.patient,
    startDate: readDate(
      reading,
      childOf(childOf(observation, 'effectiveTime'), 'low') ?? childOf(observation, 'effectiveTime'),
    ),
    expressedBy: author?.reference === undefined ? undefined : author,
    note: notesOf(reading, related),
  });
  loseRest(reading, related);
}
