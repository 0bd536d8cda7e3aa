/** Stored texts as resources. Every write is validated before it is stored, so that a stored text is a resource. */
import type { Resource } from '../fhir/types.ts';

/** The resource of a stored text; `T` where the type is known, by its reference or by a query for it. */
export const parseStored = <T extends object = Resource>(text: string): T => JSON.parse(text) as T;

/** Nobody changes a plain tree, so the text of a version that is kept in memory is parsed once. */
const known = new WeakMap<object, object>();

/** The resource of a version; undefined where there is none, and for a tombstone. */
export function resourceOf<T extends object = Resource>(
  version: { readonly text: string | undefined } | undefined,
): T | undefined {
  if (version?.text === undefined) return undefined;
  const remembered = known.get(version) ?? parseStored(version.text);
  known.set(version, remembered);
  return remembered as T; // the same text
}
