/** The queue before the writer, with a writer that applies what it is given when the test lets it. */
import { describe, expect, test } from '@jest/globals';
import { CommitRefused, type Commit } from '../../../src/ports/store.ts';
import { WriteQueue } from '../../../src/stores/log/write-queue.ts';
import type { BatchMember, Head, MemberOutcome, WriteBatch } from '../../../src/stores/log/write-batch.ts';
import { BATCH_WEIGHT } from '../../../src/stores/log/select-commits.ts';

const HEAD: Head = { seq: 0, at: 0, hash: '', horizon: 0, outboxWaiting: 0, writable: true };
const commitOf = (scope: string, length = 0): Commit => ({
  key: { scope, id: scope, fingerprint: '', reply: { pieces: [''], holes: [] } },
  writes:
    length === 0
      ? []
      : [
          {
            ref: 'Task/1',
            method: 'PUT',
            base: 0,
            text: { pieces: ['x'.repeat(length)], holes: [] },
            custodian: '',
            values: [],
            reach: { parties: [], outward: [], inward: [], everyone: false },
          },
        ],
  preconditions: [],
  expects: [],
  audit: [],
  outbox: [],
  deliveryOutcomes: [],
});

/** A member as one word: the scope of a commit, the rows of a block, else its kind. */
const wordOf = (member: BatchMember): string =>
  member.kind === 'commit'
    ? (member.commit.key?.scope ?? '')
    : member.kind === 'block'
      ? member.audit
      : member.kind;

const applied = (member: BatchMember, seq: number): MemberOutcome =>
  member.kind === 'commit' ? { kind: 'committed', seq, at: 0, replayed: false } : { kind: 'done' };

interface Opened {
  readonly queue: WriteQueue;
  /** The batches that the writer was given, each a list of words. */
  readonly batches: readonly (readonly string[])[];
  /** Lets the writer end the batch that it has; from then on it ends each at once. */
  readonly release: () => void;
  readonly told: string[];
}

/** @param outcomeOf what the writer makes of a member; a throw is a writer that is gone */
function open(
  outcomeOf = applied,
  options: {
    commitsQueuedMax?: number;
    turnMs?: number;
    isHeld?: boolean;
    gatherMs?: number;
    onApplied?: () => void;
  } = {},
): Opened {
  const batches: (readonly string[])[] = [];
  const told: string[] = [];
  const gate = Promise.withResolvers<void>();
  let head = HEAD;
  const queue = new WriteQueue(
    {
      head,
      async apply({ members }: WriteBatch) {
        batches.push(members.map(wordOf));
        if (options.isHeld === true) await gate.promise;
        const outcomes = members.map((member) =>
          outcomeOf(member, (head = { ...head, seq: head.seq + 1 }).seq),
        );
        return { outcomes, head };
      },
      close: async () => undefined,
    },
    {
      clock: { now: () => 0 },
      commitsQueuedMax: options.commitsQueuedMax ?? 100,
      turnMs: options.turnMs ?? 1000,
      gatherMs: options.gatherMs ?? 2,
      applied: (members) => {
        options.onApplied?.();
        told.push(`applied ${members.length}`);
      },
      diskRefused: (reason) => told.push(reason),
    },
  );
  return { queue, batches, release: gate.resolve, told };
}

const loop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof CommitRefused ? error.reason : String(error)),
  );

