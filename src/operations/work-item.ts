/**
 * Work items: Tasks that ask a person of one organization to act where the server cannot. They follow their own life
 * cycle, never the referral's table (rules 1.1), and hold no word of the patient.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Claimed, Write } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { EVERYTHING } from './draft.ts';
import { buildWrite } from './offer.ts';
import type { Room } from './room.ts';

export const WORK_ITEM_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/work-item';

/** Why a person is asked. */
const KINDS = {
  'delivery-failed': 'A delivery was refused for good, or tried too often',
} as const;

/** The write of a work item for an entry that could not be delivered. */
export async function writeDeliveryFailed(
  { store, clock, newId }: Pick<Room, 'store' | 'clock' | 'newId'>,
  entry: Claimed,
  why: string,
): Promise<Write> {
  const owner = await ownerOf(store, entry);
  const id = newId();
  const now = new Date(clock.now()).toISOString();
  const task: Resource = {
    resourceType: 'Task',
    id,
    status: 'requested',
    intent: 'order',
    code: {
      coding: [{ system: WORK_ITEM_SYSTEM, code: 'delivery-failed', display: KINDS['delivery-failed'] }],
    },
    description: `Delivery ${entry.id} by ${entry.rail} to ${entry.receiver} failed after ${entry.attempt} attempts: ${why}`,
    focus: { reference: entry.subject },
    authoredOn: now,
    ...(owner !== '' && { owner: { reference: owner } }),
  };
  return buildWrite({
    ref: `Task/${id}`,
    method: 'POST',
    base: 0,
    before: undefined,
    after: { plain: task, storing: task },
    custodian: owner,
    byRule: true,
    parties: [],
  });
}

/** Whose work it is: the subscriber's for its own Subscription, else that of whoever keeps what should have been told. */
async function ownerOf(store: Room['store'], { receiver, subject }: Claimed): Promise<Ref | ''> {
  const responsible = typeOf(receiver) === 'Subscription' ? receiver : subject;
  const version = await store.snapshot().read(responsible, EVERYTHING);
  return version?.custodian ?? '';
}
