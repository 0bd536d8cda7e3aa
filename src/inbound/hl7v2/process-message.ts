/**
 * A message settled: interpreted, planned, checked by the steps that every write takes, and kept with what came of it. When the
 * steps refuse it, it is kept all the same, on a draft that holds nothing else. A note whose clinical document the steps
 * refuse is planned again without what was read from it.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { MessageReading } from '../../hl7v2/messages/reading.ts';
import type { Event } from '../../referral/transitions.ts';
import type { Draft } from '../../operations/write/draft.ts';
import { runSteps } from '../../operations/write/write.ts';
import { askForRows } from './link-code-maps.ts';
import { closedVerdict } from '../agreement.ts';
import { remark, remarkText, verdictOfRefusal, type MessageVerdict } from '../fate.ts';
import { isOurFault } from '../../operations/our-fault.ts';
import { onlyReceiver, type Incoming } from './incoming.ts';
import { unread, whyUnread } from './plan-clinical-document.ts';
import { onlyNotice, readPart2, withoutNoticeIn } from './part2-message.ts';
import { planItem, turnItem } from '../work-items.ts';
import type { KnownBeside, ProcessedMessage } from '../processed-message.ts';
import { contentOf, MAPPING } from './archived-message.ts';
import { keeperOfMessage } from '../inbound-message.ts';
import { closeItem } from '../../operations/write/close-item.ts';
import {
  interpretMessage,
  withLateDocuments,
  type Interpretation,
  type InterpretationOptions,
  type Progress,
} from './interpret-message.ts';
import {
  planArchive,
  planProvenance,
  refile,
  reserve,
  type Filing,
  type ArchivedMessage,
} from '../archive.ts';

/** @throws what is no refusal of the message: the store's errors, and defects */
export async function processMessage(
  open: () => Draft,
  incoming: Incoming,
  { pairWithinMs, unread }: Pick<InterpretationOptions, 'pairWithinMs' | 'unread'>,
  beside: KnownBeside = {},
): Promise<ProcessedMessage> {
  const { earlier, request } = beside;
  const draft = open();
  const given = await closedOr(draft, incoming, beside.given);
  const archived = earlier?.archived ?? reserve(draft);
  const progress: Progress = {};
  const options = { pairWithinMs, request, unread, byPerson: 'by' in beside };
  try {
    const meant: Interpretation =
      given === undefined
        ? await interpretMessage(draft, incoming, archived, options, progress)
        : { verdict: given, reading: undefined, fullUrls: new Map() };
    if (meant.forget === true || isTurnedAway(meant.verdict))
      return { draft: open(), verdict: meant.verdict, number: undefined, sentAt: undefined, archived };
    const isApplied = meant.verdict.fate === 'applied';
    const used = isApplied ? draft : relying(open(), draft);
    return await settle(used, incoming, archived, meant, { options, progress, beside });
  } catch (error) {
    if (progress.isConverted === true && !isOurFault(error))
      return processMessage(open, incoming, { pairWithinMs, unread: whyUnread(error) }, beside);
    if (!(error instanceof OperationOutcomeError) || given !== undefined || isOurFault(error)) throw error;
    const { reading, referral } = progress;
    const verdict = verdictOfRefusal(error, reading?.findings ?? [], { referral, event: eventOf(reading) });
    const interpreted: Interpretation = { verdict, reading, fullUrls: new Map(), chart: verdict.referral };
    return settleAside(() => relying(open(), draft), incoming, archived, interpreted, {
      options,
      progress,
      beside,
    });
  }
}

/** Two without an agreement in force tell each other nothing, whatever else is to be said of the message. */
async function closedOr(
  draft: Draft,
  incoming: Incoming,
  given: MessageVerdict | undefined,
): Promise<MessageVerdict | undefined> {
  if (given !== undefined && isTurnedAway(given)) return given;
  return (await closedVerdict(draft, incoming, receiverOf(incoming))) ?? given;
}

interface Settling {
  readonly options: InterpretationOptions;
  readonly progress: Progress;
  readonly beside: KnownBeside;
}

