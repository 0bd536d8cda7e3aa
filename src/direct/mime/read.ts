/**
 * A mail is read: its header, its leaves (RFC 5322, 2045–2047, 2231, 3676), what it asks for, and whether a machine wrote
 * it. Only what was verified is read for its content.
 */
import type { DirectAddress, DirectPart } from '../../ports/direct.ts';
import { readContext } from './context.ts';
import { readDate } from './date.ts';
import type { MailFault, MailRemark } from './faults.ts';
import { partTypeOf, readMailHeader, valueOf, type HeaderBlock, type HeaderField } from './header.ts';
import { readLeaves, type Leaf } from './leaves.ts';
import type { MailLimits } from './limits.ts';
import { readMailboxes, readMessageId, readMessageIds, readMailbox } from './mailbox.ts';
import { decodeWords } from './words.ts';

export interface MailText {
  readonly kind: 'mail';
  readonly from: DirectAddress;
  /** The addresses of To and Cc that are Direct addresses, each once. */
  readonly to: readonly DirectAddress[];
  /** Whom the last mail server on its way delivered it for: before it looked aliases up (X-Original-To), and after. */
  readonly originalTo: DirectAddress | undefined;
  readonly deliveredTo: DirectAddress | undefined;
  /** Without angle brackets and blanks. */
  readonly messageId: string | undefined;
  /** The ids of In-Reply-To, then of References. */
  readonly references: readonly string[];
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number | undefined;
  /** Who asks for notifications, by Disposition-Notification-To. */
  readonly notificationsTo: DirectAddress | undefined;
  /** Whether the sender asks for the notification that the mail reached its final destination (dispatched). */
  readonly asksDispatched: boolean;
  /** A report, an automatic reply, or a mail of nobody. */
  readonly isAutomatic: boolean;
  /** How many servers it passed (Received): a mail that circles has many. */
  readonly hops: number;
  /** The type of a multipart/report, in lower case: `disposition-notification`, `delivery-status`. */
  readonly reportType: string | undefined;
  /** The leaves, in order; the parts of a report included. */
  readonly parts: readonly DirectPart[];
  /** Expressing Context in Direct Messaging 1.1: the keys, in lower case, and values of the part that X-Direct-Context names. */
  readonly context: ReadonlyMap<string, string>;
  readonly remarks: readonly MailRemark[];
}

export type MailReading = MailText | { readonly kind: 'fault'; readonly fault: MailFault };

/** Fields by which something is decided: two of a name are refused (RFC 5322, 3.6). */
const ONCE: ReadonlySet<string> = new Set([
  'from',
  'sender',
  'to',
  'message-id',
  'content-type',
  'content-transfer-encoding',
  'disposition-notification-to',
  'disposition-notification-options',
  'auto-submitted',
  'x-direct-context',
]);

/** Never throws, whatever the bytes. */
export function readMail(bytes: Uint8Array, limits: MailLimits): MailReading {
  const head = readHead(bytes, limits);
  if (typeof head === 'string') return { kind: 'fault', fault: head };
  const { header, from } = head;
  const body = readLeaves(bytes, header, limits);
  if (body.kind === 'fault') return body;
  const { fields } = header;
  return { ...readFields(fields, from), ...readBody(fields, body.leaves), remarks: body.remarks };
}

/**
 * What a mail says in its header, without its parts: enough for a mail whose content is encrypted, or not believed, and
 * quick, however long it is. Never throws.
 */
export function readMailHead(bytes: Uint8Array, limits: MailLimits): MailReading {
  const head = readHead(bytes, limits);
  if (typeof head === 'string') return { kind: 'fault', fault: head };
  const { fields } = head.header;
  return { ...readFields(fields, head.from), ...readBody(fields, []), remarks: [] };
}

