/**
 * The queue before the writer. Commits that wait while a flush runs go down together with the next one (group commit), and
 * the read-audit rows of one moment are one member of it. An exclusive commit holds the others back until it is decided.
 */
import { CommitRefused } from '../../ports/store.ts';
import type { Commit, Committed } from '../../ports/store.ts';
import type { Clock } from '../../ports/clock.ts';
import { selectCommits, weightOf } from './select-commits.ts';
import type { AppliedBatch, BatchMember, Head, MemberOutcome, WriterHost } from './write-batch.ts';

interface QueueOptions {
  readonly clock: Clock;
  /** The largest number of waiting commits, exclusive ones included; one more is refused as too busy. */
  readonly commitsQueuedMax: number;
  /** Milliseconds within which an exclusive commit must be planned. */
  readonly turnMs: number;
  /** Milliseconds for which read-audit rows may wait for others, so that a flush serves many reads. Default: 2. */
  readonly gatherMs?: number;
  /** Called for each batch that is on disk, before its members are acknowledged. */
  readonly applied: (members: readonly BatchMember[]) => void;
  /** Called when the store moved by something else than a batch: anything may have been written. */
  readonly moved?: () => void;
  /** Called for each commit or block that the disk did not take. */
  readonly diskRefused?: (reason: 'disk-full' | 'read-only') => void;
}

interface Waiting {
  readonly member: BatchMember;
  readonly weight: number;
  readonly decided: PromiseWithResolvers<MemberOutcome>;
}

interface Block {
  rows: number;
  /** Entries with commas between them. */
  entries: string;
  /** How long each entry is, in order. */
  readonly lengths: number[];
  /** When its first row came, in milliseconds. */
  readonly since: number;
  /** Rows that were there when it was looked at last. */
  seen: number;
  readonly decided: PromiseWithResolvers<MemberOutcome>;
  /** What every caller of this block awaits. */
  readonly durable: Promise<void>;
}

/** The largest number of waiting read-audit rows, for each commit that may wait. */
const ROWS_PER_COMMIT = 16;

const GATHER_MS = 2;

export class WriteQueue {
  readonly #host: WriterHost;
  readonly #options: QueueOptions;
  readonly #commits: Waiting[] = [];
  /** Leases, postponements and housekeeping: an exclusive commit does not hold them back. */
  readonly #chores: Waiting[] = [];
  readonly #exclusive: (() => Promise<void>)[] = [];
  #exclusiveCommit: Waiting | undefined;
  #block: Block | undefined;
  #head: Head;
  #flushing = false;
  #scheduled = false;
  /** An exclusive commit is being planned. */
  #held = false;
  /** An exclusive commit has just been decided: the commits that waited for it come before the next one. */
  #commitsFirst = false;
  /** A heavy commit was passed over by a batch of light ones: it is in the next. */
  #heavyNext = false;
  #closed = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(host: WriterHost, options: QueueOptions) {
    this.#host = host;
    this.#options = options;
    this.#head = host.head;
    host.onMove?.((head) => {
      if (this.#closed) return;
      this.#head = head;
      options.moved?.();
    });
  }

  /** Where the store stands: everything up to here is acknowledged. */
  get head(): Head {
    return this.#head;
  }

  get queued(): number {
    return this.#commits.length + this.#exclusive.length;
  }

  /** Whether nothing waits and nothing is being written. */
  get isIdle(): boolean {
    return (
      !this.#flushing &&
      !this.#held &&
      this.queued === 0 &&
      this.#chores.length === 0 &&
      this.#block === undefined
    );
  }

