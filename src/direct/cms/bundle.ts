/**
 * Trust bundles: PKCS #7 with the certificates of anchors alone (.p7b), or such a file signed by its publisher (.p7m)
 * (direct-xdm 4). They are read by hand, because pkijs takes seconds for a thousand certificates; and the signer is the one
 * that an administrator named, so the rules for signers of mail (verify.ts) are not those of bundles.
 */
import { constants, hash, verify, type X509Certificate } from 'node:crypto';
import { isAnchorAt } from '../certificates/chain.ts';
import {
  asSet,
  context,
  contentBytes,
  DER,
  elementsIn,
  expectTag,
  octetsOf,
  oidOf,
  rawBytes,
  readElement,
  readOrNothing,
  type DerElement,
} from '../certificates/der.ts';
import { readCertificateDer } from '../certificates/pem.ts';
import { DIGEST_OIDS, PSS_OID, type DigestName } from '../certificates/strength.ts';
import { ATTRIBUTE, CONTENT } from './algorithms.ts';

/** Why a bundle is not taken; the anchors of the last one stay. */
export const BUNDLE_FAULTS = {
  unreadable: 'is no PKCS #7 file',
  unsigned: 'is not signed, though a signer is configured',
  'signer-missing': 'is signed, and no signer is configured',
  'wrong-signer': 'is not signed by the configured signer',
  empty: 'holds no anchor that is valid',
  large: 'holds too many certificates',
} as const;

export type BundleFault = keyof typeof BUNDLE_FAULTS;

const CERTIFICATES_MAX = 1000;

/**
 * The anchors of a bundle: certificates of authorities that are valid now; others are left out.
 *
 * @param signer whose key must have signed the bundle; undefined: it must not be signed
 * @param at milliseconds since 1970
 */
export function readBundle(
  bytes: Uint8Array,
  signer: X509Certificate | undefined,
  at: number,
): readonly X509Certificate[] | BundleFault {
  return readOrNothing(() => anchorsIn(bytes, signer, at)) ?? 'unreadable';
}

function anchorsIn(
  bytes: Uint8Array,
  signer: X509Certificate | undefined,
  at: number,
): readonly X509Certificate[] | BundleFault {
  let signed = signedDataIn(bytes);
  if (signed.signers.length > 0) {
    if (signer === undefined) return 'signer-missing';
    const { content, signers } = signed;
    if (content === undefined || !signers.some((one) => isSignedBy(one, content, signer)))
      return 'wrong-signer';
    signed = signedDataIn(content);
  } else if (signer !== undefined) return 'unsigned';
  if (signed.certificates.length > CERTIFICATES_MAX) return 'large';
  const anchors = signed.certificates
    .flatMap((one) => readCertificateDer(rawBytes(one)) ?? [])
    .filter((one) => isAnchorAt(one, at));
  return anchors.length === 0 ? 'empty' : anchors;
}

/** The certificates of an attribute of a directory: one, in DER, or those of a PKCS #7 file (RFC 2798 2.8). */
export function readAttributeCertificates(bytes: Uint8Array): readonly X509Certificate[] {
  const one = readCertificateDer(bytes);
  if (one !== undefined) return [one];
  const signed = readOrNothing(() => signedDataIn(bytes));
  return (signed?.certificates ?? [])
    .slice(0, ATTRIBUTE_MAX)
    .flatMap((row) => readCertificateDer(rawBytes(row)) ?? []);
}

/** Certificates that one attribute's value holds. */
const ATTRIBUTE_MAX = 16;

interface SignedParts {
  readonly content: Uint8Array | undefined;
  readonly certificates: readonly DerElement[];
  readonly signers: readonly DerElement[];
}

/** SignedData (RFC 5652 5.1). @throws DerFault */
function signedDataIn(bytes: Uint8Array): SignedParts {
  const [type, wrapped] = elementsIn(expectTag(readElement(bytes), DER.sequence));
  expectOid(type, CONTENT.signed);
  const [inner] = elementsIn(expectTag(wrapped, context(0)));
  const fields = elementsIn(expectTag(inner, DER.sequence));
  const [, , encapsulated] = fields;
  const [, octets] = elementsIn(expectTag(encapsulated, DER.sequence));
  const [content] = octets === undefined ? [] : elementsIn(octets);
  const certificates = fields.find(({ tag }) => tag === context(0));
  return {
    content: content && octetsOf(content),
    certificates: certificates === undefined ? [] : elementsIn(certificates),
    signers: elementsIn(expectTag(fields.at(-1), DER.set)),
  };
}

function expectOid(element: DerElement | undefined, oid: string): void {
  // Another type of content is as little a bundle as what is no DER.
  if (oidOf(element) !== oid) expectTag(undefined, DER.oid);
}

/** SignerInfo (RFC 5652 5.3, 5.4): whether this key made it over this content. */
function isSignedBy(signerInfo: DerElement, content: Uint8Array, signer: X509Certificate): boolean {
  const [, , digestAlgorithm, ...rest] = elementsIn(signerInfo);
  const digest = DIGEST_OIDS[algorithmOf(digestAlgorithm)];
  const attributes = rest[0]?.tag === context(0) ? rest[0] : undefined;
  const [algorithm, signature] = attributes === undefined ? rest : rest.slice(1);
  if (digest === undefined || signature === undefined) return false;
  if (attributes !== undefined && !describes(attributes, content, digest)) return false;
  const isPss = algorithmOf(algorithm) === PSS_OID;
  const signed = attributes === undefined ? content : asSet(rawBytes(attributes));
  try {
    return verify(
      digest,
      signed,
      { key: signer.publicKey, ...(isPss && { padding: constants.RSA_PKCS1_PSS_PADDING }) },
      octetsOf(signature),
    );
  } catch {
    return false; // a key of another kind than the signature
  }
}

const algorithmOf = (algorithm: DerElement | undefined): string =>
  oidOf(elementsIn(expectTag(algorithm, DER.sequence))[0]);

/** Whether the signed attributes are those of this content: its type and its digest, once each. */
function describes(attributes: DerElement, content: Uint8Array, digest: DigestName): boolean {
  const values = new Map<string, DerElement | undefined>();
  for (const attribute of elementsIn(attributes)) {
    const [oid, set] = elementsIn(attribute);
    if (values.has(oidOf(oid))) return false;
    values.set(oidOf(oid), set && elementsIn(set)[0]);
  }
  const [type, told] = [values.get(ATTRIBUTE.contentType), values.get(ATTRIBUTE.messageDigest)];
  if (
    type === undefined ||
    told === undefined ||
    ![CONTENT.data, CONTENT.signed].some((oid) => oid === oidOf(type))
  )
    return false;
  return Buffer.compare(contentBytes(told), hash(digest, content, 'buffer')) === 0;
}
