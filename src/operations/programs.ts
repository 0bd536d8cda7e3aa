/** Which organizations are programs of 42 CFR Part 2 (compliance P1). */
import type { Ref } from '../fhir/types.ts';
import { standingOf } from '../resources/parties/standing.ts';
import { readKinds } from '../delivery/party-facts.ts';
import type { Draft } from './write/draft.ts';
import { readStored } from './write/preview.ts';

/** Whether an organization is one that is no member, as of the draft's snapshot. */
export async function isOutsideProgram(
  { snapshot, context: { settings } }: Pick<Draft, 'snapshot' | 'context'>,
  organization: Ref,
): Promise<boolean> {
  const stored = await readStored(snapshot, organization);
  if (stored === undefined || standingOf(stored.resource) === 'member') return false;
  const kinds = await readKinds(snapshot, organization, organization, settings.partyKindDefault);
  return kinds.has('part2-program');
}
