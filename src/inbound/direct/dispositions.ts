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

/** What a mail came to, for its sender: it is on disk, or it cannot be used. */
export type Outcome = { readonly kept: true } | { readonly kept: false; readonly why: string };

/**
 * `processed` always: it was decrypted, and is trusted; a HISP sends that itself. `dispatched` where it is asked for. Nothing
 * for what nobody signed, for what has no id that a notification could name, and for what a machine sent (direct-xdm 11: loops).
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
