/** The writer in its steps: a batch is begun, then confirmed or undone; what one writer decided, another one applies. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Commit } from '../../src/ports/store.ts';
import { VALUE_RULES } from '../../src/ports/value-rules.ts';
import { pathsOf, prepareDatabase } from '../../src/stores/embedded/folder/folder.ts';
import { hasCurrentValues } from '../../src/stores/embedded/folder/reindex.ts';
import { findRefs } from '../../src/stores/embedded/search/search.ts';
import { verifyChain } from '../../src/stores/embedded/verify/audit-chain.ts';
import { Diverged } from '../../src/stores/embedded/write/write-failure.ts';
import { StoreWriter, type WriterOptions } from '../../src/stores/embedded/write/writer.ts';
import type { LogEntry } from '../../src/stores/log/log-entry.ts';
import type { BatchMember } from '../../src/stores/log/write-batch.ts';
import { audit, commitOf, NO_REACH, remove, seenBy, SOUTH, status, tell, write } from './store-world.ts';

const AT = Date.UTC(2026, 0, 1);
const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0).toReversed()) close();
});

function open(given: Partial<WriterOptions> = {}): { writer: StoreWriter; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-writer-'));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  prepareDatabase(folder);
  const { database, reserve } = pathsOf(folder);
  const options = {
    file: database,
    reserveFile: reserve,
    reserveBytes: 0,
    instance: 'one',
    searchSnapshotMs: 1000,
    keyRetentionMs: 60_000,
    outboxRetentionMs: 60_000,
    reachMembersMax: 100,
    flushDelayMs: 0,
    pragmas: [],
    follows: false,
    ...given,
  };
  const writer = new StoreWriter(options, findRefs, AT);
  opened.push(() => writer.close());
  return { writer, folder };
}

const commits = (...given: readonly Commit[]): readonly BatchMember[] =>
  given.map((commit) => ({ kind: 'commit', commit }));

/** A referral with its patient, told to one who sees it and to one who does not; then it moves, and is deleted. */
const STORY: readonly (readonly BatchMember[])[] = [
  commits(
    commitOf(
      [
        write('Patient/p', { values: [status('x')] }),
        write('Task/t', {
          values: [status('open')],
          reach: { ...NO_REACH, parties: [SOUTH], outward: ['Patient/p'] },
        }),
      ],
      {
        key: { scope: 's', id: 'k', fingerprint: 'f', reply: { pieces: ['201 ', ''], holes: ['seq'] } },
        records: [{ kind: 'grant', key: 'g', expect: 'absent', body: { a: 1 }, index: [['of', 'g']] }],
        outbox: [
          tell('Task/t', { receiver: 'Subscription/south', sight: seenBy(SOUTH) }),
          tell('Task/t', { receiver: 'Subscription/west', sight: seenBy('Organization/west') }),
        ],
      },
    ),
    commitOf([write('Task/t', { base: 99 })]),
  ),
  [{ kind: 'block', audit: JSON.stringify([audit({ event: 'read', entities: ['Task/t/_history/1'] })]) }],
  commits(
    commitOf([write('Task/t', { base: 1, is: 'later' })], {
      deliveryOutcomes: [{ id: '1-0', fate: 'accepted' }],
      records: [{ kind: 'grant', key: 'g', expect: 1, body: undefined }],
    }),
    commitOf([remove('Patient/p', 1)]),
  ),
];

/** The story by one writer, and what it adds to the log. */
function tellStory(writer: StoreWriter): readonly LogEntry[] {
  return STORY.flatMap((members, i) => {
    const { entries } = writer.begin({ now: AT + i, members });
    writer.confirm();
    return entries;
  });
}

test('what is begun and undone leaves nothing', async () => {
  const { writer, folder } = open();
  for (const [i, members] of STORY.entries()) {
    const batch = { now: AT + i, members };
    const begun = writer.begin(batch);
    expect(writer.head.seq).toBeGreaterThan(begun.before.seq);
    writer.undo(begun.before);
    expect(writer.head).toEqual(begun.before);
    expect(writer.apply(batch).outcomes).toEqual(begun.outcomes);
  }
  expect(await verifyChain(folder)).toMatchObject({ faultCount: 0, commits: 4 });
});