function readHead(
  bytes: Uint8Array,
  limits: MailLimits,
): { readonly header: HeaderBlock; readonly from: DirectAddress } | MailFault {
  if (bytes.length > limits.bytesMax) return 'too-long';
  const header = readMailHeader(bytes, limits);
  if (typeof header === 'string') return header;
  if (hasTwice(header.fields)) return 'header-twice';
  const from = readMailbox(valueOf(header.fields, 'from') ?? '');
  return from === undefined ? 'no-sender' : { header, from };
}

function hasTwice(fields: readonly HeaderField[]): boolean {
  const names = fields.map(({ name }) => name).filter((name) => ONCE.has(name));
  return new Set(names).size < names.length;
}

type Fields = Omit<MailText, 'parts' | 'context' | 'remarks' | 'reportType' | 'isAutomatic'>;

function readFields(fields: readonly HeaderField[], from: DirectAddress): Fields {
  const value = (name: string): string => valueOf(fields, name) ?? '';
  return {
    kind: 'mail',
    from,
    to: readMailboxes(`${value('to')}, ${value('cc')}`),
    originalTo: readMailboxes(value('x-original-to'))[0],
    deliveredTo: readMailboxes(value('delivered-to'))[0],
    messageId: readMessageId(valueOf(fields, 'message-id')),
    references: [
      ...new Set([...readMessageIds(value('in-reply-to')), ...readMessageIds(value('references'))]),
    ],
    subject: decodeWords(value('subject')),
    sentAt: readDate(value('date')),
    notificationsTo: readMailboxes(value('disposition-notification-to'))[0],
    asksDispatched: asksDispatched(value('disposition-notification-options')),
    hops: fields.filter(({ name }) => name === 'received').length,
  };
}

/** Options (RFC 8098, 2.2): `X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true`, divided by semicolons. */
function asksDispatched(options: string): boolean {
  return options.split(';').some((option) => {
    const [name = '', values = ''] = option.split('=');
    const [importance = '', ...words] = values.split(',').map((word) => word.trim().toLowerCase());
    return (
      name.trim().toLowerCase() === 'x-direct-final-destination-delivery' &&
      (importance === 'optional' || importance === 'required') &&
      words.includes('true')
    );
  });
}

function readBody(
  fields: readonly HeaderField[],
  leaves: readonly Leaf[],
): Pick<MailText, 'parts' | 'context' | 'reportType' | 'isAutomatic'> {
  const reportType = reportTypeOf(fields, leaves);
  return {
    parts: leaves.map(({ contentType, fileName, bytes }) => ({ contentType, fileName, bytes })),
    context: readContext(valueOf(fields, 'x-direct-context'), leaves),
    reportType,
    isAutomatic: reportType !== undefined || isOfMachine(fields),
  };
}

/** What a report is about, by its parameter; where that is missing, by its second part (RFC 6522, 3). */
function reportTypeOf(fields: readonly HeaderField[], leaves: readonly Leaf[]): string | undefined {
  const { value, parameters } = partTypeOf(fields);
  const named = parameters.get('report-type')?.toLowerCase();
  const found = leaves
    .find(({ contentType }) => REPORTS.has(contentType))
    ?.contentType.slice('message/'.length);
  if (value === 'multipart/report') return named ?? found ?? 'unknown';
  // A report that is the mail itself, without a multipart around it.
  return leaves.length === 1 ? found : undefined;
}

const REPORTS: ReadonlySet<string> = new Set(['message/disposition-notification', 'message/delivery-status']);

const PRECEDENCES: ReadonlySet<string> = new Set(['bulk', 'junk', 'list', 'auto_reply']);

/** RFC 3834, and the fields that were used before it. */
function isOfMachine(fields: readonly HeaderField[]): boolean {
  const automatic = valueOf(fields, 'auto-submitted')?.split(';')[0]?.trim().toLowerCase() ?? 'no';
  return (
    automatic !== 'no' ||
    valueOf(fields, 'return-path')?.replaceAll(/\s/g, '') === '<>' ||
    PRECEDENCES.has(valueOf(fields, 'precedence')?.toLowerCase() ?? '') ||
    fields.some(({ name }) => name === 'x-autoreply' || name === 'x-autorespond' || name === 'list-id')
  );
}
