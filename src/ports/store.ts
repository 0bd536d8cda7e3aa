/**
 * The store: versions, audit and outbox in one order, written in one commit or not at all.
 *
 * The laws of this port stand as named cases in `test/contract/store.ts`, run against every engine:
 *
 *  1 all of a commit or none of it · 2 `seq` has no gaps and one order · 3 preconditions hold at the moment of commit ·
 *  4 one stale write refuses the whole commit · 5 a precondition that no longer holds refuses the whole commit · 6 the
 *  same key gives the same answer and writes nothing · 7 acknowledged means on disk · 8 a torn tail is a commit that
 *  never happened · 9 reads by id and version answer the same for ever; a search as of a `seq` for `searchSnapshotMs` ·
 *  10 a search sees exactly its snapshot's versions · 11 a deleted resource stays readable by vread · 12 no commit
 *  without an audit entry · 13 a claimed entry is nobody else's until its lease ends · 14 a settled entry never comes
 *  back · 15 per rail, receiver and referral, entries come out in commit order · 16 receipt and disclosure audit are
 *  written together · 17 the time of a commit never decreases along `seq` · 18 an expectation that no longer holds
 *  refuses the whole commit · 19 what a sight does not reach does not exist, in reads, searches, history and totals ·
 *  20 what a record write expects holds at the moment of commit · 21 no search, history or audit of FHIR finds a record
 *  · 22 an expired record is absent at once and gone within a day · 23 the chain covers the digest of a record, so that
 *  it can vanish · 24 a record has its current value alone · 25 what a
 *  denial in force withholds does not exist either, save versions received before · 26 a lease has one holder until its time is over, and
 *  leaves nothing in the log; of those who look after a job, one runs it, and its state is a record · 27 whoever follows the
 *  store has been told of a commit when it is acknowledged · 28 the content of versions that an audited `expunge` names
 *  (`Type/id/_history/seq`) is gone from reads, searches and the log; what it was digested to stays.
 */
import type { Ref } from '../fhir/types.ts';
import type { AuditEntry, AuditQuery, AuditRow } from './audit.ts';
import type { ClaimShare, Passed } from './claim.ts';
import type { DenialReading, DenialWrite, KindWrite } from './denial.ts';
import type { Files } from './files.ts';
import type { Leases } from './jobs.ts';
import type { Page, Query, SearchValue, Sight } from './query.ts';
import type { RecordPrecondition, RecordWrite, StoredRecord } from './record.ts';
import type { Leave, Reach } from './reach.ts';
import type { StampTemplate } from './template.ts';

export type { AuditEntry, AuditMark, AuditQuery, AuditRow } from './audit.ts';
export type { Leave, Reach } from './reach.ts';
export { stampText, type StampTemplate } from './template.ts';

export interface Write {
  readonly ref: Ref;
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * The precondition, checked in the writer's turn: the `seq` of the version this write was planned on (0: planned on
   * a resource that never existed or is deleted; its tombstone may be newer).
   */
  readonly base: number;
  /** The new version; undefined deletes. */
  readonly text: StampTemplate | undefined;
  /** The organization that keeps the resource; '' for what belongs to the server alone. Never changes by an update. */
  readonly custodian: Ref | '';
  readonly values: readonly SearchValue[];
  readonly reach: Reach;
  /** What guards ask of the content (policies/guards/marks.ts); absent: no guard concerns it. */
  readonly marks?: readonly string[];
}

/** "I relied on this": the resource is still at this version, or still exists within this sight. */
export type VersionPrecondition =
  | { readonly ref: Ref; readonly version: number }
  | { readonly ref: Ref; readonly sight: Sight };

/**
 * "I relied on this search finding exactly these" (conditional create, one open Task per owner, deletes). A page that holds
 * as many as its query asks for is compared with that page alone: there may be more.
 */
export interface Expectation {
  readonly query: Query;
  readonly refs: readonly Ref[];
}

/** A pointer to what must be told, never a payload: the rail reads the snapshot of the commit. */
export interface OutboxEntry {
  /** The rail's name: `rest-hook`, `hl7v2-mllp`, `capture`. */
  readonly rail: string;
  /** Who is told: `Subscription/id` or `Endpoint/id`. */
  readonly receiver: Ref;
  /** Entries of one rail, receiver and ordering key leave in commit order: the referral's Task, else the resource. */
  readonly orderingKey: Ref;
  /** What it is about. */
  readonly subject: Ref;
  /** The trigger event of a referral move, else the interaction. */
  readonly event: string;
  /** Written only if the subject is within this sight after the commit; asked again at dispatch. */
  readonly sight: Sight;
  /** W3C Trace Context of the request that caused it, for rails that can pass it on. */
  readonly traceparent?: string;
}

