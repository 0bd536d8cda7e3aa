/**
 * OSU^O51: the status of a referral (360X PCC-55 to PCC-59): acceptance, decline, interim note, outcome, cancellation
 * request and its confirmation. ORC-1 and ORC-5 say which; ORC-16 has the reason, in words in ORC-16.2.
 */
import type { CodeableConcept } from '../../fhir/types.ts';
import type { State } from '../../referral/state.ts';
import { transactionOf } from '../../referral/transactions.ts';
import type { SegmentValues } from '../build.ts';
import { practitionerOf } from '../mapping/clinician.ts';
import { readReason, writeReason } from '../mapping/concept.ts';
import { writeDateTime } from '../mapping/moment.ts';
import { writePractitioner } from '../mapping/person.ts';
import type { Message } from '../message.ts';
import { buildOrc } from '../segments/orc.ts';
import { checkOneOrder, NUMBER_PLACES, orcOf } from './correlation.ts';
import {
  buildPerson,
  fillerNumber,
  placerNumber,
  type BuildingContext,
  type ReferralResources,
} from './building.ts';
import type { Findings } from './findings.ts';
import { buildHeader } from './header.ts';
import type { Meant, MessageDefinition } from './message-definition.ts';
import { writeNotice } from './notice.ts';
import type { MessageHeader, StatusEvent } from './reading.ts';

/** The reason of a decline that gives none. The server takes such a decline, because losing it would be worse. */
const NOT_STATED: CodeableConcept = { text: 'not stated' };

/** Events whose message comes with a note. */
const WITH_NOTE: ReadonlySet<StatusEvent> = new Set(['send-interim-note', 'send-referral-outcome']);

/** Task.statusReason; `hasDocument`: whether the note came before. */
function readStatusReason(
  message: Message,
  event: StatusEvent,
  { sendingFacility = '' }: MessageHeader,
  hasDocument: boolean,
  findings: Findings,
): CodeableConcept | undefined {
  checkOneOrder(message, findings);
  const orc = orcOf(message);
  const isRequest = event === 'send-cancellation-request';
  if (!isRequest && (orc?.orderingProvider.length ?? 0) > 0) findings.add('provider-in-status');
  if (WITH_NOTE.has(event) && !hasDocument) findings.add('no-note');
  const reason = readReason(orc?.orderControlCodeReason, sendingFacility);
  if (event !== 'send-decline' || reason !== undefined) return reason;
  findings.add('reason-of-decline');
  return NOT_STATED;
}

/** The events of OSU^O51, also for an order that is withdrawn by another message. */
export const STATUS: Meant = {
  message: 'OSU^O51',
  isPing: (orderControl, orderStatus) =>
    orderControl === 'SC' && (orderStatus === 'IP' || orderStatus === ''),
  read: (told, message, { header }, context, findings) => {
    const event = told as StatusEvent; // the rows of OSU^O51 have no others
    const hasDocument = context.hasDocument ?? false;
    return { event, reason: readStatusReason(message, event, header, hasDocument, findings) };
  },
};

/** The definition of OSU^O51. */
export const OSU_O51: MessageDefinition = {
  name: 'OSU^O51',
  structures: ['OSU_O51'],
  family: {
    findings: 'OSU',
    isProfiled: true,
    numbers: [NUMBER_PLACES.ORC],
    makesReferral: false,
    required: ['PID-5', 'ORC-1'],
    taken: 'OSU',
  },
  formatCode: 'urn:ihe:pcc:360x:hl7:OSU:O51:2017',
  means: () => STATUS,
};

/** The status as the segments of a message; `from` is the state before the event. */
export function buildStatus(
  event: StatusEvent,
  from: State,
  referral: ReferralResources,
  context: BuildingContext,
): readonly SegmentValues[] {
  const { task, resolve } = referral;
  const { orderControl, orderStatus } = transactionOf(event, from);
  const isRequest = event === 'send-cancellation-request';
  const requester = isRequest ? practitionerOf(task.requester, resolve) : undefined;
  const orc = buildOrc({
    orderControl: event === 'send-decline' ? context.declineOrderControl : orderControl,
    placerOrderNumber: placerNumber(referral, context),
    fillerOrderNumber: isRequest ? undefined : fillerNumber(referral, context),
    orderStatus: orderStatus || undefined,
    dateTimeOfTransaction: writeDateTime(task.lastModified),
    orderingProvider: requester === undefined ? [] : [writePractitioner(requester, context.namespaces)],
    ...(context.notice.length > 0 && { confidentialityCode: { identifier: 'R' } }),
    orderControlCodeReason: WITH_REASON.has(event) ? writeReason(reasonOf(event, referral)) : undefined,
  });
  const withRecipient = !isRequest && context.recipientNumber === 'always';
  return [
    buildHeader(OSU_O51, context),
    ...writeNotice(context),
    buildPerson(referral, context, withRecipient),
    orc,
  ];
}

/**
 * Events with a reason of their own. For any other event Task.statusReason is an earlier event's: a confirmation would
 * repeat the reason of the request.
 */
const WITH_REASON: ReadonlySet<StatusEvent> = new Set(['send-decline', 'send-cancellation-request']);

/** The text of a decline's reason. A decline must have one, and has no other field for the recipient's notes. */
function reasonOf(event: StatusEvent, { task }: ReferralResources): CodeableConcept | undefined {
  if (event !== 'send-decline') return task.statusReason;
  const reason = task.statusReason ?? NOT_STATED;
  const words = reason.text ?? reason.coding?.[0]?.display ?? NOT_STATED.text;
  const notes = (task.note ?? []).map(({ text }) => text);
  return { ...reason, text: [words, ...notes].join('; ') };
}
