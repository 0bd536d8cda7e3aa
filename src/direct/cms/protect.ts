/** A message becomes a Direct mail: signed, then encrypted for its one recipient (direct-xdm 2, 3). */
import type { X509Certificate } from 'node:crypto';
import type { DirectAddress } from '../../ports/direct.ts';
import type { SigningKey } from '../certificates/signing-key.ts';

/** What everybody on the way can read: nothing about a patient. The subject outside is always neutral. */
export interface OuterHeaders {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Without angle brackets; the one of the message inside, because notifications quote it (direct-xdm 2). */
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly date: number;
}

export interface Protection {
  readonly headers: OuterHeaders;
  readonly signer: SigningKey;
  readonly recipient: X509Certificate;
  /** For a recipient with an RSA key. `oaep` only for a peer that is known to read it: most do not (direct-xdm 3). */
  readonly keyTransport: 'pkcs1' | 'oaep';
  /** The signing time, in milliseconds since 1970. */
  readonly at: number;
  readonly random: (bytes: number) => Uint8Array;
}

/** The mail, ready for SMTP: lines end with CR LF, and all bytes are ASCII. */
export function protectMail(_message: Uint8Array, _protection: Protection): Promise<Uint8Array> {
  return Promise.reject(new Error('being built'));
}