export interface ClaimedEntry extends OutboxEntry {
  /** Stable over attempts: message control id, Message-ID and notification id are made from it. */
  readonly id: string;
  /** The commit it belongs to: render as of this `seq`. */
  readonly seq: number;
  readonly at: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** How the story of an entry ended. `withheld`: a policy or the receiver's rights said no at dispatch. */
export interface DeliveryOutcome {
  readonly id: string;
  readonly fate: 'accepted' | 'refused' | 'withheld';
  readonly why?: string;
}

/** What an operator sees of the outbox. */
export interface OutboxRow extends ClaimedEntry {
  readonly state: 'waiting' | 'leased' | 'accepted' | 'refused' | 'withheld';
  readonly why: string;
  /** Milliseconds since 1970 when it is due next, or was settled. */
  readonly due: number;
}

/** Offering the same key with the same fingerprint again gives the first answer and writes nothing (rules 3.6). */
export interface CommitKey {
  /** `http:<organization>:<client>` or a link's name. */
  readonly scope: string;
  readonly id: string;
  /** A hash of the content; the same key with another one is refused. */
  readonly fingerprint: string;
  /** For how long the key counts as used, where that is shorter than the engine keeps keys. */
  readonly countsMs?: number;
  /**
   * Set where a refusal leaves the id free for other content. True: the answer is a refusal, told again to the same content
   * alone. False: the answer takes the id, unless the same content was refused before.
   */
  readonly refused?: boolean;
  /** What the FHIR engine needs to give the first answer again; kept with the key. */
  readonly reply: StampTemplate;
}

export interface Commit {
  readonly key?: CommitKey;
  /** At most one write per resource (rules 3.1). */
  readonly writes: readonly Write[];
  readonly preconditions: readonly VersionPrecondition[];
  readonly expects: readonly Expectation[];
  /** Never empty (law 12). */
  readonly audit: readonly AuditEntry[];
  readonly outbox: readonly OutboxEntry[];
  readonly deliveryOutcomes: readonly DeliveryOutcome[];
  readonly leaves?: readonly Leave[];
  /** At most one for each Consent. */
  readonly denials?: readonly DenialWrite[];
  /** At most one for each party. */
  readonly kinds?: readonly KindWrite[];
  /** At most one write per record. */
  readonly records?: readonly RecordWrite[];
  /** Records that the plan relied on. */
  readonly recordPreconditions?: readonly RecordPrecondition[];
}

export interface Committed {
  readonly seq: number;
  /** The instant of the commit, UTC with milliseconds. */
  readonly at: string;
  readonly replayed: boolean;
  /** The stamped `key.reply` of the commit that first used the key. */
  readonly reply?: string;
}

export type CommitRefusal =
  /** A write's base or a precondition no longer holds. */
  | 'stale'
  /** An expectation no longer holds, or what a record write expects. */
  | 'unexpected'
  /** The key was used with another fingerprint. */
  | 'key-reused'
  /** A delivery outcome names an entry that has one already, or that is leased to someone else. */
  | 'not-leased'
  /** A referral would reach more resources than the engine keeps in step. */
  | 'reach-exceeded'
  | 'disk-full'
  | 'read-only'
  | 'too-busy'
  /** Not known yet: it may be written or not. The same key gives the answer once it is known. */
  | 'unsure'
  | 'closed';

/** A commit that did not happen, so that nothing of it remains; but `unsure` is what it says. */
export class CommitRefused extends Error {
  readonly reason: CommitRefusal;
  readonly ref: string | undefined;

  constructor(reason: CommitRefusal, ref?: string) {
    super(ref === undefined ? reason : `${reason}: ${ref}`);
    this.name = 'CommitRefused';
    this.reason = reason;
    this.ref = ref;
  }
}

export interface Version {
  readonly ref: Ref;
  readonly seq: number;
  /** Instant of the commit. */
  readonly at: string;
  readonly method: Write['method'];
  /** The stored text; undefined for the version that says "deleted". */
  readonly text: string | undefined;
  readonly custodian: Ref | '';
}

export interface HistoryQuery extends Pick<Query, 'count' | 'characters' | 'offset' | 'sight' | 'total'> {
  readonly type?: string;
  readonly id?: string;
  /** Milliseconds since 1970: versions made at or after. */
  readonly since?: number;
  /** Milliseconds since 1970: versions that were current at some time in this interval. */
  readonly at?: { readonly low: number; readonly high: number };
}

export interface HistoryPage {
  /** Newest first. */
  readonly versions: readonly HistoryVersion[];
  readonly more: boolean;
  readonly total?: number;
}

/** A version, and whether it created the resource: for the first time, or again after it was deleted. */
export interface HistoryVersion extends Version {
  readonly created?: true;
}

/** Thrown by searches. */
export class SearchRefused extends Error {
  /** `expired`: older than `searchSnapshotMs`. `too-costly`: took longer than `searchTimeoutMs`. `aborted`: the signal. */
  readonly reason: 'expired' | 'too-costly' | 'aborted' | 'too-busy';

