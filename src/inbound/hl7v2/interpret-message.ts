/**
 * What a message comes to. It is read twice: once for the number of its referral, once more in the light of who sent it
 * and where the referral stands. Whatever it does is planned on the draft; nothing is planned for what is not applied.
 */
import type { Ref } from '../../fhir/types.ts';
import type {
  PatientUpdateReading,
  MessageReading,
  ReadingContext,
  UnreadMessage,
} from '../../hl7v2/messages/reading.ts';
import type { Remark } from '../../ports/inbound.ts';
import type { Party } from '../../referral/transitions.ts';
import { type Draft } from '../../operations/write/draft.ts';
import { readCodeMaps } from './link-code-maps.ts';
import { asked, quarantined, remark, verdictOfFindings, type MessageVerdict } from '../fate.ts';
import { readIncoming, type Incoming } from './incoming.ts';
import type { ArchivedMessage } from '../archive.ts';
import type { Carried } from './carried.ts';
import { carriesNote, planCarried } from './plan-carried.ts';
import { findWaitingNote, planNote, type ReferralNote } from './plan-note.ts';
import { isOvertaken } from '../order.ts';
import { isSamePerson, mistaken } from './find-patient.ts';
import { findReferral, referralOfOrder, type FoundReferral, type Referral } from '../find-referral.ts';
import { planRequest } from './plan-request.ts';
import { planStatus } from './plan-status.ts';
import { planPatientUpdate } from './plan-patient-update.ts';
import { planVisit } from './plan-visit.ts';
import { readPreview } from '../../operations/write/preview.ts';

/** What the settings and a person say about the reading of messages. */
export interface InterpretationOptions {
  readonly pairWithinMs: number;
  /** A person had it tried again. */
  readonly byPerson?: boolean;
  /** The order that a person says the message is about. */
  readonly request?: Ref | undefined;
  /** Why the clinical document of a note is not to be read: what was made of it before was refused. */
  readonly unread?: string | undefined;
}

/** An interpreted message; what it does, when it is applied, is planned on the draft. */
export interface Interpretation {
  readonly verdict: MessageVerdict;
  readonly reading: MessageReading | undefined;
  /** Placeholders of planned resources. */
  readonly fullUrls: ReadonlyMap<string, Ref>;
  readonly chart?: { readonly request: Ref; readonly patient: Ref | undefined } | undefined;
  /** It is applied, and a person is asked for its note. */
  readonly lacksNote?: boolean;
  /** It is content of 42 CFR Part 2, and a person is asked for the notice that it came without. */
  readonly lacksNotice?: boolean;
  /** It concerns nobody here: only that it came is recorded. */
  readonly forget?: boolean;
}

/** Told as the reading goes, so that a refusal that is thrown can be said to be about it. */
export interface Progress {
  reading?: MessageReading;
  referral?: Referral;
  /** Resources were made of a clinical document. */
  isConverted?: boolean;
  /** A clinical document that came beside it is about somebody else. */
  isOfAnother?: boolean;
}

