/**
 * The passwords that many people have (identity ID-23), from the list of zxcvbn-ts (MIT): of each the first four bytes of a
 * hash, sorted, so that the repository holds no list of passwords. One in 100,000 others is taken for one of them.
 */
import passwords from '@zxcvbn-ts/language-common/src/passwords.json' with { type: 'json' };
import { COMMON_LENGTH_MIN, commonMark } from '../../src/identity/frequent-passwords.ts';

export function generateFrequentPasswords(): string {
  const long = passwords.filter((word) => Array.from(word).length >= COMMON_LENGTH_MIN);
  const marks = [...new Set(long.map((word) => commonMark(word)))].toSorted((a, b) => a - b);
  const bytes = Buffer.alloc(marks.length * 4);
  for (const [i, mark] of marks.entries()) bytes.writeUInt32BE(mark, i * 4);
  return `${JSON.stringify(bytes.toString('base64'))}\n`;
}
