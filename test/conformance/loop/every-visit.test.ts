/**
 * Appointments beside every write of a Task, in one transaction: one move by the hand-written tables, whatever the
 * Appointment shows; and when the write is refused, the Appointment is as it was.
 */
import { describe } from '@jest/globals';
import { proofOf } from '../../proof.ts';
import { casesOf, describeTrial, serve, server, triedOf } from './every-move.ts';
import { buildTask, inBundle, type Write } from './referrals.ts';
import { SEATS, type Seat } from './table.ts';
import { createBooked, VISIT_EVIDENCE, visitEntry, VISITS, type VisitEvidence } from './visits.ts';

serve();
let trial = 0;

function trialOf(seat: Seat, evidence: VisitEvidence) {
  const booked = createBooked(() => server, seat.owner);
  const { booked: isBooked, build } = VISITS[evidence];
  const write: Write = (to, who, referral, current, change) =>
    inBundle(
      to,
      who,
      { method: 'PUT', url: referral.task, resource: buildTask(current, change) },
      visitEntry(build(referral, booked.of(referral))),
    );
  return { name: 'PUT in a transaction', write, seat, ...(isBooked && { prepare: booked.book }) };
}

describe.each(VISIT_EVIDENCE)('%s', (evidence) => {
  describe.each(SEATS.filter(({ is }) => is.includes('R')))('by $name', (seat) => {
    describeTrial(trialOf(seat, evidence), triedOf(casesOf(seat, evidence), (trial += 1), proofOf('visits')));
  });
});
