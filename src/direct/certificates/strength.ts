/** Which keys and signatures of certificates are strong enough (direct-xdm 3, 4). */
import type { X509Certificate } from 'node:crypto';
import { elementsIn, context, expectTag, oidOf, DER, type DerElement } from './der.ts';

const RSA_BITS_MIN = 2048;
/** A key of more bits costs its reader too much. */
const RSA_BITS_MAX = 8192;

export type DigestName = 'sha256' | 'sha384' | 'sha512';

/** How a certificate or a list is signed. */
export interface SignatureScheme {
  readonly digest: DigestName;
  /** RSASSA-PSS, which needs another padding than the rest. */
  readonly isPss: boolean;
}

/** By OID; SHA-1 and MD5 are in no row. */
const SIGNATURES: Readonly<Record<string, DigestName>> = {
  '1.2.840.113549.1.1.11': 'sha256', // sha256WithRSAEncryption
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256', // ecdsa-with-SHA256
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

/** RSASSA-PSS (RFC 4055). */
export const PSS_OID = '1.2.840.113549.1.1.10';

/** Digests that a signature may use. What is not here is forbidden: SHA-1, MD5 and everything unknown. */
export const DIGEST_OIDS: Readonly<Record<string, DigestName>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** The scheme of an AlgorithmIdentifier; undefined for one that is too weak, or not known. @throws DerFault */
export function schemeOf(algorithm: DerElement | undefined): SignatureScheme | undefined {
  const [oid, parameters] = elementsIn(expectTag(algorithm, DER.sequence));
  const name = oidOf(oid);
  const isPss = name === PSS_OID;
  // Without parameters, the digest of RSASSA-PSS is SHA-1 (RFC 4055 3.1).
  const digest = isPss ? pssDigest(parameters) : SIGNATURES[name];
  return digest && { digest, isPss };
}

function pssDigest(parameters: DerElement | undefined): DigestName | undefined {
  const fields = parameters?.tag === DER.sequence ? elementsIn(parameters) : [];
  const hash = fields.find(({ tag }) => tag === context(0));
  const algorithm = hash && elementsIn(hash)[0];
  return algorithm && DIGEST_OIDS[digestOidOf(algorithm)];
}

const digestOidOf = (algorithm: DerElement): string =>
  oidOf(elementsIn(expectTag(algorithm, DER.sequence))[0]);

const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Whether the key of a certificate is RSA of 2048 bits and more, or on a curve of NIST. */
export function hasFitKey(certificate: X509Certificate): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {};
    if (asymmetricKeyType === 'rsa') return modulusLength >= RSA_BITS_MIN && modulusLength <= RSA_BITS_MAX;
    return asymmetricKeyType === 'ec' && CURVES.has(namedCurve);
  } catch {
    return false; // a key that OpenSSL does not know
  }
}
