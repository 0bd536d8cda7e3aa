/**
 * Passwords as they are kept: argon2id (RFC 9106) by Node's own crypto, as a PHC string, with the parameters that OWASP names
 * (identity ID-25). The same password is hashed anew when the parameters have risen.
 */
import { argon2, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from './seal.ts';

interface HashCost {
  /** Memory in KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

export const HASH_COST: HashCost = { memory: 19_456, passes: 2, parallelism: 1 };

export const SALT_BYTES = 16;
export const TAG_BYTES = 32;
/** No stored string makes the server work harder than this. */
const MEMORY_MAX = 1 << 20;
const PASSES_MAX = 32;

/**
 * The PHC string under which a password is kept.
 *
 * @param password as `preparePassword` makes it
 */
export async function hashPassword(
  password: string,
  random: RandomBytes,
  cost: HashCost = HASH_COST,
): Promise<string> {
  const salt = random(SALT_BYTES);
  const tag = await derive(password, salt, cost);
  return phcOf(salt, tag, cost);
}

/** The PHC string of a salt and a tag: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. */
export const phcOf = (
  salt: Buffer,
  tag: Buffer,
  { memory, passes, parallelism }: HashCost = HASH_COST,
): string => `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;

/** Whether it is the password of a PHC string; false, too, where the string is none that we write. */
export async function isPasswordOf(password: string, phc: string): Promise<boolean> {
  const read = readPhc(phc);
  if (read === undefined) return false;
  return timingSafeEqual(await derive(password, read.salt, read.cost), read.tag);
}

/** Whether a string was made with less than today's parameters. */
export function needsRehash(phc: string, cost: HashCost = HASH_COST): boolean {
  const read = readPhc(phc)?.cost;
  return read === undefined || read.memory < cost.memory || read.passes < cost.passes;
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{43})$/;

function readPhc(
  phc: string,
): { readonly cost: HashCost; readonly salt: Buffer; readonly tag: Buffer } | undefined {
  const [, memory, passes, parallelism, salt, tag] = PHC.exec(phc) ?? [];
  if (salt === undefined || tag === undefined) return undefined;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const isFit =
    cost.parallelism >= 1 &&
    cost.memory >= 8 * cost.parallelism &&
    cost.memory <= MEMORY_MAX &&
    cost.passes >= 1 &&
    cost.passes <= PASSES_MAX;
  return isFit ? { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') } : undefined;
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

const derive = (
  password: string,
  nonce: Buffer,
  { memory, passes, parallelism }: HashCost,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const given = { message: password, nonce, memory, passes, parallelism, tagLength: TAG_BYTES };
    argon2('argon2id', given, (error, tag) => (error === null ? resolve(tag) : reject(error)));
  });
