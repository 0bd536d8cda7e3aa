/**
 * Which resources the messages of an event name beside the referral itself: only these are read for them. Whoever lets a
 * message name another adds it here, or it is not there to be resolved.
 */
import type { Appointment, Reference, ServiceRequest, Task } from '../../fhir/types.ts';
import { LATE_NOTE } from '../../referral/transactions.ts';
import type { Told } from './build.ts';
import { isVisitEvent } from './siu-s12.ts';

export interface About {
  readonly task: Task;
  readonly request: ServiceRequest;
  /** Of an event about a visit. */
  readonly appointment: Appointment | undefined;
}

/** What the referral refers to. Whom the message must name stands first: where there are too many, the last are not read. */
export function namedBy(event: Told['event'], { task, request, appointment }: About): readonly Reference[] {
  const { requester, owner } = task;
  if (event === 'send-referral-package')
    return present([request.requester, ...(request.reasonReference ?? [])]);
  if (event === 'send-cancellation-request') return present([requester]);
  if (event === LATE_NOTE || !isVisitEvent(event)) return [];
  return present([owner, ...(appointment?.participant ?? []).map(({ actor }) => actor)]);
}

const present = (references: readonly (Reference | undefined)[]): readonly Reference[] =>
  references.filter((one) => one !== undefined);
