/**
 * Verifies a detached signature (RFC 5652, 5) by our own policy (direct-xdm 3): digests, keys and attributes that are not
 * named here are refused. Every signature of a message must be good.
 */
import { constants, createHash, verify, X509Certificate, type KeyObject } from 'node:crypto';
import type { Distrust } from '../../ports/direct.ts';
import { readElement, readOrNothing, timeOf } from '../certificates/der.ts';
import { hasFitKey, type DigestName } from '../certificates/strength.ts';
import type { MailLimits } from '../mime/limits.ts';
import { ATTRIBUTE, CONTENT, DIGESTS, MGF1, SIGNATURES } from './algorithms.ts';
import { contextTag, octetsIn, readAsn1, sameBytes, smallInteger, TAG, type Asn1 } from './asn1.ts';
import { isNamedBy } from './certificate-id.ts';

/** Who made one signature of a message. */
export interface MailSigner {
  readonly certificate: X509Certificate;
  /** The other certificates that came with the signature: between the signer and an anchor, or of nobody. */
  readonly chain: readonly X509Certificate[];
  readonly digest: DigestName;
  /** Milliseconds since 1970, by the signer's clock. */
  readonly signedAt: number | undefined;
}

export type Verified =
  | { readonly kind: 'good'; readonly signers: readonly MailSigner[] }
  | { readonly kind: 'bad'; readonly distrust: Distrust };

const bad = (distrust: Distrust): Verified => ({ kind: 'bad', distrust });

/** Whether the signature is good for exactly these bytes. Never throws. */
export function verifyDetached(content: Uint8Array, signature: Uint8Array, limits: MailLimits): Verified {
  const info = readAsn1(signature, limits);
  const fields = info?.children[1]?.children[0]?.children ?? [];
  const encapsulated = fields[2]?.children ?? [];
  const signerInfos = fields[fields.length - 1];
  // A signature that brings its own content would be of something that nobody looked at.
  if (info?.children[0]?.oid !== CONTENT.signed || encapsulated.length !== 1) return bad('signature-broken');
  if (encapsulated[0]?.oid !== CONTENT.data || signerInfos?.tag !== TAG.set || fields.length < 4)
    return bad('signature-broken');
  if (signerInfos.children.length === 0) return bad('unsigned');
  const given = fields.find(({ tag }) => tag === contextTag(0))?.children ?? [];
  if (signerInfos.children.length > limits.signersMax || given.length > limits.certificatesMax)
    return bad('signature-broken');
  const certificates = given.flatMap(readCertificate);
  const signers: MailSigner[] = [];
  for (const signer of signerInfos.children) {
    const verified = verifySigner(content, signer, certificates);
    if (verified.kind === 'bad') return verified;
    signers.push(...verified.signers);
  }
  return { kind: 'good', signers };
}

/** Other choices than a certificate, and certificates that cannot be read, help nobody. */
function readCertificate({ tag, whole }: Asn1): readonly X509Certificate[] {
  try {
    return tag === TAG.sequence ? [new X509Certificate(whole)] : [];
  } catch {
    return [];
  }
}

/** SignerInfo: version, sid, digest, `[0]` signed attributes, signature algorithm, signature, `[1]` others. */
function verifySigner(
  content: Uint8Array,
  { children }: Asn1,
  certificates: readonly X509Certificate[],
): Verified {
  const [, id, digestAlgorithm, attributes, algorithm, value] = children;
  const certificate = certificates.find((one) => isNamedBy(one, id));
  if (certificate === undefined) return bad('signature-broken');
  const digest = DIGESTS[digestAlgorithm?.children[0]?.oid ?? ''];
  const scheme = SIGNATURES[algorithm?.children[0]?.oid ?? ''];
  if (digest === undefined || scheme?.digest === 'forbidden') return bad('digest-forbidden');
  // Without attributes, whoever signed a set of attributes once would have signed it as a message, too.
  if (attributes?.tag !== contextTag(0) || scheme === undefined || value === undefined)
    return bad('signature-broken');
  if (!hasFitKey(certificate)) return bad('certificate-unfit');
  const isMeant =
    (scheme.digest ?? digest) === digest &&
    isOne(attributes, ATTRIBUTE.contentType, ({ oid }) => oid === CONTENT.data) &&
    isOne(attributes, ATTRIBUTE.messageDigest, (node) =>
      sameBytes(octetsIn(node), createHash(digest).update(content).digest()),
    );
  const options = isMeant ? optionsOf(scheme.scheme, digest, algorithm?.children[1], certificate) : undefined;
  if (options === undefined || !isSigned(digest, asSet(attributes.whole), options, octetsIn(value)))
    return bad('signature-broken');
  const chain = certificates.filter((one) => one !== certificate);
  return { kind: 'good', signers: [{ certificate, chain, digest, signedAt: signedAtOf(attributes) }] };
}

