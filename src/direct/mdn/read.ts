/**
 * A notification that came back: MDN (RFC 8098) or DSN (RFC 3464), in every form that peers send (direct-xdm 6). It
 * counts only when its signer covers the domain of the final recipient, and that address was sent the message.
 */
import type { DirectAddress } from '../../ports/direct.ts';
import type { MailReading } from '../mime/read.ts';

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

/** One reading for each recipient that the notification is about; none for a mail that is no notification. */
export function readDispositions(_reading: MailReading): readonly DispositionReading[] {
  return [];
}
