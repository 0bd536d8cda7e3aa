/** What leaves for a patient: fixed words, and nothing of a message itself (baa-messaging MS16, MS23). */
import type { Resource } from '../../fhir/types.ts';
import { languageOf } from './language.ts';
import { templateIn, templateText, type Language } from '../../messaging/templates.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';

/** The event of an entry whose subject is the text of a template; every other entry says that a message is waiting. */
export const TEMPLATE_TOLD = 'tell-template';

interface Outgoing {
  readonly person: Resource;
  readonly text: string;
  readonly language: Language;
}

/** The words for one entry, in the patient's language; a sentence where there are none. */
export async function outgoingText(
  { receiver, subject, event }: Pick<ClaimedEntry, 'receiver' | 'subject' | 'event'>,
  asOf: Snapshot,
  now: Snapshot,
  portal: string,
): Promise<Outgoing | string> {
  const person = resourceOf(await now.read(receiver, EVERYTHING));
  if (person === undefined) return 'the person is gone';
  const patient = typeOf(receiver) === 'Patient' ? undefined : localRef(person['patient']);
  const speaker = patient === undefined ? person : resourceOf(await now.read(patient, EVERYTHING));
  const language = languageOf(speaker);
  if (event !== TEMPLATE_TOLD) {
    const text = templateText(
      { id: 'message-waiting', language, slots: { link: portal } },
      { place: undefined, linkBase: portal },
    );
    return text === undefined ? 'the address of the portal cannot be told' : { person, text, language };
  }
  const message = resourceOf(await asOf.read(subject, EVERYTHING));
  const use = message && templateIn(message);
  const [text] = valuesAt(message, 'payload.contentString');
  if (use === undefined || typeof text !== 'string') return 'the subject is no text of a template';
  return { person, text, language: use.language };
}
