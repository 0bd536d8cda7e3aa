/** The references of a resource, each once. In a large resource they are looked for in turns, and remembered. */
import type { After } from './json-pieces.ts';
import { beginWalk, walkReferences, type FoundReference } from './reference.ts';
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
  const found: Found = new Map();
  walkReferences(resource, (reference) => noteOnce(found, reference), WITHOUT_ENTRIES);
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
  const found: Found = new Map();
  const walk = beginWalk(resource, (reference) => noteOnce(found, reference), WITHOUT_ENTRIES);
  return { found, walk };
}

/** By element and text: the same text means something else in another element than a Reference. */
type Found = Map<string, FoundReference>;

const WITHOUT_ENTRIES = { skipEntries: true };

function noteOnce(found: Found, reference: FoundReference): void {
  const key = `${reference.element} ${reference.text}`;
  if (!found.has(key)) found.set(key, reference);
}
