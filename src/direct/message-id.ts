/**
 * The Message-ID of a mail that we send is made from the entry of the outbox and the attempt, so that a notification and an
 * answer find the entry, whatever crashed in between.
 */
import { createHash } from 'node:crypto';
import type { DirectAddress } from '../ports/direct.ts';
import { domainOfAddress } from './address.ts';

/** The Message-ID, without angle brackets, of one attempt to mail an entry. */
export function messageIdOf(entry: string, attempt: number, from: DirectAddress, to: DirectAddress): string {
  const tag = createHash('sha256').update(`${entry}\n${attempt}\n${from}\n${to}`).digest('hex').slice(0, 16);
  return `cl-${entry}-${attempt}-${tag}@${domainOfAddress(from)}`;
}

/** The entry that a Message-ID of ours was made from, between these two; undefined for any other. */
export function entryOfMessageId(id: string, from: DirectAddress, to: DirectAddress): string | undefined {
  const [, entry, attempt] = /^cl-(\d{1,16}-\d{1,9})-(\d{1,9})-[\da-f]{16}@/.exec(id) ?? [];
  if (entry === undefined || attempt === undefined) return undefined;
  return messageIdOf(entry, Number(attempt), from, to) === id ? entry : undefined;
}
