/** A stored resource as its reader may see it: addresses and secrets are for those they belong to. */
import { present } from '../delivery/subject.ts';
import type { Ref } from '../fhir/types.ts';
import { sightOf, type Caller } from './request.ts';

export const showText = (ref: Ref, text: string, caller: Caller): string =>
  present({ ref, text }, sightOf(caller));
