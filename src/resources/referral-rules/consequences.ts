/** The consequences of a move of a referral, whoever made it: the request's status, and the visits that end with it. */
import type { Ref, Resource } from '../../fhir/types.ts';
import { requestStatusOf } from '../../referral/request-status.ts';
import { isReferralTask, readState, type State } from '../../referral/state.ts';
import type { Transition } from '../../referral/extensions.ts';
import { localRef } from '../element.ts';
import type { DerivedWrite, Move, RuleContext } from '../rules.ts';
import type { Parties } from './parties.ts';
import { visitsOf } from './visits.ts';

type Task = Resource & { readonly id: string };

/** The referral Tasks on a ServiceRequest after the commit. */
export async function referralTasksOn(request: Ref, context: RuleContext): Promise<readonly Task[]> {
  const tasks = await context.find('Task', 'focus', request);
  return tasks.filter(isReferralTask);
}

/**
 * Further writes of a move: ServiceRequest.status by the states of all its Tasks, and after a confirmed cancellation
 * the recipient's booked Appointments, cancelled.
 */
export async function consequencesOf(
  task: Resource,
  { recipient }: Parties,
  state: State,
  context: RuleContext,
): Promise<readonly DerivedWrite[]> {
  const focus = focusOf(task);
  if (focus === undefined) return [];
  const request = await context.read(focus);
  if (request === undefined) return [];
  const others = (await referralTasksOn(focus, context)).filter(({ id }) => id !== task.id);
  const states = others.map(readState).filter((other) => other !== undefined);
  const status = requestStatusOf([...states, state]);
  const derived: DerivedWrite[] =
    status === undefined || status === request['status'] || request['status'] === 'entered-in-error'
      ? []
      : [{ ref: focus, transform: (tree) => ({ ...tree, status }) }];
  return state === 'cancelled'
    ? [...derived, ...(await cancelledVisits(focus, recipient, context))]
    : derived;
}

async function cancelledVisits(
  focus: Ref,
  recipient: Ref | undefined,
  context: RuleContext,
): Promise<readonly DerivedWrite[]> {
  const visits = await visitsOf(focus, recipient, context);
  return visits
    .filter(({ status }) => status === 'booked')
    .map(({ id }) => ({
      ref: `Appointment/${id}` as const,
      transform: (tree) => ({ ...tree, status: 'cancelled' }),
    }));
}

/** The move as audit and delivery need it. */
export function moveOf(task: Ref, { tid, event, from, to, actor }: Transition, parties: Parties): Move {
  return { task, tid, event, from, to, by: actor, ...parties };
}

/** The ServiceRequest that a referral Task is about. */
export const focusOf = (task: Resource): Ref | undefined => localRef(task['focus']);