/** Files what was interpreted. The documents of a mail that is late are filed, too, though it moves nothing (360x 8). */
async function settle(
  draft: Draft,
  incoming: Incoming,
  archived: ArchivedMessage,
  meant: Interpretation,
  { options, progress, beside }: Settling,
): Promise<ProcessedMessage> {
  const { fate, referral } = meant.verdict;
  const noticed = await withPart2(draft, incoming, meant);
  const bringsLate = fate === 'late' && referral !== undefined && incoming.carried !== undefined;
  const filed = bringsLate
    ? await withLateDocuments({ draft, incoming, options, progress }, noticed, referral)
    : noticed;
  const interpreted = withFlag(incoming, filed, progress);
  const settled = fate === 'applied' ? incoming : asStranger(incoming);
  await file(draft, settled, archived, interpreted, beside);
  if (fate === 'applied' || bringsLate) await runSteps(draft, 'transaction', interpreted.fullUrls);
  return finish(draft, settled, archived, interpreted, beside);
}

/** As {@link settle}; where the steps refuse the documents of a late mail, they stay in the mail alone. */
async function settleAside(
  open: () => Draft,
  incoming: Incoming,
  archived: ArchivedMessage,
  meant: Interpretation,
  settling: Settling,
): Promise<ProcessedMessage> {
  try {
    return await settle(open(), incoming, archived, meant, settling);
  } catch (error) {
    if (meant.verdict.fate !== 'late' || isOurFault(error)) throw error;
    const { carried } = incoming;
    const alone = { ...incoming, carried: carried && { ...carried, documents: [] } };
    const remarks = [...meant.verdict.remarks, unread(incoming, whyUnread(error))];
    return settle(open(), alone, archived, { ...meant, verdict: { ...meant.verdict, remarks } }, settling);
  }
}

/** A sender whom only an applied request makes known is nobody as long as nothing of it is applied. */
const asStranger = (incoming: Incoming): Incoming =>
  incoming.carried?.introduce === undefined ? incoming : { ...incoming, sender: undefined };

/** What contradicts itself in a mail whose message is taken all the same asks a person (direct-xdm 8, checks 3 to 6). */
function withFlag({ carried }: Incoming, meant: Interpretation, { isOfAnother }: Progress): Interpretation {
  const isTaken = meant.verdict.fate === 'applied' || meant.verdict.fate === 'late';
  if (!isTaken || (carried?.isFlagged !== true && isOfAnother !== true)) return meant;
  return { ...meant, verdict: { ...meant.verdict, alsoAsked: 'package-differs' } };
}

/** Sees whether the message is content of 42 CFR Part 2, and says so where one that is applied lacks its notice. */
async function withPart2(draft: Draft, incoming: Incoming, meant: Interpretation): Promise<Interpretation> {
  const { isPart2, lacksNotice } = await readPart2(draft, incoming, meant.reading);
  draft.isNoticed = isPart2;
  if (!lacksNotice || meant.verdict.fate !== 'applied') return meant;
  return { ...meant, verdict: withoutNoticeIn(meant.verdict), lacksNotice };
}

/** Nothing of it is archived but the audit that it came. */
const isTurnedAway = ({ fate }: MessageVerdict): boolean => fate === 'rejected' || fate === 'ignored';

/**
 * A draft that plans nothing of what another planned, but relies on what that one relied on: what a message is put aside
 * for must still be so at the moment of commit.
 */
function relying(draft: Draft, { preconditions, expects }: Draft): Draft {
  for (const [name, precondition] of preconditions) draft.preconditions.set(name, precondition);
  draft.expects.push(...expects);
  return draft;
}

/** Plans the message itself: new, or filed anew. */
async function file(
  draft: Draft,
  incoming: Incoming,
  archived: ArchivedMessage,
  { verdict, reading, chart }: Interpretation,
  { earlier, replaces }: KnownBeside,
): Promise<void> {
  const filing: Filing = {
    fate: verdict.fate,
    event: eventOf(reading),
    untaken: untakenOf(verdict),
    chart,
    custodian: custodianOf(incoming, verdict, chart !== undefined),
    replaces,
  };
  if (earlier === undefined) {
    planArchive(draft, incoming, archived, filing, await contentOf(draft.context, incoming));
  } else await refile(draft, archived, filing);
}

