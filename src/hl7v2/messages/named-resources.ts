/**
 * The resources that the messages of an event name beside the referral itself. The server reads only these for a
 * message, so code that makes a message name another resource must add it here.
 */
import type { Appointment, Reference, ServiceRequest, Task } from '../../fhir/types.ts';
import { LATE_NOTE } from '../../referral/transactions.ts';
import type { ReferralEvent } from './build-messages.ts';
import { isVisitEvent } from './siu.ts';

interface EventResources {
  readonly task: Task;
  readonly request: ServiceRequest;
  /** The visit, for an event about a visit. */
  readonly appointment: Appointment | undefined;
}

/**
 * The references of the referral. Those that the message must name stand first: when there are too many, the server
 * does not read the last ones.
 */
export function resourcesNamedBy(
  event: ReferralEvent['event'],
  { task, request, appointment }: EventResources,
): readonly Reference[] {
  const { requester, owner } = task;
  if (event === 'send-referral-package')
    return present([request.requester, ...(request.reasonReference ?? [])]);
  if (event === 'send-cancellation-request') return present([requester]);
  if (event === LATE_NOTE || !isVisitEvent(event)) return [];
  return present([owner, ...(appointment?.participant ?? []).map(({ actor }) => actor)]);
}

const present = (references: readonly (Reference | undefined)[]): readonly Reference[] =>
  references.filter((one) => one !== undefined);
