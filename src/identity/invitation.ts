/**
 * Invitations (identity ID-14): a link that lets a person enrol once. The link is 256 bits of chance of which the hash is
 * kept. Where it lets in somebody who may do much, the inviter tells a code by another way.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Ref } from '../fhir/types.ts';

export interface Invitation {
  /** The id of the account that it opens. */
  readonly account: string;
  /** Who invited: the subject of the inviter; the server's own for the first administrator. */
  readonly by: string;
  /** The organization into which the person is invited; none for who keeps the installation. */
  readonly organization?: Ref;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  /** The hash of the code, where one is needed. */
  readonly codeHash?: string;
  /** Wrong codes so far. */
  readonly wrongCodes: number;
}

/** The life of a link: 72 hours. */
export const INVITATION_MS = 72 * 60 * 60 * 1000;

/** Wrong codes with which a link dies. */
export const WRONG_CODES_MAX = 5;

/** Bytes of a link's secret. */
export const INVITATION_BYTES = 32;

/** The key of a link's record: no link can be made of it. */
export const invitationKey = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url');

/** 32 letters that are told apart on the telephone. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const CODE_LENGTH = 8;

/** A code of 40 bits, from at least eight random bytes, to be told by another way than the link. */
export const invitationCode = (random: Buffer): string =>
  [...random.subarray(0, CODE_LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');

/** The hash of a code for one link, so that the same code of two links looks different. */
export const codeHashOf = (key: string, code: string): string =>
  createHash('sha256')
    .update(`${key}\n${code.replaceAll(/[\s-]/g, '').toUpperCase()}`)
    .digest('base64url');

/** Whether the code fits; true where none is needed. Takes the same time for every wrong code. */
export function fitsCode({ codeHash }: Invitation, key: string, code: string): boolean {
  if (codeHash === undefined) return true;
  return timingSafeEqual(Buffer.from(codeHash), Buffer.from(codeHashOf(key, code)));
}
