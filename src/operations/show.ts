/** A stored resource as its reader may see it: addresses and secrets are for those they belong to. */
import type { Ref, Resource } from '../fhir/types.ts';
import { declarationOf } from './draft.ts';
import type { Caller } from './request.ts';

/** The text to send: the stored one, unless the type's declaration has something to hide. */
export function showText(ref: Ref, text: string, caller: Caller): string {
  const { show, belongsTo } = declarationOf(ref);
  if (show === undefined) return text;
  const resource = JSON.parse(text) as Resource; // stored texts were validated
  const own = caller.administrator || belongsTo?.(resource, ref) === caller.organization;
  return JSON.stringify(show(resource, own));
}
