/** Signs: CMS SignedData without its content (RFC 5652, 5), by SHA-256 (direct-xdm 3). */
import { createHash, sign } from 'node:crypto';
import type { SigningKey } from '../certificates/signing-key.ts';
import { ATTRIBUTE, CONTENT, ECDSA_SHA256, RSA, SHA256 } from './algorithms.ts';
import {
  constructed,
  contextTag,
  writeInteger,
  DER_NULL,
  objectIdentifier,
  octets,
  primitive,
  sequence,
  setOf,
  TAG,
} from './asn1.ts';
import { writeCertificateId } from './certificate-id.ts';

/**
 * The signature of exactly these bytes, in DER, with the signer's certificate and intermediates.
 *
 * @param at the signing time, in milliseconds since 1970
 * @throws TypeError for a key that is neither RSA nor EC
 */
export function signDetached(content: Uint8Array, key: SigningKey, at: number): Uint8Array {
  const attributes = [
    attribute(ATTRIBUTE.contentType, objectIdentifier(CONTENT.data)),
    attribute(ATTRIBUTE.messageDigest, octets(createHash('sha256').update(content).digest())),
    attribute(ATTRIBUTE.signingTime, timeOf(at)),
  ];
  const signed = setOf(...attributes);
  const digest = sequence(objectIdentifier(SHA256), DER_NULL);
  const signer = sequence(
    writeInteger(1),
    writeCertificateId(key.certificate),
    digest,
    retagged(signed, contextTag(0)),
    algorithmOf(key),
    octets(sign('sha256', signed, key.privateKey)),
  );
  const certificates = [key.certificate, ...key.intermediates].map(({ raw }) => raw);
  return contentInfo(
    CONTENT.signed,
    sequence(
      writeInteger(1),
      setOf(digest),
      sequence(objectIdentifier(CONTENT.data)),
      retagged(setOf(...certificates), contextTag(0)),
      setOf(signer),
    ),
  );
}

/** ContentInfo: what a structure is, and the structure. */
export const contentInfo = (type: string, content: Uint8Array): Uint8Array =>
  sequence(objectIdentifier(type), constructed(contextTag(0), content));

const attribute = (oid: string, value: Uint8Array): Uint8Array =>
  sequence(objectIdentifier(oid), setOf(value));

/** The same value under an implicit tag. */
function retagged(set: Uint8Array, tag: number): Uint8Array {
  const copy = Buffer.from(set);
  copy[0] = tag | 0x20;
  return copy;
}

function algorithmOf({ privateKey }: SigningKey): Uint8Array {
  if (privateKey.asymmetricKeyType === 'rsa') return sequence(objectIdentifier(RSA), DER_NULL);
  if (privateKey.asymmetricKeyType === 'ec') return sequence(objectIdentifier(ECDSA_SHA256));
  throw new TypeError('a Direct mail is signed by an RSA or an EC key');
}

const LAST_UTC_YEAR = 2049;

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5652, 11.3). */
function timeOf(at: number): Uint8Array {
  const digits = `${new Date(at).toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`;
  return Number(digits.slice(0, 4)) > LAST_UTC_YEAR
    ? primitive(TAG.generalizedTime, Buffer.from(digits))
    : primitive(TAG.utcTime, Buffer.from(digits.slice(2)));
}
