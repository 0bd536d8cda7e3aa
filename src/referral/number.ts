/**
 * Numbers that the server gives where a client gave none: a referral's, and a patient's record number. `CL` and twelve
 * characters of Crockford's base 32, then a check character, so that they can be read aloud and typed from paper: no
 * letter looks like a digit, and a wrong character, or two neighbours exchanged, is found. They identify, and open nothing.
 */
import { createHash } from 'node:crypto';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 12;
const BITS = 5n;
/** Crockford's: a prime above 32. Values from 32 on would be written with signs, and are not minted. */
const MODULUS = 37n;

/** `CL-7K3M-9QWX-2B4T-5`; `seed` is a new id, and nobody can tell it from the number. */
export function mintNumber(seed: string): string {
  for (let attempt = 0; ; attempt += 1) {
    const digest = createHash('sha256').update(`${attempt} ${seed}`).digest();
    const value = digest.readBigUInt64BE(0) >> (64n - BITS * BigInt(LENGTH));
    const check = DIGITS[Number(value % MODULUS)];
    if (check !== undefined) return ['CL', ...groupsOf(write(value)), check].join('-');
  }
}

/** Whether a text is a number as {@link mintNumber} makes them. */
export function isMinted(text: string): boolean {
  const digits = /^CL-(\w{4})-(\w{4})-(\w{4})-(\w)$/.exec(text)?.slice(1).join('');
  const values = (digits ?? '').split('').map((digit) => DIGITS.indexOf(digit));
  if (values.length !== LENGTH + 1 || values.includes(-1)) return false;
  const check = values.pop();
  const value = values.reduce((sum, digit) => sum * 32n + BigInt(digit), 0n);
  return value % MODULUS === BigInt(check ?? -1);
}

const write = (value: bigint): string =>
  Array.from({ length: LENGTH }, (_, at) => {
    const shift = BITS * BigInt(LENGTH - 1 - at);
    return DIGITS[Number((value >> shift) & 31n)];
  }).join('');

const groupsOf = (digits: string): readonly string[] => digits.match(/.{4}/g) ?? [];
