/**
 * The three shapes of a Communication (baa-messaging 7; harmony Z47): the header of a thread, a message, or a plain one about a
 * referral, which belongs to no thread. A header has recipients and no payload; a message has a payload and is part of a
 * header, or is a thread of its own.
 */
import { parseReference } from '../fhir/reference.ts';
import type { Ref, Resource } from '../fhir/types.ts';

export type MessageShape =
  /** It goes with the referral that it is about, whoever is named in it; or it names no recipient. */
  | 'plain'
  /** A thread: who takes part, and what it is about. */
  | 'header'
  /** What somebody says to the recipients. */
  | 'message';

export function messageShape(resource: Resource): MessageShape {
  if (manyOf(resource['recipient']).length === 0) return 'plain';
  if (threadOf(resource) !== undefined) return 'message';
  if (manyOf(resource['payload']).length === 0) return 'header';
  return isAboutReferral(resource) ? 'plain' : 'message';
}

/** The header that a message is part of; undefined: it is none, or a thread of its own. */
export function threadOf(resource: Resource): Ref | undefined {
  return manyOf(resource['partOf'])
    .map(refOfReference)
    .find((ref) => ref?.startsWith('Communication/'));
}

/** Types that a referral consists of: a Communication about one of them is part of the referral. */
const REFERRAL_PARTS = /^(?:Task|ServiceRequest|Appointment|Communication)\//;

const isAboutReferral = (resource: Resource): boolean =>
  [...manyOf(resource['basedOn']), ...manyOf(resource['about'])].some((one) =>
    REFERRAL_PARTS.test(refOfReference(one) ?? ''),
  );

/** `Type/id` of a Reference to a resource here; undefined for any other. */
export function refOfReference(reference: unknown): Ref | undefined {
  const text = (reference as { readonly reference?: unknown } | null | undefined)?.reference;
  const read = typeof text === 'string' ? parseReference(text) : undefined;
  return read?.kind === 'local' ? read.ref : undefined;
}

/** The members of an element that repeats. */
export const manyOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
