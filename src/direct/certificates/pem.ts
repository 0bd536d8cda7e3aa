/** Certificates in files: PEM, one or several, or DER. */
import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Certificates that one file has at most. */
const CERTIFICATES_MAX = 1000;

/** The certificates in their order; undefined when one cannot be read, or there are more than 1000. */
export function readCertificates(bytes: Uint8Array): readonly X509Certificate[] | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length > CERTIFICATES_MAX) return undefined;
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
    return [new X509Certificate(bytes)];
  } catch {
    return undefined;
  }
}

/** The certificate; undefined when it cannot be read. */
export const readCertificateDer = (der: Uint8Array): X509Certificate | undefined => {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
};
