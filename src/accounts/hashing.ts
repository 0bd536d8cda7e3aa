/**
 * The queue before argon2id (identity ID-26): every hash takes 19 MiB and tens of milliseconds of a core, so few run at a
 * time, some wait, and the rest is told to come again.
 */
import { hashPassword, isPasswordOf, phcOf, SALT_BYTES, TAG_BYTES } from '../identity/password-hash.ts';
import type { RandomBytes } from '../identity/seal.ts';

/** Nobody hashes now: come again after so many seconds. */
export const BUSY = { code: 'busy', retryAfter: 2 } as const;

interface Hashing {
  /** The PHC string of a prepared password. */
  hash(password: string): Promise<string | typeof BUSY>;
  /** Whether it is the password of a PHC string; without one the same work is done, and it is not. */
  verify(password: string, phc: string | undefined): Promise<boolean | typeof BUSY>;
}

/** How hashes are made; tests count them. */
interface HashFunctions {
  readonly hash: (password: string) => Promise<string>;
  readonly verify: (password: string, phc: string) => Promise<boolean>;
}

const AT_ONCE = 2;
const WAITING_MAX = 32;

/** argon2id as it is used. */
export const argon2id = (random: RandomBytes): HashFunctions => ({
  hash: (password) => hashPassword(password, random),
  verify: isPasswordOf,
});

/** The PHC string of nobody's password: of unknown people the same work is done (identity ID-20). */
const NOBODY = phcOf(Buffer.alloc(SALT_BYTES), Buffer.alloc(TAG_BYTES));

export function createHashing(functions: HashFunctions): Hashing {
  let running = 0;
  const waiting: (() => void)[] = [];
  const inTurn = async <T>(work: () => Promise<T>): Promise<T | typeof BUSY> => {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING_MAX) return BUSY;
      await new Promise<void>((resolve) => void waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  return {
    hash: (password) => inTurn(() => functions.hash(password)),
    verify: (password, phc) =>
      inTurn(async () => {
        const fits = await functions.verify(password, phc ?? NOBODY);
        return fits && phc !== undefined;
      }),
  };
}
