/**
 * Updates and patches that change nothing make no version: the server answers with the current one and its ETag. R4
 * leaves this open; the setting `skipUnchanged` decides. The check runs before the rules, so that they see no write,
 * and again after them, when the result of the rules may be what is stored already.
 */
import { EVERYTHING } from '../../ports/query.ts';
import { parseJsonValue } from '../../fhir/json.ts';
import { isSameContent } from './step-conditions.ts';
import type { Resource } from '../../fhir/types.ts';
import { keepVersion, type Draft, type Planned } from './draft.ts';
import { seenOf } from '../interactions/read.ts';

/** Takes out of a draft what would be stored as it is stored already; a write by which rules did something stays. */
export async function leaveUnchanged(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) await leaveOne(draft, planned);
}

async function leaveOne(draft: Draft, { ref, base, before, after }: Planned): Promise<void> {
  if (before === undefined || after === undefined || !isSameContent(before, after.plain)) return;
  const version = await draft.snapshot.read(ref, EVERYTHING);
  if (version?.text === undefined || version.seq !== base) return;
  // Stored texts were validated; what is compared now is how numbers are written.
  const stored = parseJsonValue(version.text) as Resource;
  if (!isSameContent(stored, after.storing)) return;
  draft.planned.delete(ref);
  keepVersion(draft, ref, base);
  draft.unchanged.set(ref, base);
  draft.seen.push(seenOf(draft.context, version, version.text));
}