/** @throws OperationOutcomeError when the rules refuse what the message says; `progress` tells how far it came */
export async function interpretMessage(
  draft: Draft,
  incoming: Incoming,
  archived: ArchivedMessage,
  options: InterpretationOptions,
  progress: Progress,
): Promise<Interpretation> {
  const { barred, header, sender, receiver, carried } = incoming;
  if (carried !== undefined && options.request !== undefined && carried.verdict !== undefined)
    return interpretFiling(draft, incoming, options, progress);
  if (carried?.verdict !== undefined) return only(carried.verdict);
  if (barred === undefined && header !== undefined && sender === undefined && carried !== undefined)
    return interpretOfNobody(draft, incoming, progress);
  if (barred !== undefined || header === undefined || sender === undefined) {
    return only(quarantined(barred === undefined ? [] : [barred]));
  }
  const isTranslated = Object.keys(incoming.link.codeMaps).length > 0;
  const codeMaps = isTranslated ? await readCodeMaps(draft, incoming) : {};
  const context: ReadingContext = { ...contextOf(draft, incoming), codeMaps };
  const first = await readCarried(draft, incoming, context);
  if (first.kind === 'fault') return only(quarantined(faultRemarks(first.findings, first.issue)));
  progress.reading = first;
  if (first.event === 'patient-update') return interpretUpdate(draft, incoming, first);
  const unreadable = verdictOfFindings(first.findings.filter(({ issue }) => issue !== 'not-your-move'));
  if (unreadable?.fate === 'quarantine' || first.referralId === undefined) {
    return only(unreadable ?? quarantined(first.findings), first);
  }
  const between = { sender, receiver };
  const found: FoundReferral =
    options.request === undefined
      ? await findReferral(draft, first.referralId, between)
      : await referralOfOrder(draft, options.request, between);
  if (found.kind === 'ambiguous') {
    const says = 'several referrals are open under this number between these two';
    return only(
      asked('message-unmatched', [...first.findings, remark('not-found', 'E', 'ORC-2', says)]),
      first,
    );
  }
  const referral = found.kind === 'one' ? found.referral : undefined;
  if (referral !== undefined) progress.referral = referral;
  if (first.event === 'send-referral-package') {
    if (unreadable !== undefined) return only({ ...unreadable, referral }, first);
    carried?.introduce?.(draft);
    const requested = await planRequest(draft, incoming, first, referral, archived);
    return withDocuments({ draft, incoming, context, options, progress }, { ...requested, reading: first });
  }
  if (referral === undefined) {
    const says = 'no referral with this number is known between these two';
    const why =
      carried?.ofUnknown === undefined ? remark('not-found', 'E', 'ORC-2', says) : ofNobody(carried);
    return only(asked('message-unmatched', [...first.findings, why]), first);
  }
  return interpretAboutReferral({ draft, incoming, context, options, progress }, first, referral);
}

/** A message in a mail whose sender the receiver does not know: a person says to which referral it belongs (360x 8). */
async function interpretOfNobody(
  draft: Draft,
  incoming: Incoming,
  progress: Progress,
): Promise<Interpretation> {
  const reading = await readCarried(draft, incoming, { ...contextOf(draft, incoming), codeMaps: {} });
  if (reading.kind === 'fault') return only(quarantined(faultRemarks(reading.findings, reading.issue)));
  progress.reading = reading;
  const findings = [...reading.findings, ofNobody(incoming.carried)];
  return only(asked('message-unmatched', findings), reading);
}

const ofNobody = (carried: Carried | undefined): Remark =>
  remark('not-found', 'E', '', carried?.ofUnknown ?? 'nobody whom you know has the address of its sender');

async function interpretUpdate(
  draft: Draft,
  incoming: Incoming,
  reading: PatientUpdateReading,
): Promise<Interpretation> {
  const unreadable = verdictOfFindings(reading.findings);
  if (unreadable !== undefined) return only(unreadable, reading);
  const { verdict, forget } = await planPatientUpdate(draft, incoming, reading);
  return { ...only(verdict, reading), forget };
}

interface Interpreting {
  readonly draft: Draft;
  readonly incoming: Incoming;
  /** What the reader knew the first time. */
  readonly context: ReadingContext;
  readonly options: InterpretationOptions;
  readonly progress: Progress;
}

/** Reads a message again, about a referral that is known here. */
async function interpretAboutReferral(
  { draft, incoming, context, options, progress }: Interpreting,
  first: MessageReading,
  referral: Referral,
): Promise<Interpretation> {
  const mistaken = await wrongPatient(draft, first, referral);
  if (mistaken !== undefined) return only(quarantined([...first.findings, mistaken]), first);
  const note = await noteFor(draft, incoming, first, referral, options);
  const reading = await readCarried(draft, incoming, {
    ...context,
    sender: referral.actors.size === 1 ? partyOf(referral) : undefined,
    state: referral.state,
    hasDocument: note !== undefined || carriesNote(incoming),
    request: referral.request,
    patient: referral.patient,
  });
  if (reading.kind === 'fault') return only(quarantined(faultRemarks(reading.findings, reading.issue)));
  progress.reading = reading;
  const refused = verdictOfFindings(reading.findings, referral);
  if (refused !== undefined) return only(refused, reading);
  return planEvent({ draft, incoming, context, options, progress }, reading, referral, note);
}

