/**
 * Inbound messages, as every transport and the roof know them (rules 7): HL7 v2 over MLLP today. Direct mail, fax and FHIR
 * messaging have the same fates, and their messages wait in the same way.
 */
import type { Ref } from '../fhir/types.ts';

/** The fate of a message. */
export type MessageFate =
  | 'applied'
  /** The server repeats its first answer, and writes nothing. */
  | 'repeated'
  /** The server keeps the message and asks a person of the receiving organization. */
  | 'work-item'
  /** The server keeps the message apart from any chart and asks a person. */
  | 'quarantine'
  /** The server keeps the message, and tries it again in the order of sending after each transition (rules 7.5). */
  | 'parked'
  /** The server keeps the message; it is older than an applied event, so it moves nothing. */
  | 'late'
  /**
   * The header says that the message is not for this link: the server refuses it and stores nothing. Sending it again
   * changes nothing.
   */
  | 'rejected'
  /** The server acknowledges the message and stores nothing, because the link says so. */
  | 'ignored'
  /** Nothing is on disk: the sender must send the message again. */
  | 'not-kept';

/** A remark about a message, for its sender and for the person who is asked about it. */
export interface Remark {
  /** The place in the message, as its format names places: ERR-2 as `PID-3`, `ORC-2.3`; '' for the whole message. */
  readonly location: string;
  /** The code of the format's own table: ERR-3, HL7 table 0357. */
  readonly code: string;
  /** Error, warning or information: ERR-4. */
  readonly severity: 'E' | 'W' | 'I';
  /** The server's refusal code (fhir/issue.ts): ERR-5. */
  readonly issue: string;
  /** ERR-8. It never holds anything that could identify a patient. */
  readonly says: string;
}

/** The settings of inbound messages, in milliseconds. */
export interface MessageSettings {
  /** How long the server knows a message again (rules 7.3). */
  readonly duplicateWindowMs: number;
  /** How long a note and its status wait for each other (rules 7.4). */
  readonly pairWithinMs: number;
  /** How long a message may wait for one that comes before it (rules 7.5). */
  readonly parkMs: number;
}

/** Logs a fault that harms no message, such as a retry that failed; without a word of the patient. */
export type LogFault = (says: string, about: Readonly<Record<string, string>>) => void;

/** The messages that wait for another one, as the roof knows them. */
export interface Waiting {
  /**
   * Tries the messages again that a commit may have made possible; called with what the commit wrote. Throws nothing: a
   * message that waits holds up nobody else.
   */
  touched(refs: readonly Ref[]): Promise<void>;
  /** Asks a person about each message that waits too long. Throws when the store cannot be searched. A job calls it. */
  askAboutOverdue(): Promise<void>;
}
