/**
 * The interface between the rail that receives a message and the code that decides its fate (rules 7.2). The rail hands
 * over the bytes and what it read of them, and gets the fate once that is on disk.
 */
import type { RecoveredHeader } from './ack.ts';
import type { Batch } from './batch.ts';
import type { Link } from './link.ts';
import type { MessageFate, Remark } from '../ports/inbound.ts';

export interface ReceivedMessage {
  readonly link: Link;
  /** MSH, where the rail has read it. */
  readonly header?: RecoveredHeader;
  /** The bytes as received, without MLLP framing. The server keeps them unchanged, whatever the fate. */
  readonly bytes: Uint8Array;
  /** The sender on the wire, for the audit. */
  readonly address: string | undefined;
  /**
   * Aborts when the connection or the server ends. The server decides the fate of a message all the same once it has
   * offered a commit.
   */
  readonly signal: AbortSignal;
}

/**
 * The answer of the rail to the sender. The server keeps it with the message's key, so that a repetition gets the same
 * answer.
 */
export interface Acknowledgment {
  readonly fate: MessageFate;
  /** MSA-1 in original mode; enhanced mode maps AA, AE and AR to CA, CE and CR. */
  readonly code: 'AA' | 'AE' | 'AR';
  readonly remarks: readonly Remark[];
}

/** A frame that the server cannot read now, or ever. The server keeps nothing of it, and tells the sender why. */
export interface UnopenedFrame {
  readonly refused: Acknowledgment;
}

/**
 * Looks for a batch in a frame of the link with this name. Resolves to undefined for a single message, and for bytes
 * that are neither; to {@link UnopenedFrame} when the work could not be done (`busy`, `too-costly`). Never rejects. Another
 * thread reads a large frame.
 */
export type TakeApart = (link: string, bytes: Uint8Array) => Promise<Batch | UnopenedFrame | undefined>;

/**
 * Takes a message and decides its fate. Resolves when the fate is on disk; to `not-kept` when it could not be put
 * there.
 */
export type Receive = (received: ReceivedMessage) => Promise<Acknowledgment>;
