/** A message whose bytes were opened, and as they are kept. */
import type { Message } from '../message.ts';
import type { Remark } from '../received.ts';
import type { Header } from './reading.ts';

/** The envelope of a message. */
export interface Opened {
  /** Undefined: the bytes are no message; or it is large, and read elsewhere. */
  readonly message: Message | undefined;
  readonly header: Header | undefined;
  /** Why it is not even read. */
  readonly barred: Remark | undefined;
}

/** A large message, opened elsewhere: its envelope, and the digest by which it is known again. */
export interface OpenedFrame extends Omit<Opened, 'message'> {
  readonly fingerprint: string;
}

/** The bytes of a message as they are kept. */
export interface Wrapped {
  /** In base64; of a large message as ASCII bytes that threads share. */
  readonly data: string | Uint8Array;
  /** Their SHA-1, in base64 (http://hl7.org/fhir/R4/datatypes.html#Attachment). */
  readonly hash: string;
}
