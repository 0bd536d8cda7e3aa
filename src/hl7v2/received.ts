/**
 * A message between the rail that received it and the desk that decides its fate (rules 7.2): the rail hands over the
 * bytes and what it could make out of them; the desk answers with what became of it, once that is on disk.
 */
import type { Batch } from './batch.ts';
import type { Link } from './link.ts';

export interface Received {
  readonly link: Link;
  /** As received, without MLLP framing: kept as they are, whatever becomes of them. */
  readonly bytes: Uint8Array;
  /** Who sent it on the wire, for the audit. */
  readonly address: string | undefined;
  /** Ends when the connection or the server does; the message's fate is decided all the same once it was offered. */
  readonly signal: AbortSignal;
}

/** What became of a message. */
export type Fate =
  | 'applied'
  /** The first answer again: nothing was written. */
  | 'repeated'
  /** Kept, and a person of the receiving organization is asked. */
  | 'work-item'
  /** Kept apart from any chart, and a person is asked. */
  | 'quarantine'
  /** Kept, and tried again in the order of MSH-7 after each transition (rules 7.5). */
  | 'parked'
  /** Kept; older than what was applied already, so it moves nothing. */
  | 'late'
  /** Not for this link: refused by its header and not stored. To send it again changes nothing. */
  | 'rejected'
  /** Acknowledged and not stored, because the link says so. */
  | 'ignored'
  /** Nothing is on disk: the sender must send it again. */
  | 'not-kept';

/** Something to say about a message, as an ERR segment says it. */
export interface Remark {
  /** ERR-2 as `PID-3`, `ORC-2.3`; '' for the whole message. */
  readonly location: string;
  /** ERR-3, HL7 table 0357. */
  readonly code: string;
  /** ERR-4. */
  readonly severity: 'E' | 'W' | 'I';
  /** ERR-5: our refusal code (fhir/issue.ts). */
  readonly issue: string;
  /** ERR-8, without anything that a patient could be known by. */
  readonly says: string;
}

/** What the rail tells the sender. Kept with the message's key, so that a repetition is told the same. */
export interface Answer {
  readonly fate: Fate;
  /** MSA-1 in original mode; enhanced mode maps AA, AE, AR to CA, CE, CR. */
  readonly code: 'AA' | 'AE' | 'AR';
  readonly remarks: readonly Remark[];
}

/** A frame that the server cannot look through now, or never; it keeps nothing of it, and tells the sender why. */
export interface Refused {
  readonly refused: Answer;
}

/**
 * Looks for a batch in a frame of the link with this name. Resolves to undefined for a single message, and for bytes that are
 * neither; to {@link Refused} when the work could not be done (`busy`, `too-costly`). Never rejects. A large frame is looked
 * through off the main thread.
 */
export type TakeApart = (link: string, bytes: Uint8Array) => Promise<Batch | Refused | undefined>;

/** The desk's door for messages. Resolves when the fate is on disk; `not-kept` when it could not be put there. */
export type Receive = (received: Received) => Promise<Answer>;
