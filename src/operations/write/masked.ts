/** Patches of a resource of which its writer is shown a part, because of what the organization is (harmony Z6). */
import type { Resource } from '../../fhir/types.ts';
import { showBy } from '../../policies/payload/shown.ts';
import type { Version } from '../../ports/store.ts';
import { isMasked } from '../show.ts';
import type { Draft } from './draft.ts';

/**
 * What a patch is applied to: what its writer is shown, so that nothing can be learned of the rest by trying patches on it.
 * `restore` puts the rest back, unless the patch gave it anew.
 */
export function patchedPart(
  { caller }: Draft,
  version: Version,
  stored: Resource,
): { readonly tree: Resource; readonly restore: (patched: Resource) => Resource } {
  const { payload } = caller;
  if (payload === undefined || !isMasked(version, caller))
    return { tree: stored, restore: (patched) => patched };
  const shown = showBy(payload, stored, false);
  const hidden = Object.keys(stored).filter(
    (key) => JSON.stringify(shown[key]) !== JSON.stringify(stored[key]),
  );
  const before = new Map(hidden.map((key) => [key, JSON.stringify(shown[key])]));
  const restore = (patched: Resource): Resource => ({
    ...patched,
    ...Object.fromEntries(
      hidden
        .filter((key) => JSON.stringify(patched[key]) === before.get(key))
        .map((key) => [key, stored[key]]),
    ),
  });
  return { tree: shown, restore };
}
