/** Recovery codes (identity ID-32): ten of 80 bits, shown once, each used once; the hash alone is kept. */
import { createHash } from 'node:crypto';
import { decodeBase32, encodeBase32 } from './base32.ts';
import type { RandomBytes } from './seal.ts';

const CODES = 10;
const BYTES = 10;

/** Codes as people read them: `ABCD-EFGH-IJKL-MNOP`. */
export const newRecoveryCodes = (random: RandomBytes): readonly string[] =>
  Array.from({ length: CODES }, () => encodeBase32(random(BYTES)).replaceAll(/.{4}(?=.)/g, '$&-'));

/** The hash of a code, however it was typed; undefined: it is none. 80 bits need no slow hash. */
export function recoveryCodeHash(typed: string): string | undefined {
  const bytes = typed.length > 64 ? undefined : decodeBase32(typed);
  if (bytes?.length !== BYTES) return undefined;
  return createHash('sha256').update(bytes).digest('base64url');
}
