/**
 * A notification that came back: MDN (RFC 8098) or DSN (RFC 3464), in every form that peers send (direct-xdm 6). It
 * counts only when its signer covers the domain of the final recipient, and that address was sent the message.
 */
import type { DirectAddress } from '../../ports/direct.ts';
import { readMessageId, readMailbox } from '../mime/mailbox.ts';
import type { MailReading, MailText } from '../mime/read.ts';
import { readFieldGroups, type FieldGroup } from './field-groups.ts';

export interface DispositionReading {
  readonly kind: 'mdn' | 'dsn';
  /**
   * What became of the message. `processed` and `dispatched` as in Direct; `displayed` and `deleted` are of mail clients
   * and of importers (ITI-32); `other` says nothing (a delay, an unknown word).
   */
  readonly outcome: 'processed' | 'dispatched' | 'displayed' | 'deleted' | 'failed' | 'other';
  /** Without angle brackets and blanks. */
  readonly originalMessageId: string | undefined;
  /** Where the original id is missing: the ids of In-Reply-To and References, to correlate by. */
  readonly references: readonly string[];
  /** In lower case; undefined when it is no Direct address. */
  readonly finalRecipient: DirectAddress | undefined;
  /** The word of the disposition as it came, in lower case: `processed`; of a DSN its action. */
  readonly word: string;
  /** Its modifiers, in lower case: `error`. */
  readonly modifiers: readonly string[];
  /** Of a failure: what the other side says, at most 500 characters, for the sender's eyes alone. */
  readonly failure: string | undefined;
  /** Status of a DSN: `5.1.1`. */
  readonly status: string | undefined;
}

const MDN = 'message/disposition-notification';
const DSN = 'message/delivery-status';

/** One reading for each recipient that the notification is about; none for a mail that is no notification. */
export function readDispositions(reading: MailReading): readonly DispositionReading[] {
  if (reading.kind === 'fault' || reading.reportType === undefined) return [];
  const part = reading.parts.find(({ contentType }) => contentType === MDN || contentType === DSN);
  if (part === undefined) return [];
  const [first, ...more] = readFieldGroups(part.bytes);
  if (first === undefined) return [];
  if (part.contentType === MDN) return [readMdn(first, reading)];
  const original = originalOf(reading) ?? readMessageId(first.get('x-original-message-id'));
  return more.map((group) => readDsn(group, original, reading));
}

/** `action/sending; type/modifier,modifier`; some leave out what stands before the semicolon. */
function readMdn(fields: FieldGroup, { references }: MailText): DispositionReading {
  const disposition = (fields.get('disposition') ?? '').split(';').at(-1) ?? '';
  const [word = '', ...rest] = disposition
    .toLowerCase()
    .split(/[/,]/)
    .map((piece) => piece.trim());
  const modifiers = rest.filter((modifier) => modifier !== '');
  const failure = textOf(fields.get('failure')) ?? textOf(fields.get('error'));
  const outcome = outcomeOf(word, modifiers, failure !== undefined);
  return {
    kind: 'mdn',
    outcome,
    originalMessageId: readMessageId(fields.get('original-message-id')),
    references,
    finalRecipient: recipientOf(fields),
    word,
    modifiers,
    failure: outcome === 'failed' ? (failure ?? textOf(disposition)) : undefined,
    status: undefined,
  };
}

/**
 * What a disposition means. `error` and `failed` are failures as words and as modifiers; an importer that could not take a
 * package says `deleted/error` (ITI-32).
 */
const OUTCOMES: ReadonlyMap<string, DispositionReading['outcome']> = new Map([
  ['processed', 'processed'],
  ['dispatched', 'dispatched'],
  ['displayed', 'displayed'],
  ['deleted', 'deleted'],
  ['failed', 'failed'],
  ['failure', 'failed'],
  ['error', 'failed'],
]);

function outcomeOf(
  word: string,
  modifiers: readonly string[],
  hasFailure: boolean,
): DispositionReading['outcome'] {
  const isFailed = hasFailure || modifiers.some((modifier) => OUTCOMES.get(modifier) === 'failed');
  return isFailed ? 'failed' : (OUTCOMES.get(word) ?? 'other');
}

/** The fields about one recipient (RFC 3464, 2.3). A delay is no failure, and a relay has delivered to nobody. */
function readDsn(
  fields: FieldGroup,
  originalMessageId: string | undefined,
  { references }: MailText,
): DispositionReading {
  const word = (fields.get('action') ?? '').toLowerCase();
  const status = /^\d\.\d{1,3}\.\d{1,3}/.exec(fields.get('status') ?? '')?.[0];
  const outcome = word === 'failed' ? 'failed' : 'other';
  return {
    kind: 'dsn',
    outcome,
    originalMessageId,
    references,
    finalRecipient: recipientOf(fields),
    word,
    modifiers: [],
    failure: outcome === 'failed' ? textOf(fields.get('diagnostic-code') ?? status) : undefined,
    status,
  };
}

/** `rfc822; local@domain`; some leave out the type, or add the name of a person. */
function recipientOf(fields: FieldGroup): DirectAddress | undefined {
  const field = fields.get('final-recipient') ?? fields.get('original-recipient') ?? '';
  return readMailbox(field.replace(/^[^;<@"]*;/, ''));
}

/** The id of the message that could not be delivered, which a DSN returns or whose header it returns. */
function originalOf({ parts }: MailText): string | undefined {
  const returned = parts.find(
    ({ contentType }) => contentType === 'message/rfc822' || contentType === 'text/rfc822-headers',
  );
  const [header] = returned === undefined ? [] : readFieldGroups(returned.bytes);
  return readMessageId(header?.get('message-id'));
}

const TEXT_MAX = 500;

/** A text of the other side in one line; undefined for an empty one. */
function textOf(value: string | undefined): string | undefined {
  const text = (value ?? '').replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
  return text === '' ? undefined : text.slice(0, TEXT_MAX);
}
