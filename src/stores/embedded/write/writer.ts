/**
 * The writer: applies batches of members, each batch in one transaction and with one flush. Synchronous, and the only
 * one that writes; it runs in a thread of its own or in a turn of the main loop (ADR 0001).
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry, Commit, CommitRefusal } from '../../../ports/store.ts';
import { chainHash, digestAudit, GENESIS } from '../../log/chain.ts';
import type { Members } from '../../log/chain.ts';
import { prepareCommits } from './commits.ts';
import type { FindRefs } from './commit-checks.ts';
import type { Commits } from './commits.ts';
import type { LogPlace } from './verdict.ts';
import { openDatabase, prepare, readMeta } from '../folder/connection.ts';
import type { Rows } from '../folder/connection.ts';
import type { AppliedBatch, WriteBatch, Head, BatchMember, MemberOutcome } from '../../log/write-batch.ts';
import { prepareAuditIndex } from './audit-index.ts';
import type { AuditIndex } from './audit-index.ts';
import { stampEntry } from '../../log/audit-rows.ts';
import { prepareTidying } from './housekeeping.ts';
import type { Tidy } from './housekeeping.ts';
import { prepareIdentities } from './identities.ts';
import type { Identities } from './identities.ts';
import { prepareOutbox } from './outbox.ts';
import type { Outbox } from './outbox.ts';
import { prepareAbout } from './about.ts';
import { prepareDenials, type Denials } from './denials.ts';
import { prepareReach } from './reach.ts';
import { ReachExceeded } from './reach-walk.ts';
import { prepareRecords } from './records.ts';
import { createReserve } from '../../log/reserve.ts';
import type { Reserve } from '../../log/reserve.ts';

/** Plain data: it is handed to the writer's thread as it is. */
export interface WriterOptions {
  readonly file: string;
  readonly reserveFile: string;
  readonly reserveBytes: number;
  /** Names this process in leases. */
  readonly instance: string;
  readonly searchSnapshotMs: number;
  readonly keyRetentionMs: number;
  readonly outboxRetentionMs: number;
  readonly reachMembersMax: number;
  /** Waited after every flush, to measure slow disks. */
  readonly flushDelayMs: number;
  /** Executed when the writer is ready, for tests and measurements. */
  readonly pragmas: readonly string[];
}

/** The writer's connection keeps this much of the file in memory. */
const CACHE_KIB = 32 * 1024;

const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** What a failure of the disk, or of the lock on the file, is called. */
const REFUSALS: ReadonlyMap<number, CommitRefusal> = new Map([
  [SQLITE_BUSY, 'too-busy'],
  [SQLITE_READONLY, 'read-only'],
  [SQLITE_IOERR, 'disk-full'],
  [SQLITE_FULL, 'disk-full'],
]);

