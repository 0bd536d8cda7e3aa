/** The key of the content, from the part of an envelope that is for one of our keys (RFC 5652, 6.2; RFC 5753). */
import {
  constants,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  ECDH,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto';
import type { AsnType } from 'asn1js';
import {
  AlgorithmIdentifier,
  KeyAgreeRecipientInfo,
  KeyTransRecipientInfo,
  OriginatorPublicKey,
  RSAESOAEPParams,
  type RecipientInfo,
} from 'pkijs';
import type { SigningKey } from '../certificates/signing-key.ts';
import { AGREEMENTS, KEY_WRAPS, MGF1, OAEP_DIGESTS, RSA, RSA_OAEP } from './algorithms.ts';
import { nodesIn, isContext, octetsIn, orNothing } from './asn1.ts';
import { isNamedBy } from './certificate-id.ts';
import { deriveWrapKey, WRAP_IV } from './key-agreement.ts';

/** What is encrypted for one of our keys, and how. */
interface ForUs {
  readonly key: SigningKey;
  readonly info: KeyTransRecipientInfo | KeyAgreeRecipientInfo;
  readonly encryptedKey: Uint8Array;
}

/** A key of the right length, always; where it is not sound, it is one that nobody knows. */
interface ContentKey {
  readonly bytes: Uint8Array;
  readonly isSound: boolean;
}

/** Undefined when the envelope names none of the keys. */
export function contentKeyOf(
  infos: readonly RecipientInfo[],
  keys: readonly SigningKey[],
  keyBytes: number,
): ContentKey | undefined {
  const forUs = findForUs(infos, keys);
  if (forUs === undefined) return undefined;
  const found = orNothing(() =>
    forUs.info instanceof KeyTransRecipientInfo ? transported(forUs, forUs.info) : agreed(forUs, forUs.info),
  );
  const another = anotherKey(forUs, keyBytes);
  const isSound = found?.length === keyBytes;
  return { bytes: isSound ? found : another, isSound };
}

function findForUs(infos: readonly RecipientInfo[], keys: readonly SigningKey[]): ForUs | undefined {
  for (const { value: info } of infos)
    for (const { id, encryptedKey } of namedIn(info)) {
      const key = keys.find(({ certificate }) => isNamedBy(certificate, id));
      if (
        key !== undefined &&
        (info instanceof KeyTransRecipientInfo || info instanceof KeyAgreeRecipientInfo)
      )
        return { key, info, encryptedKey: octetsIn(encryptedKey) };
    }
  return undefined;
}

/** The recipients of one RecipientInfo: one of a key transport, several of a key agreement. */
function namedIn(
  info: RecipientInfo['value'],
): readonly { readonly id: unknown; readonly encryptedKey: AsnType }[] {
  if (info instanceof KeyTransRecipientInfo) return [{ id: info.rid, encryptedKey: info.encryptedKey }];
  if (!(info instanceof KeyAgreeRecipientInfo)) return [];
  return info.recipientEncryptedKeys.encryptedKeys.map(({ rid, encryptedKey }) => ({
    id: rid.value as unknown,
    encryptedKey,
  }));
}

/** pkijs unwraps by OAEP alone, and by keys of WebCrypto; node:crypto does both for the keys that we have. */
function transported(
  { key: { privateKey }, encryptedKey }: ForUs,
  { keyEncryptionAlgorithm: { algorithmId, algorithmParams } }: KeyTransRecipientInfo,
): Uint8Array | undefined {
  if (privateKey.asymmetricKeyType !== 'rsa') return undefined;
  // Node answers a broken padding of PKCS #1 v1.5 with bytes of no meaning (implicit rejection), and never by an error.
  if (algorithmId === RSA)
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, encryptedKey);
  const oaepHash = algorithmId === RSA_OAEP ? oaepHashOf(algorithmParams) : undefined;
  if (oaepHash === undefined) return undefined;
  return privateDecrypt(
    { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash },
    encryptedKey,
  );
}

/** RSAES-OAEP-params (RFC 4055, 4.1): one digest for both purposes, and no label. SHA-1 where none is named. */
function oaepHashOf(schema: AsnType | undefined): string | undefined {
  if (schema === undefined) return 'sha1';
  // To pkijs, a label that is missing is the hash of an empty one, so it is looked for before.
  const hasLabel = nodesIn(schema).some((field) => isContext(field, 2));
  const { hashAlgorithm, maskGenAlgorithm } = new RSAESOAEPParams({ schema });
  const generator = new AlgorithmIdentifier({ schema: maskGenAlgorithm.algorithmParams });
  const hash = OAEP_DIGESTS[hashAlgorithm.algorithmId];
  const isOne = maskGenAlgorithm.algorithmId === MGF1 && OAEP_DIGESTS[generator.algorithmId] === hash;
  return isOne && !hasLabel ? hash : undefined;
}

/** One-pass ECDH with the key that the sender made for this mail. */
function agreed(
  { key, encryptedKey }: ForUs,
  { originator, ukm, keyEncryptionAlgorithm }: KeyAgreeRecipientInfo,
): Uint8Array | undefined {
  const wrap = new AlgorithmIdentifier({ schema: keyEncryptionAlgorithm.algorithmParams });
  const digest = AGREEMENTS[keyEncryptionAlgorithm.algorithmId];
  const cipher = KEY_WRAPS[wrap.algorithmId];
  const sender: unknown = originator.value;
  if (!(sender instanceof OriginatorPublicKey) || digest === undefined || cipher === undefined)
    return undefined;
  const publicKey = onSameCurve(key.privateKey, sender.publicKey.valueBlock.valueHexView);
  const secret = diffieHellman({ privateKey: key.privateKey, publicKey });
  const wrapKey = deriveWrapKey({
    secret,
    digest,
    wrap,
    keyBytes: cipher.keyBytes,
    ...(ukm !== undefined && { material: octetsIn(ukm) }),
  });
  const decipher = createDecipheriv(cipher.name, wrapKey, WRAP_IV);
  return Buffer.concat([decipher.update(encryptedKey), decipher.final()]);
}

/** The sender's point on the curve of our own key. Throws for a point that is not on it. */
function onSameCurve(privateKey: KeyObject, point: Uint8Array): KeyObject {
  const { crv = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const curve = privateKey.asymmetricKeyDetails?.namedCurve ?? '';
  // The types say that a text may come, which is asked for by an encoding alone.
  const whole = ECDH.convertKey(point, curve, undefined, undefined, 'uncompressed') as Buffer;
  const size = (whole.length - 1) / 2;
  const [x = '', y = ''] = [whole.subarray(1, 1 + size), whole.subarray(1 + size)].map((part) =>
    part.toString('base64url'),
  );
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv, x, y } });
}

/**
 * A key that only the holder of our private key can make, and the same each time for one mail, so that a repeated mail gets
 * the same answer.
 */
function anotherKey({ key: { privateKey }, encryptedKey }: ForUs, keyBytes: number): Uint8Array {
  const secret = privateKey.export({ format: 'der', type: 'pkcs8' });
  return createHmac('sha256', secret).update(encryptedKey).digest().subarray(0, keyBytes);
}
