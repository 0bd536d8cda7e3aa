/**
 * A Direct mail as a message that came in: who sent it to whom, the message of its package where it has one, what is beside
 * it, and what the mail itself decides.
 */
import { formatInstant } from '../../fhir/datetime.ts';
import type { Ref } from '../../fhir/types.ts';
import type { PackageLimits } from '../../direct/xdm/read-package.ts';
import type { ReceivedSubmission } from '../../direct/xdm/submission.ts';
import { turnAway } from '../../hl7v2/messages/supported.ts';
import type { OperationContext } from '../../operations/context.ts';
import { writeCameBy } from '../../resources/parties/came-by.ts';
import type { DirectMail } from '../../ports/direct.ts';
import type { Remark } from '../../ports/inbound.ts';
import type { Snapshot } from '../../ports/store.ts';
import { MAPPING_VERSION } from '../../resources/message-codes.ts';
import type { Assembler } from '../archive.ts';
import { asked, quarantined, remark, type MessageVerdict } from '../fate.ts';
import type { Carried } from '../hl7v2/carried.ts';
import { openArrived, readIncoming, type Incoming } from '../hl7v2/incoming.ts';
import { checkConsistency, type Consistency } from './consistency.ts';
import { directLink } from './direct-link.ts';
import { introductionOf, type Introduction } from './introduce.ts';
import { contentOfMail } from './kept-mail.ts';
import { hasStatement, contentOfParts, type MailContent } from './mail-content.ts';
import { findMailParties, type MailParties } from './mail-parties.ts';

/** A mail with what it holds. */
export interface TakenMail {
  readonly mail: DirectMail;
  readonly content: MailContent;
}

/** Takes a mail apart. What is not believed is not looked into. */
export const arrive = async (mail: DirectMail, limits: PackageLimits): Promise<TakenMail> => ({
  mail,
  content:
    mail.distrust === undefined
      ? await contentOfParts(mail, limits)
      : { kind: 'apart', says: `the mail is not believed: ${mail.distrust}` },
});

const ASSEMBLER: Assembler = {
  identifier: { system: 'https://closeloop.dev/direct-mapping', value: MAPPING_VERSION },
  name: `Direct and HL7 v2 mapping ${MAPPING_VERSION}`,
};

const NOBODY: MailParties = { receiver: undefined, sender: undefined, isStranger: false };

/** A mail in the form in which messages are processed. */
export async function incomingOf(
  context: OperationContext,
  snapshot: Snapshot,
  { mail, content }: TakenMail,
): Promise<Incoming> {
  const parties =
    mail.distrust === undefined ? await findMailParties(snapshot, mail, mail.receivedAt) : NOBODY;
  if (content.kind === 'message') return incomingMessage(context, snapshot, mail, content, parties);
  const documents = content.kind === 'plain' ? content.documents : [];
  const carried: Carried = {
    ...carriedBy(context, mail, { uniqueId: undefined, type: 'Direct mail' }),
    documents,
    remarks: [],
    isFlagged: false,
    verdict: verdictOf(mail, content),
    ofUnknown: whyUnknown(parties),
    introduce: undefined,
    noteRequest: () => undefined,
  };
  return {
    ...addressed(mail, parties, undefined),
    link: directLink([]),
    bytes: mail.bytes,
    toleranceMs: context.settings.aheadToleranceMs,
    message: undefined,
    envelope: undefined,
    header: undefined,
    barred: undefined,
    sentAt: sentAtOf(mail, context.settings.aheadToleranceMs),
    carried,
  };
}

/** Why nobody is known as the sender, without the address (directory DR48); undefined where somebody is. */
function whyUnknown({ sender, isStranger }: MailParties): string | undefined {
  if (sender !== undefined) return undefined;
  return isStranger
    ? 'no verified Endpoint of anybody whom you know has the address of its sender: verify one and replay the message, or link the message to its referral'
    : 'several organizations whom you know have the address of its sender: leave the address to one of them and replay the message, or link the message to its referral';
}

const SENT_ON = 'its sender wrote the mail to another address, so somebody may have passed it on';

/** What a mail without a message of 360X comes to. */
function verdictOf({ distrust, to, writtenTo }: DirectMail, content: MailContent): MessageVerdict {
  if (distrust !== undefined)
    return quarantined([remark('sender-mismatch', 'E', '', `the mail is not believed: ${distrust}`)]);
  if (content.kind === 'plain') {
    const says = 'the mail holds no message about a referral; somebody must say to which referral it belongs';
    // Somebody may have encrypted again for us what was signed for another (direct-xdm 8, check 5).
    const isSentOn = writtenTo !== undefined && !writtenTo.includes(to);
    const remarks = isSentOn ? [remark('structure-invalid', 'W', '', SENT_ON)] : [];
    return asked('mail-unsorted', [remark('referral-rule', 'W', '', says), ...remarks]);
  }
  const says = content.kind === 'message' ? '' : content.says;
  return quarantined([remark('structure-invalid', 'E', '', says)]);
}

