/** How CMS names a certificate (RFC 5652, 10.2.4): by issuer and serial number, or by its subject key identifier. */
import type { X509Certificate } from 'node:crypto';
import { type AsnType, OctetString } from 'asn1js';
import { Certificate, IssuerAndSerialNumber, RecipientKeyIdentifier } from 'pkijs';
import { octetsIn, orNothing, readAsn1, sameBytes } from './asn1.ts';
import { MAIL_LIMITS } from '../mime/limits.ts';

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';

const read = new WeakMap<X509Certificate, Certificate>();

/** The certificate as pkijs has it. Throws a TypeError for one that it cannot read. */
export function parsedCertificate(certificate: X509Certificate): Certificate {
  const known = read.get(certificate);
  if (known !== undefined) return known;
  const schema = readAsn1(certificate.raw, MAIL_LIMITS);
  const parsed = schema && orNothing(() => new Certificate({ schema }));
  if (parsed === undefined) throw new TypeError('a certificate that cannot be read');
  read.set(certificate, parsed);
  return parsed;
}

/** Names it by issuer and serial number. Throws a TypeError for a certificate that cannot be read. */
export function certificateId(certificate: X509Certificate): IssuerAndSerialNumber {
  const { issuer, serialNumber } = parsedCertificate(certificate);
  return new IssuerAndSerialNumber({ issuer, serialNumber });
}

/** Whether `id` (of a signer or a recipient, as pkijs reads it) names this certificate. */
export function isNamedBy(certificate: X509Certificate, id: unknown): boolean {
  const own = orNothing(() => parsedCertificate(certificate));
  if (own === undefined || id === undefined) return false;
  if (id instanceof IssuerAndSerialNumber)
    return (
      sameBytes(new Uint8Array(id.issuer.valueBeforeDecode), new Uint8Array(own.issuer.valueBeforeDecode)) &&
      sameBytes(octetsIn(id.serialNumber), octetsIn(own.serialNumber))
    );
  const named =
    id instanceof RecipientKeyIdentifier ? octetsIn(id.subjectKeyIdentifier) : octetsIn(id as AsnType);
  const identifier = keyIdentifierOf(own);
  return identifier !== undefined && sameBytes(named, identifier);
}

function keyIdentifierOf({ extensions }: Certificate): Uint8Array | undefined {
  const found = extensions?.find(({ extnID }) => extnID === SUBJECT_KEY_IDENTIFIER);
  const value = found && readAsn1(octetsIn(found.extnValue), MAIL_LIMITS);
  return value instanceof OctetString ? octetsIn(value) : undefined;
}
