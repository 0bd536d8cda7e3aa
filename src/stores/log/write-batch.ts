/** What waits for the writer, and what it answers. Plain data: it passes between threads as it is. */
import type { Ref } from '../../fhir/types.ts';
import type { ClaimShare } from '../../ports/claim.ts';
import type { ClaimedEntry, Commit, CommitRefusal } from '../../ports/store.ts';

/** What a claim asks for; see `Store.claim`. */
export interface ClaimRequest {
  readonly max: number;
  readonly leaseMs: number;
  readonly passOver: ReadonlySet<Ref>;
  readonly share: ClaimShare | undefined;
}

export type BatchMember =
  | { readonly kind: 'commit'; readonly commit: Commit }
  /** Read-audit rows of one moment: JSON of AuditEntry[], one text to hand over. They become one row of the log. */
  | {
      readonly kind: 'block';
      readonly audit: string;
      /** How long the text of each row is, in order. */
      readonly lengths?: readonly number[];
    }
  | ({ readonly kind: 'claim' } & ClaimRequest)
  | { readonly kind: 'postpone'; readonly id: string; readonly afterMs: number; readonly why: string }
  /** One bounded step of housekeeping. */
  | { readonly kind: 'tidy' }
  /** Nothing of our own: what others appended to the log is applied. Nothing to do where the log is kept here. */
  | { readonly kind: 'follow' };

export type MemberOutcome =
  | {
      readonly kind: 'committed';
      readonly seq: number;
      /** Milliseconds since 1970. */
      readonly at: number;
      readonly replayed: boolean;
      readonly reply?: string;
    }
  | { readonly kind: 'refused'; readonly reason: CommitRefusal; readonly ref?: string }
  | { readonly kind: 'claimed'; readonly entries: readonly ClaimedEntry[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'tidied'; readonly more: boolean }
  /** Something that must never happen did; nothing of the member remains. */
  | { readonly kind: 'fault'; readonly message: string };

/** Members that go down with one flush, in order. */
export interface WriteBatch {
  /** The time of the batch, milliseconds since 1970. */
  readonly now: number;
  readonly members: readonly BatchMember[];
}

export interface AppliedBatch {
  readonly outcomes: readonly MemberOutcome[];
  readonly head: Head;
}

/** Where the store stands after a batch. */
export interface Head {
  readonly seq: number;
  readonly at: number;
  /** The chain's hash at `seq`. */
  readonly hash: string;
  /** A search as of an earlier seq is expired. */
  readonly horizon: number;
  readonly outboxWaiting: number;
  readonly writable: boolean;
}

/** An engine's writer, wherever it runs. */
export interface WriterHost {
  /** Where the store stood when it was opened. */
  readonly head: Head;
  /** One batch at a time. Rejects when the writer itself is gone: then nobody knows what became of the batch. */
  apply(batch: WriteBatch): Promise<AppliedBatch>;
  /** Told where the store stands when it moved by something else than a batch: what others wrote, or a fate learnt late. */
  onMove?(moved: (head: Head) => void): void;
  close(): Promise<void>;
}
