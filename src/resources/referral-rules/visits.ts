/** What the Appointments that a commit writes show about the referral they are based on (rules 1.3). */
import type { Ref, Resource } from '../../fhir/types.ts';
import { evidenceOf } from '../../referral/appointment.ts';
import { takenTogether, type Evidence } from '../../referral/evidence.ts';
import { localRef, typeOf, valuesAt } from '../element.ts';
import type { Surroundings } from '../rules.ts';

/** The ServiceRequests that an Appointment is based on. */
export const requestsOf = (visit: Resource): readonly Ref[] =>
  valuesAt(visit, 'basedOn')
    .map(localRef)
    .filter((ref) => ref !== undefined && typeOf(ref) === 'ServiceRequest') as readonly Ref[]; // filtered

/** What all Appointments of the commit show together about one ServiceRequest. */
export async function visitEvidence(request: Ref, around: Surroundings): Promise<readonly Evidence[]> {
  const isBased = (visit: Resource | undefined): boolean =>
    visit !== undefined && requestsOf(visit).includes(request);
  const changes = around.changes('Appointment').filter(({ after }) => isBased(after));
  if (changes.length === 0) return [];
  const visits = await around.find('Appointment', 'based-on', request);
  const changed = new Set<string>(changes.map(({ ref }) => ref));
  const anotherBooked = visits.some(
    ({ id, status }) => status === 'booked' && !changed.has(`Appointment/${id}`),
  );
  const pieces = changes.map(({ before, after }) =>
    evidenceOf({ before: isBased(before) ? before : undefined, after, anotherBooked }),
  );
  return takenTogether(pieces.filter((piece) => piece !== undefined));
}
