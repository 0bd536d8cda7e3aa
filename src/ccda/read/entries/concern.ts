/** Concerns (Problem Concern Act, Allergy Concern Act): wrappers that say whether somebody still watches the matter. */
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf } from '../../element.ts';
import { loseRest, relatedOf, statusOf, take, type EntryContext } from '../entry.ts';
import { isAllergy, readAllergy } from './allergy.ts';
import { readProblem } from './problem.ts';

/** Whether an act is a concern: its code is CONC of ActClass. */
export const isConcern = (act: XmlElement): boolean =>
  act.name === 'act' && attributeOf(childOf(act, 'code'), 'code') === 'CONC';

/** Each observation of a concern is a resource of its own. */
export function readConcern(context: EntryContext, act: XmlElement): void {
  const related = relatedOf(act);
  const concern = { status: statusOf(act), act };
  const observations = take(related, ({ act: inner }) => inner.name === 'observation');
  for (const observation of observations) {
    if (isAllergy(observation)) readAllergy(context, observation, concern);
    else readProblem(context, observation, concern);
  }
  loseRest(context.reading, related);
}