function isSigned(digest: DigestName, signed: Uint8Array, options: KeyOptions, value: Uint8Array): boolean {
  try {
    return verify(digest, signed, options, value);
  } catch {
    return false;
  }
}

/** The values of the attribute of this kind, if it stands there exactly once. */
function valuesOf({ children }: Asn1, kind: string): readonly Asn1[] {
  const found = children.filter((attribute) => attribute.children[0]?.oid === kind);
  return found.length === 1 ? (found[0]?.children[1]?.children ?? []) : [];
}

function isOne(attributes: Asn1, kind: string, fits: (value: Asn1) => boolean): boolean {
  const [value, ...more] = valuesOf(attributes, kind);
  return value !== undefined && more.length === 0 && fits(value);
}

/** Attributes are signed as the SET that they are, not under their implicit tag (RFC 5652, 5.4). */
function asSet(attributes: Uint8Array): Uint8Array {
  const set = Buffer.from(attributes);
  set[0] = TAG.set | 0x20;
  return set;
}

interface KeyOptions {
  readonly key: KeyObject;
  readonly padding?: number;
  readonly saltLength?: number;
}

/** How the signature is to be verified; undefined when the scheme does not fit the key, or means another digest. */
function optionsOf(
  scheme: 'rsa' | 'pss' | 'ecdsa',
  digest: DigestName,
  parameters: Asn1 | undefined,
  { publicKey: key }: X509Certificate,
): KeyOptions | undefined {
  const type = key.asymmetricKeyType;
  if (scheme === 'ecdsa') return type === 'ec' ? { key } : undefined;
  if (scheme === 'rsa') return type === 'rsa' ? { key, padding: constants.RSA_PKCS1_PADDING } : undefined;
  const saltLength = saltOf(parameters, digest);
  const isFit = (type === 'rsa' || type === 'rsa-pss') && saltLength !== undefined;
  return isFit ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } : undefined;
}

const SALT_DEFAULT = 20;

/** The salt of RSASSA-PSS-params (RFC 4055, 3.1), if both its digests are the signer's. */
function saltOf(parameters: Asn1 | undefined, digest: DigestName): number | undefined {
  const part = (number: number): Asn1 | undefined =>
    parameters?.children.find(({ tag }) => tag === contextTag(number))?.children[0];
  const generator = part(1)?.children;
  const isSame =
    DIGESTS[part(0)?.children[0]?.oid ?? ''] === digest &&
    generator?.[0]?.oid === MGF1 &&
    DIGESTS[generator[1]?.children[0]?.oid ?? ''] === digest;
  const salt = part(2);
  const bytes = salt === undefined ? SALT_DEFAULT : (smallInteger(salt) ?? -1);
  // To node:crypto, negative numbers mean "any salt".
  return isSame && bytes >= 0 ? bytes : undefined;
}

/** UTCTime or GeneralizedTime (RFC 5652, 11.3). */
function signedAtOf(attributes: Asn1): number | undefined {
  const value = valuesOf(attributes, ATTRIBUTE.signingTime)[0];
  return value && readOrNothing(() => timeOf(readElement(value.whole)));
}
