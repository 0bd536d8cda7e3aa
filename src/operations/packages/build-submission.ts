/**
 * What a Direct mail tells, and to whom: the XDM submission of a move of a referral (direct-xdm 8, 360x 5), with its text.
 * The same entry gives the same submission while the facts are the same, so that a repeat is known by its unique id; other
 * content is another submission.
 */
import { createHash } from 'node:crypto';
import { facilityOf } from '../../delivery/facility.ts';
import { present } from '../../delivery/subject.ts';
import type { PrivacyNotice } from '../../ccda/write/privacy.ts';
import type { AssignedId, Submission, SubmissionDocument } from '../../direct/xdm/submission.ts';
import { identifierOf, isOid, oidOfSystem, oidOfUrl } from '../../fhir/identifier.ts';
import type { Identifier, Patient, Ref, Resource } from '../../fhir/types.ts';
import type { Link } from '../../hl7v2/link.ts';
import { numbersToSend } from '../../hl7v2/mapping/patient.ts';
import type { ReferralEvent } from '../../hl7v2/messages/build-messages.ts';
import { CONFIDENTIALITY } from '../../policies/labels/confidentiality.ts';
import { highWaterMark } from '../../policies/labels/high-water.ts';
import { BARE_NOTICE, noticeTexts } from '../../policies/part2/notice.ts';
import type { CommitView, EntryPreview, NoticeOfEntry, NoticeToShow } from '../../ports/rail.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { hasMessage } from '../../referral/transactions.ts';
import { localRef } from '../../resources/element.ts';
import { follow, type Gathered } from '../extended/ccda/gather.ts';
import { commitViewOf } from '../referral-messages/commit-view.ts';
import { loadReferralEvent } from '../referral-messages/load-referral.ts';
import {
  NO_MESSAGE,
  NOT_KEPT_HERE,
  noticeIn,
  preparePackaged,
} from '../referral-messages/prepare-messages.ts';
import {
  consentCopy,
  noteDocument,
  referralNote,
  whyNoDocument,
  type DocumentSource,
} from './clinical-documents.ts';
import { findCorrespondents, type Correspondents } from './correspondents.ts';
import { mailText } from './mail-text.ts';
import { messageDocument, personInMessage, type PersonInMessage } from './message-document.ts';
import { packageRowOf } from './package-rows.ts';

/** What every package of a server shares. */
interface PackageParts {
  /** Absolute base of the server. */
  readonly base: string;
  /** The OID of this server; without it one is made of `base`. */
  readonly serverOid?: string | undefined;
  /** The links of HL7 v2: they name organizations by their facilities. */
  readonly links: readonly Link[];
}

type Built =
  | {
      readonly kind: 'submission';
      readonly submission: Submission;
      /** The organization that sends it, as people know it. */
      readonly institution: string;
      /** The text of the mail, with the notice first. */
      readonly text: string;
      /** The notice of 42 CFR 2.32, a text for each; undefined where none is owed. */
      readonly notice?: readonly string[];
    }
  | { readonly kind: 'lacks'; readonly lacks: readonly string[] };

interface Asking extends PackageParts {
  /** Asked where something that is told is content of 42 CFR Part 2. */
  readonly noticeOf: NoticeOfEntry | undefined;
  /** Milliseconds since 1970: addresses and notes of today. */
  readonly at: number;
}

/** Builds the submission of an entry. Content is as of the entry's commit; addresses and rights are as of now. */
export async function buildSubmission(
  entry: ClaimedEntry,
  asOf: Snapshot,
  now: Snapshot,
  asking: Asking,
): Promise<Built> {
  const [then, today] = [commitViewOf(asOf), commitViewOf(now)];
  const started = await start(entry, then, today, asking.at);
  if (started.kind === 'lacks') return started;
  const { told, correspondents } = started;
  const { task, request, patient } = told.referral;
  const gathered = await gatherTold(entry, asOf, now, asking.base, told);
  const order = gathered.resources.get(`ServiceRequest/${request.id ?? ''}`);
  if (order === undefined) return lacking('the receiver may not be told of the order');
  const notice = await noticeIn(told, asking.noticeOf, besides(entry, told, gathered));
  const shown = notice.length === 0 ? undefined : ((await asking.noticeOf?.()) ?? BARE_NOTICE);
  const { receiver } = correspondents;
  const prepared = await preparePackaged(entry, { told, now: today, links: asking.links, receiver, notice });
  if (prepared.kind === 'lacks') return prepared;
  const sender = await today.resource(correspondents.sender);
  const written: DocumentSource = {
    gathered,
    task: task as unknown as Resource, // it is one
    order,
    patient: withNumbers(patient, numbersToSend(patient, prepared.context.patientSystems)),
    sender,
    notice: privacyOf(shown),
    base: asking.base,
    at: Date.parse(entry.at),
  };
  const documents = await documentsOf(entry, told, written, shown);
  const sourceId = await oidOf(correspondents.sender, today, asking);
  const title = packageRowOf(entry.event)?.title ?? 'Referral';
  const message = messageDocument(prepared.message, {
    title,
    at: written.at,
    sourceId,
    isNoticed: notice.length > 0,
    confidentiality: markOf(told),
  });
  const person = personInMessage(prepared.message);
  const submission = await submissionOf(
    { entry, told, correspondents, today, asking, sourceId },
    [message, ...documents],
    person,
  );
  if (submission === undefined) return lacking('the number of the referral has no OID');
  const says = mailText({ event: entry.event, submission, notice });
  return {
    kind: 'submission',
    submission,
    institution: nameOf(sender) ?? '',
    text: says,
    ...(notice.length > 0 && { notice }),
  };
}

