/** A stored resource as its reader may see it: addresses and secrets are for those they belong to. */
import { present } from '../delivery/subject.ts';
import type { PresentVersion } from '../ports/rail.ts';
import { sightOf, type Caller } from './request.ts';

/** @param version with its custodian, unless it is shown in the reply to the caller's own write */
export const showText = (version: Parameters<PresentVersion>[0], caller: Caller): string =>
  present(version, sightOf(caller));
