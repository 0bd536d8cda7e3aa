/**
 * The Message-ID of a mail that we send is made from the entry of the outbox and the attempt, so that a notification and an
 * answer find the entry, whatever crashed in between. Its tag is made with a secret: nobody can guess an id that did not leave.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DirectAddress } from '../ports/direct.ts';
import { domainOfAddress } from './address.ts';

/** What a Message-ID is made from. */
interface MailAttempt {
  readonly entry: string;
  readonly attempt: number;
  readonly from: DirectAddress;
  readonly to: DirectAddress;
}

/** Digits, in hex: 96 bits. */
const TAG_DIGITS = 24;

/** The Message-ID, without angle brackets, of one attempt to mail an entry. */
export function messageIdOf(key: Uint8Array, { entry, attempt, from, to }: MailAttempt): string {
  const tag = createHmac('sha256', key).update(`${entry}\n${attempt}\n${from}\n${to}`).digest('hex');
  return `cl-${entry}-${attempt}-${tag.slice(0, TAG_DIGITS)}@${domainOfAddress(from)}`;
}

/** The entry that a Message-ID of ours was made from, between these two; undefined for any other. */
export function entryOfMessageId(
  key: Uint8Array,
  id: string,
  { from, to }: Pick<MailAttempt, 'from' | 'to'>,
): string | undefined {
  const [, entry, attempt] = OURS.exec(id) ?? [];
  if (entry === undefined || attempt === undefined) return undefined;
  const given = Buffer.from(id);
  const made = Buffer.from(messageIdOf(key, { entry, attempt: Number(attempt), from, to }));
  return given.length === made.length && timingSafeEqual(given, made) ? entry : undefined;
}

const OURS = /^cl-(\d{1,16}-\d{1,9})-(\d{1,9})-[\da-f]{24}@/;
