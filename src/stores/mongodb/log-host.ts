/**
 * The writer of a node whose log is in the database (ADR 0028). A batch is begun in the read model, appended to the log,
 * and confirmed when a majority has it; when another node was first, it is undone and begun again behind what that one
 * wrote. Which append is next, the log's unique `_id` decides, and nothing else.
 */
import type { CommitRefusal } from '../../ports/store.ts';
import { VALUE_RULES } from '../../ports/value-rules.ts';
import { Diverged, refusalOf } from '../embedded/write/write-failure.ts';
import type { StoreWriter } from '../embedded/write/writer.ts';
import type { LogEntry } from '../log/log-entry.ts';
import type {
  AppliedBatch,
  BatchMember,
  Head,
  MemberOutcome,
  WriteBatch,
  WriterHost,
} from '../log/write-batch.ts';
import type { AppendFate, CommitLog, NotWritten } from './commit-log.ts';
import { DatabaseRefused } from './connection.ts';
import { entryDocument, LOG_FORMAT, REPLAY_RULES, type LogDocument } from './documents.ts';
import type { Follower } from './follow.ts';
import { scrub } from './scrub.ts';
import type { LogTraffic } from './traffic.ts';

/** The log as a writer needs it. */
type AppendableLog = Pick<
  CommitLog,
  'append' | 'doubt' | 'holding' | 'isStill' | 'remove' | 'replaceEntries'
>;

interface LogHostParts {
  readonly writer: StoreWriter;
  readonly log: AppendableLog;
  readonly follower: Follower;
  /** Names this process in the documents. */
  readonly node: string;
  readonly newId: () => string;
  /** How long the callers of a batch wait for the database, in milliseconds. */
  readonly commitTimeoutMs: number;
  readonly traffic: LogTraffic;
}

/** A batch on its way. */
interface Attempt {
  readonly batch: WriteBatch;
  /** What was appended, or is being. */
  document: LogDocument | undefined;
  /** It is with the database, or may be: whether it is written is not ours to say any more. */
  offered: boolean;
  /** Its callers wait no longer. */
  late: boolean;
  /** They have been told that nothing was written. */
  abandoned: boolean;
  /** While an offer looks for a server; over when it is sent, or cannot be. */
  seeking: Promise<void> | undefined;
}

/** Between two looks at a database that does not answer. */
const PAUSES_MS = [10, 50, 200] as const;
const PAUSE_MAX_MS = 1000;
/** Records whose texts one step of housekeeping takes out of the log. */
const VANISHING_AT_ONCE = 50;
/** How long a store that closes waits for the fate of its last batch. */
const CLOSE_MS = 2000;

export class LogHost implements WriterHost {
  readonly #parts: LogHostParts;
  #moved: (head: Head) => void = () => undefined;
  /** An attempt whose callers wait no longer: nothing else is written until its fate is known. */
  #trouble: Promise<void> | undefined;
  /** Where the store stands while a batch is begun and not confirmed: nobody may be told of that one. */
  #stood: Head | undefined;
  /** The disk of the read model is what holds the writer up. */
  #isDiskFull = false;
  #gone: Error | undefined;
  #closed = false;

  constructor(parts: LogHostParts) {
    this.#parts = parts;
  }

  get head(): Head {
    return this.#stood ?? this.#parts.writer.head;
  }

  onMove(moved: (head: Head) => void): void {
    this.#moved = moved;
  }

