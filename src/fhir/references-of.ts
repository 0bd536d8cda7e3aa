/** The references of a resource, each once. In a large resource they are looked for in turns, and remembered. */
import type { After } from './json-pieces.ts';
import { beginWalk, type FoundReference } from './reference.ts';
import type { Resource } from './types.ts';

/** Nobody changes a plain tree, so its references are looked for once. */
const known = new WeakMap<Resource, readonly FoundReference[]>();

/**
 * Each reference once, by its element and text, at its first place. References inside a stored Bundle are left out,
 * because they are resolved within the Bundle.
 */
export function referencesOf(resource: Resource): readonly FoundReference[] {
  const remembered = known.get(resource);
  if (remembered !== undefined) return remembered;
  const { found, walk } = beginFinding(resource);
  walk(Number.POSITIVE_INFINITY);
  const references = [...found.values()];
  known.set(resource, references);
  return references;
}

/** The number of members that one turn visits. */
const AT_ONCE = 2048;
const CHARACTERS_EACH = 16;

/** Looks for the references of a large resource in turns, so that {@link referencesOf} finds them remembered. */
export async function learnReferences(resource: Resource, after: After): Promise<void> {
  if (known.has(resource)) return;
  const { found, walk } = beginFinding(resource);
  while (walk(AT_ONCE)) await after(AT_ONCE * CHARACTERS_EACH);
  known.set(resource, [...found.values()]);
}

function beginFinding(resource: Resource) {
  // The texts seen for each element: the same text means something else in another element than a Reference.
  const found = new Map<string, FoundReference>();
  const walk = beginWalk(
    resource,
    (reference) => {
      const key = `${reference.element} ${reference.text}`;
      if (!found.has(key)) found.set(key, reference);
    },
    { skipEntries: true },
  );
  return { found, walk };
}
