/** What a reader that is told by a row of the payload table sees of one resource, and by what it may search. */
import type { Resource } from '../../fhir/types.ts';
import { payloadNamed } from './index.ts';
import { reduceTo } from './trim.ts';

/**
 * A resource as the row lets it be seen; the resource itself where that is all of it. Whether a type is seen at all is
 * sight's affair. `isOwn`: the reader wrote it just now; its own content is whole, and only numbers of others are left out.
 */
export function showBy(payload: string, resource: Resource, isOwn: boolean): Resource {
  const rule = payloadNamed(payload).types[resource.resourceType];
  if (rule === undefined || (isOwn && rule.elements !== undefined)) return resource;
  return reduceTo(resource, rule);
}

/** An element that a search parameter looks at. */
export interface SearchedElement {
  readonly type: string;
  /** The element's name at the root of the resource; undefined: any. */
  readonly element: string | undefined;
  /** The parameter looks at the logical identifier of a reference. */
  readonly number: boolean;
}

/** Whether a row keeps an element back, as a whole or in part: what is kept back is not searched by either. */
export function isKeptBack(payload: string, { type, element, number }: SearchedElement): boolean {
  const rule = payloadNamed(payload).types[type];
  if (rule === undefined) return false;
  if (element === undefined) return rule.elements !== undefined;
  const how = rule.reduced?.[element] ?? (rule.elements === undefined ? 'whole' : rule.elements[element]);
  return how === 'reference' ? number : how !== 'whole';
}

/** Whether a row shows nothing of a type but elements that it names. */
export const isShownInPart = (payload: string, type: string): boolean =>
  payloadNamed(payload).types[type]?.elements !== undefined;