  async apply(batch: WriteBatch): Promise<AppliedBatch> {
    if (this.#gone !== undefined) throw this.#gone;
    if (this.#trouble !== undefined) return this.#refuse(batch, this.#isDiskFull ? 'disk-full' : 'too-busy');
    const attempt: Attempt = {
      batch,
      document: undefined,
      offered: false,
      late: false,
      abandoned: false,
      seeking: undefined,
    };
    const work = this.#run(attempt);
    const applied = await within(this.#parts.commitTimeoutMs, work);
    if (applied !== undefined) return applied;
    await attempt.seeking; // what may still be sent is not given up
    attempt.late = true;
    attempt.abandoned = !attempt.offered;
    const { traffic } = this.#parts;
    if (attempt.offered) traffic.unsure += 1;
    traffic.waitingSince = this.#isDiskFull ? 0 : Date.now();
    this.#trouble = work
      .then(() => this.#recover())
      .catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    return this.#refuse(batch, attempt.offered ? 'unsure' : 'too-busy');
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#trouble !== undefined) await within(CLOSE_MS, this.#trouble);
    this.#parts.writer.close();
  }

  /** The fate is known, or nothing was sent: the node goes on when the database answers. */
  async #recover(): Promise<void> {
    await this.#patiently(() => this.#parts.follower.catchUp());
    this.#trouble = undefined;
    this.#parts.traffic.waitingSince = 0;
    if (!this.#closed) this.#moved(this.head);
  }

  /** The read model cannot follow the log: this writer is gone, and readiness says so. */
  #fail(error: Error): void {
    this.#gone = error;
    this.#parts.traffic.waitingSince = 0;
    if (!this.#closed) this.#moved({ ...this.head, writable: false });
  }

  /** Until the batch is decided. */
  async #run(attempt: Attempt): Promise<AppliedBatch> {
    const { batch } = attempt;
    const { writer } = this.#parts;
    if (batch.members.some(({ kind }) => kind === 'follow')) {
      await this.#follow(attempt);
      await this.#assertStill(this.head, attempt, 'looking');
    }
    while (!attempt.abandoned) {
      const { outcomes, entries, before, isOpen } = writer.begin(batch);
      if (!isOpen) return { outcomes, head: this.head };
      this.#stood = before;
      const fate =
        entries.length === 0
          ? await this.#proveNewest(outcomes, attempt)
          : await this.#append(this.#documentOf(entries, before), attempt);
      if (fate === 'ours') {
        await this.#assertStill(before, attempt);
        return this.#confirm(outcomes, before, attempt);
      }
      this.#undo(before);
      if (fate !== 'others') return this.#notWritten(batch, fate);
      await this.#follow(attempt);
    }
    return this.#refuse(batch, 'too-busy');
  }

  /**
   * The log does not only take what we append, it still holds what was before.
   *
   * @throws Diverged where it does not; what was appended after the gap is taken back
   */
  async #assertStill(before: Head, attempt: Attempt, why?: 'looking'): Promise<void> {
    const { log } = this.#parts;
    if (why === 'looking' && before.seq > 0) log.doubt();
    if ((await this.#patiently(() => log.isStill(before), attempt)) !== false) return;
    const { document } = attempt;
    if (document !== undefined) await log.remove(document).catch(() => undefined); // nobody reads it there
    throw new Diverged(
      before.seq,
      'the log in the database does not hold it any more: an older copy was restored, or somebody deleted from it',
    );
  }

  #undo(before: Head): void {
    this.#parts.writer.undo(before);
    this.#stood = undefined;
  }

  /** A refusal is given as of the newest state alone; what is appended proves that by itself. */
  async #proveNewest(outcomes: readonly MemberOutcome[], attempt: Attempt): Promise<'ours' | 'others'> {
    const isDecided = outcomes.some(({ kind }) => kind === 'refused' || kind === 'committed');
    if (!isDecided) return 'ours';
    const { follower } = this.#parts;
    const isBehind = await this.#patiently(() => follower.isBehind(), attempt);
    return isBehind === false && !attempt.abandoned ? 'ours' : 'others';
  }

  /** The same document again and again, until its fate is known. */
  async #append(document: LogDocument, attempt: Attempt): Promise<KnownFate> {
    const { log, traffic } = this.#parts;
    const started = performance.now();
    let maybeWritten = false;
    attempt.document = document;
    for (let tries = 0; ; tries += 1) {
      if (attempt.abandoned) return 'others'; // never sent: it is undone, and its callers know
      const sought = Promise.withResolvers<void>();
      attempt.seeking = sought.promise;
      const fate = await log.append(document, () => {
        attempt.offered = true;
        sought.resolve();
      });
      sought.resolve();
      if (fate === 'ours') countAppend(traffic, performance.now() - started);
      if (fate === 'others') traffic.lost += 1;
      if (isKnown(fate, maybeWritten)) {
        attempt.offered = fate === 'ours';
        return fate;
      }
      maybeWritten ||= fate !== 'unsent';
      attempt.offered = maybeWritten;
      await this.#pause(tries);
    }
  }

  async #confirm(outcomes: readonly MemberOutcome[], before: Head, attempt: Attempt): Promise<AppliedBatch> {
    if (!attempt.late && this.#isConfirmed())
      return { outcomes: await this.#tidied(outcomes), head: this.head };
    // The log has it. This disk does not: it follows as soon as there is space. Or nobody is told what was leased.
    this.#undo(before);
    await this.#follow(attempt);
    const { members } = attempt.batch;
    return { outcomes: outcomes.map((one, i) => inLog(one, members[i])), head: this.head };
  }

  #isConfirmed(): boolean {
    try {
      this.#parts.writer.confirm();
      this.#stood = undefined;
      return true;
    } catch {
      return false;
    }
  }

  /** A step of housekeeping: texts of records that nobody may read any more vanish from the log, too. */
  async #tidied(outcomes: readonly MemberOutcome[]): Promise<readonly MemberOutcome[]> {
    if (!outcomes.some(({ kind }) => kind === 'tidied')) return outcomes;
    const { writer, log } = this.#parts;
    const records = writer.vanishing(VANISHING_AT_ONCE);
    try {
      await scrub(log, records);
    } catch {
      return outcomes; // the next step tries again
    }
    writer.vanished(records);
    if (records.length < VANISHING_AT_ONCE) return outcomes;
    return outcomes.map((one) => (one.kind === 'tidied' ? { ...one, more: true } : one));
  }

