/**
 * The writer: applies batches of members, each batch in one transaction and with one flush. Synchronous, and the only
 * one that writes; it runs in a thread of its own or in a turn of the main loop (ADR 0001).
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry, Commit } from '../../../ports/store.ts';
import { auditMembers, chainHash, cutRows, GENESIS, rowsText, auditRowTexts } from '../../log/chain.ts';
import type { Members } from '../../log/chain.ts';
import type { FindRefs } from './commit-checks.ts';
import { prepareCommits, type Commits } from './commits.ts';
import type { LogPlace } from './verdict.ts';
import { openDatabase, prepare, readMeta, releasePages, writeMeta, type Rows } from '../folder/connection.ts';
import type { AppliedCommit, LogEntry } from '../../log/log-entry.ts';
import type { AppliedBatch, WriteBatch, Head, BatchMember, MemberOutcome } from '../../log/write-batch.ts';
import { prepareAuditIndex, type AuditIndex } from './audit-index.ts';
import { stampEntry } from '../../log/audit-rows.ts';
import { prepareTidying, type Tidy } from './housekeeping.ts';
import { prepareIdentities, type Identities } from './identities.ts';
import { prepareOutbox } from './outbox.ts';
import type { Outbox, TriedEntry } from './outbox.ts';
import { prepareVanishing, prepareVanishingNote, type Vanishing, type VanishingRecord } from './vanishing.ts';
import { prepareAbout } from './about.ts';
import { prepareDenials, type Denials } from './denials.ts';
import { prepareMarks } from './marks.ts';
import { prepareReach } from './reach.ts';
import { Diverged, divergenceOf, failureOutcome, refusalOf, verdictOutcome } from './write-failure.ts';
import { prepareRecords } from './records.ts';
import { prepareExpunge } from './expunge.ts';
import { createReserve, type Reserve } from '../../log/reserve.ts';

type AuditBlock = Extract<BatchMember, { readonly kind: 'block' }>;

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
  /** The log is elsewhere, and what vanishes here is to vanish there, too. */
  readonly follows: boolean;
}

/** What the log says of entries that are replayed. */
interface Replayed {
  readonly hash: string;
  readonly valueRules: number;
}

/** What a row is added to the log from. */
interface Appended {
  readonly members: Members;
  readonly audit: string;
  readonly commit?: AppliedCommit;
}

/** The writer's connection keeps this much of the file in memory. */
const CACHE_KIB = 32 * 1024;

/** A batch whose members are applied and not on disk: {@link StoreWriter.confirm} or {@link StoreWriter.undo} it. */
interface BegunBatch {
  readonly outcomes: readonly MemberOutcome[];
  /** What it adds to the log, in order. */
  readonly entries: readonly LogEntry[];
  /** Where the store stood before. */
  readonly before: Head;
  /** False when the disk failed: every member is refused, and there is nothing to confirm. */
  readonly isOpen: boolean;
}

