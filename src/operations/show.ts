/** A stored resource as its reader may see it: addresses and secrets are for those they belong to. */
import { present } from '../delivery/subject.ts';
import { showBy } from '../policies/payload/shown.ts';
import type { PresentVersion } from '../ports/rail.ts';
import type { Version } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { sightOf, type Caller } from './request.ts';

/** @param version with its custodian, unless it is shown in the reply to the caller's own write */
export const showText = (version: Parameters<PresentVersion>[0], caller: Caller): string =>
  present(version, sightOf(caller));

/** Whether the caller is shown only a part of a version, because of what its organization is (harmony Z6). */
export function isMasked({ text, custodian }: Version, { payload, organization }: Caller): boolean {
  if (payload === undefined || text === undefined || custodian === organization || custodian === '')
    return false;
  const resource = parseStored(text);
  return showBy(payload, resource, false) !== resource;
}
