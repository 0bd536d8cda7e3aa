/** Object identifiers and algorithms of CMS that Direct uses, and what of them is taken (direct-xdm 3). */

import { DIGEST_OIDS, PSS_OID, type DigestName } from '../certificates/strength.ts';

/** What a CMS structure is, and what it holds (RFC 5652, RFC 5083). */
export const CONTENT = {
  data: '1.2.840.113549.1.7.1',
  signed: '1.2.840.113549.1.7.2',
  enveloped: '1.2.840.113549.1.7.3',
  authEnveloped: '1.2.840.113549.1.9.16.1.23',
} as const;

/** Signed attributes (RFC 5652, 11). */
export const ATTRIBUTE = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
} as const;

export const SHA256 = '2.16.840.1.101.3.4.2.1';

export const RSA = '1.2.840.113549.1.1.1';
export const RSA_OAEP = '1.2.840.113549.1.1.7';
export const MGF1 = '1.2.840.113549.1.1.8';
export const ECDSA_SHA256 = '1.2.840.10045.4.3.2';

/** Algorithms of signatures (RFC 3370, 5754). `digest`: fixed by the algorithm; else the signer's digest is used. */
export const SIGNATURES: Readonly<
  Record<string, { readonly scheme: 'rsa' | 'pss' | 'ecdsa'; readonly digest?: DigestName | 'forbidden' }>
> = {
  [RSA]: { scheme: 'rsa' },
  '1.2.840.113549.1.1.4': { scheme: 'rsa', digest: 'forbidden' }, // MD5
  '1.2.840.113549.1.1.5': { scheme: 'rsa', digest: 'forbidden' }, // SHA-1
  '1.2.840.113549.1.1.11': { scheme: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { scheme: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { scheme: 'rsa', digest: 'sha512' },
  [PSS_OID]: { scheme: 'pss' },
  '1.2.840.10045.4.1': { scheme: 'ecdsa', digest: 'forbidden' }, // SHA-1
  [ECDSA_SHA256]: { scheme: 'ecdsa', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { scheme: 'ecdsa', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { scheme: 'ecdsa', digest: 'sha512' },
};

/** Digests within OAEP, where SHA-1 is no weakness: nobody chooses what is hashed. */
export const OAEP_DIGESTS: Readonly<Record<string, DigestName | 'sha1'>> = {
  ...DIGEST_OIDS,
  '1.3.14.3.2.26': 'sha1',
};

export const AES256_CBC = '2.16.840.1.101.3.4.1.42';

/** Ciphers of the content, by node's names. 3DES and RC2 are not among them. */
export const CIPHERS: Readonly<
  Record<
    string,
    {
      readonly name: `aes-${128 | 192 | 256}-${'cbc' | 'gcm'}`;
      readonly keyBytes: number;
      readonly isGcm: boolean;
    }
  >
> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16, isGcm: false },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24, isGcm: false },
  [AES256_CBC]: { name: 'aes-256-cbc', keyBytes: 32, isGcm: false },
  '2.16.840.1.101.3.4.1.6': { name: 'aes-128-gcm', keyBytes: 16, isGcm: true },
  '2.16.840.1.101.3.4.1.26': { name: 'aes-192-gcm', keyBytes: 24, isGcm: true },
  '2.16.840.1.101.3.4.1.46': { name: 'aes-256-gcm', keyBytes: 32, isGcm: true },
};

export const ECDH_SHA256 = '1.3.132.1.11.1';

/** One-pass ECDH with the key derivation of X9.63 (RFC 5753, 7.1.4), by the digest of the derivation. */
export const AGREEMENTS: Readonly<Record<string, 'sha1' | 'sha256' | 'sha384'>> = {
  '1.3.133.16.840.63.0.2': 'sha1',
  [ECDH_SHA256]: 'sha256',
  '1.3.132.1.11.2': 'sha384',
};

export const AES256_WRAP = '2.16.840.1.101.3.4.1.45';

/** AES key wrap (RFC 3565). */
export const KEY_WRAPS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.5': { name: 'aes128-wrap', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.25': { name: 'aes192-wrap', keyBytes: 24 },
  [AES256_WRAP]: { name: 'aes256-wrap', keyBytes: 32 },
};

/** Curves of recipients for whom we encrypt, with the bits that the first octet of a number below their order may have. */
export const CURVES: ReadonlyMap<string, number> = new Map([
  ['prime256v1', 0xff],
  ['secp384r1', 0xff],
  ['secp521r1', 0x01],
]);