/** For whoever reads the chart: the acknowledgment tells the sender alone. */
function untakenOf({ remarks }: MessageVerdict): string | undefined {
  const told = remarks.filter(({ issue }) => issue === 'content-not-taken');
  return told.length === 0 ? undefined : told.map(remarkText).join('; ');
}

/**
 * A message in a chart is its sender's, or the receiver's where the sender is no member; one that is kept apart is for the
 * receiver's eyes.
 */
function custodianOf(incoming: Incoming, { kind, keptFor }: MessageVerdict, inChart: boolean): Ref | '' {
  const isSenders = inChart || kind === 'consent-needed';
  return keptFor ?? (isSenders ? keeperOfMessage(incoming) : receiverOf(incoming)) ?? '';
}

const receiverOf = ({ receiver, link }: Incoming): Ref | undefined => receiver ?? onlyReceiver(link);

/** Provenance, and the work item: opened, turned or closed. */
async function finish(
  draft: Draft,
  incoming: Incoming,
  archived: ArchivedMessage,
  { verdict, reading, chart, lacksNote, lacksNotice }: Interpretation,
  { earlier, by }: KnownBeside,
): Promise<ProcessedMessage> {
  const number = reading === undefined ? undefined : reading.referralId;
  const owner = ownerOf(incoming, verdict);
  const filing = { custodian: custodianOf(incoming, verdict, chart !== undefined), chart };
  const codeMaps = reading?.codes?.used ?? [];
  const assembler = incoming.carried?.assembler ?? MAPPING;
  const entered = by ?? incoming.carried?.broughtBy;
  planProvenance(draft, incoming, archived, filing, { assembler, by: entered, codeMaps });
  const unmapped = reading?.codes?.unmapped ?? [];
  if (verdict.fate === 'applied' && unmapped.length > 0)
    await askForRows(draft, incoming, archived, receiverOf(incoming) ?? '', unmapped);
  const { kind } = verdict;
  if (kind !== undefined && earlier === undefined) {
    planItem(draft, incoming, archived, { kind, owner, verdict, number });
  } else if (kind !== undefined && earlier !== undefined) {
    await turnItem(draft, earlier.item.ref, kind, verdict);
  } else if (earlier !== undefined) {
    await closeItem(draft, earlier.item.ref, verdict.fate === 'late' ? 'filed as late' : 'applied');
  }
  if (verdict.alsoAsked !== undefined) {
    planItem(draft, incoming, archived, { kind: verdict.alsoAsked, owner, verdict, number });
  }
  if (lacksNotice === true) {
    const owed = onlyNotice(verdict);
    planItem(draft, incoming, archived, { kind: 'part2-notice-missing', owner, verdict: owed, number });
  }
  if (lacksNote === true) {
    const event = eventOf(reading) ?? '';
    planItem(draft, incoming, archived, {
      kind: 'note-missing',
      owner,
      verdict: { ...verdict, remarks: [remark('referral-rule', 'W', '', `${event} came without its note`)] },
      number,
      event,
    });
  }
  return { draft, verdict, number, sentAt: reading?.sentAt, archived };
}

/** Who captures a consent is the sender; else the other party of the referral acts, or whom the message addresses. */
function ownerOf(incoming: Incoming, { referral, kind, keptFor }: MessageVerdict): Ref | '' {
  if (keptFor !== undefined) return keptFor;
  if (kind === 'consent-needed') return keeperOfMessage(incoming) ?? receiverOf(incoming) ?? '';
  if (referral === undefined) return receiverOf(incoming) ?? '';
  const { initiator, recipient } = referral;
  return incoming.sender === initiator ? recipient : initiator;
}

/** The event of the table that a message tells of; undefined for notes, pings and what is none. */
function eventOf(reading: MessageReading | undefined): Event | undefined {
  switch (reading?.event) {
    case undefined:
    case 'note':
    case 'none':
    case 'status-ping':
    case 'patient-update':
      return undefined;
    default:
      return reading?.event;
  }
}
