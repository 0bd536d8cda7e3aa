/**
 * Reads any message. The server may read a message twice, because the meaning of ORC-1 depends on the referral: first
 * to find the referral, then with its state and the sender's side.
 */
import type { Message } from '../message.ts';
import { translateCodes } from '../mapping/code-maps.ts';
import type { Remark } from '../../ports/inbound.ts';
import { readMerged } from './adt.ts';
import { orcOf, readNumbers, readPast, readPerson } from './correlation.ts';
import { meaningOf, type Meaning } from './events.ts';
import { createFindings, type Findings } from './findings.ts';
import { checkHeader, claims360X, messageNamed, readHeader } from './header.ts';
import { readNote } from './mdm-t02.ts';
import { readReferralRequest } from './omg-o19.ts';
import { readStatusReason } from './osu-o51.ts';
import { unsupportedKind } from './supported.ts';
import type {
  ReadingBase,
  UnreadMessage,
  MessageHeader,
  MessageName,
  MessageReading,
  ReadingContext,
} from './reading.ts';
import { readPatientReferral } from './ref-i12.ts';
import { checkValues } from './check-values.ts';
import { findUntaken } from './find-untaken.ts';
import { isVisitEvent, readVisit } from './siu.ts';

/** The reading of a message; a fault when the server does not read its kind. */
export function readMessage(received: Message, context: ReadingContext): MessageReading | UnreadMessage {
  const { codeMaps } = context;
  if (codeMaps === undefined || Object.keys(codeMaps).length === 0) return readTranslated(received, context);
  const { message, ...codes } = translateCodes(received, codeMaps);
  const reading = readTranslated(message, context);
  if (reading.kind === 'fault') return reading;
  const told = codes.unmapped.map(({ field, canonical }): Remark => ({
    location: field,
    code: '103',
    severity: 'W',
    issue: 'code-unknown',
    says: `a code has no row in ${canonical}`,
  }));
  return { ...reading, codes, findings: [...reading.findings, ...told] };
}

function readTranslated(message: Message, context: ReadingContext): MessageReading | UnreadMessage {
  const header = readHeader(message, context);
  const name = messageNamed(header.message);
  if (name === undefined) return unsupported(header);
  const findings = createFindings({ message: name, claims360X: claims360X(message) });
  checkHeader(message, name, context, findings);
  const numbers = readNumbers(message, name, context, header, findings);
  const patient = readPerson(message, context, header, findings);
  const orc = orcOf(message);
  const occurredAt = readPast(orc?.dateTimeOfTransaction, 'ORC-9', context, findings) ?? header.sentAt;
  const about = { kind: 'reading', ...header, ...numbers, patient, occurredAt } as const;
  const meant = readMeaning(message, name, { header, ...numbers, patient }, context, findings);
  checkValues(message, name.slice(0, 3), findings);
  for (const { segment, places } of findUntaken(message, name.slice(0, 3))) findings.untaken(segment, places);
  return { ...about, ...meant, findings: findings.all };
}

type Parts = Parameters<typeof readReferralRequest>[1];
/** The members of a reading that only its kind has. */
type Own = MessageReading extends infer Each
  ? Each extends MessageReading
    ? Omit<Each, keyof ReadingBase>
    : never
  : never;

function readMeaning(
  message: Message,
  name: MessageName,
  parts: Parts,
  context: ReadingContext,
  findings: Findings,
): Own {
  const { header } = parts;
  if (name === 'MDM^T02') {
    return { event: 'note', ...readNote(message, header, context, findings) };
  }
  if (name.startsWith('ADT')) {
    const merged = name === 'ADT^A40' ? readMerged(message, context, findings) : [];
    return { event: 'patient-update', merged };
  }
  const { event } = noteMeaning(saidBy(message, name, context), findings);
  if (event === 'none' || event === 'status-ping') return { event };
  if (event === 'send-referral-package') {
    const read = name === 'REF^I12' ? readPatientReferral : readReferralRequest;
    return { event, resources: read(message, parts, context, findings) };
  }
  if (isVisitEvent(event)) return { event, ...readVisit(message, event, parts, context, findings) };
  const hasDocument = context.hasDocument ?? false;
  return { event, reason: readStatusReason(message, event, header, hasDocument, findings) };
}

function saidBy(message: Message, name: MessageName, context: ReadingContext): Meaning {
  const orc = orcOf(message);
  return meaningOf({
    message: name,
    orderControl: orc?.orderControl ?? '',
    orderStatus: orc?.orderStatus ?? '',
    hasDocument: context.hasDocument ?? false,
    sender: context.sender,
    state: context.state,
  });
}

function noteMeaning(meaning: Meaning, findings: Findings): Meaning {
  if ('belongsTo' in meaning) findings.add('direction');
  else if (meaning.event === 'none') findings.add('no-event');
  return meaning;
}

function unsupported(header: MessageHeader): UnreadMessage {
  return { kind: 'fault', issue: 'unsupported-message', header, findings: unsupportedKind(header.message) };
}
