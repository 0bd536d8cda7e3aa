/** Comparing what somebody shows with what is known. */
import { timingSafeEqual } from 'node:crypto';

/** Whether two texts are the same. Among texts of one length it takes the same time for all. */
export function isSameSecret(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
