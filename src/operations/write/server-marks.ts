/**
 * Marks by which the server finds its own again: work items, and kept messages with their fate and event. What bears one is
 * acted upon in the name of a message's sender, so no client sets one, nor changes what is read with it. A work item stays
 * with the organization that it asks.
 */
import { isDeepStrictEqual } from 'node:util';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { isSameReference } from '../../referral/fields.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { isIncident, isReview } from '../work-item.ts';
import { MARKED, marksOf, WORK_ITEM, type Marked } from './marks.ts';
import { partyOf } from './rule-context.ts';

/** @throws OperationOutcomeError `field-frozen` */
export async function guardMarks(draft: Draft): Promise<void> {
  const { caller, byMessage, importing } = draft;
  for (const planned of draft.planned.values()) if (planned.origin === 'client') guardReview(planned);
  if (byMessage || importing || (caller.administrator && caller.organization === undefined)) return;
  for (const planned of draft.planned.values()) {
    if (planned.origin === 'server') continue;
    for (const marked of MARKED) if (marked.type === typeOf(planned.ref)) guardOne(planned, marked);
    if (!(await staysInside(draft, planned))) {
      const says = 'Task.owner: a work item stays with its organization, or with a person who works for it';
      throw new OperationOutcomeError('field-frozen', {
        diagnostics: says,
        expression: placesIn(planned, ['Task.owner']),
      });
    }
  }
}

/** What of a review, and of an incident, its own operation writes, alone. */
const REVIEWED = ['status', 'output', 'for', 'restriction'];

/** The operation that ends a work item. */
function endedBy({ before, custodian }: Planned): string | undefined {
  if (isReview(before)) return 'a review is ended by its operation $review';
  // What asks an administrator, and no organization, nobody else could end.
  return isIncident(before) && custodian !== ''
    ? 'an incident is ended by its operation $assess-incident'
    : undefined;
}

/** A review is ended by who reviewed, with a result, and nobody else (compliance E6); so is an incident (VR7). */
function guardReview(planned: Planned): void {
  const { ref, before, after } = planned;
  const says = typeOf(ref) === 'Task' && after !== undefined ? endedBy(planned) : undefined;
  if (after === undefined || says === undefined) return;
  const changed = REVIEWED.find(
    (name) => !isDeepStrictEqual(valuesAt(before, name), valuesAt(after.plain, name)),
  );
  if (changed === undefined) return;
  throw new OperationOutcomeError('field-frozen', {
    diagnostics: `Task.${changed}: ${says}`,
    expression: placesIn(planned, [`Task.${changed}`]),
  });
}

/** Work moves between an organization and its people (Practitioner, PractitionerRole), and never to another organization. */
async function staysInside(draft: Draft, { ref, before, after, custodian }: Planned): Promise<boolean> {
  if (typeOf(ref) !== 'Task' || before === undefined || after === undefined) return true;
  if (marksOf(before, WORK_ITEM).length === 0) return true;
  const owner = after.plain['owner'];
  if (isSameReference(before['owner'], owner)) return true;
  const named = localRef(owner);
  if (named === undefined || custodian === '') return false;
  return named === custodian || (PEOPLE.has(typeOf(named)) && (await partyOf(draft, owner)) === custodian);
}

const PEOPLE: ReadonlySet<string> = new Set(['Practitioner', 'PractitionerRole']);

function guardOne(planned: Planned, marked: Marked): void {
  const { element, frozen } = marked;
  const { ref, before, after } = planned;
  if (after === undefined) return;
  const now = marksOf(after.plain, marked);
  if (now.length === 0) return;
  const changed = isDeepStrictEqual(marksOf(before, marked), now)
    ? frozen.find((name) => !isDeepStrictEqual(valuesAt(before, name), valuesAt(after.plain, name)))
    : element;
  if (changed === undefined) return;
  const place = `${typeOf(ref)}.${changed}`;
  throw new OperationOutcomeError('field-frozen', {
    diagnostics: `${place}: only the server marks work items and kept messages`,
    expression: placesIn(planned, [place]),
  });
}
