/**
 * The records of mails that left: one for each entry of the outbox, written in the commit that ends the entry (direct-xdm 6).
 * A notification finds its record by the Message-ID, which is made from the entry, whatever crashed in between.
 */
import type { Ref } from '../../fhir/types.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { RecordWrite, StoredRecord } from '../../ports/record.ts';

/** The kind of the records; key: the entry; index `state` → open or ended, `to` → the address, while it is open. */
export const DIRECT_SENT = 'direct-sent';

/** A mail that left, and what is waited for. */
export interface SentMail {
  readonly entry: string;
  /** The Endpoint. */
  readonly receiver: Ref;
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Of the last mail for this entry; mails before it have the same form. */
  readonly messageId: string;
  /** How many mails left for this entry, of the same package. */
  readonly mails: number;
  /** Whether the package was mailed once more because nothing was heard of it. */
  readonly isRepeated: boolean;
  /** Of the submission: receivers know a repetition by it. */
  readonly uniqueId: string;
  /** SHA-256 of the package, in hex. */
  readonly hash: string;
  /** Instant of the last mail. */
  readonly at: string;
  /** The notification that is waited for; undefined: none any more. */
  readonly waitsFor: AwaitedNotification | undefined;
  /** Instant by which it is due. */
  readonly dueBy: string;
}

export type AwaitedNotification = 'processed' | 'dispatched';

/** How long a mail is remembered after the last that was heard of it: a notification may be very late. */
const KEPT_MS = 180 * 24 * 60 * 60 * 1000;

export const readSent = ({ body }: StoredRecord): SentMail => body as SentMail; // writeSent's

/** @param now milliseconds since 1970 */
export const writeSent = (sent: SentMail, expect: RecordWrite['expect'], now: number): RecordWrite => ({
  kind: DIRECT_SENT,
  key: sent.entry,
  expect,
  body: sent,
  expiresAt: now + KEPT_MS,
  index: [
    ['state', sent.waitsFor === undefined ? 'ended' : 'open'],
    ...(sent.waitsFor === undefined ? [] : [['to', sent.to] as const]),
  ],
});
