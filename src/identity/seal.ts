/**
 * Sealing: how a secret lies in the store (identity ID-54, encryption E10). AES-256-GCM, bound to the record that holds it, so
 * that a sealed text moved to another record does not open.
 */
import { createCipheriv, createDecipheriv, createHash, createSecretKey } from 'node:crypto';

/** The record that holds the sealed text. */
interface SealedPlace {
  readonly kind: string;
  readonly key: string;
}

export interface Seal {
  /** @returns base64url of version, nonce, tag and cipher text */
  close(plain: Uint8Array, place: SealedPlace): string;
  /** Undefined: the text is no sealed one, was changed, belongs to another record or was sealed with another key. */
  open(sealed: string, place: SealedPlace): Buffer | undefined;
}

/** Bytes that nobody can guess. */
export type RandomBytes = (count: number) => Buffer;

export const SEAL_KEY_BYTES = 32;

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** @param key 32 bytes; copied, so that the caller may wipe them */
export function createSeal(key: Uint8Array, random: RandomBytes): Seal {
  const secret = createSecretKey(key);
  return {
    close(plain, place) {
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce);
      cipher.setAAD(boundTo(place));
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), text]).toString('base64url');
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) return undefined;
      const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(place));
      decipher.setAuthTag(bytes.subarray(1 + NONCE_BYTES, HEAD_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}

/** Eight hex digits by which a person tells one key from another; they say nothing about the key. */
export const keyFingerprint = (key: Uint8Array): string =>
  createHash('sha256').update('closeloop/1 · fingerprint').update(key).digest('hex').slice(0, 8);

const boundTo = ({ kind, key }: SealedPlace): Buffer =>
  Buffer.from(`closeloop/1 · record · ${kind} · ${key}`);
