/** Completes resources from those to which they refer, as their declarations say, before their structure is judged. */
import { declarationOf, placesIn, replan, sighted, type Draft } from './draft.ts';
import { readInSight } from './preview.ts';

export async function completeDraft(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    const { ref, before, after, origin } = planned;
    const { completed } = declarationOf(ref);
    if (completed === undefined || after === undefined || origin === 'server') continue;
    const found = await completed.from(before, after.plain, (one) =>
      readInSight(sighted(draft, planned), one),
    );
    if (found === undefined) continue;
    replan(draft, ref, found.transform);
    draft.notes.push(
      ...found.notes.map((said) => ({ ...said, expression: placesIn(planned, said.expression) })),
    );
  }
}
