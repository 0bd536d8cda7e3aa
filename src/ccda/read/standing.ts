/** Whose an act is, and how it stands: it may be about somebody else, or within what is denied, only meant, or void. */
import type { XmlElement } from '../../xml/tree.ts';
import { childOf, isNegated } from '../element.ts';
import { isMeant, moodOf, statusOf } from './entry.ts';
import { lose, type Reading } from './reading.ts';

/** Whether an act says nothing of the patient: then it stays in the document, and is told as a loss. */
export function standsAside(reading: Reading, act: XmlElement): boolean {
  const why = whyAside(reading, act);
  if (why !== undefined) lose(reading, 'unmapped', act, why);
  return why !== undefined;
}

const OF_ANOTHER = 'it is about somebody else than the patient';

function whyAside(reading: Reading, act: XmlElement): string | undefined {
  if (moodOf(act) !== 'EVN' && !isMeant(act))
    return 'an act of this mood tells of nothing that is or is meant';
  // The subject of an organizer is the relative of a family history.
  if (act.name !== 'organizer' && childOf(act, 'subject') !== undefined) return OF_ANOTHER;
  for (const around of aroundOf(reading, act)) {
    if (childOf(around, 'subject') !== undefined) return OF_ANOTHER;
    if (isNegated(around)) return 'it stands within what is denied, which is not to deny it';
    if (isMeant(around)) return 'it stands within what is only meant';
  }
  return undefined;
}

/** Whether an act, or one around it, was entered in error. */
export const isNullified = (reading: Reading, act: XmlElement): boolean =>
  [act, ...aroundOf(reading, act)].some((one) => statusOf(one) === 'nullified');

/** What surrounds an element, from within. */
function aroundOf({ document }: Reading, element: XmlElement): readonly XmlElement[] {
  const around: XmlElement[] = [];
  for (let one = document.parentOf(element); one !== undefined; one = document.parentOf(one))
    around.push(one);
  return around;
}
