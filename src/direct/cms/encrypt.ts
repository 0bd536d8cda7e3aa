/** Encrypts: CMS EnvelopedData for one recipient (RFC 5652, 6), by AES-256-CBC (direct-xdm 3). */
import {
  constants,
  createCipheriv,
  createECDH,
  publicEncrypt,
  type X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { BitString, OctetString } from 'asn1js';
import {
  AlgorithmIdentifier,
  EncryptedContentInfo,
  EnvelopedData,
  KeyAgreeRecipientIdentifier,
  KeyAgreeRecipientInfo,
  KeyTransRecipientInfo,
  OriginatorIdentifierOrKey,
  OriginatorPublicKey,
  RecipientEncryptedKey,
  RecipientEncryptedKeys,
  RecipientInfo,
  RSAESOAEPParams,
} from 'pkijs';
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
import { certificateId, parsedCertificate } from './certificate-id.ts';
import { algorithmNamed, writeContentInfo } from './cms-structure.ts';
import { deriveWrapKey, WRAP_IV } from './key-agreement.ts';

const KEY_BYTES = 32;
const IV_BYTES = 16;

interface Encryption {
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
  const isEc = recipient.publicKey.asymmetricKeyType === 'ec';
  const info = isEc ? agree(key, recipient, random) : transport(key, recipient, keyTransport);
  return writeContentInfo(
    CONTENT.enveloped,
    new EnvelopedData({
      version: isEc ? 2 : 0,
      recipientInfos: [info],
      encryptedContentInfo: new EncryptedContentInfo({
        contentType: CONTENT.data,
        contentEncryptionAlgorithm: new AlgorithmIdentifier({
          algorithmId: AES256_CBC,
          algorithmParams: octets(iv),
        }),
        encryptedContent: octets(encrypted),
        // In one piece: pkijs cuts it otherwise, which is BER.
        disableSplit: true,
      }),
    }).toSchema(),
  );
}

const octets = (bytes: Uint8Array): OctetString => new OctetString({ valueHex: Buffer.from(bytes) });

/** KeyTransRecipientInfo (RFC 5652, 6.2.1). pkijs encrypts by OAEP alone, so the key is wrapped here. */
function transport(key: Uint8Array, recipient: X509Certificate, kind: 'pkcs1' | 'oaep'): RecipientInfo {
  if (recipient.publicKey.asymmetricKeyType !== 'rsa')
    throw new TypeError('a Direct mail is encrypted for an RSA or an EC key');
  const isOaep = kind === 'oaep';
  const encrypted = publicEncrypt(
    isOaep
      ? { key: recipient.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
      : { key: recipient.publicKey, padding: constants.RSA_PKCS1_PADDING },
    key,
  );
  return new RecipientInfo({
    variant: 1,
    value: new KeyTransRecipientInfo({
      version: 0,
      rid: certificateId(recipient),
      keyEncryptionAlgorithm: isOaep ? oaepSha256() : algorithmNamed(RSA),
      encryptedKey: octets(encrypted),
    }),
  });
}

/** RSAES-OAEP-params (RFC 4055, 4.1) with SHA-256: a peer that is known to read OAEP is of the newer kind. */
const oaepSha256 = (): AlgorithmIdentifier =>
  new AlgorithmIdentifier({
    algorithmId: RSA_OAEP,
    algorithmParams: new RSAESOAEPParams({
      hashAlgorithm: algorithmNamed(SHA256),
      maskGenAlgorithm: new AlgorithmIdentifier({
        algorithmId: MGF1,
        algorithmParams: algorithmNamed(SHA256).toSchema(),
      }),
    }).toSchema(),
  });

/** KeyAgreeRecipientInfo with a key of this one mail (RFC 5753, 3.1.1). */
function agree(key: Uint8Array, recipient: X509Certificate, random: Encryption['random']): RecipientInfo {
  const { point, secret } = agreeWith(recipient.publicKey, random);
  const wrap = new AlgorithmIdentifier({ algorithmId: AES256_WRAP });
  const wrapKey = deriveWrapKey({ secret, digest: 'sha256', wrap, keyBytes: KEY_BYTES });
  const cipher = createCipheriv('aes256-wrap', wrapKey, WRAP_IV);
  const wrapped = Buffer.concat([cipher.update(key), cipher.final()]);
  return new RecipientInfo({
    variant: 2,
    value: new KeyAgreeRecipientInfo({
      version: 3,
      originator: new OriginatorIdentifierOrKey({
        variant: 3,
        value: new OriginatorPublicKey({
          algorithm: parsedCertificate(recipient).subjectPublicKeyInfo.algorithm,
          publicKey: new BitString({ valueHex: Buffer.from(point) }),
        }),
      }),
      keyEncryptionAlgorithm: new AlgorithmIdentifier({
        algorithmId: ECDH_SHA256,
        algorithmParams: wrap.toSchema(),
      }),
      recipientEncryptedKeys: new RecipientEncryptedKeys({
        encryptedKeys: [
          new RecipientEncryptedKey({
            rid: new KeyAgreeRecipientIdentifier({ variant: 1, value: certificateId(recipient) }),
            encryptedKey: octets(wrapped),
          }),
        ],
      }),
    }),
  });
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
