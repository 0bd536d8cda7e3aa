/** A notification about a mail (RFC 8098; Implementation Guide for Delivery Notification in Direct 1.0), as a message. */
import type { OwedDisposition } from '../../ports/direct.ts';

export interface DispositionAbout {
  /** Names the server in Reporting-UA: `direct.tarn.example.org; Closeloop`. */
  readonly reportingUa: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the notification itself, without angle brackets. */
  readonly messageId: string;
}

/** The message to sign and encrypt for `owed.to`. It asks for no notification itself. */
export function writeDisposition(_owed: OwedDisposition, _about: DispositionAbout): Uint8Array {
  return new Uint8Array();
}
