/**
 * Delivers one move of a referral to the other party, as the HL7 v2 messages of 360X, in order; the receiver
 * acknowledges each.
 */
import { createHash } from 'node:crypto';
import { facilityOf } from '../../delivery/facility.ts';
import { textsFor } from '../../delivery/noticed.ts';
import type { Patient, Ref, Resource, ServiceRequest } from '../../fhir/types.ts';
import { buildMessage } from '../../hl7v2/build.ts';
import { encodeBytes } from '../../hl7v2/charset.ts';
import { LINK_DEFAULTS, type Link } from '../../hl7v2/link.ts';
import { encodeMessage } from '../../hl7v2/message.ts';
import { elementsLacking } from '../../hl7v2/messages/find-lacks.ts';
import { buildMessages, type Segments, type ReferralEvent } from '../../hl7v2/messages/build-messages.ts';
import { BUILDING_DEFAULTS, type BuildingContext } from '../../hl7v2/messages/building.ts';
import { hasNotice } from '../../hl7v2/messages/notice.ts';
import { part2ByNotice } from '../../policies/labels/label.ts';
import {
  NoticeMissing,
  receiptOfFailure,
  type NoticeOfEntry,
  type Receipt,
  type EntryPreview,
  type CommitView as Source,
} from '../../ports/rail.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { patientSystemsOf } from '../../inbound/hl7v2/patient-systems.ts';
import { hasMessage, LATE_NOTE } from '../../referral/transactions.ts';
import { localRef } from '../../resources/element.ts';
import { addressedParty } from '../../resources/party.ts';
import { parsePlace } from '../../resources/outgoing-address.ts';
import type { Acknowledged, OutgoingMessage, Peers } from './peer.ts';
import { commitViewOf, partyWorldOfView } from './commit-view.ts';
import { loadReferralEvent } from './load-referral.ts';

interface MllpDeliverParts {
  readonly noticeOf?: NoticeOfEntry | undefined;
  readonly peers: Peers;
  readonly links: readonly Link[];
}

export async function deliverMessages(
  { peers, links, noticeOf }: MllpDeliverParts,
  entry: ClaimedEntry,
  asOf: Snapshot,
  now: Snapshot,
  signal: AbortSignal,
): Promise<Receipt> {
  const present = commitViewOf(now);
  const endpoint = await present.resource(entry.receiver);
  const { address } = (endpoint ?? {}) as { readonly address?: string }; // an Endpoint
  if (address === undefined || parsePlace({ purpose: 'hl7v2-mllp', address }) === undefined) {
    return { outcome: 'refused', why: 'the Endpoint has no address of the form mllp://host:port' };
  }
  if (!hasMessage(entry.event)) return { outcome: 'refused', why: UNSAYABLE };
  const told = await loadReferralEvent(entry, commitViewOf(asOf));
  const notice = told === undefined ? [] : await noticeIn(told, noticeOf);
  const prepared = await prepare(links, entry, told, present, notice);
  if ('lacks' in prepared) return { outcome: 'refused', why: prepared.lacks.join('; ') };
  const { messages, link, receiver } = prepared;
  const waits = link?.unacknowledged !== true;
  const sha256 = createHash('sha256');
  let receipt: Receipt = { outcome: 'accepted', says: 'written; this link is not acknowledged' };
  const built = messages.map((one) => buildMessage(one));
  if (notice.length > 0 && !built.every(hasNotice)) throw new NoticeMissing('hl7v2-mllp');
  for (const [index, message] of built.entries()) {
    const bytes = encodeBytes(encodeMessage(message), message.syntax.charset);
    sha256.update(bytes);
    const controlId = controlIdOf(entry, index);
    const sent = await send(peers, { address, organization: receiver, bytes, controlId, waits }, signal);
    if (sent !== undefined) receipt = sent;
    if (receipt.outcome !== 'accepted') return receipt;
  }
  return { ...receipt, bytesHash: sha256.digest('hex') };
}

/** The messages of an entry with the link for them; or the fields that they lack. */
type Prepared =
  | {
      readonly messages: readonly Segments[];
      readonly link: Link | undefined;
      readonly receiver: Ref | undefined;
    }
  | { readonly lacks: readonly string[] };

async function prepare(
  links: readonly Link[],
  entry: EntryPreview,
  told: ReferralEvent | undefined,
  now: Source,
  notice: readonly string[] = [],
): Promise<Prepared> {
  if (told === undefined) return { lacks: ['the order or the patient of the Task is not kept here'] };
  const receiver = localRef((await now.resource(entry.receiver))?.['managingOrganization']);
  const link = links.find(({ senders }) => senders.some(({ organization }) => organization === receiver));
  const context = { ...(await contextOf(entry, told, { link, links, receiver }, now)), notice };
  const built = buildMessages(told, numbered(entry, context));
  if (built.kind === 'missing')
    return { lacks: [`${told.event} cannot be told without its ${built.missing}${hintOf(told)}`] };
  const lacks = elementsLacking(built.messages);
  return lacks.length > 0 ? { lacks } : { messages: built.messages, link, receiver };
}

/** The notice of what the messages of an event tell: the order and its reasons, the person, the visit, the note. */
async function noticeIn(
  { referral: { task, request, patient, resolve }, appointment, note }: ReferralEvent,
  noticeOf: NoticeOfEntry | undefined,
): Promise<readonly string[]> {
  const reasons = (request.reasonReference ?? []).map(resolve);
  const told = [task, request, patient, appointment].map((one) => one as unknown as Resource | undefined); // each is one
  return textsFor([...told, ...reasons, ...(note?.isPart2 === true ? [PART_2_NOTE] : [])], noticeOf);
}

