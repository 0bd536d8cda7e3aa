/** Concerns (Problem Concern Act, Allergy Concern Act): wrappers that say whether somebody still watches the matter. */
import type { Reference } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf } from '../../element.ts';
import { isMeant, loseRest, relatedOf, statusOf, takeAll, type EntryContext } from '../entry.ts';
import { standsAside } from '../standing.ts';
import { isAllergy, readAllergy } from './allergy.ts';
import type { Concern } from './course.ts';
import { isGoal, readGoal } from './goal.ts';
import { readPlanned } from './order.ts';
import { readProblem } from './problem.ts';

/** Whether an act is a concern: its code is CONC of ActClass. */
export const isConcern = (act: XmlElement): boolean =>
  act.name === 'act' && attributeOf(childOf(act, 'code'), 'code') === 'CONC';

/** Each observation of a concern is a resource of its own. */
export function readConcern(context: EntryContext, act: XmlElement): void {
  const related = relatedOf(act);
  const concern = { status: statusOf(act), act };
  const observations = takeAll(related, ({ act: inner }) => inner.name === 'observation');
  for (const observation of observations) readObserved(context, observation, concern);
  loseRest(context.reading, related);
}

/**
 * Adds what an observation within a concern or a diagnosis is: a goal or an order where it is meant, else an allergy or a
 * problem. Gives the problem.
 */
export function readObserved(
  context: EntryContext,
  observation: XmlElement,
  concern?: Concern,
): Reference | undefined {
  if (standsAside(context.reading, observation)) return undefined;
  if (isGoal(observation)) readGoal(context, observation);
  else if (isMeant(observation)) readPlanned(context, observation);
  else if (isAllergy(observation)) readAllergy(context, observation, concern);
  else return readProblem(context, observation, concern);
  return undefined;
}