describe('(ADR 0001) group commit', () => {
  test('commits of one moment go down with one flush; those of the flush go with the next', async () => {
    const { queue, batches, release } = open(applied, { isHeld: true });
    const first = [queue.commit(commitOf('a')), queue.commit(commitOf('b'))];
    await loop();
    const later = [queue.commit(commitOf('c')), queue.commit(commitOf('d'))];
    await loop();
    expect(batches).toEqual([['a', 'b']]);
    expect(queue.isIdle).toBe(false);
    release();
    expect((await Promise.all([...first, ...later])).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(queue.isIdle).toBe(true);
  });

  test('read-audit rows of one moment are one member, after the commits', async () => {
    const { queue, batches } = open();
    await Promise.all([queue.record('{"n":1}'), queue.commit(commitOf('a')), queue.record('{"n":2}')]);
    expect(batches).toEqual([['a', '[{"n":1},{"n":2}]']]);
  });

  test('read-audit rows wait for those of the turns that follow, while each brings more, and for no commit', async () => {
    const { queue, batches } = open(applied, { gatherMs: 10_000 });
    const rows = [queue.record('{"n":1}')];
    await loop();
    rows.push(queue.record('{"n":2}'));
    await Promise.all(rows);
    expect(batches).toEqual([['[{"n":1},{"n":2}]']]);
    const row = queue.record('{"n":3}');
    await Promise.all([queue.commit(commitOf('a')), row]);
    expect(batches.slice(1)).toEqual([['a', '[{"n":3}]']]);
  });

  test('read-audit rows go down in time, however many follow', async () => {
    const { queue, batches } = open();
    const rows: Promise<void>[] = [];
    while (batches.length === 0) {
      rows.push(queue.record('{}'));
      await loop();
    }
    await Promise.all(rows);
    expect(queue.isIdle).toBe(true);
  });

  test('a batch is told of before its commits are acknowledged', async () => {
    const { queue, told } = open();
    await queue.commit(commitOf('a')).then(() => told.push('acknowledged'));
    expect(told).toEqual(['applied 1', 'acknowledged']);
  });

  test('a heavy commit lets the light ones go first, and then goes alone', async () => {
    const { queue, batches } = open();
    const commits = [commitOf('heavy', BATCH_WEIGHT), commitOf('a', 1), commitOf('b', 1)];
    await Promise.all(commits.map((commit) => queue.commit(commit)));
    expect(batches).toEqual([['a', 'b'], ['heavy']]);
  });
});

describe('a commit alone', () => {
  test('commits wait while it is planned, leases do not; the commits go before the next one', async () => {
    const { queue, batches } = open();
    const planned = Promise.withResolvers<Commit>();
    const work = [
      queue.commitExclusively(() => planned.promise),
      queue.commitExclusively(async () => commitOf('second')),
      queue.commit(commitOf('waiting')),
    ];
    await loop();
    await queue.chore({ kind: 'tidy' });
    expect(batches).toEqual([['tidy']]);
    planned.resolve(commitOf('first'));
    await Promise.all(work);
    expect(batches).toEqual([['tidy'], ['first'], ['waiting'], ['second']]);
  });

  test('one that is not planned in its time is too busy, and holds up nobody longer', async () => {
    const { queue } = open(applied, { turnMs: 5 });
    const never = reasonOf(queue.commitExclusively(() => new Promise(() => undefined)));
    const next = queue.commit(commitOf('a'));
    expect(await never).toBe('too-busy');
    expect((await next).seq).toBe(1);
  });
});

describe('a queue says no', () => {
  test('to one more commit than may wait, and to sixteen times as many rows', async () => {
    const { queue, release } = open(applied, { commitsQueuedMax: 1, isHeld: true });
    const waiting = queue.commit(commitOf('a'));
    expect(await reasonOf(queue.commit(commitOf('b')))).toBe('too-busy');
    const rows = Array.from({ length: 16 }, () => queue.record('{}'));
    expect(await reasonOf(queue.record('{}'))).toBe('too-busy');
    release();
    await Promise.all([waiting, ...rows]);
  });

  test('to everything when it drains, after what is on its way', async () => {
    const { queue, batches } = open();
    const waiting = queue.commit(commitOf('a'));
    await queue.drain();
    expect(batches).toEqual([['a']]);
    await waiting;
    const refused = [queue.commit(commitOf('b')), queue.record('{}'), queue.chore({ kind: 'tidy' })];
    expect(await Promise.all(refused.map(reasonOf))).toEqual(['closed', 'closed', 'closed']);
  });

  test.each(['disk-full', 'read-only'] as const)(
    'when the disk does (%s), and tells the operator',
    async (reason) => {
      const { queue, told } = open(() => ({ kind: 'refused', reason }));
      expect(await reasonOf(queue.commit(commitOf('a')))).toBe(reason);
      expect(told).toEqual(['applied 1', reason]);
    },
  );

  test('when what follows a flush fails: nobody waits for ever', async () => {
    const onApplied = () => {
      throw new Error('failed');
    };
    const { queue } = open(applied, { onApplied });
    expect(await reasonOf(queue.commit(commitOf('a')))).toBe('Error: failed');
    await loop();
    expect(queue.isIdle).toBe(true);
    await queue.drain();
  });

  test('when the writer is gone: nobody knows what became of the batch, and nothing is written any more', async () => {
    const { queue } = open(() => {
      throw new Error('gone');
    });
    const lost = [queue.commit(commitOf('a')), queue.record('{}')];
    expect(await Promise.all(lost.map(reasonOf))).toEqual(['Error: gone', 'Error: gone']);
    expect(queue.head.writable).toBe(false);
    expect(await reasonOf(queue.commit(commitOf('b')))).toBe('closed');
  });
});