test('a member that fails in the middle of its work harms no other, and leaves nothing', async () => {
  const [good, better, block] = [
    commitOf([write('Task/a', { values: [status('open')] })]),
    commitOf([
      write('Task/b', { base: 0, values: [status('open')], reach: { ...NO_REACH, parties: [SOUTH] } }),
    ]),
    { kind: 'block', audit: JSON.stringify([audit({ event: 'read', entities: ['Task/a'] })]) },
  ] as const;
  // Its version is written when the values of the second resource turn out to be none.
  const bad = commitOf([
    write('Task/new', { values: [status('open')] }),
    write('Task/c', { values: [{ param: 'status', low: {} as string, high: '' }] }),
  ]);
  const wide = commitOf([
    write('Task/wide', {
      reach: {
        ...NO_REACH,
        parties: [SOUTH],
        outward: Array.from({ length: 101 }, (_, i) => `Patient/p${i}` as Ref),
      },
    }),
  ]);
  const alone = open();
  alone.writer.apply({ now: AT, members: [...commits(good, better), block] });
  const { writer, folder } = open();
  const { outcomes } = writer.apply({ now: AT, members: [...commits(good, bad, wide, better), block] });
  expect(outcomes).toEqual([
    { kind: 'committed', seq: 1, at: AT, replayed: false },
    expect.objectContaining({ kind: 'fault' }),
    { kind: 'refused', reason: 'reach-exceeded', ref: 'Task/wide' },
    { kind: 'committed', seq: 2, at: AT, replayed: false },
    { kind: 'done' },
  ]);
  expect(writer.head).toEqual(alone.writer.head);
  expect(await verifyChain(folder)).toMatchObject({ faultCount: 0, commits: 3 });
  expect(writer.apply({ now: AT, members: commits(bad) }).outcomes).toMatchObject([{ kind: 'fault' }]);
  expect(writer.head).toEqual(alone.writer.head);
});

test('a disk that has space and takes nothing is no reason to begin a batch for ever', async () => {
  const { writer, folder } = open({ reserveBytes: 4096, pragmas: ['max_page_count = 60'] });
  const large = commitOf([write('Task/a', { is: 'x'.repeat(1_000_000) })]);
  const block = { kind: 'block', audit: JSON.stringify([audit({ event: 'read' })]) } as const;
  // The step of housekeeping would take the space again that was given up a moment before.
  const { outcomes, head } = writer.apply({
    now: AT,
    members: [{ kind: 'tidy' }, ...commits(large), block],
  });
  expect(outcomes).toMatchObject([
    { kind: 'tidied' },
    { kind: 'refused', reason: 'disk-full' },
    { kind: 'done' },
  ]);
  expect(head).toMatchObject({ seq: 1, writable: false });
  expect(writer.apply({ now: AT, members: [{ kind: 'tidy' }] }).head.writable).toBe(true);
  expect(await verifyChain(folder)).toMatchObject({ faultCount: 0, commits: 1 });
});

describe('replay', () => {
  test('makes another writer stand where the first one stands', async () => {
    const first = open();
    const entries = tellStory(first.writer);
    expect(entries.map(({ seq, commit }) => [seq, commit?.outbox.map(({ id }) => id)])).toEqual([
      [1, ['1-0']],
      [2, undefined],
      [3, []],
      [4, []],
    ]);
    const second = open();
    second.writer.replay(entries, { hash: first.writer.head.hash, valueRules: VALUE_RULES });
    expect(second.writer.head).toEqual(first.writer.head);
    for (const { folder } of [first, second]) {
      expect(await verifyChain(folder)).toMatchObject({ faultCount: 0, commits: 4 });
    }
  });

  test('of values of older rules makes the read model one that is to be reindexed', () => {
    const { writer, folder } = open();
    const told = open();
    const entries = tellStory(told.writer);
    expect(hasCurrentValues(folder)).toBe(true);
    writer.replay(entries, { hash: told.writer.head.hash, valueRules: VALUE_RULES - 1 });
    expect(hasCurrentValues(folder)).toBe(false);
  });

  test('asks no preconditions: what was decided is decided', () => {
    const { writer } = open();
    const told = open();
    for (const [i, members] of STORY.entries()) {
      const { entries } = told.writer.begin({ now: AT + i, members });
      told.writer.confirm();
      writer.replay(entries, { hash: told.writer.head.hash, valueRules: VALUE_RULES });
    }
    expect(writer.head).toEqual(told.writer.head);
  });

  const altered = (alter: (entry: LogEntry) => LogEntry): readonly LogEntry[] => {
    const entries = tellStory(open().writer);
    return [alter(entries[0]!), ...entries.slice(1)];
  };
  test.each<[string, () => readonly LogEntry[], string]>([
    ['a gap', () => tellStory(open().writer).slice(1), 'commit 2: it follows commit 0'],
    [
      'another text',
      () =>
        altered(({ commit, ...entry }) => ({
          ...entry,
          commit: { ...commit!, writes: commit!.writes.map((one) => ({ ...one, text: '{"is":"forged"}' })) },
        })),
      'commit 1: it has other members here',
    ],
    [
      'other audit rows',
      () => altered((entry) => ({ ...entry, audit: '[]' })),
      'commit 1: it has other members',
    ],
    [
      'another sight',
      () => altered(({ commit, ...entry }) => ({ ...entry, commit: { ...commit!, sighted: [9, 0] } })),
      'commit 1: others see it here',
    ],
  ])('stops at %s, and nothing of it remains', (_, given, says) => {
    const { writer } = open();
    const entries = given();
    const replayed = { hash: '0'.repeat(64), valueRules: VALUE_RULES };
    expect(() => writer.replay(entries, replayed)).toThrow(Diverged);
    expect(() => writer.replay(entries, replayed)).toThrow(says);
    expect(writer.head.seq).toBe(0);
  });
});
