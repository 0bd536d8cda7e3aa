/** Asks a person about a text that could not leave for a patient (baa-messaging MS31, BA14): nothing sends it later. */
import { isOutreach } from '../../delivery/outreach/address.ts';
import type { EndedDelivery, OpenedItem } from '../../delivery/outcome.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { OperationContext } from '../context.ts';
import { planWorkItem } from '../work-item.ts';
import { buildWrite } from '../write/commit.ts';

/** The work item of a text that was withheld; undefined for any other delivery. */
export async function openOutreachItem(
  { store, clock, newId }: Pick<OperationContext, 'store' | 'clock' | 'newId'>,
  { entry, why = '' }: EndedDelivery,
): Promise<OpenedItem | undefined> {
  if (!isOutreach(entry.rail)) return undefined;
  const owner = (await store.snapshot().read(entry.subject, EVERYTHING))?.custodian ?? '';
  const item = planWorkItem(newId(), {
    kind: 'outreach-withheld',
    says: `A text to a patient did not leave by ${entry.rail}: ${why}. The message itself stays where the patient reads it.`,
    focus: entry.subject,
    authoredOn: new Date(clock.now()).toISOString(),
    owner,
  });
  return { write: buildWrite(item) };
}
