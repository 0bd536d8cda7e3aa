/** A message as the room knows it, whatever format it has and whatever transport brought it (rules 7.1, 7.3). */
import type { Ref } from '../fhir/types.ts';

export interface InboundMessage {
  /** The link that it came by. */
  readonly link: { readonly name: string };
  /** The sender on the wire, for the audit. */
  readonly address: string | undefined;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** When its sender wrote it, as a FHIR dateTime; undefined where the message does not say so, or is not believed. */
  readonly sentAt: string | undefined;
  /** The organization for which the link vouches; undefined for a sender that may not speak on it. */
  readonly sender: Ref | undefined;
  /** Who keeps what it brings, where its sender is no member: the receiver (harmony Z45). Undefined: the sender. */
  readonly keeper?: Ref | undefined;
  /** The organization that the message addresses. */
  readonly receiver: Ref | undefined;
}

/** Who keeps what a message brings into a chart. */
export const keeperOfMessage = ({
  keeper,
  sender,
}: Pick<InboundMessage, 'keeper' | 'sender'>): Ref | undefined => keeper ?? sender;

/** The key under which the server knows a message again. */
export interface MessageKey {
  /** Who numbers: the link, and the sender on it. */
  readonly scope: string;
  /** `id:` and the sender's number; `content:` and the fingerprint where the sender gives no number. */
  readonly id: string;
  /** The digest of the content. */
  readonly fingerprint: string;
}
