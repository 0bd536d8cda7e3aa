/** Whether many people have a password (identity ID-23): a generated list of hashes, searched by halves. */
import { createHash } from 'node:crypto';
import listed from './generated/frequent-passwords.json' with { type: 'json' };

/** Shorter passwords are not listed: as the whole of a password they are refused for their length. */
export const COMMON_LENGTH_MIN = 6;

const BYTES = Buffer.from(listed, 'base64');

/** Stands for a password in the list: 32 bits of a hash. */
export const commonMark = (word: string): number =>
  createHash('sha256').update(word).digest().readUInt32BE(0);

/** @param word folded to lower case */
export function isCommonPassword(word: string): boolean {
  if (Array.from(word).length < COMMON_LENGTH_MIN) return false;
  const mark = commonMark(word);
  let low = 0;
  let high = BYTES.length / 4;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = BYTES.readUInt32BE(middle * 4);
    if (found === mark) return true;
    if (found < mark) low = middle + 1;
    else high = middle;
  }
  return false;
}
