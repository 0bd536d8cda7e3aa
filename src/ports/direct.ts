/**
 * Direct mail, as the ways by which it comes and the desk know it: by the server's own security agent (`sta`), which
 * decrypts and verifies, or from a mailbox at a HISP that has done so (`edge`).
 */
import type { Ref } from '../fhir/types.ts';
import type { MessageFate } from './inbound.ts';

/** The code of `Endpoint.connectionType` of Direct mail, and so the name of its rail. */
export const DIRECT = 'direct-project';

/** The event of an entry that tells a message (baa-messaging MS15): it is mailed as people write, without a package. */
export const MESSAGE_EVENT = 'message';

/** `local@domain` in lower case: addresses are compared without case. */
export type DirectAddress = `${string}@${string}`;

/** Why a mail is not believed. Its sender learns nothing of it: no notification is ever sent for such a mail. */
export type Distrust =
  | 'unsigned'
  | 'signature-broken'
  | 'digest-forbidden'
  | 'signer-not-sender'
  | 'sender-differs'
  | 'certificate-unfit'
  | 'certificate-expired'
  | 'revoked'
  | 'revocation-unknown'
  | 'untrusted';

/** A leaf of a mail: its text, or a file that came with it. */
export interface DirectPart {
  /** In lower case, without parameters: `application/zip`. */
  readonly contentType: string;
  readonly fileName: string | undefined;
  /** Without the transfer encoding; text is UTF-8, whatever it came in. */
  readonly bytes: Uint8Array;
}

/** A mail for one recipient. A mail to several is as many of them: each recipient has anchors of its own. */
export interface DirectMail {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Whom the signed header names (To, Cc); absent where the header was not signed along with the content. */
  readonly writtenTo?: readonly DirectAddress[];
  /** Without angle brackets; undefined when the sender gave none, and no notification can name it. */
  readonly messageId: string | undefined;
  /** The ids of In-Reply-To and References, in this order: hints, never a key. */
  readonly references: readonly string[];
  readonly subject: string;
  /** Milliseconds since 1970, by the sender's clock. */
  readonly sentAt: number | undefined;
  readonly receivedAt: number;
  /** Whether the sender asks for the notification that the mail reached its final destination. */
  readonly asksDispatched: boolean;
  /** A report, an automatic reply, or a mail of nobody: never answered, so that no two machines answer each other. */
  readonly isAutomatic: boolean;
  readonly parts: readonly DirectPart[];
  /** The keys and values of the part that X-Direct-Context names. */
  readonly context: ReadonlyMap<string, string>;
  /** The message as it was signed, which the archive keeps. */
  readonly bytes: Uint8Array;
  /** Undefined: its signer is its sender, and is trusted by this recipient. */
  readonly distrust: Distrust | undefined;
  readonly through: 'sta' | 'edge';
  /** The organization whose client brought the package; absent where a mail did, for which its way in vouches. */
  readonly broughtBy?: Ref;
}

/** The word of a notification about a mail (RFC 8098, and the guide for delivery notification in Direct). */
export type Disposition = 'processed' | 'dispatched' | 'failed';

/** What became of a mail, once it is on disk together with the notifications that are owed for it. */
export interface DirectReceived {
  readonly fate: MessageFate;
  readonly owed: readonly Disposition[];
}

/** Resolves when the fate of the mail is on disk. `not-kept`: nothing is, and its sender must send it again. */
export type ReceiveDirect = (mail: DirectMail) => Promise<DirectReceived>;

/** A notification that is owed: a record, in the commit that decided about the mail, until it was sent. */
export interface OwedDisposition {
  /** The address that received the mail, and sends the notification. */
  readonly by: DirectAddress;
  readonly to: DirectAddress;
  readonly messageId: string;
  readonly disposition: Disposition;
  /** Of a failure: its reason in a few words, without anything a patient could be known by. */
  readonly why?: string;
  /** Instant of the commit. */
  readonly at: string;
  /** How often it was tried, and when it is due again (milliseconds since 1970). */
  readonly attempts: number;
  readonly dueAt: number;
}

/** The kind of the records of {@link OwedDisposition}; index `by` → domain of the address that owes it. */
export const OWED_DISPOSITION = 'direct-disposition';

/** Direct mail since the start of the process, for the metrics: words of our tables, never of what a peer wrote. */
export interface DirectTraffic {
  /** Mails received, by what became of them. */
  readonly received: Readonly<Record<string, number>>;
  /** Mails handed out, by kind (package, notification) and what the relay answered. */
  readonly sent: readonly { readonly kind: string; readonly answer: string; readonly count: number }[];
  /** Notifications received, by their word and what became of them. */
  readonly dispositions: readonly { readonly word: string; readonly fate: string; readonly count: number }[];
  /** What was refused or cut off at the SMTP port. */
  readonly smtp: Readonly<Record<string, number>>;
  /** Notifications that are owed, as of the last look, and the age of the oldest in milliseconds. */
  readonly owed: number;
  readonly owedAgeMs: number;
  readonly mailboxes: readonly {
    /** The account and its server. */
    readonly mailbox: string;
    /** Whether the last look succeeded. */
    readonly isWell: boolean;
    /** Milliseconds since 1970. */
    readonly lookedAt: number;
  }[];
}