async function planEvent(
  { draft, incoming, options, progress }: Interpreting,
  reading: MessageReading,
  referral: Referral,
  note: ReferralNote | undefined,
): Promise<Interpretation> {
  const { findings } = reading;
  const fullUrls = new Map<string, Ref>();
  switch (reading.event) {
    case 'note': {
      const planned = await planNote(draft, incoming, reading, referral, fullUrls, options);
      progress.isConverted = planned.isConverted;
      return { ...only(planned.verdict, reading), fullUrls };
    }
    case 'status-ping': {
      const { remarks } = await fileCarried({ draft, incoming, options, progress }, referral, fullUrls);
      const verdict: MessageVerdict = { fate: 'applied', referral, remarks: [...findings, ...remarks] };
      return { ...only(verdict, reading), fullUrls };
    }
    case 'none':
    case 'patient-update':
    case 'send-referral-package': {
      const says = 'this message stands for no event of a referral';
      return only(
        asked('message-unfit', [...findings, remark('referral-rule', 'E', '', says)], referral),
        reading,
      );
    }
    default:
  }
  const overtaken = await isOvertaken(draft, referral.request, senderOf(incoming), reading.sentAt);
  if (overtaken === 'yes' || (overtaken === 'perhaps' && !options.byPerson)) {
    return only(verdictOfOvertaken(overtaken, findings, referral), reading);
  }
  const brought = await fileCarried({ draft, incoming, options, progress }, referral, fullUrls);
  const said = { ...reading, findings: [...findings, ...brought.remarks] };
  if ('appointment' in said) {
    const verdict = await planVisit(draft, said, referral, fullUrls);
    return { ...only(verdict, reading), fullUrls };
  }
  const its = brought.note ?? note;
  const verdict = await planStatus(draft, said, referral, its);
  return { ...only(verdict, reading), fullUrls, lacksNote: bringsNote(reading.event) && its === undefined };
}

/** A message with what was found about the mail that it came in. */
async function readCarried(
  draft: Draft,
  incoming: Incoming,
  context: ReadingContext,
): Promise<MessageReading | UnreadMessage> {
  const { carried } = incoming;
  const reading = await readIncoming(draft.context, incoming, {
    hasDocument: carriesNote(incoming),
    ...context,
  });
  if (carried === undefined || reading.kind === 'fault') return reading;
  const findings = [...carried.remarks, ...reading.findings];
  return { ...reading, findings, ...(carried.isNoticed && { isNoticed: true }) };
}

/** The documents beside a message, as documents of its referral. */
async function fileCarried(
  { draft, incoming, options, progress }: Omit<Interpreting, 'context'>,
  referral: Referral,
  fullUrls: Map<string, Ref>,
) {
  const planned = await planCarried(draft, incoming, referral, fullUrls, options.unread);
  progress.isConverted ||= planned.isConverted;
  progress.isOfAnother ||= planned.isOfAnother;
  return planned;
}

/** Plans the documents of a mail that came too late to move its referral. */
export async function withLateDocuments(
  interpreting: Omit<Interpreting, 'context'>,
  meant: Interpretation,
  referral: Referral,
): Promise<Interpretation> {
  const fullUrls = new Map(meant.fullUrls);
  const { remarks } = await fileCarried(interpreting, referral, fullUrls);
  const { verdict } = meant;
  return { ...meant, verdict: { ...verdict, remarks: [...verdict.remarks, ...remarks] }, fullUrls };
}

/** A new referral, with the documents beside its request. */
async function withDocuments(interpreting: Interpreting, requested: Interpretation): Promise<Interpretation> {
  const { draft, incoming } = interpreting;
  const { chart, verdict } = requested;
  const task = [...requested.fullUrls.values()].find((ref) => ref.startsWith('Task/'));
  const { sender, receiver } = incoming;
  if (incoming.carried === undefined || chart === undefined || task === undefined) return requested;
  const order = await readPreview(draft, chart.request);
  if (order === undefined || sender === undefined || receiver === undefined) return requested;
  const referral: Referral = {
    ...chart,
    order,
    task,
    state: 'received',
    initiator: sender,
    recipient: receiver,
    actors: new Set(['referralInitiator']),
  };
  const fullUrls = new Map(requested.fullUrls);
  const { remarks } = await fileCarried(interpreting, referral, fullUrls);
  return { ...requested, verdict: { ...verdict, remarks: [...verdict.remarks, ...remarks] }, fullUrls };
}