/** What the package of an entry would lack, asked before the commit: addresses, fields of the message, the kind of note. */
export async function lacksOfPackage(
  { links }: PackageParts,
  entry: EntryPreview,
  asOf: CommitView,
): Promise<readonly string[]> {
  const started = await start(entry, asOf, asOf, Date.parse(entry.at));
  if (started.kind === 'lacks') return started.lacks;
  const { told, correspondents } = started;
  const { receiver } = correspondents;
  const prepared = await preparePackaged(entry, { told, now: asOf, links, receiver, notice: [] });
  if (prepared.kind === 'lacks') return prepared.lacks;
  return referralIdOf(told) === undefined ? ['the number of the referral has no OID'] : [];
}

const lacking = (why: string): Built => ({ kind: 'lacks', lacks: [why] });

type Started =
  | { readonly kind: 'started'; readonly told: ReferralEvent; readonly correspondents: Correspondents }
  | { readonly kind: 'lacks'; readonly lacks: readonly string[] };

/** The event and the two addresses; nothing is looked at further where one is missing. */
async function start(entry: EntryPreview, asOf: CommitView, now: CommitView, at: number): Promise<Started> {
  if (!hasMessage(entry.event)) return { kind: 'lacks', lacks: [NO_MESSAGE] };
  const told = await loadReferralEvent(entry, asOf);
  if (told === undefined) return { kind: 'lacks', lacks: [NOT_KEPT_HERE] };
  const task = told.referral.task as unknown as Resource; // it is one
  const correspondents = await findCorrespondents(entry, task, now, at);
  if (correspondents.kind === 'lacks') return correspondents;
  const unfit = told.note === undefined ? undefined : whyNoDocument(told.note);
  return unfit === undefined ? { kind: 'started', told, correspondents } : { kind: 'lacks', lacks: [unfit] };
}

/**
 * What the receiver may be told of the referral: as of the commit, and only what it may still see now. An answer is told
 * with who gives it; a request with all that the order reaches.
 */
async function gatherTold(
  { sight, event }: ClaimedEntry,
  asOf: Snapshot,
  now: Snapshot,
  base: string,
  { referral: { task, request } }: ReferralEvent,
): Promise<Gathered> {
  const snapshot = {
    search: (...asked: Parameters<Snapshot['search']>) => asOf.search(...asked),
    read: async (ref: Ref, as: Parameters<Snapshot['read']>[1]) => {
      const version = await asOf.read(ref, as);
      if (version === undefined || (await now.read(ref, as))?.text === undefined) return undefined;
      return version;
    },
  };
  const order: Ref = `ServiceRequest/${request.id ?? ''}`;
  const version = await snapshot.read(order, sight);
  const isRequest = packageRowOf(event)?.document === 'referral-note';
  const parties = [task.owner, task.requester].flatMap((reference) => localRef(reference) ?? []);
  const keeper = version?.custodian ?? '';
  const gathering = {
    base,
    snapshot,
    sightFor: () => sight,
    show: (one: Parameters<typeof present>[0]) => present({ ...one, notice: 'none' }, sight),
    signal: NEVER,
  };
  const roots = [...parties, ...(keeper === '' ? [] : [keeper])];
  if (isRequest) return follow(gathering, roots, version === undefined ? [] : [version]);
  const needed = new Set<Ref>([order, ...roots]);
  return follow(
    gathering,
    [...roots, order],
    [],
    ({ ref }) => needed.has(ref) || /^(?:Practitioner|Organization)\//.test(ref),
  );
}

/** Nothing ends it but its own end. */
const NEVER = new AbortController().signal;

/** What is told beside the message: all that was gathered for a document, if there is one. */
const besides = (
  { event }: ClaimedEntry,
  { note }: ReferralEvent,
  { resources }: Gathered,
): readonly Resource[] =>
  packageRowOf(event)?.document === 'referral-note' || note !== undefined ? [...resources.values()] : [];