/** What a note of Part 2 counts as: its resources were read before. */
const PART_2_NOTE: Resource = { resourceType: 'DocumentReference', meta: { security: [part2ByNotice] } };

/** What a note after the outcome is not, where it is none. */
const hintOf = ({ event }: ReferralEvent): string =>
  event === LATE_NOTE ? ': the file holds none about the patient of the referral' : '';

/** A withdrawal that no message can report: a person tells the receiver. */
const UNSAYABLE = '360X has no message for it';

/** The required fields that the messages of an entry would lack. For a note it is enough that there is a file. */
export async function lacks(
  links: readonly Link[],
  entry: EntryPreview,
  asOf: Source,
): Promise<readonly string[]> {
  if (!hasMessage(entry.event)) return [UNSAYABLE];
  const told = await loadReferralEvent(entry, asOf);
  const note = told?.note && { ...told.note, data: told.note.data.slice(0, BEGINNING) };
  const prepared = await prepare(links, entry, told && { ...told, note }, asOf);
  return 'lacks' in prepared ? prepared.lacks : [];
}

/** The characters of a file's base64 that a check reads. */
const BEGINNING = 4;

/** The receipt of one message; undefined when the message was written and the server waits for no acknowledgment. */
async function send(
  peers: Peers,
  message: OutgoingMessage,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  try {
    const answer = await peers.send(message, signal);
    return answer === undefined ? undefined : receiptOf(answer);
  } catch (error) {
    return receiptOfFailure(error);
  }
}

/**
 * The outcome by MSA-1 (table 0008). An error is the receiver's word on the message, and sending it again changes
 * nothing; a reject says that the receiver could not take it now.
 */
const OUTCOMES: Readonly<Record<string, Exclude<Receipt['outcome'], 'withheld'>>> = {
  AA: 'accepted',
  CA: 'accepted',
  AE: 'refused',
  CE: 'refused',
  AR: 'retry',
  CR: 'retry',
};

function receiptOf({ code, says }: Acknowledged): Receipt {
  const outcome = OUTCOMES[code] ?? 'retry';
  // MSA-3 is the receiver's text, which may name the patient, so the receipt says only that there was one.
  const why = `the receiver answered ${code || 'without a code'}${says === undefined ? '' : ', with a text'}`;
  return outcome === 'accepted' ? { outcome, says: why } : { outcome, why };
}

/**
 * The control id, the same on every attempt, at most twenty characters: `CL812-0`, and `CL812-0B` for the second
 * message of an entry.
 */
const controlIdOf = ({ id }: EntryPreview, index: number): string =>
  `CL${id}${index === 0 ? '' : String.fromCharCode(65 + index)}`;

/** A control id of its own for each message of an entry. */
function numbered(entry: EntryPreview, context: BuildingContext): () => BuildingContext {
  let index = 0;
  return () => ({ ...context, controlId: controlIdOf(entry, index++) });
}

interface Directed {
  /** The receiver's own link, if it has one. */
  readonly link: Link | undefined;
  readonly links: readonly Link[];
  readonly receiver: Ref | undefined;
}

async function contextOf(
  entry: EntryPreview,
  { referral: { task, request, patient } }: ReferralEvent,
  { link, links, receiver }: Directed,
  now: Source,
): Promise<BuildingContext> {
  const world = partyWorldOfView(now);
  const parties = [await addressedParty(task.requester, world), await addressedParty(task.owner, world)];
  const sender = parties.find((party) => party !== receiver) ?? receiver;
  const named = links.flatMap(({ senders, receivers }) => [...senders, ...receivers]);
  const { declineOrderControl, namespaces, noteReferralField, processingIds, unacknowledged, zone } =
    link ?? LINK_DEFAULTS;
  return {
    ...BUILDING_DEFAULTS,
    controlId: '',
    now: Date.parse(entry.at),
    zone,
    namespaces,
    processingId: processingIds[0],
    sendingFacility: await facilityOf(sender, [...(link?.receivers ?? []), ...named], now),
    receivingFacility: await facilityOf(receiver, [...(link?.senders ?? []), ...named], now),
    patientSystems: { initiator: await systemsToSend(patient, request, now), recipient: [] },
    declineOrderControl,
    noteReferralField,
    ...(unacknowledged && { acceptAcknowledgment: 'NE', applicationAcknowledgment: 'NE' }),
  };
}

/** V2-0203 types of numbers under which an organization keeps records; member and social security numbers are none. */
const RECORD_NUMBERS: ReadonlySet<string | undefined> = new Set(['MR', 'PI', 'PT', 'MRT']);

/**
 * The systems of the patient's own numbers; if there are none, those by which the requesting engine knows the patient.
 */
async function systemsToSend(patient: Patient, { id = '' }: ServiceRequest, now: Source) {
  const own = recordSystems(patient);
  return own.length > 0 ? own : patientSystemsOf(`ServiceRequest/${id}`, now);
}

/** The systems of the patient's record numbers; numbers without a type count only when there is no other. */
function recordSystems({ identifier = [] }: Patient): readonly string[] {
  const typed = identifier.filter(({ type }) => type?.coding?.some(({ code }) => RECORD_NUMBERS.has(code)));
  const kept = typed.length > 0 ? typed : identifier.filter(({ type }) => type === undefined).slice(0, 1);
  return kept.flatMap(({ system }) => system ?? []);
}
