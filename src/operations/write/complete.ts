/** Completes resources from those to which they refer, as their declarations say, before their structure is judged. */
import type { Ref, Resource } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { keepVersion, declarationOf, placesIn, replan, sighted, type Draft } from './draft.ts';

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

/** As it will be, if the writer may read it: nothing is taken from what is not to be seen. */
export async function readInSight(draft: Draft, ref: Ref): Promise<Resource | undefined> {
  const planned = draft.planned.get(ref);
  if (planned?.before === undefined && planned !== undefined) return planned.after?.plain;
  const version = await draft.snapshot.read(ref, draft.sight);
  if (version?.text === undefined) return undefined;
  if (planned !== undefined) return planned.after?.plain;
  keepVersion(draft, ref, version.seq);
  return parseStored(version.text);
}
