/**
 * What a patient is to be told later (baa-messaging MS14): a CommunicationRequest with a category of `telling-later` names one
 * person, a time, a way and a template. Nobody but its keeper has it; when its time comes, a message comes of it.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { templateIn, templateText } from '../../messaging/templates.ts';
import { MESSAGE_CHANNEL, MESSAGE_CHANNELS, type MessageChannel } from '../../policies/consent/channels.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { TELLING_LATER } from '../../resources/messages/reach.ts';
import { placesIn, type Draft, type Planned } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';
import { renderingIn } from './template-message.ts';

/** The kinds that the server tells by itself; a `link` is sent by whoever makes it. */
export const TOLD_LATER: readonly string[] = ['reminder', 'outreach'];

/** Whether a CommunicationRequest asks the server to tell somebody something later. */
export const isTelling = (request: Resource): boolean =>
  request.resourceType === 'CommunicationRequest' &&
  valuesAt(request, 'category.coding').some(
    (one) =>
      valuesAt(one, 'system')[0] === TELLING_LATER && TOLD_LATER.includes(String(valuesAt(one, 'code')[0])),
  );

/** @throws OperationOutcomeError `telling-unfit` */
export async function checkTellings(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    const request = planned.after?.plain;
    if (request === undefined || planned.origin !== 'client' || !isTelling(request)) continue;
    const fault = await faultOf(draft, planned, request);
    if (fault === undefined) continue;
    const [element, says] = fault;
    throw new OperationOutcomeError('telling-unfit', {
      diagnostics: `CommunicationRequest.${element}: ${says}`,
      expression: placesIn(planned, [`CommunicationRequest.${element}`]),
    });
  }
}

type Fault = readonly [element: string, says: string];

async function faultOf(draft: Draft, { before }: Planned, request: Resource): Promise<Fault | undefined> {
  if (before !== undefined && ENDED.has(before['status']) && !ENDED.has(request['status']))
    return ['status', 'it was told, or called off: write another'];
  if (request['status'] !== 'active') return undefined;
  const spoken = SPEAKING.find((name) => request[name] !== undefined);
  if (spoken !== undefined) return [spoken, 'what is told later has the words of its template alone'];
  const people = peopleToTell(request);
  if (people.length !== 1 || !(await isOfPatient(draft, request, people[0])))
    return ['recipient', 'name one: the patient of subject, or who acts for the patient'];
  if (typeof request['occurrenceDateTime'] !== 'string') return ['occurrenceDateTime', 'say when'];
  if (channelIn(request) === 'unknown')
    return ['medium', 'name one code of message-channel: portal, mail or sms'];
  const use = templateIn(request);
  if (use === undefined) return ['extension', 'name a template, with its slots and no others'];
  return templateText(use, await renderingIn(draft, use)) === undefined
    ? ['extension', 'a slot of the template cannot be filled']
    : undefined;
}

const ENDED: ReadonlySet<unknown> = new Set(['completed', 'revoked', 'entered-in-error']);

/** Elements that could hold words of somebody. */
const SPEAKING = [
  'payload',
  'note',
  'reasonCode',
  'reasonReference',
  'statusReason',
  'text',
  'contained',
  'about',
] as const;

export const peopleToTell = (request: Resource): readonly Ref[] =>
  valuesAt(request, 'recipient').flatMap((one) => localRef(one) ?? []);

async function isOfPatient(draft: Draft, request: Resource, person: Ref | undefined): Promise<boolean> {
  const patient = localRef(request['subject']);
  if (patient === undefined || person === undefined || typeOf(patient) !== 'Patient') return false;
  if (person === patient) return true;
  return (
    typeOf(person) === 'RelatedPerson' &&
    localRef((await readPreview(draft, person))?.['patient']) === patient
  );
}

/** The way that is asked for; undefined where the server chooses one. */
export function channelIn(request: Resource): MessageChannel | 'unknown' | undefined {
  const codings = valuesAt(request, 'medium.coding');
  if (codings.length === 0) return valuesAt(request, 'medium').length === 0 ? undefined : 'unknown';
  const [only, other] = codings.filter((one) => valuesAt(one, 'system')[0] === MESSAGE_CHANNEL);
  const [code] = valuesAt(only, 'code');
  if (other !== undefined) return 'unknown';
  return MESSAGE_CHANNELS.find((channel) => channel === code) ?? 'unknown';
}