  async commit(commit: Commit): Promise<Committed> {
    this.#admit();
    return committedOf(await this.#offer(this.#commits, { kind: 'commit', commit }, weightOf(commit)));
  }

  /** A lease, a postponement or a step of housekeeping. */
  async chore(member: BatchMember): Promise<MemberOutcome> {
    if (this.#closed) throw new CommitRefused('closed');
    return passed(await this.#offer(this.#chores, member));
  }

  /** Audits a read: `text` is the JSON of its AuditEntry. */
  record(text: string): Promise<void> {
    if (this.#closed) return Promise.reject(new CommitRefused('closed'));
    const block = (this.#block ??= openBlock());
    if (block.rows >= this.#options.commitsQueuedMax * ROWS_PER_COMMIT) {
      return Promise.reject(new CommitRefused('too-busy'));
    }
    block.entries += block.rows === 0 ? text : `,${text}`;
    block.lengths.push(text.length);
    block.rows += 1;
    this.#schedule();
    return block.durable;
  }

  /** Plans and commits alone. */
  async commitExclusively(plan: () => Promise<Commit>): Promise<Committed> {
    this.#admit();
    const done = Promise.withResolvers<Committed>();
    this.#exclusive.push(async () => {
      try {
        const commit = await within(this.#options.turnMs, plan());
        const decided = Promise.withResolvers<MemberOutcome>();
        this.#exclusiveCommit = { member: { kind: 'commit', commit }, weight: 0, decided };
        this.#schedule();
        done.resolve(committedOf(await decided.promise));
      } catch (error) {
        done.reject(error);
      }
    });
    this.#schedule();
    return done.promise;
  }

  /** Refuses what comes from now on, and waits for what is on its way. */
  async drain(): Promise<void> {
    this.#closed = true;
    if (!this.isIdle) await (this.#idle ??= Promise.withResolvers()).promise;
  }

  #admit(): void {
    if (this.#closed) throw new CommitRefused('closed');
    if (this.queued >= this.#options.commitsQueuedMax) throw new CommitRefused('too-busy');
  }

  #offer(line: Waiting[], member: BatchMember, weight = 0): Promise<MemberOutcome> {
    const decided = Promise.withResolvers<MemberOutcome>();
    line.push({ member, weight, decided });
    this.#schedule();
    return decided.promise;
  }

  /** At the end of this turn of the loop: whatever arrived in it goes together. */
  #schedule(): void {
    if (this.#scheduled || this.#flushing) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#isGathering()) this.#schedule();
      else void this.#advance();
    });
  }

  /** Read-audit rows wait for those of the next turn for as long as each turn brings more: with them waits nobody else. */
  #isGathering(): boolean {
    const block = this.#block;
    if (block === undefined || this.#closed) return false;
    if (this.#commits.length + this.#chores.length + this.#exclusive.length > 0) return false;
    if (this.#exclusiveCommit !== undefined || block.seen === block.rows) return false;
    block.seen = block.rows;
    return performance.now() - block.since < (this.#options.gatherMs ?? GATHER_MS);
  }

  /** Writes batch after batch until nothing may be written. Never rejects. */
  async #advance(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
        await this.#flush(batch);
        if (this.#isGathering()) break;
      }
    } finally {
      this.#flushing = false;
    }
    if (this.#block !== undefined) this.#schedule();
    if (this.isIdle) this.#idle?.resolve();
  }

  #take(): readonly Waiting[] {
    this.#startExclusive();
    const batch = this.#chores.splice(0);
    if (this.#exclusiveCommit !== undefined) batch.push(this.#exclusiveCommit);
    this.#exclusiveCommit = undefined;
    if (!this.#held) {
      batch.push(...this.#takeCommits(batch.length > 0 || this.#block !== undefined));
      this.#commitsFirst = false;
    }
    if (this.#block !== undefined) {
      const { entries, lengths, decided } = this.#block;
      batch.push({ member: { kind: 'block', audit: `[${entries}]`, lengths }, weight: 0, decided });
      this.#block = undefined;
    }
    return batch;
  }

  #takeCommits(isLightWaiting: boolean): readonly Waiting[] {
    const { taken, left, heavyNext } = selectCommits(this.#commits, {
      heavyNext: this.#heavyNext,
      isLightWaiting,
    });
    this.#heavyNext = heavyNext;
    this.#commits.splice(0, this.#commits.length, ...left);
    return taken;
  }

  /** Called when nothing is in flight, so that the commit is planned on the state that everybody has been told. */
  #startExclusive(): void {
    if (this.#held || (this.#commitsFirst && this.#commits.length > 0)) return;
    const run = this.#exclusive.shift();
    if (run === undefined) return;
    this.#held = true;
    void run().finally(() => {
      this.#held = false;
      this.#commitsFirst = true;
      this.#schedule();
    });
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    const members = batch.map(({ member }) => member);
    let applied: AppliedBatch;
    try {
      applied = await this.#host.apply({ now: this.#options.clock.now(), members });
      this.#head = applied.head;
      this.#options.applied(members);
    } catch (error) {
      // The writer is gone: what became of the batch is learnt by opening the folder again.
      this.#closed = true;
      this.#head = { ...this.#head, writable: false };
      for (const { decided } of batch) decided.reject(error);
      return;
    }
    for (const [i, { decided }] of batch.entries()) {
      const outcome = applied.outcomes[i]!;
      if (outcome.kind === 'refused' && (outcome.reason === 'disk-full' || outcome.reason === 'read-only'))
        this.#options.diskRefused?.(outcome.reason);
      decided.resolve(outcome);
    }
  }
}

function openBlock(): Block {
  const decided = Promise.withResolvers<MemberOutcome>();
  const durable = decided.promise.then((outcome) => void passed(outcome));
  return { rows: 0, entries: '', lengths: [], since: performance.now(), seen: 0, decided, durable };
}

/** The outcome, unless it is a refusal or a fault: those are thrown. */
function passed(outcome: MemberOutcome): MemberOutcome {
  if (outcome.kind === 'refused') throw new CommitRefused(outcome.reason, outcome.ref);
  if (outcome.kind === 'fault') throw new Error(outcome.message);
  return outcome;
}

function committedOf(outcome: MemberOutcome): Committed {
  const passedOne = passed(outcome);
  if (passedOne.kind !== 'committed') throw new Error(`a commit was answered as ${passedOne.kind}`);
  const { seq, at, replayed, reply } = passedOne;
  return { seq, at: new Date(at).toISOString(), replayed, ...(reply !== undefined && { reply }) };
}

/** `too-busy` when the promise takes longer: a plan that never ends would stop every write. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new CommitRefused('too-busy')), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
