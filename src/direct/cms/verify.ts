/**
 * Verifies a detached signature (RFC 5652, 5) by our own policy (direct-xdm 3): digests, keys and attributes that are not
 * named here are refused. Every signature of a message must be good.
 */
import { constants, createHash, verify, X509Certificate, type KeyObject } from 'node:crypto';
import { ObjectIdentifier, type AsnType } from 'asn1js';
import {
  AlgorithmIdentifier,
  RSASSAPSSParams,
  SignedData,
  type SignedAndUnsignedAttributes,
  type SignerInfo,
} from 'pkijs';
import type { Distrust } from '../../ports/direct.ts';
import { readElement, readOrNothing, timeOf } from '../certificates/der.ts';
import { DIGEST_OIDS, hasFitKey, type DigestName } from '../certificates/strength.ts';
import type { MailLimits } from '../mime/limits.ts';
import { ATTRIBUTE, CONTENT, MGF1, SIGNATURES } from './algorithms.ts';
import { nodesIn, isContext, isUniversal, octetsIn, orNothing, sameBytes, TAG } from './asn1.ts';
import { isNamedBy } from './certificate-id.ts';
import { readContentInfo } from './cms-structure.ts';

/** Who made one signature of a message. */
export interface MailSigner {
  readonly certificate: X509Certificate;
  /** The other certificates that came with the signature: between the signer and an anchor, or of nobody. */
  readonly chain: readonly X509Certificate[];
  readonly digest: DigestName;
  /** Milliseconds since 1970, by the signer's clock. */
  readonly signedAt: number | undefined;
}

type Verified =
  | { readonly kind: 'good'; readonly signers: readonly MailSigner[] }
  | { readonly kind: 'bad'; readonly distrust: Distrust };

const bad = (distrust: Distrust): Verified => ({ kind: 'bad', distrust });

/** Whether the signature is good for exactly these bytes. Never throws. */
export function verifyDetached(content: Uint8Array, signature: Uint8Array, limits: MailLimits): Verified {
  const info = readContentInfo(signature, limits);
  if (info?.type !== CONTENT.signed) return bad('signature-broken');
  const given = certificatesIn(info.content);
  const signerInfos = nodesIn(nodesIn(info.content).at(-1));
  if (given.length > limits.certificatesMax || signerInfos.length > limits.signersMax)
    return bad('signature-broken');
  const signed = orNothing(() => new SignedData({ schema: info.content }));
  // A signature with a content of its own would cover other bytes than those that are read.
  if (
    signed?.encapContentInfo.eContentType !== CONTENT.data ||
    signed.encapContentInfo.eContent !== undefined
  )
    return bad('signature-broken');
  if (signed.signerInfos.length === 0) return bad('unsigned');
  const certificates = given.flatMap((one) => orNothing(() => new X509Certificate(one)) ?? []);
  const signers: MailSigner[] = [];
  for (const signer of signed.signerInfos) {
    const verified = verifySigner(content, signer, certificates);
    if (verified.kind === 'bad') return verified;
    signers.push(...verified.signers);
  }
  return { kind: 'good', signers };
}

/** The certificates byte for byte, which pkijs would write anew. */
function certificatesIn(signedData: AsnType): readonly Uint8Array[] {
  const set = nodesIn(signedData).find((field) => isContext(field, 0));
  return nodesIn(set)
    .filter((one) => isUniversal(one, TAG.sequence))
    .map(({ valueBeforeDecodeView }) => valueBeforeDecodeView);
}