export class StoreWriter {
  readonly #db: DatabaseSync;
  readonly #identities: Identities;
  readonly #outbox: Outbox;
  readonly #commits: Commits;
  readonly #tidy: Tidy;
  readonly #reserve: Reserve;
  readonly #auditIndex: AuditIndex;
  readonly #denials: Denials;
  readonly #addLog: Rows<never>;
  readonly #statements: Readonly<Record<'begin' | 'commit' | 'savepoint' | 'release' | 'undo', Rows<never>>>;
  readonly #flushDelayMs: number;
  /** Waits without turning: nobody ever wakes it. */
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));
  #head: Head;

  constructor(options: WriterOptions, findRefs: FindRefs, now: number) {
    const db = openDatabase(options.file, {
      readOnly: false,
      cacheKib: CACHE_KIB,
      pragmas: ['secure_delete = FAST'], // a record that is taken away leaves no bytes
    });
    this.#db = db;
    this.#identities = prepareIdentities(db);
    this.#outbox = prepareOutbox(db, options.instance);
    this.#auditIndex = prepareAuditIndex(db);
    this.#denials = prepareDenials(db, this.#identities);
    const { keyRetentionMs } = options;
    const reach = prepareReach(db, this.#identities, options.reachMembersMax);
    this.#commits = prepareCommits(db, {
      identities: this.#identities,
      auditIndex: this.#auditIndex,
      outbox: this.#outbox,
      reach,
      records: prepareRecords(db),
      about: prepareAbout(db, this.#identities),
      denials: this.#denials,
      findRefs,
      keyRetentionMs,
    });
    this.#tidy = prepareTidying(db, options);
    this.#reserve = createReserve(options.reserveFile, options.reserveBytes);
    this.#addLog = prepare(db, 'INSERT INTO log (seq, at, audit, members, hash) VALUES (?, ?, ?, ?, ?)');
    this.#statements = {
      begin: prepare(db, 'BEGIN IMMEDIATE'),
      commit: prepare(db, 'COMMIT'),
      savepoint: prepare(db, 'SAVEPOINT member'),
      release: prepare(db, 'RELEASE member'),
      undo: prepare(db, 'ROLLBACK TO member'),
    };
    this.#flushDelayMs = options.flushDelayMs;
    this.#outbox.endLeases(now);
    this.#head = this.#readHead();
    for (const pragma of options.pragmas) db.exec(`PRAGMA ${pragma}`);
  }

  get head(): Head {
    return this.#head;
  }

  /**
   * Applies the members in order and flushes once. A refused member harms no other; when the flush fails, all are
   * refused and nothing of them remains. On a full disk the reserve is given up, so that reads can still be audited.
   */
  apply(batch: WriteBatch): AppliedBatch {
    const before = this.#head;
    try {
      this.#statements.begin.run();
      const outcomes = batch.members.map((member) => this.#applyOne(member, batch.now));
      const due = this.#denials.hasDenied() || this.#auditIndex.isDue();
      if (due) this.#auditIndex.write(this.#head.seq);
      this.#statements.commit.run();
      if (due) this.#auditIndex.forget();
      if (this.#flushDelayMs > 0) Atomics.wait(this.#pause, 0, 0, this.#flushDelayMs);
      return { outcomes, head: this.#head };
    } catch (error) {
      this.#undoBatch(before);
      const reason = refusalOf(error);
      if (reason === 'disk-full' && this.#reserve.release()) {
        this.#head = { ...before, writable: false };
        return this.apply(batch);
      }
      return { outcomes: batch.members.map(() => failed(error, reason)), head: this.#head };
    }
  }

  close(): void {
    this.#writeIndex();
    this.#db.close();
  }

  #applyOne(member: BatchMember, now: number): MemberOutcome {
    if (member.kind === 'commit') return this.#applyCommit(member.commit, now);
    if (member.kind === 'block') return this.#applyBlock(member.audit, now);
    if (member.kind === 'tidy') return this.#applyTidy(now);
    if (member.kind === 'claim') {
      return { kind: 'claimed', entries: this.#outbox.claim(member, now) };
    }
    const { id, afterMs, why } = member;
    return this.#outbox.postpone(id, afterMs, why, now)
      ? { kind: 'done' }
      : { kind: 'refused', reason: 'not-leased', ref: id };
  }

  #applyCommit(commit: Commit, now: number): MemberOutcome {
    if (!this.#head.writable) return { kind: 'refused', reason: 'disk-full' };
    const before = this.#head;
    this.#statements.savepoint.run();
    try {
      const verdict = this.#commits.check(commit, before.seq, now);
      const outcome = verdict === undefined ? this.#write(commit, now) : answer(verdict);
      this.#statements.release.run();
      return outcome;
    } catch (error) {
      // A full or failing disk ends the batch: SQLite may have undone all of it already.
      if (refusalOf(error) !== undefined || !this.#db.isTransaction) throw error;
      this.#statements.undo.run();
      this.#statements.release.run();
      this.#identities.forget();
      this.#auditIndex.undo(before.seq);
      this.#head = before;
      return failed(error, undefined);
    }
  }

  #write(commit: Commit, now: number): MemberOutcome {
    const place = this.#nextPlace(now);
    const { members, audit, waiting, reply } = this.#commits.write(commit, place);
    this.#append(place, audit, members, waiting);
    return { kind: 'committed', ...place, replayed: false, ...(reply !== undefined && { reply }) };
  }

  #applyBlock(text: string, now: number): MemberOutcome {
    const place = this.#nextPlace(now);
    // `record` made the text from AuditEntry values.
    const read = JSON.parse(text) as readonly AuditEntry[];
    const entries = read.map((entry) => stampEntry(entry, place.seq));
    const audit = entries.every((entry, i) => entry === read[i]) ? text : JSON.stringify(entries);
    this.#auditIndex.note(entries, place.seq);
    this.#append(place, audit, { audit: digestAudit(audit) }, 0);
    return { kind: 'done' };
  }

  #applyTidy(now: number): MemberOutcome {
    const writable = this.#head.writable || this.#reserve.restore();
    const { more, horizon } = this.#tidy(now, this.#head.seq);
    this.#head = { ...this.#head, writable, horizon };
    return { kind: 'tidied', more };
  }

  /** Noted keys that cannot be written are found in the log, and noted again when the store is opened. */
  #writeIndex(): void {
    try {
      this.#statements.begin.run();
      this.#auditIndex.write(this.#head.seq);
      this.#statements.commit.run();
    } catch {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    }
  }

  #nextPlace(now: number): LogPlace {
    return { seq: this.#head.seq + 1, at: Math.max(now, this.#head.at) };
  }

  #append({ seq, at }: LogPlace, audit: string, members: Members, waiting: number): void {
    const text = JSON.stringify(members);
    const hash = chainHash(this.#head.hash, seq, at, text);
    this.#addLog.run(seq, at, audit, text, Buffer.from(hash, 'hex'));
    this.#head = { ...this.#head, seq, at, hash, outboxWaiting: this.#head.outboxWaiting + waiting };
  }

  #undoBatch(before: Head): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    this.#identities.forget();
    this.#auditIndex.undo(before.seq);
    this.#head = before;
  }

  #readHead(): Head {
    const last = prepare<[number, number, Uint8Array]>(
      this.#db,
      'SELECT seq, at, hash FROM log ORDER BY seq DESC LIMIT 1',
    ).get();
    return {
      seq: last?.[0] ?? 0,
      at: last?.[1] ?? 0,
      hash: last === undefined ? GENESIS : Buffer.from(last[2]).toString('hex'),
      horizon: readMeta(this.#db, 'horizon', 0),
      outboxWaiting: this.#outbox.countOpen(),
      writable: this.#reserve.held,
    };
  }
}

function answer(verdict: NonNullable<ReturnType<Commits['check']>>): MemberOutcome {
  if (verdict.kind === 'refused') return verdict;
  const { seq, at, reply } = verdict;
  return { kind: 'committed', seq, at, reply, replayed: true };
}

function failed(error: unknown, reason: CommitRefusal | undefined): MemberOutcome {
  if (error instanceof ReachExceeded) return { kind: 'refused', reason: 'reach-exceeded', ref: error.ref };
  if (reason !== undefined) return { kind: 'refused', reason };
  return { kind: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** What a failure of the disk is called; undefined when it is something else. */
function refusalOf(error: unknown): CommitRefusal | undefined {
  // Errors of node:sqlite carry SQLite's extended result code; its low byte is the kind.
  const code = (error as { errcode?: unknown } | null)?.errcode;
  if (typeof code !== 'number') return undefined;
  return REFUSALS.get(code & 0xff);
}
