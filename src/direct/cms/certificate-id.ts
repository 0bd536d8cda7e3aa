/** How CMS names a certificate (RFC 5652, 10.2.4): by issuer and serial number, or by its subject key identifier. */
import type { X509Certificate } from 'node:crypto';
import { MAIL_LIMITS } from '../mime/limits.ts';
import { contextTag, octetsIn, readAsn1, sameBytes, sequence, TAG, type Asn1 } from './asn1.ts';

/** What of a certificate is compared and written, in its own bytes. */
interface CertificateName {
  readonly issuer: Uint8Array;
  readonly serialNumber: Uint8Array;
  readonly keyIdentifier: Uint8Array | undefined;
  /** The AlgorithmIdentifier of its key. */
  readonly keyAlgorithm: Uint8Array;
}

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';

/** Reads what names a certificate; undefined for one that cannot be read, which node:crypto hardly lets through. */
export function nameOf(certificate: X509Certificate): CertificateName | undefined {
  const fields = readAsn1(certificate.raw, MAIL_LIMITS)?.children[0]?.children ?? [];
  const [serial, , issuer, , , key] = fields[0]?.tag === contextTag(0) ? fields.slice(1) : fields;
  const algorithm = key?.children[0];
  if (serial === undefined || issuer === undefined || algorithm === undefined) return undefined;
  return {
    issuer: issuer.whole,
    serialNumber: serial.whole,
    keyIdentifier: keyIdentifierOf(fields),
    keyAlgorithm: algorithm.whole,
  };
}

function keyIdentifierOf(fields: readonly Asn1[]): Uint8Array | undefined {
  const extensions = fields.find(({ tag }) => tag === contextTag(3))?.children[0]?.children ?? [];
  const found = extensions.find(({ children }) => children[0]?.oid === SUBJECT_KEY_IDENTIFIER);
  if (found === undefined) return undefined;
  const value = readAsn1(octetsIn(found.children.at(-1)), MAIL_LIMITS);
  return value?.tag === TAG.octets ? octetsIn(value) : undefined;
}

/** IssuerAndSerialNumber in DER. Throws a TypeError for a certificate that cannot be read. */
export function writeCertificateId(certificate: X509Certificate): Uint8Array {
  const name = nameOf(certificate);
  if (name === undefined) throw new TypeError('a certificate without issuer and serial number');
  return sequence(name.issuer, name.serialNumber);
}

/** Whether `id` (of a signer or a recipient) names this certificate. */
export function isNamedBy(certificate: X509Certificate, id: Asn1 | undefined): boolean {
  const name = nameOf(certificate);
  if (id === undefined || name === undefined) return false;
  if (id.tag === contextTag(0))
    return name.keyIdentifier !== undefined && sameBytes(octetsIn(id), name.keyIdentifier);
  const [issuer, serial] = id.children;
  return (
    id.tag === TAG.sequence &&
    issuer !== undefined &&
    serial !== undefined &&
    sameBytes(issuer.whole, name.issuer) &&
    sameBytes(serial.whole, name.serialNumber)
  );
}
