/**
 * Numbers that the server makes where a client gave none: a referral's number, and a patient's record number. A number
 * is `CL` and twelve characters of Crockford's base 32, then a check character. People can read it aloud and type it
 * from paper: no letter looks like a digit, and the check character finds one wrong character and two neighbours
 * exchanged. A number identifies; it gives no access.
 */
import { createHash } from 'node:crypto';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 12;
const BITS = 5n;
/**
 * The modulus of Crockford's check character: a prime above 32. Values from 32 on would need other signs, so the server
 * makes no number that has one.
 */
const MODULUS = 37n;

/** A number such as `CL-7K3M-9QWX-2B4T-5`. `seed` is a new id; nobody can derive it from the number. */
export function mintNumber(seed: string): string {
  for (let attempt = 0; ; attempt += 1) {
    const digest = createHash('sha256').update(`${attempt} ${seed}`).digest();
    const value = digest.readBigUInt64BE(0) >> (64n - BITS * BigInt(LENGTH));
    const check = DIGITS[Number(value % MODULUS)];
    if (check !== undefined) return ['CL', ...groupsOf(write(value)), check].join('-');
  }
}

/** Whether a text is a number of {@link mintNumber}. */
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
