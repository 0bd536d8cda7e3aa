/** ER7 → reading: envelope, numbers, person and content of a message, with the findings about them. */
import { translateCodes } from '../mapping/code-maps.ts';
import type { Message } from '../message.ts';
import type { Remark } from '../../ports/inbound.ts';
import { checkValues } from './check-values.ts';
import { orcOf, readNumbers, readPast, readPerson } from './correlation.ts';
import { meaningOf, type Meaning } from './events.ts';
import { findUntaken } from './find-untaken.ts';
import { createFindings, type Findings } from './findings.ts';
import { checkHeader, readEnvelope, type MessageEnvelope } from './header.ts';
import type { MessageDefinition, RequestParts } from './message-definition.ts';
import { hasNotice } from './notice.ts';
import type { MessageReading, ReadingContent, ReadingContext, UnreadMessage } from './reading.ts';
import { definitionNamed } from './registry.ts';
import { unsupportedKind } from './supported.ts';

/**
 * The reading of a message; a fault when the server does not read its kind.
 *
 * @param envelope where the header was read before
 */
export function readMessage(
  received: Message,
  context: ReadingContext,
  envelope = readEnvelope(received, context),
): MessageReading | UnreadMessage {
  const definition = definitionNamed(envelope.header.message);
  if (definition === undefined) return unsupported(envelope);
  const { codeMaps } = context;
  if (codeMaps === undefined || Object.keys(codeMaps).length === 0)
    return readAs(definition, received, envelope, context);
  const { message, ...codes } = translateCodes(received, codeMaps);
  const reading = readAs(definition, message, envelope, context);
  const told = codes.unmapped.map(({ field, canonical }): Remark => ({
    location: field,
    code: '103',
    severity: 'W',
    issue: 'code-unknown',
    says: `a code has no row in ${canonical}`,
  }));
  return { ...reading, codes, findings: [...reading.findings, ...told] };
}

function readAs(
  definition: MessageDefinition,
  message: Message,
  envelope: MessageEnvelope,
  context: ReadingContext,
): MessageReading {
  const { structures, family } = definition;
  const { header, claims360X } = envelope;
  const findings = createFindings({ family, claims360X });
  checkHeader(envelope, structures, context, findings);
  const numbers = readNumbers(message, family, context, envelope, findings);
  const patient = readPerson(message, context, header, findings);
  const orc = orcOf(message);
  const occurredAt = readPast(orc?.dateTimeOfTransaction, 'ORC-9', context, findings) ?? header.sentAt;
  const about = { kind: 'reading', ...header, ...numbers, patient, occurredAt } as const;
  const content = readContent(definition, message, { header, ...numbers, patient }, context, findings);
  checkValues(message, family, findings);
  for (const { segment, places } of findUntaken(message, family)) findings.untaken(segment, places);
  return { ...about, ...content, ...(hasNotice(message) && { isNoticed: true }), findings: findings.all };
}

function readContent(
  definition: MessageDefinition,
  message: Message,
  parts: RequestParts,
  context: ReadingContext,
  findings: Findings,
): ReadingContent {
  if ('read' in definition) return definition.read(message, parts, context, findings);
  const orc = orcOf(message);
  const said = {
    orderControl: orc?.orderControl ?? '',
    orderStatus: orc?.orderStatus ?? '',
    hasDocument: context.hasDocument ?? false,
    sender: context.sender,
    state: context.state,
  };
  const meant = definition.means(said.orderControl);
  const orderControl = meant.orderControl?.(message) ?? said.orderControl;
  const { event } = noteMeaning(meaningOf(meant, { ...said, orderControl }), findings);
  if (event === 'none' || event === 'status-ping') return { event };
  return meant.read(event, message, parts, context, findings);
}

function noteMeaning(meaning: Meaning, findings: Findings): Meaning {
  if ('belongsTo' in meaning) findings.add('direction');
  else if (meaning.event === 'none') findings.add('no-event');
  return meaning;
}

const unsupported = ({ header }: MessageEnvelope): UnreadMessage => ({
  kind: 'fault',
  issue: 'unsupported-message',
  header,
  findings: unsupportedKind(header.message),
});
