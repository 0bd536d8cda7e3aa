/** Signs: CMS SignedData without its content (RFC 5652, 5), by SHA-256 (direct-xdm 3). */
import { createHash, sign } from 'node:crypto';
import { GeneralizedTime, ObjectIdentifier, OctetString, UTCTime, type AsnType } from 'asn1js';
import {
  AlgorithmIdentifier,
  Attribute,
  EncapsulatedContentInfo,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from 'pkijs';
import { asSet } from '../certificates/der.ts';
import type { SigningKey } from '../certificates/signing-key.ts';
import { ATTRIBUTE, CONTENT, ECDSA_SHA256, RSA, SHA256 } from './algorithms.ts';
import { certificateId, parsedCertificate } from './certificate-id.ts';
import { algorithmNamed, writeContentInfo } from './cms-structure.ts';

/**
 * The signature of exactly these bytes, in DER, with the signer's certificate and intermediates.
 *
 * @param at the signing time, in milliseconds since 1970
 * @throws TypeError for a key that is neither RSA nor EC
 */
export function signDetached(content: Uint8Array, key: SigningKey, at: number): Uint8Array {
  const signedAttrs = new SignedAndUnsignedAttributes({
    type: 0,
    attributes: inOrder([
      attribute(ATTRIBUTE.contentType, new ObjectIdentifier({ value: CONTENT.data })),
      attribute(
        ATTRIBUTE.messageDigest,
        new OctetString({ valueHex: createHash('sha256').update(content).digest() }),
      ),
      attribute(ATTRIBUTE.signingTime, timeOf(at)),
    ]),
  });
  const signed = asSet(new Uint8Array(signedAttrs.toSchema().toBER()));
  const signer = new SignerInfo({
    version: 1,
    sid: certificateId(key.certificate),
    digestAlgorithm: algorithmNamed(SHA256),
    signedAttrs,
    signatureAlgorithm: signatureAlgorithm(key),
    signature: new OctetString({ valueHex: sign('sha256', signed, key.privateKey) }),
  });
  return writeContentInfo(
    CONTENT.signed,
    new SignedData({
      version: 1,
      digestAlgorithms: [algorithmNamed(SHA256)],
      encapContentInfo: new EncapsulatedContentInfo({ eContentType: CONTENT.data }),
      certificates: [key.certificate, ...key.intermediates].map(parsedCertificate),
      signerInfos: [signer],
    }).toSchema(true),
  );
}

const attribute = (type: string, value: AsnType): Attribute => new Attribute({ type, values: [value] });

/** SET OF is sorted by its encodings (X.690, 11.6), which pkijs leaves to its caller. */
const inOrder = (attributes: readonly Attribute[]): Attribute[] =>
  attributes.toSorted((a, b) => Buffer.compare(encoded(a), encoded(b)));

const encoded = (one: Attribute): Uint8Array => new Uint8Array(one.toSchema().toBER());

function signatureAlgorithm({ privateKey }: SigningKey): AlgorithmIdentifier {
  if (privateKey.asymmetricKeyType === 'rsa') return algorithmNamed(RSA);
  if (privateKey.asymmetricKeyType === 'ec') return new AlgorithmIdentifier({ algorithmId: ECDSA_SHA256 });
  throw new TypeError('a Direct mail is signed by an RSA or an EC key');
}

const LAST_UTC_YEAR = 2049;

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5652, 11.3). */
function timeOf(at: number): AsnType {
  const valueDate = new Date(Math.floor(at / 1000) * 1000);
  return valueDate.getUTCFullYear() > LAST_UTC_YEAR
    ? new GeneralizedTime({ valueDate })
    : new UTCTime({ valueDate });
}
