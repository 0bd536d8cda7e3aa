/**
 * The rule of an Appointment: the recipient's change of a visit moves the referral by the same rows, in the same commit
 * (rules 1.3).
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { eventOf } from '../../referral/appointment.ts';
import { decideEvent } from '../../referral/decide.ts';
import { SHOWS, type Evidence } from '../../referral/evidence.ts';
import { isOpen, modifiedAt, readState, withState } from '../../referral/state.ts';
import type { Change, Ruling, RuleContext } from '../rules.ts';
import { consequencesOf, moveOf, referralTasksOn } from './consequences.ts';
import { actorsOf, partiesOf, type Parties } from './parties.ts';
import { requestsOf, visitEvidence } from './visits.ts';

type Task = Resource & { readonly id: string };

/**
 * Moves the referral of an Appointment. Several Appointments of one commit are one event: the first moves the referral,
 * and the others find its Task written.
 */
export async function appointmentRules({ after }: Change, context: RuleContext): Promise<Ruling> {
  if (after === undefined || context.importing) return {};
  for (const request of requestsOf(after)) {
    const task = await openTask(request, context);
    if (task === undefined || isWrittenToo(task, context)) continue;
    const parties = await partiesOf(task, context);
    const [evidence] = await visitEvidence(request, parties.recipient, context);
    if (evidence !== undefined) return moveTask(task, parties, evidence, context);
  }
  return {};
}

/**
 * The open referral of the writer: first of all one of which the writer is the recipient; never another organization's.
 */
async function openTask(request: Ref, context: RuleContext): Promise<Task | undefined> {
  const tasks = await referralTasksOn(request, context);
  const open = tasks.filter((task) => {
    const state = readState(task);
    return state !== undefined && isOpen(state);
  });
  if (context.actor === undefined) return open[0];
  let sent: Task | undefined;
  for (const task of open) {
    const { initiator, recipient } = await partiesOf(task, context);
    if (recipient === context.actor) return task;
    if (initiator === context.actor) sent ??= task;
  }
  return sent;
}

/**
 * Whether the commit writes the Task itself: then the Task's own rule sees this Appointment as evidence, or another
 * Appointment moved it.
 */
const isWrittenToo = ({ id }: Task, context: RuleContext): boolean =>
  context.changes('Task').some(({ ref, before }) => ref === `Task/${id}` && before !== undefined);

async function moveTask(
  task: Task,
  parties: Parties,
  evidence: Evidence,
  context: RuleContext,
): Promise<Ruling> {
  const state = readState(task);
  if (state === undefined) return {};
  const ref: Ref = `Task/${task.id}`;
  const decided = decideEvent(
    state,
    eventOf(evidence, state) ?? SHOWS[evidence][0],
    actorsOf(parties, context),
  );
  if (decided.kind === 'refused') {
    return {
      refused: { code: decided.issue, diagnostics: decided.diagnostics, expression: ['Appointment.status'] },
    };
  }
  if (decided.kind === 'edit') return { notes: decided.notes };
  const { now } = context;
  return {
    notes: decided.notes,
    moves: [moveOf(ref, decided.transition, parties)],
    derived: [
      { ref, transform: (tree) => modifiedAt(withState(tree, decided.state), now) },
      ...(await consequencesOf(task, parties, decided.state, context)),
    ],
  };
}
