/**
 * A commit as it was decided: all that another copy of the store needs to do the same. What was asked (preconditions,
 * expectations, outbox entries whose subject nobody saw) is not in it, so that whoever applies it decides nothing.
 */
import type { Ref } from '../../fhir/types.ts';
import type { DenialWrite, KindWrite } from '../../ports/denial.ts';
import { stampText } from '../../ports/store.ts';
import type { Commit, DeliveryOutcome, Leave, OutboxEntry, Write } from '../../ports/store.ts';
import type { RecordWrite } from '../../ports/record.ts';

/** A write with its text as stored; null deletes, unless the content vanished. */
export interface DecidedWrite extends Omit<Write, 'text'> {
  readonly text: string | null;
  /** The digest of the content that was expunged since. */
  readonly vanished?: string;
}

/** Whether a write deletes; one whose content was expunged since does not. */
export const isDeletion = ({ text, vanished }: Pick<DecidedWrite, 'text' | 'vanished'>): boolean =>
  text === null && vanished === undefined;

/** A record as stored: `text` is the JSON of its body, undefined when it is taken away; `indexed` the JSON of its index. */
export interface DecidedRecord {
  readonly kind: string;
  readonly key: string;
  readonly text: string | undefined;
  readonly indexed: string;
  /** Milliseconds since 1970; `Number.MAX_SAFE_INTEGER` for never. */
  readonly expiresAt: number;
  /** Without text: the digest of what was there once; '' when the record was taken away. */
  readonly vanished?: string;
}

/** A key as stored, with its stamped reply. */
export interface DecidedKey {
  readonly scope: string;
  readonly id: string;
  readonly fingerprint: string;
  readonly reply: string;
}

/** What of a commit is decided before it is applied; the outbox is not: whom it tells depends on what it writes. */
export interface DecidedCommit {
  readonly writes: readonly DecidedWrite[];
  readonly outcomes: readonly DeliveryOutcome[];
  readonly leaves: readonly Leave[] | undefined;
  readonly denials: readonly DenialWrite[];
  readonly kinds: readonly KindWrite[];
  readonly records: readonly DecidedRecord[];
  readonly key: DecidedKey | undefined;
}

/** An outbox entry that was written: `text` is what `entryText` made of it. */
export interface DecidedOutboxEntry {
  readonly id: string;
  readonly entry: OutboxEntry;
  readonly text: string;
}

/** One commit in the log, or one block of audited reads: that has no `commit`. */
export interface LogEntry {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** JSON of the members, as hashed. */
  readonly members: string;
  /** JSON of the audit rows, as digested. */
  readonly audit: string;
  readonly commit?: AppliedCommit;
}

/** A commit with what applying it decided. */
export interface AppliedCommit extends DecidedCommit {
  readonly outbox: readonly DecidedOutboxEntry[];
  /** Rows of sight that it granted and withdrew: a copy that counts others has other rules of reach. */
  readonly sighted: SightChange;
}

export type SightChange = readonly [granted: number, withdrawn: number];

/** The commit at its place, with every text as it is stored. */
export function decideCommit(
  commit: Commit,
  { seq, at }: { readonly seq: number; readonly at: number },
  keptId: (key: NonNullable<Commit['key']>) => string,
): DecidedCommit {
  const instant = new Date(at).toISOString();
  const { key } = commit;
  return {
    writes: commit.writes.map(({ text, ...write }) => ({
      ...write,
      text: text === undefined ? null : stampText(text, seq, instant),
    })),
    outcomes: commit.deliveryOutcomes,
    leaves: commit.leaves,
    denials: commit.denials ?? [],
    kinds: commit.kinds ?? [],
    records: (commit.records ?? []).map(decideRecord),
    key: key && {
      scope: key.scope,
      id: keptId(key),
      fingerprint: key.fingerprint,
      reply: stampText(key.reply, seq, instant),
    },
  };
}

function decideRecord({ kind, key, body, expiresAt, index = [] }: RecordWrite): DecidedRecord {
  return {
    kind,
    key,
    text: body === undefined ? undefined : JSON.stringify(body),
    indexed: JSON.stringify(index),
    expiresAt: expiresAt ?? Number.MAX_SAFE_INTEGER,
  };
}

/** The parties that roots of reach have from a commit on. */
export const partiesIn = (writes: readonly DecidedWrite[]): readonly (readonly [Ref, readonly Ref[]])[] =>
  writes.flatMap((one) =>
    isDeletion(one) || one.reach.parties.length === 0 ? [] : [[one.ref, one.reach.parties] as const],
  );
