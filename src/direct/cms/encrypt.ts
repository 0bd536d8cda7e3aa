/** Encrypts: CMS EnvelopedData for one recipient (RFC 5652, 6), by AES-256-CBC (direct-xdm 3). */
import {
  constants,
  createCipheriv,
  createECDH,
  publicEncrypt,
  type X509Certificate,
  type KeyObject,
} from 'node:crypto';
import {
  AES256_CBC,
  AES256_WRAP,
  CONTENT,
  CURVES,
  ECDH_SHA256,
  MGF1,
  RSA,
  RSA_OAEP,
  SHA256,
} from './algorithms.ts';
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
import { nameOf, writeCertificateId } from './certificate-id.ts';
import { deriveWrapKey, WRAP_IV } from './key-agreement.ts';
import { contentInfo } from './sign.ts';

const KEY_BYTES = 32;
const IV_BYTES = 16;

export interface Encryption {
  readonly recipient: X509Certificate;
  readonly keyTransport: 'pkcs1' | 'oaep';
  readonly random: (bytes: number) => Uint8Array;
}

/** The content for its one recipient, in DER. Throws a TypeError for a recipient whose key is neither RSA nor EC. */
export function encryptFor(content: Uint8Array, { recipient, keyTransport, random }: Encryption): Uint8Array {
  const key = random(KEY_BYTES);
  const iv = random(IV_BYTES);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
  const { publicKey } = recipient;
  const isEc = publicKey.asymmetricKeyType === 'ec';
  const info = isEc ? agree(key, recipient, random) : transport(key, recipient, keyTransport);
  return contentInfo(
    CONTENT.enveloped,
    sequence(
      writeInteger(isEc ? 2 : 0),
      setOf(info),
      sequence(
        objectIdentifier(CONTENT.data),
        sequence(objectIdentifier(AES256_CBC), octets(iv)),
        primitive(contextTag(0), encrypted),
      ),
    ),
  );
}

/** KeyTransRecipientInfo (RFC 5652, 6.2.1). */
function transport(key: Uint8Array, recipient: X509Certificate, kind: 'pkcs1' | 'oaep'): Uint8Array {
  if (recipient.publicKey.asymmetricKeyType !== 'rsa')
    throw new TypeError('a Direct mail is encrypted for an RSA or an EC key');
  const isOaep = kind === 'oaep';
  const encrypted = publicEncrypt(
    isOaep
      ? { key: recipient.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
      : { key: recipient.publicKey, padding: constants.RSA_PKCS1_PADDING },
    key,
  );
  return sequence(
    writeInteger(0),
    writeCertificateId(recipient),
    isOaep ? OAEP_SHA256 : sequence(objectIdentifier(RSA), DER_NULL),
    octets(encrypted),
  );
}

const HASH = sequence(objectIdentifier(SHA256), DER_NULL);

/** RSAES-OAEP-params (RFC 4055, 4.1) with SHA-256: a peer that is known to read OAEP is of the newer kind. */
const OAEP_SHA256 = sequence(
  objectIdentifier(RSA_OAEP),
  sequence(
    constructed(contextTag(0), HASH),
    constructed(contextTag(1), sequence(objectIdentifier(MGF1), HASH)),
  ),
);

/** KeyAgreeRecipientInfo with a key of this one mail (RFC 5753, 3.1.1). */
function agree(key: Uint8Array, recipient: X509Certificate, random: Encryption['random']): Uint8Array {
  const { point, secret } = agreeWith(recipient.publicKey, random);
  const algorithm = nameOf(recipient)?.keyAlgorithm ?? new Uint8Array();
  const wrap = sequence(objectIdentifier(AES256_WRAP));
  const wrapKey = deriveWrapKey({ secret, digest: 'sha256', wrap, keyBytes: KEY_BYTES });
  const cipher = createCipheriv('aes256-wrap', wrapKey, WRAP_IV);
  const wrapped = Buffer.concat([cipher.update(key), cipher.final()]);
  return constructed(
    contextTag(1),
    writeInteger(3),
    constructed(
      contextTag(0),
      constructed(contextTag(1), algorithm, primitive(TAG.bits, Buffer.concat([Uint8Array.of(0), point]))),
    ),
    sequence(objectIdentifier(ECDH_SHA256), wrap),
    sequence(sequence(writeCertificateId(recipient), octets(wrapped))),
  );
}

/** A new key on the curve of the recipient's, as a point, and the secret that both sides share. */
function agreeWith(
  publicKey: KeyObject,
  random: Encryption['random'],
): { readonly point: Uint8Array; readonly secret: Uint8Array } {
  const curve = publicKey.asymmetricKeyDetails?.namedCurve ?? '';
  const topBits = CURVES.get(curve);
  if (topBits === undefined) throw new TypeError('a Direct mail is encrypted for a key on a curve of NIST');
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const theirs = Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const ours = createECDH(curve);
  ours.setPrivateKey(privateNumber(ours, random, { bytes: (theirs.length - 1) / 2, topBits }));
  return { point: ours.getPublicKey(), secret: ours.computeSecret(theirs) };
}

const TRIES = 64;

/** A number below the order of the curve; nearly every number of its length is one. */
function privateNumber(
  curve: ReturnType<typeof createECDH>,
  random: Encryption['random'],
  { bytes, topBits }: { readonly bytes: number; readonly topBits: number },
): Uint8Array {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const number = Buffer.from(random(bytes));
    number[0] = (number[0] ?? 0) & topBits;
    try {
      curve.setPrivateKey(number);
      return number;
    } catch {
      // Another number is asked for.
    }
  }
  throw new TypeError('no private number for this curve');
}
