/** Whether a mail whose signatures are good is its sender's (direct-xdm 2, 3, 4). */
import type { X509Certificate } from 'node:crypto';
import type { DirectAddress, Distrust } from '../../ports/direct.ts';
import { CERTIFICATE_FAULTS, checkCertificate } from '../certificates/check-certificate.ts';
import type { Revocation } from '../certificates/revocation.ts';
import type { MailSigner } from './verify.ts';

/** The senders that a mail names: each host on the way can read and change the outer one. */
export interface SaidSenders {
  readonly outer: DirectAddress | undefined;
  readonly inner: DirectAddress;
}

/**
 * Whether a signer covers the sender's address and leads to an anchor of this recipient.
 *
 * @param anchors those of the recipient for this sender
 * @param at when the mail was received, in milliseconds since 1970: the signer's clock decides nothing
 * @returns why the mail is not believed by this signer; undefined when it is
 */
export function judgeSigner(
  { certificate, chain }: Pick<MailSigner, 'certificate' | 'chain'>,
  { outer, inner }: SaidSenders,
  anchors: readonly X509Certificate[],
  at: number,
  revocation: Revocation,
): Distrust | undefined {
  if (outer !== inner) return 'sender-differs';
  const material = { leaf: certificate, intermediates: chain };
  const fault = checkCertificate(material, inner, 'sign', anchors, at, revocation);
  return fault && CERTIFICATE_FAULTS[fault].distrust;
}
