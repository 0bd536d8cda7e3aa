/** A message for Direct: a text that people read, and files (direct-xdm 2, 360x section 7). */
import type { DirectAddress } from '../../ports/direct.ts';

/** A file of a message. */
export interface MailFile {
  /** Letters, digits, dots, hyphens and underscores. */
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export interface MailDraft {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Seen by people after decryption; without anything that a patient could be known by (360x section 7). */
  readonly subject: string;
  /** Without angle brackets. */
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly text: string;
  readonly files: readonly MailFile[];
  /** Which notifications the recipient is asked for: `dispatched` includes `processed`. */
  readonly asks: 'processed' | 'dispatched' | 'none';
  /** The message that this one answers, without angle brackets. */
  readonly inReplyTo?: string;
}

/** The subject of a mail with a package (ITI-32, 3.32.4.1.2); more may follow after a plus sign. */
export const PACKAGE_SUBJECT = 'XDM/1.0/DDM';

/** The same draft gives the same bytes. Throws a RangeError when it is longer than {@link SENT_BYTES_MAX}. */
export function composeMail(_draft: MailDraft): Promise<Uint8Array> {
  return Promise.reject(new Error('being built'));
}
