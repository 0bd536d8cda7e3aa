/** Contained resources (http://hl7.org/fhir/R4/references.html#contained; dom-2 to dom-5). */
import type { Tree } from './invariants.ts';
import { addFinding, addMissing, type ValidationRun } from './run.ts';

/** Elements that a contained resource must and must not have, whatever refers to it. */
export function checkContained(run: ValidationRun, resource: Tree, place: string): void {
  const meta = (resource['meta'] ?? {}) as Tree; // its own schema reports it when it is no object
  if (resource['id'] === undefined)
    addMissing(run, `${place}/id`, 'a contained resource needs it to be referred to');
  for (const { has, says } of FORBIDDEN) if (has(resource, meta)) addFinding(run, place, says, 'invariant');
}

const FORBIDDEN: readonly { readonly has: (resource: Tree, meta: Tree) => boolean; readonly says: string }[] =
  [
    {
      has: ({ contained }) => contained !== undefined,
      says: 'a contained resource contains no others (dom-2)',
    },
    {
      has: (_, { versionId, lastUpdated }) => versionId !== undefined || lastUpdated !== undefined,
      says: 'a contained resource has no meta.versionId and no meta.lastUpdated (dom-4)',
    },
    {
      has: (_, { security }) => security !== undefined,
      says: 'a contained resource has no meta.security (dom-5)',
    },
  ];

/**
 * Checks that the container mentions every contained resource, or the contained resource the container (dom-3), and
 * that no two share an id.
 */
export function checkMentioned(run: ValidationRun, container: Tree, place: string): void {
  const { contained, ...rest } = container as Tree & { contained: readonly Tree[] }; // its schema has been passed
  const mentioned = new Set<string>();
  for (const tree of [rest, ...contained]) addMentions(mentioned, tree);
  const ids = new Set<unknown>();
  for (const [index, resource] of contained.entries()) {
    const { id } = resource;
    const within = `${place}/contained/${index}`;
    if (ids.has(id)) addFinding(run, `${within}/id`, 'another contained resource has this id', 'duplicate');
    ids.add(id);
    if (mentioned.has(`#${String(id)}`) || mentionsContainer(resource)) continue;
    addFinding(run, within, 'nothing refers to this contained resource (dom-3)', 'invariant');
  }
}

/** A reference, canonical, uri or url that begins with `#`; a text that does is harmless. */
function addMentions(mentioned: Set<string>, tree: unknown): void {
  if (typeof tree === 'string' && tree.startsWith('#')) mentioned.add(tree);
  if (typeof tree === 'object' && tree !== null)
    for (const member of Object.values(tree)) addMentions(mentioned, member);
}

function mentionsContainer(resource: Tree): boolean {
  const mentioned = new Set<string>();
  addMentions(mentioned, resource);
  return mentioned.has('#');
}
