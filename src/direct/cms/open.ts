/**
 * A Direct mail is opened: decrypted, and its signature verified (direct-xdm 2, 3, 12). Whether its signer may be
 * believed is asked afterwards.
 */
import type { X509Certificate } from 'node:crypto';
import type { Distrust } from '../../ports/direct.ts';
import type { MailLimits } from '../mime/limits.ts';
import type { SigningKey } from '../certificates/signing-key.ts';

/** Who made one signature of a message. Every signature that is listed is good. */
export interface MailSigner {
  readonly certificate: X509Certificate;
  /** The other certificates that came with the signature: between the signer and an anchor, or of nobody. */
  readonly chain: readonly X509Certificate[];
  readonly digest: 'sha256' | 'sha384' | 'sha512';
  /** Milliseconds since 1970, by the signer's clock. */
  readonly signedAt: number | undefined;
}

export interface OpenedMessage {
  readonly kind: 'opened';
  /** What is to be read (RFC 5322): the wrapped message; or the signed entity under the header of the outer mail. */
  readonly message: Uint8Array;
  /** Whether the header was signed along with the content; else it is the one that everybody on the way could change. */
  readonly isWrapped: boolean;
  /** Exactly the bytes that the signature covers, for the archive. */
  readonly signed: Uint8Array;
  /** At least one. */
  readonly signers: readonly MailSigner[];
}

/**
 * What a mail is. `undecryptable` is the one answer to every fault of the envelope, so that nobody learns how decrypting
 * went. Of a `distrusted` mail nothing of the inside comes out (EFAIL). `not-protected`: the mail is no envelope at all,
 * as the reports of one's own relay are.
 */
export type OpenedMail =
  | OpenedMessage
  | { readonly kind: 'distrusted'; readonly distrust: Distrust }
  | { readonly kind: 'undecryptable' }
  | { readonly kind: 'not-protected' };

/** Never throws, whatever the bytes. */
export function openMail(
  _mail: Uint8Array,
  _keys: readonly SigningKey[],
  _limits: MailLimits,
): Promise<OpenedMail> {
  return Promise.reject(new Error('being built'));
}
