/**
 * Finds the targets of references (http://hl7.org/fhir/R4/references.html#literal,
 * http://hl7.org/fhir/R4/bundle.html#references): resources contained beside them, entries of a Bundle around them, or
 * resources that the caller hands in.
 */
import { parseReference } from '../../fhir/reference.ts';
import type { Resource } from '../../fhir/types.ts';
import type { Check, Stand } from './profile-check.ts';
import type { Met } from './run.ts';

/** A resource that stands by itself. */
export const outermost = (resource: Resource): Stand => ({ resource, place: '', root: resource });

/** The target of a literal reference at a place; undefined when it is not at hand. */
export function resolveTarget(check: Check, place: string, reference: string): Stand | undefined {
  const { root } = check.stand;
  const container = containerAt(root, place);
  if (reference.startsWith('#')) return resolveContained(root, container, reference.slice(1));
  const found = resolveInBundles(root, container.place, withoutVersion(reference));
  if (found !== undefined) return found;
  const resource = check.around.resolve?.(reference);
  return resource === undefined ? undefined : outermost(resource);
}

/** The resource around a place in which `#id` targets are contained. */
export function containerAt(root: Resource, place: string): Met {
  const at = [...place.matchAll(HELD)].at(-1);
  if (at === undefined) return { resource: root, place: '' };
  const held = place.slice(0, at.index + at[0].length);
  return { resource: valueAt(root, held) as Resource, place: held }; // what is held is a resource
}

/** Elements that hold a resource which does not share the contained resources around it. */
const HELD = /\/(?:entry|parameter|part)\/\d+\/resource(?=\/|$)/g;
const IN_ENTRY = /\/entry\/(?<entry>\d+)\/resource(?=\/|$)/g;

const withoutVersion = (reference: string): string => reference.replace(/\/_history\/[^/]*$/, '');

function resolveContained(root: Resource, container: Met, id: string): Stand | undefined {
  if (id === '') return { ...container, root };
  const contained = (container.resource['contained'] ?? []) as readonly Resource[]; // it is sound
  const at = contained.findIndex((each) => each.id === id);
  const resource = contained[at];
  return resource === undefined ? undefined : { resource, place: `${container.place}/contained/${at}`, root };
}

/** The Bundles around a place, from the nearest outwards. */
function resolveInBundles(root: Resource, from: string, reference: string): Stand | undefined {
  for (const around of [...from.matchAll(IN_ENTRY)].toReversed()) {
    const entry = Number(around.groups?.['entry']);
    const found = findEntry(root, from.slice(0, around.index), entry, reference);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Resource;
}

function findEntry(root: Resource, bundle: string, from: number, reference: string): Stand | undefined {
  const { entry = [] } = valueAt(root, bundle) as { readonly entry?: readonly Entry[] }; // it is a sound Bundle
  const wanted = isAbsolute(reference) ? reference : besideOf(entry[from]?.fullUrl, reference);
  if (wanted === undefined) return undefined;
  const at = entry.findIndex(({ fullUrl, resource }) => resource !== undefined && fullUrl === wanted);
  const resource = entry[at]?.resource;
  return resource === undefined ? undefined : { resource, place: `${bundle}/entry/${at}/resource`, root };
}

const isAbsolute = (reference: string): boolean => /^[a-z][a-z\d+.-]*:/i.test(reference);

/**
 * A relative reference made absolute: `Patient/1` beside `http://a/Task/2` is `http://a/Patient/1`; beside a urn it is
 * nothing.
 */
function besideOf(fullUrl: string | undefined, reference: string): string | undefined {
  const read = fullUrl === undefined ? undefined : parseReference(fullUrl);
  if (read?.kind !== 'absolute' || read.type === undefined) return undefined;
  return `${read.url.slice(0, read.url.lastIndexOf(`/${read.type}/`))}/${reference}`;
}

function valueAt(root: Resource, place: string): unknown {
  const parts = place.split('/').slice(1);
  return parts.reduce<unknown>((value, part) => (value as Readonly<Record<string, unknown>>)[part], root); // the place is within
}
