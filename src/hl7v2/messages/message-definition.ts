/**
 * The definition of a message: what is special about the messages of one name (MSH-9.1 and MSH-9.2). Each stands in a file
 * of its own, and registry.ts lists it. How to add one: docs/how-to/add-an-hl7-message.md.
 */
import type { Event } from '../../referral/transitions.ts';
import type { MessageType } from '../../referral/transactions.ts';
import type { Message } from '../message.ts';
import type { Numbers } from './correlation.ts';
import type { Findings } from './findings.ts';
import type { MessageIdentity } from './message-family.ts';
import type { MessageHeader, PatientReading, ReadingContent, ReadingContext } from './reading.ts';

/** What of a message was read before its content. */
export interface RequestParts extends Numbers {
  readonly header: MessageHeader;
  readonly patient: PatientReading | undefined;
}

/** Reads the content of a message. Pure: what is wrong goes to `findings`. */
type ContentReader = (
  message: Message,
  parts: RequestParts,
  context: ReadingContext,
  findings: Findings,
) => ReadingContent;

/** The message of 360X whose events a message has. */
export interface Meant {
  readonly message: MessageType;
  /** The order control that counts instead of ORC-1, of a message that has no ORC. */
  readonly orderControl?: (message: Message) => string;
  /** Whether a message that tells of no event is a sign of life (rules 7.4). */
  readonly isPing?: (orderControl: string, orderStatus: string) => boolean;
  /** The reader of the content, by the event; the event is one of the message's. */
  readonly read: (event: Event, ...source: Parameters<ContentReader>) => ReadingContent;
}

interface DefinitionBase extends MessageIdentity {
  /** The format code of 360X, for an archived message. */
  readonly formatCode?: string;
}

/** A message that tells of events of a referral; `means` is asked with ORC-1, '' when it is empty or absent. */
interface EventDefinition extends DefinitionBase {
  readonly means: (orderControl: string) => Meant;
}

/** A message that tells of no event: a note, or news of a patient. */
interface PlainDefinition extends DefinitionBase {
  /** What it tells of, for the reference page. */
  readonly tells: string;
  readonly read: ContentReader;
}

export type MessageDefinition = EventDefinition | PlainDefinition;