  async #follow(attempt: Attempt): Promise<void> {
    const before = this.head.seq;
    const { follower } = this.#parts;
    await this.#patiently(() => follower.catchUp(), attempt);
    if (this.head.seq !== before) this.#moved(this.head);
  }

  /** What a database or a disk refuses now, it may do in a while. Undefined for an attempt that was abandoned. */
  async #patiently<T>(work: () => Promise<T>, attempt?: Attempt): Promise<T | undefined> {
    for (let tries = 0; ; tries += 1) {
      try {
        const given = await work();
        this.#isDiskFull = false;
        return given;
      } catch (error) {
        if (error instanceof Diverged || error instanceof DatabaseRefused) throw error;
        this.#isDiskFull = refusalOf(error) === 'disk-full';
        if (attempt?.abandoned === true) return undefined;
        await this.#pause(tries);
      }
    }
  }

  async #pause(tries: number): Promise<void> {
    if (this.#closed) throw new Error('the store was closed while the database did not answer');
    await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[tries] ?? PAUSE_MAX_MS));
  }

  #documentOf(entries: readonly LogEntry[], before: Head): LogDocument {
    const { node, newId, writer } = this.#parts;
    const { seq: last, at, hash } = writer.head;
    return {
      _id: before.seq + 1,
      last,
      at,
      node,
      n: newId(),
      v: LOG_FORMAT,
      r: REPLAY_RULES,
      u: VALUE_RULES,
      prev: before.hash,
      hash,
      e: entries.map(entryDocument),
    };
  }

  #notWritten(batch: WriteBatch, why: NotWritten): AppliedBatch {
    if (why === 'full') return this.#refuse(batch, 'disk-full');
    if (why === 'forbidden') return this.#refuse(batch, 'read-only');
    const fault: MemberOutcome = {
      kind: 'fault',
      message: 'the database refused the document of the commits',
    };
    return { outcomes: batch.members.map(() => fault), head: this.head };
  }

  #refuse({ members }: WriteBatch, reason: CommitRefusal): AppliedBatch {
    const refused: MemberOutcome = { kind: 'refused', reason };
    return { outcomes: members.map(() => refused), head: { ...this.head, writable: false } };
  }
}

/** A fate that ends the offering of a document. */
type KnownFate = Exclude<AppendFate, 'unknown' | 'unsent'>;

/** That the database takes nothing now says nothing of an earlier offer whose answer did not come. */
const isKnown = (fate: AppendFate, maybeWritten: boolean): fate is KnownFate =>
  fate === 'ours' ||
  fate === 'others' ||
  fate === 'refused' ||
  (!maybeWritten && (fate === 'full' || fate === 'forbidden'));

/** What holds of a batch that is in the log alone: leases and postponements are not. */
const inLog = (outcome: MemberOutcome, member: BatchMember | undefined): MemberOutcome =>
  member?.kind === 'claim' || member?.kind === 'postpone' || member?.kind === 'tidy'
    ? { kind: 'refused', reason: 'disk-full' }
    : outcome;

function countAppend(traffic: LogTraffic, tookMs: number): void {
  traffic.appends += 1;
  traffic.appendMs += tookMs;
  traffic.appendMsMax = Math.max(traffic.appendMsMax, tookMs);
}

/** What the work gives; undefined when it takes longer, and then it goes on. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const over = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => over.resolve(undefined), ms);
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}
