/**
 * The mark of a past step (rules 1.16) belongs to the server: `$timeline` shows a marked resource among the steps of a
 * referral, in an administrator's name. The server drops a client's own mark, and says so; a client may write back the
 * mark of an import.
 */
import { isSame } from '../../fhir/same.ts';
import type { Coding, Resource } from '../../fhir/types.ts';
import { note } from '../../referral/ruling.ts';
import { typeOf } from '../../resources/element.ts';
import { isPastStep, isPastStepMark } from '../../resources/past-step.ts';
import { placesIn, replan, type Draft } from './draft.ts';

/** Takes the mark of past steps off what no administrator wrote. */
export function dropClaimedSteps(draft: Draft): void {
  if (draft.importing || (draft.caller.administrator && draft.caller.organization === undefined)) return;
  for (const planned of draft.planned.values()) {
    const { ref, before, after, origin } = planned;
    if (origin === 'server' || typeOf(ref) !== 'Provenance' || !isPastStep(after?.plain)) continue;
    if (isPastStep(before) && isSame(elementsOf(before), elementsOf(after?.plain))) continue;
    replan(draft, ref, withoutMark);
    draft.notes.push({
      ...note('information', 'Only an import marks a step of the past; the server dropped the mark.', []),
      expression: placesIn(planned, ['Provenance.activity']),
    });
  }
}

function elementsOf(resource: Resource | undefined): object {
  const { meta: _meta, ...elements } = resource ?? { resourceType: '' };
  return elements;
}

function withoutMark({ activity, ...rest }: Resource): Resource {
  const { coding = [], ...words } = activity as { readonly coding?: readonly Coding[] }; // the mark stands in it
  const left = coding.filter((one) => !isPastStepMark(one));
  const kept = { ...words, ...(left.length > 0 && { coding: left }) };
  return { ...rest, ...(Object.keys(kept).length > 0 && { activity: kept }) } as Resource;
}