function verifySigner(
  content: Uint8Array,
  signer: SignerInfo,
  certificates: readonly X509Certificate[],
): Verified {
  const { signedAttrs } = signer;
  const certificate = certificates.find((one) => isNamedBy(one, signer.sid));
  if (certificate === undefined) return bad('signature-broken');
  const digest = DIGEST_OIDS[signer.digestAlgorithm.algorithmId];
  const scheme = SIGNATURES[signer.signatureAlgorithm.algorithmId];
  if (digest === undefined || scheme?.digest === 'forbidden') return bad('digest-forbidden');
  // Were signatures without attributes believed, an old set of signed attributes would pass as a signed message.
  if (signedAttrs === undefined || scheme === undefined) return bad('signature-broken');
  if (!hasFitKey(certificate)) return bad('certificate-unfit');
  const isMeant =
    (scheme.digest ?? digest) === digest &&
    isOne(signedAttrs, ATTRIBUTE.contentType, (value) => oidIn(value) === CONTENT.data) &&
    isOne(signedAttrs, ATTRIBUTE.messageDigest, (value) =>
      sameBytes(octetsIn(value), createHash(digest).update(content).digest()),
    );
  const parameters = signer.signatureAlgorithm.algorithmParams as AsnType | undefined;
  const options = isMeant ? optionsOf(scheme.scheme, digest, parameters, certificate) : undefined;
  // pkijs keeps their bytes as the SET that is signed (RFC 5652, 5.4).
  const attributes = new Uint8Array(signedAttrs.encodedValue);
  if (options === undefined || !isSigned(digest, attributes, options, octetsIn(signer.signature)))
    return bad('signature-broken');
  const chain = certificates.filter((one) => one !== certificate);
  return { kind: 'good', signers: [{ certificate, chain, digest, signedAt: signedAtOf(signedAttrs) }] };
}

const isSigned = (digest: DigestName, signed: Uint8Array, options: KeyOptions, value: Uint8Array): boolean =>
  orNothing(() => verify(digest, signed, options, value)) ?? false;

const oidIn = (value: AsnType): string =>
  value instanceof ObjectIdentifier ? value.valueBlock.toString() : '';

/** The values of the attribute of this kind, if it stands there exactly once. */
function valuesOf({ attributes }: SignedAndUnsignedAttributes, kind: string): readonly AsnType[] {
  const found = attributes.filter(({ type }) => type === kind);
  // pkijs types the values loosely; they are values of asn1js.
  return found.length === 1 ? ((found[0]?.values ?? []) as readonly AsnType[]) : [];
}

function isOne(
  attributes: SignedAndUnsignedAttributes,
  kind: string,
  fits: (value: AsnType) => boolean,
): boolean {
  const [value, ...more] = valuesOf(attributes, kind);
  return value !== undefined && more.length === 0 && fits(value);
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
  parameters: AsnType | undefined,
  { publicKey: key }: X509Certificate,
): KeyOptions | undefined {
  const type = key.asymmetricKeyType;
  if (scheme === 'ecdsa') return type === 'ec' ? { key } : undefined;
  if (type !== 'rsa') return undefined;
  if (scheme === 'rsa') return { key, padding: constants.RSA_PKCS1_PADDING };
  const saltLength = orNothing(() => saltOf(new RSASSAPSSParams({ schema: parameters }), digest));
  return saltLength === undefined ? undefined : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

/** The salt of RSASSA-PSS-params (RFC 4055, 3.1), if both its digests are the signer's. */
function saltOf(
  { hashAlgorithm, maskGenAlgorithm, saltLength }: RSASSAPSSParams,
  digest: DigestName,
): number | undefined {
  const generator = new AlgorithmIdentifier({ schema: maskGenAlgorithm.algorithmParams });
  const isSame =
    DIGEST_OIDS[hashAlgorithm.algorithmId] === digest &&
    maskGenAlgorithm.algorithmId === MGF1 &&
    DIGEST_OIDS[generator.algorithmId] === digest;
  // To node:crypto, negative numbers mean "any salt".
  return isSame && saltLength >= 0 ? saltLength : undefined;
}

/** UTCTime or GeneralizedTime (RFC 5652, 11.3). */
function signedAtOf(attributes: SignedAndUnsignedAttributes): number | undefined {
  const value = valuesOf(attributes, ATTRIBUTE.signingTime)[0];
  return value && readOrNothing(() => timeOf(readElement(value.valueBeforeDecodeView)));
}
