/** Tells a patient, outside this server, that a message is waiting here (baa-messaging MS16): fixed words and a link. */
import { OUTREACH, type OutreachWay } from '../../delivery/outreach/address.ts';
import { refuseOutreach, type Carriers } from '../../delivery/outreach/gate.ts';
import type { Ref } from '../../fhir/types.ts';
import type { OutboxEntry, Snapshot } from '../../ports/store.ts';

/** The event of an entry that says nothing but that a message is waiting. */
const MESSAGE_WAITING = 'tell-message-waiting';

interface Notifying {
  readonly organization: Ref;
  readonly person: Ref;
}

/** The first way by which a person may be told now; undefined where there is none. */
export async function wayTo(
  now: Snapshot,
  notifying: Notifying,
  carriers: Carriers,
  at: number,
): Promise<OutreachWay | undefined> {
  for (const way of OUTREACH) {
    if (carriers[way] === undefined) continue;
    if ((await refuseOutreach(now, { ...notifying, way }, carriers, at)) === undefined) return way;
  }
  return undefined;
}

/** The entry by which a person learns of a message. Whether it may leave is asked again when it does. */
export const outreachEntry = (
  way: OutreachWay,
  { organization, person }: Notifying,
  subject: Ref,
  event: string = MESSAGE_WAITING,
): OutboxEntry => ({
  rail: way,
  receiver: person,
  orderingKey: person,
  subject,
  event,
  sight: { everything: false, organization },
});
