/** Patches of a resource of which its writer is shown a part, because of its role or of what its organization is (harmony Z6). */
import type { Resource } from '../../fhir/types.ts';
import type { Version } from '../../ports/store.ts';
import { isMasked, partFor } from '../show.ts';
import type { Draft } from './draft.ts';

/**
 * The part of a resource to which a patch is applied: its writer sees no more, and learns nothing of the rest by trying patches.
 * `restore` puts the rest back, unless the patch gave it anew.
 */
export function patchedPart(
  { caller }: Draft,
  version: Version,
  stored: Resource,
): { readonly tree: Resource; readonly restore: (patched: Resource) => Resource } {
  if (!isMasked(version, caller)) return { tree: stored, restore: (patched) => patched };
  const shown = partFor(stored, version.custodian, caller);
  const hidden = Object.keys({ ...stored, ...shown }).filter(
    (key) => JSON.stringify(shown[key]) !== JSON.stringify(stored[key]),
  );
  const before = new Map(hidden.map((key) => [key, JSON.stringify(shown[key])]));
  const parts = new Map(hidden.map((key) => [key, maskedPartsOf(shown[key], stored[key])]));
  const restore = (patched: Resource): Resource => {
    const restored: Record<string, unknown> = { ...patched };
    for (const key of hidden) {
      const isUntouched = JSON.stringify(patched[key]) === before.get(key);
      if (!isUntouched) restored[key] = withParts(patched[key], parts.get(key) ?? []);
      else if (stored[key] === undefined) delete restored[key];
      else restored[key] = stored[key];
    }
    return restored as Resource; // it keeps its type
  };
  return { tree: shown, restore };
}

/** A part of an element that is masked, while the rest of it is shown: what stands in its place, and itself. */
interface MaskedPart {
  readonly name: string;
  readonly absent: string;
  readonly value: unknown;
}

function maskedPartsOf(shown: unknown, stored: unknown): readonly MaskedPart[] {
  if (!isObject(shown) || !isObject(stored)) return [];
  return Object.entries(stored)
    .filter(([name]) => !(name in shown) && `_${name}` in shown)
    .map(([name, value]) => ({ name, absent: JSON.stringify(shown[`_${name}`]), value }));
}

/** What a patch made of the element, with the parts that it left masked. */
function withParts(patched: unknown, parts: readonly MaskedPart[]): unknown {
  if (!isObject(patched)) return patched;
  const restored: Record<string, unknown> = { ...patched };
  for (const { name, absent, value } of parts) {
    if (JSON.stringify(restored[`_${name}`]) !== absent) continue;
    delete restored[`_${name}`];
    restored[name] = value;
  }
  return restored;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
