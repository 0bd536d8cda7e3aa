/** The key of a Direct address or domain: it signs what the server sends, and opens what the server is sent. */
import type { KeyObject, X509Certificate } from 'node:crypto';

/** A certificate with its private key. */
export interface SigningKey {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
  /** Between the certificate and its anchor, without the anchor: they go along with each signature. */
  readonly intermediates: readonly X509Certificate[];
}