  constructor(reason: SearchRefused['reason']) {
    super(reason);
    this.name = 'SearchRefused';
    this.reason = reason;
  }
}

/** Everything as it was at one `seq`. Cheap to take; holds no lock. */
export interface Snapshot extends DenialReading<Version> {
  readonly seq: number;
  /** The version current at `seq`; undefined when there is none within this sight. A tombstone is a Version. */
  read(ref: Ref, sight: Sight): Promise<Version | undefined>;
  /** One version, whatever is current (law 9); visible when the resource is within this sight now. */
  vread(ref: Ref, seq: number, sight: Sight): Promise<Version | undefined>;
  history(query: HistoryQuery, signal?: AbortSignal): Promise<HistoryPage>;
  search(query: Query, signal?: AbortSignal): Promise<Page>;
  audit(query: AuditQuery, signal?: AbortSignal): Promise<readonly AuditRow[]>;
  /**
   * Roots with parties that stand on this resource, now: from which it is reached by what each resource on the way refers
   * to itself.
   */
  roots(ref: Ref): Promise<readonly Ref[]>;
  /** The organizations that see, now, what a root reaches: its parties. None where it is no root. */
  parties(root: Ref): Promise<readonly Ref[]>;
  /**
   * How many resources of a type an organization keeps that not everybody sees, deleted ones among them; now, and counted
   * as far as `max`.
   */
  kept(type: string, custodian: Ref, max: number): Promise<number>;
  /** The bytes of a file that a version names, now: an expunged one is lost. */
  readonly openFile: Files['open'];
  /** The current value, whatever the snapshot's `seq` (law 24): who relies on it says so by `recordPreconditions`. */
  record(kind: string, key: string): Promise<StoredRecord | undefined>;
  /** Those of a kind with this index value, in the order of their keys, at most `RECORDS_AT_ONCE` after the key given. */
  records(kind: string, name: string, value: string, after?: string): Promise<readonly StoredRecord[]>;
}

export interface Finding {
  readonly ok: boolean;
  /** Nothing is broken, but an operator should look at it. */
  readonly warning?: true;
  /** One line for an operator; when not ok, it says what to do. */
  readonly says: string;
}

/** What followers of a store are told. Undefined: anything may have been written, as by another node. */
export type StoreFollower = (commits: readonly Commit[] | undefined) => void;

export interface Store {
  /** Without `seq`: as of the last acknowledged commit. */
  snapshot(seq?: number): Snapshot;
  /**
   * Resolves when this copy of the store holds everything that was acknowledged anywhere before the call; at once where
   * there is no other copy. A copy that cannot tell throws {@link CommitRefused} `too-busy`.
   */
  fresh(): Promise<void>;
  /** Applies all of it, durably, or throws {@link CommitRefused}. */
  commit(commit: Commit): Promise<Committed>;
  /**
   * Plans and commits alone: `work` sees the latest state, and nobody commits until its commit is decided. For what was
   * refused as stale though its client set no precondition (rules 3.3). What `work` throws is passed on; nothing is written.
   */
  commitExclusively(work: (latest: Snapshot) => Promise<Commit>): Promise<Committed>;
  /** Audits a read: durable when the promise resolves. Rows of one moment share a block, a seq and a flush (D14). */
  record(entry: AuditEntry): Promise<void>;
  /**
   * Leases entries that are due: at most one per receiver, and none of a receiver in `passOver` (the ones that are being
   * served), so that a slow receiver with a long queue takes no place from the others. Every claim is an attempt.
   */
  claim(
    max: number,
    leaseMs: number,
    passOver?: Passed,
    share?: ClaimShare,
  ): Promise<readonly ClaimedEntry[]>;
  /** A claimed entry is due again after `afterMs`. */
  postpone(id: string, afterMs: number, why: string): Promise<void>;
  /** Entries of one subject or receiver, the one with this id, or all that wait; newest first. */
  outbox(filter: {
    id?: string;
    subject?: Ref;
    receiver?: Ref;
    open?: boolean;
    count: number;
  }): Promise<readonly OutboxRow[]>;
  /** The bytes of large Binaries. */
  readonly files: Files;
  /** Who does which job of the store, for now (law 26). */
  readonly leases: Leases;
  /**
   * Tells of the commits that this copy of the store has from now on, refused ones among them, before they are acknowledged
   * (law 27): what was remembered of their records and resources is to be read again. What `told` throws stops the store.
   */
  follow(told: StoreFollower): void;
  /** Examines the whole store: chain, projections, leases. */
  verify(): Promise<readonly Finding[]>;
  /** What metrics and readiness ask; cheap. */
  status(): StoreStatus;
  close(): Promise<void>;
}

export interface StoreStatus {
  readonly seq: number;
  readonly writable: boolean;
  /** Commits waiting for the writer. */
  readonly queued: number;
  readonly outboxWaiting: number;
  /** Milliseconds since 1970 at which the oldest waiting entry was committed; 0 when none waits. */
  readonly oldestWaitingAt: number;
  /** When the newest commit was made, in milliseconds since 1970; 0 where there is none. It never decreases. */
  readonly at: number;
  readonly bytes: number;
  /** Milliseconds since 1970 since when the database that keeps the log does not answer; undefined while it does. */
  readonly silentSince?: number;
  /** Another node has taken the database that keeps the log: this one writes nothing any more. */
  readonly taken?: true;
}
