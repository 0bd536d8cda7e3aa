/** A request for a referral (360X PCC-55; crosswalk 3): the person, the roles, the order and its Task, in one commit. */
import { isDeepStrictEqual } from 'node:util';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { RequestReading } from '../../hl7v2/messages/reading.ts';
import { type Draft } from '../../operations/write/draft.ts';
import { ofType, planClinicians } from './plan-clinicians.ts';
import { asked, quarantined, remark, type MessageVerdict } from '../fate.ts';
import type { Incoming } from './incoming.ts';
import type { ArchivedMessage } from '../archive.ts';
import { planSent } from '../../operations/write/planned-resources.ts';
import { planPatientSystems } from '../../operations/referral-messages/patient-systems.ts';
import { findPatient, isSamePerson, mistaken } from './find-patient.ts';
import type { Referral } from '../find-referral.ts';
import { readPreview } from '../../operations/write/preview.ts';

/** What a request plans, and under which placeholders its resources refer to each other. */
interface Requested {
  readonly verdict: MessageVerdict;
  readonly fullUrls: ReadonlyMap<string, Ref>;
  /** In which chart the message is filed, when it was applied. */
  readonly chart?: { readonly request: Ref; readonly patient: Ref | undefined };
}

/** Plans a referral that is new here; whoever sends a request again gets no second one. */
export async function planRequest(
  draft: Draft,
  incoming: Incoming,
  reading: RequestReading,
  known: Referral | undefined,
  archived: ArchivedMessage,
): Promise<Requested> {
  if (known !== undefined) return { verdict: await compare(draft, reading, known), fullUrls: new Map() };
  const { findings } = reading;
  if (incoming.receiver === undefined) {
    const says = 'neither the message nor the link names the recipient';
    return nothing(asked('message-unaddressed', [...findings, remark('field-missing', 'E', 'MSH-6', says)]));
  }
  if (reading.patient === undefined) return nothing(quarantined(findings));
  const person = await findPatient(draft, reading.patient, incoming.link);
  if (person.kind === 'contradicted') {
    return nothing(quarantined([...findings, mistaken(person.says)]));
  }
  const fullUrls = new Map<string, Ref>();
  for (const { fullUrl, resource } of ofType(reading.resources, 'Patient')) {
    fullUrls.set(fullUrl, person.kind === 'known' ? person.ref : planSent(draft, resource));
  }
  await planClinicians(draft, reading.resources, fullUrls);
  for (const { fullUrl, resource } of ofType(reading.resources, 'ServiceRequest')) {
    fullUrls.set(fullUrl, planSent(draft, resource));
  }
  for (const { fullUrl, resource } of ofType(reading.resources, 'Task')) {
    fullUrls.set(fullUrl, planSent(draft, withPackage(resource, archived)));
  }
  const request = [...fullUrls.values()].find((ref) => ref.startsWith('ServiceRequest/'));
  if (request === undefined) return nothing(quarantined(findings));
  planPatientSystems(draft, request, reading.patient);
  incoming.carried?.noteRequest(draft, request);
  const patient = [...fullUrls.values()].find((ref) => ref.startsWith('Patient/'));
  return { verdict: { fate: 'applied', remarks: findings }, fullUrls, chart: { request, patient } };
}

const nothing = (verdict: MessageVerdict): Requested => ({ verdict, fullUrls: new Map() });

const withPackage = (task: Resource, { document }: ArchivedMessage): Resource => ({
  ...task,
  input: [{ type: { text: 'Referral package' }, valueReference: { reference: document } }],
});

/**
 * A request under a number that is in use between the two: the same once more, which changes nothing; or another, about
 * which a person is asked; or not this sender's to make.
 */
async function compare(draft: Draft, reading: RequestReading, known: Referral): Promise<MessageVerdict> {
  const { findings } = reading;
  if (!known.actors.has('referralInitiator')) {
    const says = 'a referral is requested by its initiator; here the sender is its recipient';
    return quarantined([...findings, { ...remark('not-your-move', 'E', 'ORC-1', says), code: '103' }]);
  }
  const patient = known.patient === undefined ? undefined : await readPreview(draft, known.patient);
  if (patient === undefined || reading.patient === undefined || !isSamePerson(reading.patient, patient)) {
    const says = 'the referral with this number is for another patient';
    return quarantined([...findings, mistaken(says)]);
  }
  const [order] = ofType(reading.resources, 'ServiceRequest');
  if (order !== undefined && asksTheSame(order.resource, known.order)) {
    const says = 'this referral is here already, with the same content; nothing was changed';
    return {
      fate: 'applied',
      referral: known,
      remarks: [...findings, remark('duplicate', 'I', 'ORC-2', says)],
    };
  }
  const says = 'a referral with this number is here already, with other content; it was not changed';
  return asked('message-unfit', [...findings, remark('duplicate', 'E', 'ORC-2', says)], known);
}

/** What an order asks for; who asks whom for whom is compared by the parties and the patient. */
const ASKS = [
  'code',
  'category',
  'priority',
  'orderDetail',
  'quantityQuantity',
  'occurrencePeriod',
  'occurrenceDateTime',
  'reasonCode',
  'note',
];

const asksTheSame = (order: Resource, known: Resource): boolean =>
  ASKS.every((element) => isSameStored(order[element], known[element]));

/** As they would be stored: without members that are undefined. The same members in another order are as long. */
function isSameStored(one: unknown, other: unknown): boolean {
  if (one === undefined || other === undefined) return one === other;
  const [text, otherText] = [JSON.stringify(one), JSON.stringify(other)];
  if (text === otherText || text.length !== otherText.length) return text === otherText;
  return isDeepStrictEqual(JSON.parse(text), JSON.parse(otherText));
}