/** When it was sent, by its sender's clock; undefined where that clock runs ahead. */
const sentAtOf = ({ sentAt, receivedAt }: DirectMail, toleranceMs: number): string | undefined =>
  sentAt === undefined || sentAt > receivedAt + toleranceMs ? undefined : formatInstant(sentAt);

/** Who sends to whom, and who keeps what comes of it (harmony Z45). */
function addressed(
  { from, receivedAt }: DirectMail,
  { receiver, sender }: MailParties,
  introduced: Ref | undefined,
): Pick<Incoming, 'address' | 'receivedAt' | 'sender' | 'receiver' | 'keeper'> {
  return {
    address: from,
    receivedAt,
    sender: sender?.organization ?? introduced,
    receiver,
    ...(sender?.isMember !== true && { keeper: receiver }),
  };
}

const carriedBy = (
  context: OperationContext,
  mail: DirectMail,
  about: { readonly uniqueId: string | undefined; readonly type: string },
): Pick<Carried, 'content' | 'assembler' | 'isNoticed' | 'broughtBy'> => ({
  content: () => contentOfMail(context, mail, about),
  assembler: ASSEMBLER,
  isNoticed: hasStatement(mail),
  broughtBy: mail.broughtBy,
});

type PackagedMessage = Extract<MailContent, { readonly kind: 'message' }>;

async function incomingMessage(
  context: OperationContext,
  snapshot: Snapshot,
  mail: DirectMail,
  content: PackagedMessage,
  parties: MailParties,
): Promise<Incoming> {
  const { message, submission, documents, says } = content;
  const { receivedAt, from } = mail;
  const toleranceMs = context.settings.aheadToleranceMs;
  const { sourcePatientId } = submission;
  const link = directLink(sourcePatientId === undefined ? [] : [sourcePatientId.assigner]);
  const arrived = { link, bytes: message.bytes, address: from, signal: NEVER };
  const opened = await openArrived(context, arrived, receivedAt, toleranceMs);
  const barred = barredBy(opened);
  const { remarks, isApart, isFlagged } =
    barred === undefined ? await compare(context, opened, mail, content) : NOTHING;
  const introduction = await introductionFor(context, snapshot, mail, submission, parties);
  const endpoint = parties.sender?.endpoint ?? introduction?.endpoint;
  const told = says.map((words) => remark('structure-invalid', 'I', '', words));
  const { uniqueId } = submission;
  const carried: Carried = {
    ...carriedBy(context, mail, {
      uniqueId,
      type: `360X package with HL7 v2 ${opened.header?.message ?? ''}`,
    }),
    documents,
    remarks: [...told, ...remarks],
    isFlagged,
    verdict: isApart ? quarantined([...told, ...remarks]) : undefined,
    ofUnknown: whyUnknown(parties),
    introduce: introduction?.plan,
    noteRequest: (draft, order) => {
      if (endpoint === undefined) return;
      draft.records.push(writeCameBy(order, { endpoint, address: from, at: draft.now }));
    },
  };
  return { ...opened, ...addressed(mail, parties, introduction?.organization), barred, carried };
}

const NEVER = new AbortController().signal;
const NOTHING: Consistency = { remarks: [], isApart: false, isFlagged: false };

/** Why the message is none that is read here; undefined when it is one. MSH-4 and MSH-6 decide nothing: the addresses do. */
function barredBy({ header, barred, link }: Incoming): Remark | undefined {
  return header === undefined ? barred : turnAway(header, link)?.remarks[0];
}

async function compare(
  context: OperationContext,
  opened: Incoming,
  mail: DirectMail,
  { message, submission }: PackagedMessage,
): Promise<Consistency> {
  const { link, receivedAt, toleranceMs } = opened;
  const reading = await readIncoming(context, opened, {
    newId: context.newId,
    zone: link.zone,
    receivedAt,
    toleranceMs,
    namespaces: link.namespaces,
  });
  return reading.kind === 'fault' ? NOTHING : checkConsistency({ mail, submission, message, reading });
}

/** Makes a sender known whom the receiver does not know; requests alone use it. */
async function introductionFor(
  { newId }: OperationContext,
  snapshot: Snapshot,
  mail: DirectMail,
  { author }: ReceivedSubmission,
  { receiver, isStranger }: MailParties,
): Promise<Introduction | undefined> {
  if (receiver === undefined || !isStranger) return undefined;
  return introductionOf(snapshot, newId, mail, receiver, author?.institution?.name);
}
