/** A stored resource as its reader may see it: addresses and secrets are for those they belong to. */
import { present } from '../delivery/subject.ts';
import type { Ref } from '../fhir/types.ts';
import { showBy } from '../policies/payload/shown.ts';
import type { PresentVersion } from '../ports/rail.ts';
import type { Version } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { sightOf, type Caller } from './request.ts';

/** @param version with its custodian, unless it is shown in the reply to the caller's own write */
export const showText = (version: Parameters<PresentVersion>[0], caller: Caller): string =>
  present(version, sightOf(caller));

/** Whether the caller is shown only a part of a version, because of what its organization is (harmony Z6). */
export function isMasked(
  { text, custodian }: Pick<Version, 'text' | 'custodian'>,
  { payload, organization }: Caller,
): boolean {
  if (payload === undefined || text === undefined || custodian === organization || custodian === '')
    return false;
  const resource = parseStored(text);
  return showBy(payload, resource, false) !== resource;
}

/** A version that an answer stands for. */
type ShownResult = Pick<Parameters<PresentVersion>[0], 'ref' | 'notice'> & {
  readonly text: string;
  readonly custodian: Ref | '' | undefined;
};

/**
 * What a reply to a write shows. Of what was there before, whoever is told by a row of the payload table is shown as much as
 * by a read.
 */
export function showResult(
  { ref, text, custodian, notice }: ShownResult,
  caller: Caller,
): { readonly text: string; readonly masked: boolean } {
  const isLimited = caller.payload !== undefined && custodian !== undefined;
  const shown = showText({ ref, text, notice, ...(isLimited && { custodian }) }, caller);
  return { text: shown, masked: isLimited && isMasked({ text, custodian }, caller) };
}
