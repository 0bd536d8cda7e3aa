/** A message whose bytes have been opened, in the form in which the server keeps them. */
import type { Message } from '../message.ts';
import type { Remark } from '../../ports/inbound.ts';
import type { MessageEnvelope } from './header.ts';
import type { MessageHeader } from './reading.ts';

/** The envelope of a message. */
export interface Opened {
  /** The message. Undefined when the bytes are no message, or when it is large and another thread reads it. */
  readonly message: Message | undefined;
  /** The envelope of the message, for who reads it; undefined where there is no message. */
  readonly envelope: MessageEnvelope | undefined;
  readonly header: MessageHeader | undefined;
  /** The reason why the server does not even read it. */
  readonly barred: Remark | undefined;
}

/** A large message that another thread opened: its envelope, and the digest that identifies it. */
export interface OpenedFrame extends Omit<Opened, 'message' | 'envelope'> {
  readonly fingerprint: string;
}

/** The bytes of a message as the server keeps them. */
export interface Wrapped {
  /** The bytes in base64; for a large message as ASCII bytes that threads share. */
  readonly data: string | Uint8Array;
  /** The SHA-1 of the bytes, in base64 (http://hl7.org/fhir/R4/datatypes.html#Attachment). */
  readonly hash: string;
}
