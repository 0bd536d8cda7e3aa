/**
 * A mail is read: its header, its leaves (RFC 5322, 2045–2047, 2231, 3676), what it asks for, and whether a machine wrote
 * it. Only what was verified is read for its content.
 */
import type { DirectAddress, DirectPart } from '../../ports/direct.ts';
import type { MailLimits } from './limits.ts';

/** Why a mail cannot be read; nothing of it is used. */
export type MailFault =
  | 'too-long'
  | 'header-too-long'
  | 'too-many-parts'
  | 'too-deep'
  | 'header-broken'
  | 'header-twice'
  | 'no-sender';

/** What is odd about a mail that can be read, for the person who looks at it. */
export type MailRemark =
  | 'winmail' // a file of Outlook (TNEF), whose content is not taken apart
  | 'charset-unknown' // read as Windows-1252
  | 'text-broken' // bytes that are no text in their character set
  | 'transfer-broken' // bytes that are not in their transfer encoding
  | 'line-ends' // a bare CR or LF
  | 'cut-off'; // a multipart without its end

export interface MailText {
  readonly kind: 'mail';
  readonly from: DirectAddress;
  /** The addresses of To and Cc that are Direct addresses, each once. */
  readonly to: readonly DirectAddress[];
  /** Without angle brackets and blanks. */
  readonly messageId: string | undefined;
  /** The ids of In-Reply-To, then of References. */
  readonly references: readonly string[];
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number | undefined;
  /** Who asks for notifications, by Disposition-Notification-To. */
  readonly notificationsTo: DirectAddress | undefined;
  /** Whether the sender asks for the notification that the mail reached its final destination (dispatched). */
  readonly asksDispatched: boolean;
  /** A report, an automatic reply, or a mail of nobody. */
  readonly isAutomatic: boolean;
  /** The type of a multipart/report, in lower case: `disposition-notification`, `delivery-status`. */
  readonly reportType: string | undefined;
  /** The leaves, in order; the parts of a report included. */
  readonly parts: readonly DirectPart[];
  /** Expressing Context in Direct Messaging 1.1: the keys, in lower case, and values of the part that X-Direct-Context names. */
  readonly context: ReadonlyMap<string, string>;
  readonly remarks: readonly MailRemark[];
}

export type MailReading = MailText | { readonly kind: 'fault'; readonly fault: MailFault };

/** Never throws, whatever the bytes. */
export function readMail(_bytes: Uint8Array, _limits: MailLimits): MailReading {
  return { kind: 'fault', fault: 'header-broken' };
}
