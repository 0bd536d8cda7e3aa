/**
 * One-time passwords by time (RFC 6238): SHA-1, six digits, steps of 30 seconds, one step early or late (identity ID-30).
 * Each code counts once: who keeps the secret keeps the last step used beside it, and asks only about later ones.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { encodeBase32 } from './base32.ts';

const STEP_MS = 30_000;
const DIGITS = 6;
/** Steps that the clock of a phone may be off. */
const DRIFT = 1;

/** The step of a time in milliseconds since 1970. */
export const totpStep = (now: number): number => Math.floor(now / STEP_MS);

/** The code of a step (RFC 4226 5.3). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 15;
  const value = (mac.readUInt32BE(offset) & 0x7f_ff_ff_ff) % 10 ** DIGITS;
  return String(value).padStart(DIGITS, '0');
}

/**
 * The step that a code belongs to; undefined when it is wrong, too old, too new or was used before.
 *
 * @param lastStep the last step that was used; a code of it or of an earlier one does not count
 */
export function matchTotp(
  { secret, lastStep }: { readonly secret: Uint8Array; readonly lastStep: number },
  typed: string,
  now: number,
): number | undefined {
  const present = totpStep(now);
  const fitting = steps(present - DRIFT, present + DRIFT).filter((step) => isCode(secret, step, typed));
  return fitting.find((step) => step > lastStep);
}

/**
 * The step of the second of two codes that follow each other: that a phone shows the right ones is known only after two of
 * them (identity ID-31). Undefined when they are not two such codes.
 */
export function matchTwoTotps(
  secret: Uint8Array,
  [first, second]: readonly [first: string, second: string],
  now: number,
): number | undefined {
  const present = totpStep(now);
  const latest = steps(present - DRIFT, present + DRIFT).filter((step) => isCode(secret, step, second));
  return latest.find((step) => isCode(secret, step - 1, first));
}

/**
 * The URI that an authenticator application reads from a QR code.
 *
 * @param label whose it is, as the application shows it
 */
export function totpUri(secret: Uint8Array, issuer: string, label: string): string {
  const name = `${encodeURIComponent(issuer)}:${encodeURIComponent(label)}`;
  const query = new URLSearchParams({
    secret: encodeBase32(secret),
    issuer,
    algorithm: 'SHA1',
    digits: String(DIGITS),
    period: String(STEP_MS / 1000),
  });
  return `otpauth://totp/${name}?${query.toString().replaceAll('+', '%20')}`;
}

const steps = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

function isCode(secret: Uint8Array, step: number, typed: string): boolean {
  const code = typed.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(code)) return false;
  return timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code));
}