/** Files the documents of a mail to the referral that a person names. It tells of no event, and moves nothing. */
async function interpretFiling(
  draft: Draft,
  incoming: Incoming,
  options: InterpretationOptions,
  progress: Progress,
): Promise<Interpretation> {
  const { receiver, sender, carried } = incoming;
  const { request } = options;
  const found: FoundReferral =
    request === undefined || receiver === undefined
      ? { kind: 'none' }
      : await referralOfOrder(draft, request, { sender: receiver, receiver: sender });
  if (receiver === undefined && carried?.verdict !== undefined) return only(carried.verdict);
  if (found.kind !== 'one' || carried === undefined) {
    const says = 'the organization that received this is no party of that referral with its sender';
    return only(asked('message-unmatched', [remark('not-found', 'E', '', says)]));
  }
  const { referral } = found;
  const fullUrls = new Map<string, Ref>();
  const { remarks } = await fileCarried({ draft, incoming, options, progress }, referral, fullUrls);
  const verdict: MessageVerdict = { fate: 'applied', referral, remarks: [...carried.remarks, ...remarks] };
  return { ...only(verdict), fullUrls };
}

/** What was overtaken moves nothing; whether it was is a person's to say where the clocks contradict each other. */
function verdictOfOvertaken(
  overtaken: 'yes' | 'perhaps',
  findings: readonly Remark[],
  referral: Referral,
): MessageVerdict {
  const says =
    overtaken === 'yes'
      ? 'a later event of the same sender was applied before; this one is filed and moves nothing'
      : 'an event that claims a later time was received before this one was written; the sender’s clock was changed, so a person is asked which counts';
  const remarks = [...findings, remark('transition-not-allowed', 'W', 'MSH-7', says)];
  return overtaken === 'yes'
    ? { fate: 'late', referral, remarks }
    : asked('message-unfit', remarks, referral);
}

const only = (verdict: MessageVerdict, reading?: MessageReading): Interpretation => ({
  verdict,
  reading,
  fullUrls: new Map(),
  chart: verdict.referral,
});

const contextOf = (
  { context }: Draft,
  { link, sender, receiver, receivedAt, toleranceMs }: Incoming,
): ReadingContext => ({
  newId: context.newId,
  zone: link.zone,
  receivedAt,
  toleranceMs,
  namespaces: link.namespaces,
  sendingOrganization: sender,
  receivingOrganization: receiver,
});

const partyOf = ({ actors }: Referral): Party | undefined => [...actors][0];

function senderOf({ sender }: Incoming): Ref {
  if (sender === undefined) throw new Error('a message that is interpreted has a sender');
  return sender;
}

async function wrongPatient(
  draft: Draft,
  { patient: read }: MessageReading,
  { patient: known }: Referral,
): Promise<Remark | undefined> {
  const patient = known === undefined ? undefined : await readPreview(draft, known);
  if (patient !== undefined && read !== undefined && isSamePerson(read, patient)) return undefined;
  return mistaken('the patient is not the one of the referral with this number');
}

/** Events that a note of the recipient belongs to. */
const bringsNote = (event: MessageReading['event']): boolean =>
  event === 'send-interim-note' || event === 'send-referral-outcome';

/** A status that may bring a note: the sign of life is an interim note when one came (rules 7.4). */
async function noteFor(
  draft: Draft,
  { receivedAt }: Incoming,
  { event }: MessageReading,
  referral: Referral,
  { pairWithinMs }: InterpretationOptions,
): Promise<ReferralNote | undefined> {
  if (!bringsNote(event) && event !== 'status-ping') return undefined;
  return findWaitingNote(draft, referral, receivedAt, pairWithinMs);
}

const faultRemarks = (
  findings: readonly Remark[],
  issue: 'message-unreadable' | 'unsupported-message',
): readonly Remark[] =>
  findings.length > 0 ? findings : [remark(issue, 'E', 'MSH-9', 'this message is not read here')];
