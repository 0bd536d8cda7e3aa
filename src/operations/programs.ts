/** Which organizations are programs of 42 CFR Part 2 (compliance P1). */
import type { Ref } from '../fhir/types.ts';
import { EVERYTHING } from '../ports/query.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { standingOf } from '../resources/parties/standing.ts';
import { readKinds } from '../delivery/party-facts.ts';
import type { Draft } from './write/draft.ts';

/** Whether an organization is one that is no member, as of the draft's snapshot. */
export async function isOutsideProgram(
  { snapshot, context: { settings } }: Pick<Draft, 'snapshot' | 'context'>,
  organization: Ref,
): Promise<boolean> {
  const resource = resourceOf(await snapshot.read(organization, EVERYTHING));
  if (resource === undefined || standingOf(resource) === 'member') return false;
  const kinds = await readKinds(snapshot, organization, organization, settings.partyKindDefault);
  return kinds.has('part2-program');
}
