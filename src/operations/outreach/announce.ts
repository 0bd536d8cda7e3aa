/** Announces what a patient is to read, once it is sent (baa-messaging MS16): also what waited for its files. */
import type { Ref, Resource } from '../../fhir/types.ts';
import { isPatientOrRelated } from '../../messaging/kinds.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import type { Draft, Planned } from '../write/draft.ts';
import { outreachEntry, wayTo } from './notify.ts';

/** Each person who is told learns of it by the first way that is open; who has none reads it at the next login. */
export async function announceMessages(draft: Draft): Promise<void> {
  if (draft.importing) return;
  const { snapshot, context, now } = draft;
  for (const planned of draft.planned.values()) {
    const { ref, custodian: organization } = planned;
    if (organization === '' || !isSentNow(planned)) continue;
    for (const person of personsTold(planned.after?.plain)) {
      const notifying = { organization, person };
      const way = await wayTo(snapshot, notifying, context.settings.outreach, Date.parse(now));
      if (way !== undefined) draft.tells.push(outreachEntry(way, notifying, ref));
    }
  }
}

/** A message that a client sends, or that goes on after it waited; an answer that the server gives at once is none. */
function isSentNow({ ref, origin, before, after }: Planned): boolean {
  const message = after?.plain;
  if (typeOf(ref) !== 'Communication' || message?.['payload'] === undefined) return false;
  if (origin !== 'client' && before?.['status'] !== 'on-hold') return false;
  return message['status'] === 'in-progress' && before?.['status'] !== 'in-progress';
}

function personsTold(message: Resource | undefined): readonly Ref[] {
  const sender = localRef(message?.['sender']);
  if (isPatientOrRelated(sender)) return [];
  const told = valuesAt(message, 'recipient').flatMap((one) => localRef(one) ?? []);
  return told.filter(isPatientOrRelated);
}
