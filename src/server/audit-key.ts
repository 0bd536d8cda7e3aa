/**
 * The key that signs audit packages (audit-compliance AU16): a file of its own, apart from the data folder, made when it is
 * first needed. It holds a private key, and behind it the public halves of the keys before it, as PEM.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A public half as it is published (RFC 8037), named by its thumbprint (RFC 7638). */
type PublishedKey = JsonWebKey & { readonly kid: string; readonly use: 'sig'; readonly alg: 'EdDSA' };

export interface AuditSigner {
  readonly kid: string;
  /** PEM of the public half. */
  readonly publicKey: string;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
}

/** The file that the settings name, else one beside the data folder. */
export const auditKeyFile = ({
  auditSigningKey,
  dataDir,
}: {
  readonly auditSigningKey: string | undefined;
  readonly dataDir: string;
}): string => auditSigningKey ?? `${resolve(dataDir)}.audit-key.pem`;

/** The key of the file, which is made where there is none. */
export function openAuditSigner(file: string): AuditSigner {
  if (!existsSync(file)) writeFileSync(file, newPrivateKey(), { mode: 0o600, flag: 'wx' });
  const [pem = ''] = blocksOf(file);
  const key = createPrivateKey(pem);
  const published = publish(createPublicKey(key));
  return {
    kid: published.kid,
    publicKey: String(createPublicKey(key).export({ type: 'spki', format: 'pem' })),
    sign: (bytes) => sign(null, bytes, key),
  };
}

/** The public halves, the present one first; none where no key was made yet. */
export const publishedKeys = (file: string): readonly PublishedKey[] =>
  existsSync(file) ? blocksOf(file).map((pem) => publish(createPublicKey(pem))) : [];

/** Puts a new key before the others, of which the public halves stay. @returns its name */
export function rotateAuditKey(file: string): string {
  const publics = existsSync(file)
    ? blocksOf(file).map((pem) => String(createPublicKey(pem).export({ type: 'spki', format: 'pem' })))
    : [];
  writeFileSync(`${file}.new`, [newPrivateKey(), ...publics].join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return openAuditSigner(file).kid;
}

const newPrivateKey = (): string =>
  String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));

const blocksOf = (file: string): readonly string[] =>
  readFileSync(file, 'utf8').match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\n?/g) ?? [];

function publish(key: KeyObject): PublishedKey {
  const { crv = '', kty = '', x = '' } = key.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return { kty, crv, x, kid, use: 'sig', alg: 'EdDSA' };
}
