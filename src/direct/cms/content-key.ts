/** The key of the content, from the part of an envelope that is for one of our keys (RFC 5652, 6.2; RFC 5753). */
import {
  constants,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  privateDecrypt,
} from 'node:crypto';
import type { SigningKey } from '../certificates/signing-key.ts';
import { AGREEMENTS, KEY_WRAPS, MGF1, OAEP_DIGESTS, RSA, RSA_OAEP } from './algorithms.ts';
import { contextTag, octetsIn, primitive, sequence, TAG, type Asn1 } from './asn1.ts';
import { isNamedBy, nameOf } from './certificate-id.ts';
import { deriveWrapKey, WRAP_IV } from './key-agreement.ts';

/** What is encrypted for one of our keys, and how. */
interface ForUs {
  readonly key: SigningKey;
  readonly info: Asn1;
  readonly encryptedKey: Uint8Array;
}

/** A key of the right length, always; where it is not sound, it is one that nobody knows. */
interface ContentKey {
  readonly bytes: Uint8Array;
  readonly isSound: boolean;
}

/** Undefined when the envelope names none of the keys. */
export function contentKeyOf(
  infos: readonly Asn1[],
  keys: readonly SigningKey[],
  keyBytes: number,
): ContentKey | undefined {
  const forUs = findForUs(infos, keys);
  if (forUs === undefined) return undefined;
  const found = unwrap(forUs);
  const another = anotherKey(forUs, keyBytes);
  const isSound = found?.length === keyBytes;
  return { bytes: isSound ? found : another, isSound };
}

function findForUs(infos: readonly Asn1[], keys: readonly SigningKey[]): ForUs | undefined {
  for (const info of infos)
    for (const { id, encryptedKey } of namedIn(info)) {
      const key = keys.find(({ certificate }) => isNamedBy(certificate, id));
      if (key !== undefined) return { key, info, encryptedKey: octetsIn(encryptedKey) };
    }
  return undefined;
}

/** The recipients of one RecipientInfo: one of a key transport, several of a key agreement. */
function namedIn(
  info: Asn1,
): readonly { readonly id: Asn1 | undefined; readonly encryptedKey: Asn1 | undefined }[] {
  if (info.tag === TAG.sequence) return [{ id: info.children[1], encryptedKey: info.children[3] }];
  if (info.tag !== contextTag(1)) return [];
  return (info.children.at(-1)?.children ?? []).map(({ children: [id, encryptedKey] }) => ({
    // [0] RecipientKeyIdentifier begins with the subject key identifier.
    id: id?.tag === contextTag(0) ? { ...id, ...asIdentifier(id) } : id,
    encryptedKey,
  }));
}

const asIdentifier = ({ children: [first] }: Asn1): Partial<Asn1> => ({
  isConstructed: false,
  content: octetsIn(first),
});

/** Undefined for every fault. */
function unwrap(forUs: ForUs): Uint8Array | undefined {
  try {
    return forUs.info.tag === TAG.sequence ? transported(forUs) : agreed(forUs);
  } catch {
    return undefined;
  }
}

function transported({ key: { privateKey }, info, encryptedKey }: ForUs): Uint8Array | undefined {
  const algorithm = info.children[2]?.children ?? [];
  const oid = algorithm[0]?.oid;
  if (privateKey.asymmetricKeyType !== 'rsa') return undefined;
  // Node answers a broken padding of PKCS #1 v1.5 with bytes of no meaning (implicit rejection), and never by an error.
  if (oid === RSA)
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, encryptedKey);
  const oaepHash = oid === RSA_OAEP ? oaepHashOf(algorithm[1]) : undefined;
  if (oaepHash === undefined) return undefined;
  return privateDecrypt(
    { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash },
    encryptedKey,
  );
}

/** RSAES-OAEP-params (RFC 4055, 4.1): one digest for both purposes, and no label. SHA-1 where none is named. */
function oaepHashOf(parameters: Asn1 | undefined): string | undefined {
  const part = (number: number): readonly Asn1[] =>
    parameters?.children.find(({ tag }) => tag === contextTag(number))?.children[0]?.children ?? [];
  const hash = digestNamed(part(0)[0]);
  const [generator, generatorHash] = part(1);
  const isPlain =
    parameters?.children.every(({ tag }) => tag === contextTag(0) || tag === contextTag(1)) ?? true;
  if (!isPlain || (generator !== undefined && generator.oid !== MGF1)) return undefined;
  return hash === digestNamed(generatorHash?.children[0]) ? hash : undefined;
}

const digestNamed = (node: Asn1 | undefined): string | undefined =>
  node === undefined ? 'sha1' : OAEP_DIGESTS[node.oid];

/** One-pass ECDH: version, `[0]` originator, `[1]` user keying material, algorithm, recipients. */
function agreed({ key, info, encryptedKey }: ForUs): Uint8Array | undefined {
  const originator = info.children.find(({ tag }) => tag === contextTag(0))?.children[0];
  const material = info.children.find(({ tag }) => tag === contextTag(1))?.children[0];
  const [agreement, wrap] = info.children.find(({ tag }) => tag === TAG.sequence)?.children ?? [];
  const digest = AGREEMENTS[agreement?.oid ?? ''];
  const cipher = KEY_WRAPS[wrap?.children[0]?.oid ?? ''];
  const point = originator?.children.find(({ tag }) => tag === TAG.bits);
  const algorithm = nameOf(key.certificate)?.keyAlgorithm;
  if (originator?.tag !== contextTag(1) || wrap === undefined || point === undefined) return undefined;
  if (digest === undefined || cipher === undefined || algorithm === undefined) return undefined;
  // The sender's point on the curve of our own key; node refuses a point that is not on it.
  const spki = sequence(algorithm, primitive(TAG.bits, point.content));
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const secret = diffieHellman({ privateKey: key.privateKey, publicKey });
  const wrapKey = deriveWrapKey({
    secret,
    digest,
    wrap: wrap.whole,
    keyBytes: cipher.keyBytes,
    ...(material !== undefined && { material: octetsIn(material) }),
  });
  const decipher = createDecipheriv(cipher.name, wrapKey, WRAP_IV);
  return Buffer.concat([decipher.update(encryptedKey), decipher.final()]);
}

/**
 * A key that nobody knows who does not have ours, and always the same for one mail: a repeated mail must not be answered
 * by something else.
 */
function anotherKey({ key: { privateKey }, encryptedKey }: ForUs, keyBytes: number): Uint8Array {
  const secret = privateKey.export({ format: 'der', type: 'pkcs8' });
  return createHmac('sha256', secret).update(encryptedKey).digest().subarray(0, keyBytes);
}