export class StoreWriter {
  readonly #db: DatabaseSync;
  readonly #identities: Identities;
  readonly #outbox: Outbox;
  readonly #commits: Commits;
  readonly #vanishing: Vanishing;
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
  /** What the batch has added to the log until now. */
  #entries: LogEntry[] = [];

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
    const { keyRetentionMs, follows } = options;
    const noteVanishing = prepareVanishingNote(db, follows);
    const reach = prepareReach(db, this.#identities, options.reachMembersMax);
    this.#commits = prepareCommits(db, {
      identities: this.#identities,
      auditIndex: this.#auditIndex,
      outbox: this.#outbox,
      reach,
      records: prepareRecords(db, noteVanishing),
      expunge: prepareExpunge(db, follows),
      about: prepareAbout(db, this.#identities),
      marks: prepareMarks(db),
      denials: this.#denials,
      findRefs,
      keyRetentionMs,
    });
    this.#vanishing = prepareVanishing(db, follows);
    this.#tidy = prepareTidying(db, options, noteVanishing);
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
    const begun = this.begin(batch);
    try {
      if (begun.isOpen) this.confirm();
      return { outcomes: begun.outcomes, head: this.#head };
    } catch (error) {
      const outcomes = this.#refuse(batch, begun.before, error);
      return outcomes === undefined ? this.apply(batch) : { outcomes, head: this.#head };
    }
  }

  /**
   * Applies the members in order and leaves the transaction open: no reader sees anything of it.
   *
   * @param guarded whether commits have savepoints: SQLite copies each page changed after one, so only when one has failed
   */
  begin(batch: WriteBatch, guarded = false): BegunBatch {
    const before = this.#head;
    this.#entries = [];
    try {
      this.#statements.begin.run();
      const outcomes = batch.members.map((member) => this.#applyOne(member, batch, guarded));
      return { outcomes, entries: this.#entries, before, isOpen: true };
    } catch (error) {
      if (!guarded && refusalOf(error) === undefined) {
        this.undo(before);
        return this.begin(batch, true);
      }
      const outcomes = this.#refuse(batch, before, error);
      return outcomes === undefined
        ? this.begin(batch, guarded)
        : { outcomes, entries: [], before: this.#head, isOpen: false };
    }
  }

  /** Ends the open transaction: what it wrote is there from now on. Throws what the disk throws; then it is still open. */
  confirm(): void {
    if (this.#denials.hasDenied()) this.#auditIndex.write(this.#head.seq);
    else if (this.#auditIndex.isDue()) this.#auditIndex.writePart(this.#head.seq);
    this.#statements.commit.run();
    this.#auditIndex.forget();
    this.#entries = [];
    if (this.#flushDelayMs > 0) Atomics.wait(this.#pause, 0, 0, this.#flushDelayMs);
  }

  /** Takes back what was begun and not confirmed: the store stands where it stood before. */
  undo(before: Head): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    this.#identities.forget();
    this.#auditIndex.undo(before.seq);
    this.#head = before;
    this.#entries = [];
  }

  /** What becomes of the members when the disk fails; undefined: the reserve is given up now, try again. */
  #refuse(batch: WriteBatch, before: Head, error: unknown): readonly MemberOutcome[] | undefined {
    this.undo(before);
    const reason = refusalOf(error);
    if (reason === 'disk-full' && this.#reserve.release(batch)) {
      this.#head = { ...before, writable: false };
      return undefined;
    }
    return batch.members.map(() => failureOutcome(error, reason));
  }

  /**
   * Applies what another copy of the store decided, in one transaction; nothing of it remains when one does not follow.
   *
   * @param replayed.hash the chain's hash after the last one
   * @param replayed.valueRules the oldest rules by which their search values were made
   * @throws Diverged where an entry comes out differently here
   */
  replay(entries: readonly LogEntry[], { hash, valueRules }: Replayed): void {
    const before = this.#head;
    try {
      this.#statements.begin.run();
      for (const entry of entries) this.#replayOne(entry);
      if (this.#head.hash !== hash) throw new Diverged(this.#head.seq, 'it has another hash here');
      if (valueRules < readMeta(this.#db, 'values', 1)) writeMeta(this.#db, 'values', valueRules);
      this.confirm();
    } catch (error) {
      this.undo(before);
      throw error;
    }
  }

  /** What is known of entries of the outbox that were tried, for a folder that was made anew. */
  restoreAttempts(tried: readonly TriedEntry[]): void {
    this.#statements.begin.run();
    for (const one of tried) this.#outbox.restoreAttempt(one);
    this.#statements.commit.run();
  }

  /** Records whose texts are to vanish from a log elsewhere, so many at most. */
  vanishing(max: number): readonly VanishingRecord[] {
    return this.#vanishing.first(max);
  }

  /** Their texts have vanished. */
  vanished(records: readonly VanishingRecord[]): void {
    this.#vanishing.forget(records);
  }

  readonly releaseMemory = (): void => releasePages(this.#db);

  close(): void {
    this.#writeIndex();
    this.#db.close();
  }

  #applyOne(member: BatchMember, batch: WriteBatch, guarded: boolean): MemberOutcome {
    const { now } = batch;
    if (member.kind === 'commit')
      return guarded ? this.#applyGuarded(member.commit, now) : this.#applyCommit(member.commit, now);
    if (member.kind === 'block') return this.#applyBlock(member, now);
    if (member.kind === 'tidy') return this.#applyTidy(batch);
    if (member.kind === 'follow') return { kind: 'done' };
    if (member.kind === 'claim') {
      return { kind: 'claimed', entries: this.#outbox.claim(member, now) };
    }
    const { id, afterMs, why } = member;
    const isLeased = this.#outbox.postpone(id, afterMs, why, now);
    return isLeased ? { kind: 'done' } : { kind: 'refused', reason: 'not-leased', ref: id };
  }

  #applyCommit(commit: Commit, now: number): MemberOutcome {
    if (!this.#head.writable) return { kind: 'refused', reason: 'disk-full' };
    const verdict = this.#commits.check(commit, this.#head.seq, now);
    return verdict === undefined ? this.#write(commit, now) : verdictOutcome(verdict);
  }

  #applyGuarded(commit: Commit, now: number): MemberOutcome {
    const before = this.#head;
    this.#statements.savepoint.run();
    try {
      const outcome = this.#applyCommit(commit, now);
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
      this.#entries = this.#entries.filter(({ seq }) => seq <= before.seq);
      return failureOutcome(error, undefined);
    }
  }

  #write(commit: Commit, now: number): MemberOutcome {
    const place = this.#nextPlace(now);
    const written = this.#commits.write(commit, place);
    this.#entries.push(this.#append(place, written));
    const reply = written.commit.key?.reply;
    return { kind: 'committed', ...place, replayed: false, ...(reply !== undefined && { reply }) };
  }

  /** @throws Diverged at the entry, whatever is wrong with it */
  #replayOne(entry: LogEntry): void {
    try {
      this.#applyDecided(entry);
    } catch (error) {
      throw divergenceOf(error, entry.seq);
    }
  }

  #applyDecided({ seq, at, members, audit, commit }: LogEntry): void {
    if (seq !== this.#head.seq + 1) throw new Diverged(seq, `it follows commit ${this.#head.seq}`);
    const place = { seq, at };
    const here =
      commit === undefined
        ? this.#replayBlock({ audit, members, seq })
        : this.#commits.replay(commit, { audit, members }, place);
    if (commit?.sighted.join() !== here.commit?.sighted.join()) throw new Diverged(seq, 'others see it here');
    if (this.#append(place, here).members !== members) throw new Diverged(seq, 'it has other members here');
  }

  #replayBlock({ audit, members, seq }: Pick<LogEntry, 'audit' | 'members' | 'seq'>): Appended {
    const rows = JSON.parse(audit) as readonly AuditEntry[]; // a text of the log
    this.#auditIndex.note(rows, seq);
    return { members: auditMembers(audit, auditRowTexts(audit, rows), members), audit };
  }

  #applyBlock({ audit: text, lengths }: AuditBlock, now: number): MemberOutcome {
    const place = this.#nextPlace(now);
    // `record` made the text from AuditEntry values.
    const read = JSON.parse(text) as readonly AuditEntry[];
    const entries = read.map((entry) => stampEntry(entry, place.seq));
    const isAsRead = entries.every((entry, i) => entry === read[i]);
    const texts =
      isAsRead && lengths !== undefined
        ? cutRows(text, lengths)
        : entries.map((entry) => JSON.stringify(entry));
    const audit = isAsRead ? text : rowsText(texts);
    this.#auditIndex.note(entries, place.seq);
    this.#entries.push(this.#append(place, { members: auditMembers(audit, texts), audit }));
    return { kind: 'done' };
  }

  #applyTidy(batch: WriteBatch): MemberOutcome {
    const writable = this.#head.writable || this.#reserve.restore(batch);
    const { more, horizon } = this.#tidy(batch.now, this.#head.seq);
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

  #append({ seq, at }: LogPlace, { members, audit, commit }: Appended): LogEntry {
    const text = JSON.stringify(members);
    const hash = chainHash(this.#head.hash, seq, at, text);
    this.#addLog.run(seq, at, audit, text, Buffer.from(hash, 'hex'));
    const waiting = commit === undefined ? 0 : commit.outbox.length - commit.outcomes.length;
    this.#head = { ...this.#head, seq, at, hash, outboxWaiting: this.#head.outboxWaiting + waiting };
    return { seq, at, members: text, audit, ...(commit && { commit }) };
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
