/** Which organizations are programs of 42 CFR Part 2 (compliance P1). */
import type { Ref } from '../fhir/types.ts';
import { readKinds } from '../delivery/party-facts.ts';
import type { Draft } from './write/draft.ts';

/** Whether an organization is one, as of the draft's snapshot. */
export async function isProgram(
  { snapshot, context: { settings } }: Pick<Draft, 'snapshot' | 'context'>,
  organization: Ref,
): Promise<boolean> {
  const kinds = await readKinds(snapshot, organization, organization, settings.partyKindDefault);
  return kinds.has('part2-program');
}
