/** A rail carries a change to a party. Rails know nothing of each other, nor of the other receivers. */
import { ConnectionFailed } from './outgoing.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { NOTICE_PLACES } from '../policies/part2/places.ts';
import type { Notice } from '../policies/part2/notice.ts';
import type { DeliveryEvidence } from './delivered.ts';
import type { Sight } from './query.ts';
import type { RecordWrite } from './record.ts';
import type { ClaimedEntry, Finding, Snapshot, Version } from './store.ts';

/** What a rail knows of a delivery that ended, for the record of it: written in the commit that ends the entry. */
interface Evidenced {
  /** What shows it. With it the delivery gets a record, which later evidence changes (routing RL12). */
  readonly evidence?: readonly DeliveryEvidence[];
  /** What the rail itself must remember. */
  readonly records?: readonly RecordWrite[];
}

/** What reached the receiver, whatever it said to it; absent where nothing did (baa-messaging MS51). */
export interface Left {
  /** SHA-256 in hex of the content that was sent; of several messages, of all one after the other. */
  readonly bytesHash?: string | undefined;
  /** The same of each file inside. */
  readonly fileHashes?: readonly string[] | undefined;
  /** How many bytes. */
  readonly bytes?: number | undefined;
}

/** The outcome of one attempt. */
export type Receipt =
  | (Evidenced &
      Left & {
        readonly outcome: 'accepted';
        readonly says?: string;
        /** Instant until which the next evidence is waited for; absent where none is to come. */
        readonly dueBy?: string;
      })
  /** Try again; without `afterMs` the dispatcher's backoff decides. */
  | (Left & { readonly outcome: 'retry'; readonly why: string; readonly afterMs?: number })
  /** Never try again: the receiver refused for good, and the server asks a person. */
  | (Evidenced & Left & { readonly outcome: 'refused'; readonly why: string })
  /**
   * Nothing left: the notice of 42 CFR 2.32 could not go with it (compliance C10, P23, P31), or the malware scanner found
   * something in it (baa-messaging MS12).
   */
  | { readonly outcome: 'withheld'; readonly why: string; readonly item: NoticeFailure };

/** The place of the notice in what a rail sends, a row of `policies/part2/places.ts`. */
type NoticeRow = (typeof NOTICE_PLACES)[keyof typeof NOTICE_PLACES];

/**
 * Why a person is asked about what did not leave: the rail has no place for its notice, or failed to write it; or there is
 * malware in it.
 */
export type NoticeFailure = 'rail-cannot-carry' | 'incident' | 'malware';

/** What was about to leave holds content of 42 CFR Part 2, and not the notice that it owes. */
export class NoticeMissing extends Error {
  constructor(rail: string) {
    super(`${rail} wrote content of 42 CFR Part 2 without the notice of section 2.32`);
    this.name = 'NoticeMissing';
  }
}

/** The notice of an entry; asked where something that leaves is content of 42 CFR Part 2. */
export type NoticeOfEntry = () => Promise<NoticeToShow | undefined>;

/**
 * The outcome of a delivery whose connection failed: a destination that the operator does not allow is never tried
 * again.
 */
export function receiptOfFailure(error: unknown): Receipt {
  if (!(error instanceof ConnectionFailed)) throw error;
  const { failure } = error;
  return failure === 'policy' ? { outcome: 'refused', why: failure } : { outcome: 'retry', why: failure };
}

/** In the text itself, or beside it in what it is sent with. */
export type NoticePlace = 'inside' | 'beside';

/** The notice of 42 CFR 2.32 with its place; `none` where none is owed. */
export type NoticeToShow = 'none' | (Notice & { readonly place: NoticePlace });

/**
 * The text of a version as this sight may see it: secrets masked, and elements for the custodian alone left out. A rail
 * sends nothing else. The version must not be a tombstone. Content of 42 CFR Part 2 that is told by its keeper has the
 * statement in it, unless `notice` says otherwise.
 */
export type PresentVersion = (
  version: Pick<Version, 'ref' | 'text'> &
    Partial<Pick<Version, 'custodian'>> & { readonly notice?: NoticeToShow | undefined },
  sight: Sight,
) => string;

/** An entry of the outbox before it is written: its message, its receiver, its commit. */
export type EntryPreview = Pick<
  ClaimedEntry,
  'id' | 'at' | 'seq' | 'receiver' | 'orderingKey' | 'subject' | 'event' | 'sight'
>;

/** The reads of a rail from a commit, before or after it is written. */
export interface CommitView extends Pick<
  Snapshot,
  'read' | 'search' | 'history' | 'record' | 'records' | 'openFile'
> {
  /**
   * A resource in the server's own sight, read once however often a rail asks for it, a Binary with its bytes; undefined when
   * there is none.
   */
  readonly resource: (ref: Ref) => Promise<Resource | undefined>;
}

export interface Rail {
  /** The FHIR code that selects the rail (`Subscription.channel.type`, `Endpoint.connectionType`). */
  readonly name: string;
  /**
   * Where the notice of 42 CFR 2.32 stands in what this rail sends; `false`: nowhere, so that content of Part 2 never leaves
   * by it (compliance P31).
   */
  readonly carriesNotice: NoticeRow;
  /**
   * Delivers one entry. The content comes from `asOf` (the entry's commit); address and credentials from `now`.
   * Resolves with a receipt; an exception counts as `retry`. Must end soon after `signal` aborts.
   */
  deliver(
    entry: ClaimedEntry,
    asOf: Snapshot,
    now: Snapshot,
    signal: AbortSignal,
    noticeOf?: NoticeOfEntry,
  ): Promise<Receipt>;
  /** The host that would receive an entry, as of now; undefined when deliveries share none. */
  hostOf?(entry: ClaimedEntry, now: Snapshot): Promise<string | undefined>;
  /**
   * The fields that the receiver's standard requires and the message lacks, each in a few words that do not mention the
   * patient. The server asks before the commit, so that it can warn the writer and sends no message that nobody could
   * answer.
   */
  readonly lacks?: (entry: EntryPreview, asOf: CommitView) => Promise<readonly string[]>;
  /** Doctor's check: whether this rail would work. */
  verify(): Promise<readonly Finding[]>;
  close(): Promise<void>;
}
