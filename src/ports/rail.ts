/** A rail carries a change to a party. Rails know nothing of each other, and nothing of who else is told. */
import { ConnectionFailed } from './outgoing.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Sight } from './query.ts';
import type { ClaimedEntry, Finding, Snapshot, Version } from './store.ts';

/** What became of one attempt. */
export type Receipt =
  | { readonly outcome: 'accepted'; readonly says?: string }
  /** Try again; without `afterMs` the dispatcher's backoff decides. */
  | { readonly outcome: 'retry'; readonly why: string; readonly afterMs?: number }
  /** Never try again: the receiver said no for good. A person is asked. */
  | { readonly outcome: 'refused'; readonly why: string };

/** What a connection that failed means for a delivery: what the operator does not allow is never tried again. */
export function receiptOfFailure(error: unknown): Receipt {
  if (!(error instanceof ConnectionFailed)) throw error;
  const { failure } = error;
  return failure === 'policy' ? { outcome: 'refused', why: failure } : { outcome: 'retry', why: failure };
}

/**
 * The text of a version as this sight is shown it: secrets masked, and what belongs to its custodian alone left out. A
 * rail sends nothing else. The version must not be a tombstone.
 */
export type Present = (version: Pick<Version, 'ref' | 'text'>, sight: Sight) => string;

/** An entry of the outbox before it is one: what it would tell, to whom, of which commit. */
export type EntryPreview = Pick<
  ClaimedEntry,
  'id' | 'at' | 'seq' | 'receiver' | 'orderingKey' | 'subject' | 'event'
>;

/** What a rail reads of a commit: as it is, or as it will be. */
export interface CommitView extends Pick<Snapshot, 'read' | 'search' | 'history' | 'record' | 'records'> {
  /** In the server's own sight, and read once however often it is asked for; undefined when there is none. */
  readonly resource: (ref: Ref) => Promise<Resource | undefined>;
}

export interface Rail {
  /** The FHIR code that selects it (`Subscription.channel.type`, `Endpoint.connectionType`). */
  readonly name: string;
  /**
   * Delivers one entry. Content is read from `asOf` (the entry's commit); address and credentials from `now`.
   * Resolves with a receipt; a throw counts as `retry`. Must end soon after `signal` aborts.
   */
  deliver(entry: ClaimedEntry, asOf: Snapshot, now: Snapshot, signal: AbortSignal): Promise<Receipt>;
  /** The host that an entry would be sent to, as of now; undefined when there is none to share. */
  hostOf?(entry: ClaimedEntry, now: Snapshot): Promise<string | undefined>;
  /**
   * What the receiver's standard requires of what would be sent, and nobody gave: each in a few words, without a word of the
   * patient. Asked before the commit, so that whoever writes is told, and nothing is sent that nobody could answer.
   */
  lacks?(entry: EntryPreview, asOf: CommitView): Promise<readonly string[]>;
  /** What doctor asks: would this rail work? */
  verify(): Promise<readonly Finding[]>;
  close(): Promise<void>;
}