const privacyOf = (notice: NoticeToShow | typeof BARE_NOTICE | undefined): PrivacyNotice | undefined =>
  notice === undefined || notice === 'none'
    ? undefined
    : { texts: noticeTexts(notice), consent: notice.source, refrains: notice.refrains };

/** The mark of what a message tells, by the labels of its resources. */
function markOf({ referral: { task, request, patient }, appointment, note }: ReferralEvent): string {
  const told = [task, request, patient, appointment] as unknown as readonly (Resource | undefined)[]; // each is one
  const own = note?.confidentiality;
  const labels = [
    ...told.flatMap((one) => one?.meta?.security ?? []),
    ...(own === undefined ? [] : [{ system: CONFIDENTIALITY, code: own }]),
  ];
  return highWaterMark(labels)?.code ?? 'N';
}

/** A patient with these numbers alone. */
const withNumbers = (patient: Patient, identifier: readonly Identifier[]): Resource => {
  const { identifier: _all, ...rest } = patient;
  return { ...rest, ...(identifier.length > 0 && { identifier }) } as unknown as Resource; // a Patient
};

/** The documents beside the message: the clinical document, and the consent under which it is told. */
async function documentsOf(
  { event }: ClaimedEntry,
  { note }: ReferralEvent,
  told: DocumentSource,
  notice: NoticeToShow | typeof BARE_NOTICE | undefined,
): Promise<readonly SubmissionDocument[]> {
  const kind = packageRowOf(event)?.document;
  const documents: SubmissionDocument[] = [];
  if (kind === 'referral-note') documents.push(referralNote(told));
  else if (kind === 'consultation-note' && note !== undefined) documents.push(await noteDocument(note, told));
  if (notice !== undefined && notice !== 'none' && notice.copy !== undefined)
    documents.push(consentCopy(notice.scope ?? '', notice.copy, told));
  return documents;
}

interface Submitting {
  readonly entry: ClaimedEntry;
  readonly told: ReferralEvent;
  readonly correspondents: Correspondents;
  readonly today: CommitView;
  readonly asking: Asking;
  readonly sourceId: string;
}

async function submissionOf(
  { entry, told, correspondents, today, asking, sourceId }: Submitting,
  documents: readonly SubmissionDocument[],
  person: PersonInMessage,
): Promise<Submission | undefined> {
  const referralId = referralIdOf(told);
  if (referralId === undefined) return undefined;
  const { from, to, sender, receiver, byInitiator } = correspondents;
  const hash = createHash('sha256').update([entry.event, from, to].join(' '));
  for (const { bytes } of documents) hash.update(bytes);
  const { patientNumber, provider, lines } = person;
  return {
    uniqueId: oidOfUrl(`${asking.base} submission ${entry.id} ${hash.digest('hex')}`),
    sourceId,
    submissionTime: Date.parse(entry.at),
    author: {
      institution: await institutionOf(sender, today, asking),
      ...(provider !== undefined && { person: provider }),
      telecom: from,
    },
    intendedRecipient: { institution: await institutionOf(receiver, today, asking), telecom: to },
    referralId,
    title: packageRowOf(entry.event)?.title ?? 'Referral',
    // The initiator's number, which every answer gives back (360x 4).
    ...(patientNumber !== undefined && { sourcePatientId: patientNumber }),
    ...(patientNumber !== undefined && !byInitiator && { patientId: patientNumber }),
    ...(lines.length > 0 && { sourcePatientInfo: lines }),
    documents,
  };
}

/** The number of the referral, as its initiator gave it. */
function referralIdOf({ referral: { request } }: ReferralEvent): AssignedId | undefined {
  const placer = identifierOf(request.identifier, 'PLAC');
  const assigner = oidOfSystem(placer?.system);
  return placer?.value === undefined || assigner === undefined
    ? undefined
    : { value: placer.value, assigner };
}

const nameOf = (organization: Resource | undefined): string | undefined =>
  organization?.['name'] as string | undefined; // an Organization

async function institutionOf(organization: Ref, now: CommitView, asking: Asking) {
  const name = nameOf(await now.resource(organization));
  const oid = await ownOid(organization, now, asking);
  return {
    ...(name !== undefined && { name }),
    ...(oid !== undefined && { id: { value: oid, assigner: '' } }),
  };
}

/** The OID of an organization, as a link or the register has it; else this server's, which is told apart from all. */
const oidOf = async (organization: Ref, now: CommitView, asking: Asking): Promise<string> =>
  (await ownOid(organization, now, asking)) ?? asking.serverOid ?? oidOfUrl(asking.base);

async function ownOid(organization: Ref, now: CommitView, { links }: Asking): Promise<string | undefined> {
  const named = links.flatMap(({ senders, receivers }) => [...senders, ...receivers]);
  const own = await facilityOf(
    organization,
    named.filter(({ facility }) => isOid(facility)),
    now,
  );
  return own !== undefined && isOid(own) ? own : undefined;
}
