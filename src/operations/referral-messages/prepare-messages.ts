/**
 * What an outbox entry tells in HL7 v2: the messages of 360X for a move of a referral, or what they would lack. The same
 * for every rail that carries them; a rail only names the link, if it has one.
 */
import { facilityOf } from '../../delivery/facility.ts';
import { textsFor } from '../../delivery/noticed.ts';
import type { Patient, Ref, Resource, ServiceRequest } from '../../fhir/types.ts';
import { LINK_DEFAULTS, type Link } from '../../hl7v2/link.ts';
import { elementsLacking } from '../../hl7v2/messages/find-lacks.ts';
import {
  buildMessages,
  buildPackaged,
  type Segments,
  type ReferralEvent,
} from '../../hl7v2/messages/build-messages.ts';
import { BUILDING_DEFAULTS, type BuildingContext } from '../../hl7v2/messages/building.ts';
import { part2ByNotice } from '../../policies/labels/label.ts';
import type { CommitView, EntryPreview, NoticeOfEntry } from '../../ports/rail.ts';
import { hasMessage, LATE_NOTE } from '../../referral/transactions.ts';
import { localRef } from '../../resources/element.ts';
import { addressedParty } from '../../resources/party.ts';
import { partyWorldOfView } from './commit-view.ts';
import { loadReferralEvent } from './load-referral.ts';
import { patientSystemsOf } from './patient-systems.ts';

/** A withdrawal that no message can report: a person tells the receiver. */
export const NO_MESSAGE = '360X has no message for it';
/** A referral of which this server keeps too little to tell it. */
export const NOT_KEPT_HERE = 'the order or the patient of the Task is not kept here';

/** The messages of an entry with what they were made of; or the fields that they lack. */
type PreparedMessages =
  | {
      readonly kind: 'messages';
      readonly messages: readonly Segments[];
      readonly told: ReferralEvent;
      readonly link: Link | undefined;
      readonly receiver: Ref | undefined;
      /** The notice of 42 CFR 2.32, a text for each; empty where nothing told is content of Part 2. */
      readonly notice: readonly string[];
    }
  | { readonly kind: 'lacks'; readonly lacks: readonly string[] };

/** Where an entry's messages come from: the content as of the entry's commit, parties and links as of now. */
interface MessageSource {
  readonly links: readonly Link[];
  readonly asOf: CommitView;
  readonly now: CommitView;
  readonly noticeOf?: NoticeOfEntry | undefined;
}

export async function prepareMessages(entry: EntryPreview, source: MessageSource): Promise<PreparedMessages> {
  if (!hasMessage(entry.event)) return { kind: 'lacks', lacks: [NO_MESSAGE] };
  const told = await loadReferralEvent(entry, source.asOf);
  const notice = told === undefined ? [] : await noticeIn(told, source.noticeOf);
  return prepare(source, entry, told, notice);
}

async function prepare(
  { links, now }: Pick<MessageSource, 'links' | 'now'>,
  entry: EntryPreview,
  told: ReferralEvent | undefined,
  notice: readonly string[],
): Promise<PreparedMessages> {
  if (told === undefined) return { kind: 'lacks', lacks: [NOT_KEPT_HERE] };
  const receiver = localRef((await now.resource(entry.receiver))?.['managingOrganization']);
  const link = links.find(({ senders }) => senders.some(({ organization }) => organization === receiver));
  const context = { ...(await contextOf(entry, told, { link, links, receiver }, now)), notice };
  const built = buildMessages(told, numbered(entry, context));
  if (built.kind === 'missing') return { kind: 'lacks', lacks: [lackOf(told, built.missing)] };
  const lacks = elementsLacking(built.messages);
  return lacks.length > 0
    ? { kind: 'lacks', lacks }
    : { kind: 'messages', messages: built.messages, told, link, receiver, notice };
}

/** What the message of a package is made of. */
interface PackagedEvent {
  readonly told: ReferralEvent;
  readonly now: CommitView;
  readonly links: readonly Link[];
  /** Who is told; whoever keeps the record of it that the referral names. */
  readonly receiver: Ref;
  readonly notice: readonly string[];
}

