/**
 * The notifications that are owed for a mail (direct-xdm 6, 11): records in the commit that decides about it, so that a crash
 * repeats a notification and loses none.
 */
import { domainOfAddress } from '../../direct/address.ts';
import {
  OWED_DISPOSITION,
  type DirectMail,
  type Disposition,
  type OwedDisposition,
} from '../../ports/direct.ts';
import type { RecordWrite } from '../../ports/record.ts';

/** What the sender of a mail learns: it is on disk, or it cannot be used. */
export type Outcome = { readonly kept: true } | { readonly kept: false; readonly why: string };

/**
 * A mail that was decrypted and is trusted owes `processed`, which a HISP sends itself, and `dispatched` where its sender asks
 * for it. Nothing is owed for a mail that is not believed, for one without an id that a notification could name, and for one
 * that a machine sent (direct-xdm 11: loops).
 */
export function dispositionsFor(
  { distrust, isAutomatic, messageId, asksDispatched, through }: DirectMail,
  { kept }: Outcome,
): readonly Disposition[] {
  if (distrust !== undefined || isAutomatic || messageId === undefined) return [];
  const last: readonly Disposition[] = kept ? (asksDispatched ? ['dispatched'] : []) : ['failed'];
  return through === 'sta' ? ['processed', ...last] : last;
}

/** Whether the sender of a mail can be told that it failed; else it is kept for a person. */
export const canTell = (mail: DirectMail): boolean =>
  dispositionsFor(mail, { kept: false, why: '' }).includes('failed');

/** The records of what is owed. `now`: milliseconds since 1970. */
export function owe(mail: DirectMail, outcome: Outcome, now: number): readonly RecordWrite[] {
  const { from, to, messageId = '' } = mail;
  return dispositionsFor(mail, outcome).map((disposition, index) => {
    const body: OwedDisposition = {
      by: to,
      to: from,
      messageId,
      disposition,
      ...(disposition === 'failed' && !outcome.kept && { why: outcome.why }),
      at: new Date(now).toISOString(),
      attempts: 0,
      dueAt: now,
    };
    return {
      kind: OWED_DISPOSITION,
      // In the order in which they are to leave.
      key: [to, from, messageId, `${index} ${disposition}`].join('\n'),
      expect: 'any',
      body,
      index: [['by', domainOfAddress(to)]],
    };
  });
}
