/** The evidence in the Appointments of a commit about the referral on which they are based (rules 1.3). */
import type { Ref, Resource } from '../../fhir/types.ts';
import { evidenceOf } from '../../referral/appointment.ts';
import { takenTogether, type Evidence } from '../../referral/evidence.ts';
import { isReferralTask } from '../../referral/state.ts';
import { localRef, typeOf, valuesAt } from '../element.ts';
import type { RuleContext } from '../rules.ts';

/** The ServiceRequests that an Appointment is based on. */
export const requestsOf = (visit: Resource): readonly Ref[] =>
  valuesAt(visit, 'basedOn')
    .map(localRef)
    .filter((ref) => ref !== undefined && typeOf(ref) === 'ServiceRequest') as readonly Ref[]; // filtered

type Visit = Resource & { readonly id: string };

/** The reads that tell one recipient's visits from another's. */
export type VisitsAround = Pick<RuleContext, 'find' | 'keeperOf' | 'partyOf'>;

/**
 * The visits of one recipient's referral, newest first. One order may have several recipients, each with visits of its
 * own. A visit belongs to the recipient that keeps it; when no recipient keeps it, to the recipient that takes part in
 * it.
 */
export async function visitsOf(
  request: Ref,
  recipient: Ref | undefined,
  context: VisitsAround,
): Promise<readonly Visit[]> {
  const visits = await context.find('Appointment', 'based-on', request);
  if (visits.length === 0) return visits;
  const others = await otherRecipients(request, recipient, context);
  if (others.size === 0) return visits;
  const own: Visit[] = [];
  for (const visit of visits) if (await isVisitOf(visit, recipient, others, context)) own.push(visit);
  return own;
}

async function otherRecipients(
  request: Ref,
  recipient: Ref | undefined,
  context: VisitsAround,
): Promise<ReadonlySet<Ref>> {
  const tasks = (await context.find('Task', 'focus', request)).filter(isReferralTask);
  const owners = await Promise.all(tasks.map((task) => context.partyOf(task['owner'])));
  return new Set(owners.filter((owner) => owner !== undefined && owner !== recipient) as readonly Ref[]); // filtered
}

async function isVisitOf(
  visit: Visit,
  recipient: Ref | undefined,
  others: ReadonlySet<Ref>,
  context: VisitsAround,
): Promise<boolean> {
  const keeper = await context.keeperOf(`Appointment/${visit.id}`);
  if (keeper !== undefined && keeper === recipient) return true;
  if (recipient === undefined || (keeper !== undefined && others.has(keeper))) return false;
  for (const actor of valuesAt(visit, 'participant.actor'))
    if ((await context.partyOf(actor)) === recipient) return true;
  return false;
}

/** The joint evidence of the commit's Appointments about one recipient's referral of a ServiceRequest. */
export async function visitEvidence(
  request: Ref,
  recipient: Ref | undefined,
  context: RuleContext,
): Promise<readonly Evidence[]> {
  const isBased = (visit: Resource | undefined): boolean =>
    visit !== undefined && requestsOf(visit).includes(request);
  const based = context.changes('Appointment').filter(({ after }) => isBased(after));
  if (based.length === 0) return [];
  const visits = await visitsOf(request, recipient, context);
  const own = new Set<string>(visits.map(({ id }) => `Appointment/${id}`));
  const changes = based.filter(({ ref }) => own.has(ref));
  const changed = new Set<string>(changes.map(({ ref }) => ref));
  const anotherBooked = visits.some(
    ({ id, status }) => status === 'booked' && !changed.has(`Appointment/${id}`),
  );
  const pieces = changes.map(({ before, after }) =>
    evidenceOf({ before: isBased(before) ? before : undefined, after, anotherBooked }),
  );
  return takenTogether(pieces.filter((piece) => piece !== undefined));
}