/** The one message of a package, which nobody acknowledges (MSH-15 and MSH-16 NE); or the fields that it lacks. */
export async function preparePackaged(
  entry: EntryPreview,
  { told, now, links, receiver, notice }: PackagedEvent,
): Promise<
  | { readonly kind: 'message'; readonly message: Segments; readonly context: BuildingContext }
  | { readonly kind: 'lacks'; readonly lacks: readonly string[] }
> {
  const context: BuildingContext = {
    ...(await contextOf(entry, told, { link: undefined, links, receiver }, now)),
    controlId: controlIdOf(entry, 0),
    acceptAcknowledgment: 'NE',
    applicationAcknowledgment: 'NE',
    notice,
  };
  const built = buildPackaged(told, context);
  if (built.kind === 'missing') return { kind: 'lacks', lacks: [lackOf(told, built.missing)] };
  const lacks = elementsLacking(built.messages);
  const [message] = built.messages;
  return lacks.length > 0 || message === undefined
    ? { kind: 'lacks', lacks }
    : { kind: 'message', message, context };
}

const lackOf = (told: ReferralEvent, missing: string): string =>
  `${told.event} cannot be told without its ${missing}${hintOf(told)}`;

/**
 * The notice of what an event tells: the order and its reasons, the person, the visit, the note, and what is told beside them.
 */
export async function noticeIn(
  { referral: { task, request, patient, resolve }, appointment, note }: ReferralEvent,
  noticeOf: NoticeOfEntry | undefined,
  beside: readonly Resource[] = [],
): Promise<readonly string[]> {
  const reasons = (request.reasonReference ?? []).map(resolve);
  const told = [task, request, patient, appointment].map((one) => one as unknown as Resource | undefined); // each is one
  return textsFor(
    [...told, ...reasons, ...beside, ...(note?.isPart2 === true ? [PART_2_NOTE] : [])],
    noticeOf,
  );
}

/** What a note of Part 2 counts as: its resources were read before. */
const PART_2_NOTE: Resource = { resourceType: 'DocumentReference', meta: { security: [part2ByNotice] } };

/** What a note after the outcome is not, where it is none. */
const hintOf = ({ event }: ReferralEvent): string =>
  event === LATE_NOTE ? ': the file holds none about the patient of the referral' : '';

/** The required fields that the messages of an entry would lack. For a note it is enough that there is a file. */
export async function lacksOfMessages(
  links: readonly Link[],
  entry: EntryPreview,
  asOf: CommitView,
): Promise<readonly string[]> {
  if (!hasMessage(entry.event)) return [NO_MESSAGE];
  const told = await loadReferralEvent(entry, asOf);
  const note = told?.note && { ...told.note, data: told.note.data.slice(0, BEGINNING) };
  const prepared = await prepare({ links, now: asOf }, entry, told && { ...told, note }, []);
  return prepared.kind === 'lacks' ? prepared.lacks : [];
}

/** The characters of a file's base64 that a check reads. */
const BEGINNING = 4;

/**
 * The control id, the same on every attempt, at most twenty characters: `CL812-0`, and `CL812-0B` for the second
 * message of an entry.
 */
export const controlIdOf = ({ id }: EntryPreview, index: number): string =>
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
  now: CommitView,
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
async function systemsToSend(patient: Patient, { id = '' }: ServiceRequest, now: CommitView) {
  const own = recordSystems(patient);
  return own.length > 0 ? own : patientSystemsOf(`ServiceRequest/${id}`, now);
}

/** The systems of the patient's record numbers; numbers without a type count only when there is no other. */
function recordSystems({ identifier = [] }: Patient): readonly string[] {
  const typed = identifier.filter(({ type }) => type?.coding?.some(({ code }) => RECORD_NUMBERS.has(code)));
  const kept = typed.length > 0 ? typed : identifier.filter(({ type }) => type === undefined).slice(0, 1);
  return kept.flatMap(({ system }) => system ?? []);
}
