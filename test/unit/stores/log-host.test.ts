/** The writer of a node whose log is elsewhere, with a log that does as it is told. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { pathsOf, prepareDatabase } from '../../../src/stores/embedded/folder/folder.ts';
import { findRefs } from '../../../src/stores/embedded/search/search.ts';
import { StoreWriter } from '../../../src/stores/embedded/write/writer.ts';
import { GENESIS } from '../../../src/stores/log/chain.ts';
import type { AppliedBatch, BatchMember, Head, MemberOutcome } from '../../../src/stores/log/write-batch.ts';
import { createFollower } from '../../../src/stores/mongodb/follow.ts';
import { LogHost } from '../../../src/stores/mongodb/log-host.ts';
import { trafficIn, trafficMemory } from '../../../src/stores/mongodb/traffic.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { commitOf, tell, write } from '../../contract/store-world.ts';
import { LogInMemory, type Step } from './scripted-log.ts';

const TIMEOUT_MS = 60;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A writer whose disk takes nothing while it is full. */
class FullableWriter extends StoreWriter {
  isFull = false;

  override confirm(): void {
    if (this.isFull) throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
    super.confirm();
  }
}

function openNode(log: LogInMemory, commitTimeoutMs = TIMEOUT_MS) {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-host-'));
  folders.push(folder);
  prepareDatabase(folder);
  const { database: file, reserve: reserveFile } = pathsOf(folder);
  const writer = new FullableWriter(
    {
      file,
      reserveFile,
      reserveBytes: 0,
      instance: 'tests',
      searchSnapshotMs: 0,
      keyRetentionMs: 1e6,
      outboxRetentionMs: 1e6,
      reachMembersMax: 100,
      flushDelayMs: 0,
      pragmas: ['synchronous = OFF'],
      follows: true,
    },
    findRefs,
    0,
  );
  const traffic = trafficIn(trafficMemory());
  const follower = createFollower({ writer, log, traffic });
  const host = new LogHost({ writer, log, follower, node: 'a', newId: randomUUID, commitTimeoutMs, traffic });
  const moves: Head[] = [];
  host.onMove((head) => moves.push(head));
  const apply = (...members: readonly BatchMember[]): Promise<AppliedBatch> =>
    host.apply({ now: 0, members });
  return { host, writer, traffic, moves, apply };
}

const commit = (ref: Ref, key?: string): BatchMember => ({
  kind: 'commit',
  commit: commitOf([write(ref)], {
    outbox: [tell(ref)],
    ...(key !== undefined && {
      key: { scope: 'tests', id: key, fingerprint: 'f', reply: { pieces: ['done'], holes: [] } },
    }),
  }),
});
const stale: BatchMember = { kind: 'commit', commit: commitOf([write('Task/a', { base: 99 })]) };
const claim: BatchMember = { kind: 'claim', max: 9, leaseMs: 1e6, passOver: new Set(), share: undefined };

/** An outcome in a word or two. */
const said = (outcome: MemberOutcome | undefined): string => {
  if (outcome?.kind === 'committed') return `committed ${outcome.seq}${outcome.replayed ? ' again' : ''}`;
  if (outcome?.kind === 'refused') return outcome.reason;
  return outcome?.kind === 'claimed' ? `claimed ${outcome.entries.length}` : (outcome?.kind ?? 'nothing');
};
const words = ({ outcomes }: AppliedBatch): readonly string[] => outcomes.map(said);

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !holds(); await pause(5))
    if (Date.now() > end) throw new Error('what was waited for did not come');
}

type Case = readonly [what: string, steps: readonly Step[], heard: string, seqs: number, counted?: object];

test.each<Case>([
  ['it is taken', [], 'committed 1', 1, { appends: 1, lost: 0, unsure: 0 }],
  ['the reply was lost', ['reply lost'], 'committed 1', 1, { appends: 1 }],
  ['the request was lost', ['request lost', 'request lost'], 'committed 1', 1, { appends: 1 }],
  ['nobody was there for a moment', ['unsent', 'unsent'], 'committed 1', 1, { appends: 1 }],
  ['another was first', ['overtaken'], 'committed 2', 2, { appends: 1, lost: 1, followed: 1 }],
  ['another was first, twice', ['overtaken', 'overtaken'], 'committed 3', 3, { lost: 2, followed: 2 }],
  ['the request was lost, and another first', ['request lost', 'overtaken'], 'committed 2', 2, { lost: 1 }],
  ['nobody was there, and another first', ['unsent', 'overtaken'], 'committed 2', 2, { lost: 1 }],
  ['the database has no space', ['full'], 'disk-full', 0, { appends: 0 }],
  ['we may not write', ['forbidden'], 'read-only', 0],
  ['we may not write, once somebody is there', ['unsent', 'forbidden'], 'read-only', 0],
  ['the document is refused', ['refused'], 'fault', 0],
  ['another was first, then there is no space', ['overtaken', 'full'], 'disk-full', 1],
  ['the reply was lost, then there is no space', ['reply lost', 'full'], 'committed 1', 1],
  ['the request was lost, then we may not write', ['request lost', 'forbidden'], 'committed 1', 1],
])('%s', async (_what, steps, heard, seqs, counted = {}) => {
  const log = new LogInMemory();
  const { apply, host, traffic } = openNode(log, 2000);
  const other = openNode(log);
  let overtaken = 0;
  log.overtake = async () => {
    const left = log.steps.splice(0);
    await other.apply({ kind: 'follow' });
    await other.apply(commit(`Task/other-${(overtaken += 1)}`));
    log.steps.push(...left);
  };
  log.steps.push(...steps);
  expect(words(await apply(commit('Task/a')))).toEqual([heard]);
  expect(log.documents.at(-1)?.last ?? 0).toBe(seqs);
  expect(host.head).toMatchObject({ seq: seqs, hash: log.documents.at(-1)?.hash ?? GENESIS });
  expect(traffic).toMatchObject(counted);
  expect(words(await apply(commit('Task/b')))).toEqual([`committed ${seqs + 1}`]);
  await host.close();
  await other.host.close();
});

describe('callers who waited long enough', () => {
  test('hear unsure when it may be written, nothing else is taken, and its key has the answer later', async () => {
    const log = new LogInMemory();
    const { apply, host, traffic, moves } = openNode(log);
    log.steps.push('hangs');
    const told = await apply(commit('Task/a', 'k'));
    expect(words(told)).toEqual(['unsure']);
    expect(told.head).toMatchObject({ seq: 0, writable: false });
    expect(host.head.seq).toBe(0);
    expect(words(await apply(commit('Task/b'), claim, { kind: 'follow' }))).toEqual(
      Array(3).fill('too-busy'),
    );
    expect(traffic).toMatchObject({ unsure: 1 });
    expect(traffic.waitingSince).toBeGreaterThan(0);
    log.release();
    await until(() => moves.some(({ writable }) => writable));
    expect(moves.at(-1)).toMatchObject({ seq: 1, writable: true });
    expect(words(await apply(commit('Task/a', 'k')))).toEqual(['committed 1 again']);
    expect(traffic).toMatchObject({ waitingSince: 0, appends: 1 });
    await host.close();
  });

  test('hear unsure while requests get lost, until one arrives', async () => {
    const log = new LogInMemory();
    const { apply, host, moves } = openNode(log);
    log.steps.push('request lost', 'full', 'request lost', 'forbidden');
    expect(words(await apply(commit('Task/a', 'k')))).toEqual(['unsure']);
    await until(() => moves.length > 0);
    expect(words(await apply(commit('Task/a', 'k')))).toEqual(['committed 1 again']);
    await host.close();
  });

  test('hear too-busy when nobody was there to send it to, and then it is never sent', async () => {
    const log = new LogInMemory();
    const { apply, host, traffic, moves } = openNode(log);
    log.isAway = true;
    const told = await apply(commit('Task/a'));
    expect(words(told)).toEqual(['too-busy']);
    expect(told.head).toMatchObject({ seq: 0, writable: false });
    log.isAway = false;
    await until(() => moves.length > 0);
    expect(log.documents).toEqual([]);
    expect(traffic.unsure).toBe(0);
    expect(words(await apply(commit('Task/b')))).toEqual(['committed 1']);
    await host.close();
  });

  test('hear too-busy for what must ask the log first', async () => {
    const log = new LogInMemory();
    const { apply, host, moves } = openNode(log);
    for (const members of [[stale], [{ kind: 'follow' } as const]]) {
      const before = moves.length;
      log.isAway = true;
      expect(words(await apply(...members))).toEqual(['too-busy']);
      log.isAway = false;
      await until(() => moves.length > before);
    }
    expect(words(await apply(stale))).toEqual(['stale']);
    await host.close();
  });

  test('what was leased for them and not told is not leased', async () => {
    const log = new LogInMemory();
    const { apply, host, moves } = openNode(log);
    await apply(commit('Task/a'));
    log.isAway = true;
    expect(words(await apply(claim, stale))).toEqual(['too-busy', 'too-busy']);
    log.isAway = false;
    await until(() => moves.length > 0);
    expect(words(await apply(claim, stale))).toEqual(['claimed 1', 'stale']);
    await host.close();
  });

  test('what was leased for them in an unsure batch is not leased', async () => {
    const log = new LogInMemory();
    const { apply, host, moves } = openNode(log);
    await apply(commit('Task/a'));
    log.steps.push('hangs');
    expect(words(await apply(claim, commit('Task/b', 'k')))).toEqual(['unsure', 'unsure']);
    log.release();
    await until(() => moves.some(({ writable }) => writable));
    expect(words(await apply(claim, commit('Task/b', 'k')))).toEqual(['claimed 1', 'committed 2 again']);
    await host.close();
  });
});

describe('a batch', () => {
  test('is decided as of the newest state', async () => {
    const log = new LogInMemory();
    const [one, two] = [openNode(log), openNode(log)];
    await one.apply(commit('Task/a', 'k'));
    expect(words(await two.apply(commit('Task/a', 'k')))).toEqual(['committed 1 again']);
    const change: BatchMember = { kind: 'commit', commit: commitOf([write('Task/a', { base: 1 })]) };
    expect(words(await one.apply(change))).toEqual(['committed 2']);
    expect(words(await two.apply(change))).toEqual(['stale']);
    expect(two.host.head.hash).toBe(one.host.head.hash);
    await one.host.close();
    await two.host.close();
  });

  test('of many kinds goes down as one document; leases are ours alone', async () => {
    const log = new LogInMemory();
    const { apply, host } = openNode(log);
    log.steps.push('reply lost');
    const block: BatchMember = { kind: 'block', audit: '[]' };
    const told = await apply(commit('Task/a'), block, commit('Task/b'), claim, { kind: 'tidy' });
    expect(words(told)).toEqual(['committed 1', 'done', 'committed 3', 'claimed 1', 'tidied']);
    expect(log.documents.map(({ _id, last }) => [_id, last])).toEqual([[1, 3]]);
    expect(words(await apply(claim))).toEqual(['claimed 1']);
    expect(words(await apply(claim))).toEqual(['claimed 0']);
    await host.close();
  });

  test('is unsure while the disk of the read model is full, and there when it is not', async () => {
    const log = new LogInMemory();
    const { apply, host, writer, moves } = openNode(log);
    writer.isFull = true;
    expect(words(await apply(commit('Task/a', 'k')))).toEqual(['unsure']);
    expect(log.documents).toHaveLength(1);
    expect(host.head.seq).toBe(0);
    writer.isFull = false;
    await until(() => moves.some(({ seq, writable }) => seq === 1 && writable));
    expect(words(await apply(commit('Task/a', 'k')))).toEqual(['committed 1 again']);
    await host.close();
  });

  test('whose leases the disk did not take gives none', async () => {
    const log = new LogInMemory();
    const { apply, host, writer } = openNode(log, 2000);
    writer.isFull = true;
    const applied = apply(commit('Task/a'), claim);
    await pause(30);
    writer.isFull = false;
    expect(words(await applied)).toEqual(['committed 1', 'disk-full']);
    expect(words(await apply(claim))).toEqual(['claimed 1']);
    await host.close();
  });
});

describe('a node that cannot go on', () => {
  test('says so when the log continues another chain', async () => {
    const log = new LogInMemory();
    const { apply, host } = openNode(log);
    const other = openNode(new LogInMemory());
    await apply(commit('Task/a'));
    await other.apply(commit('Task/x'));
    await other.apply(commit('Task/y'));
    log.overtake = async () => void log.documents.push({ ...log.documents[0]!, _id: 2, last: 2, prev: 'ff' });
    log.steps.push('overtaken');
    await expect(apply(commit('Task/b'))).rejects.toThrow('diverged at commit 2');
    await host.close();
    await other.host.close();
  });

  test('learns it late, and takes nothing any more', async () => {
    const log = new LogInMemory();
    const { apply, host, moves } = openNode(log);
    await apply(commit('Task/a'));
    log.overtake = async () => {
      await pause(TIMEOUT_MS * 2);
      log.documents.push({ ...log.documents[0]!, _id: 2, last: 2, prev: 'ff' });
    };
    log.steps.push('overtaken');
    expect(words(await apply(commit('Task/b')))).toEqual(['unsure']);
    await until(() => moves.length > 0);
    expect(moves).toEqual([expect.objectContaining({ seq: 1, writable: false })]);
    await expect(apply(commit('Task/c'))).rejects.toThrow('diverged at commit 2');
    await host.close();
  });

  test.each<Step>(['hangs', 'request lost'])('closes while an append %s', async (step) => {
    const log = new LogInMemory();
    const { apply, host, moves } = openNode(log);
    log.steps.push(...Array.from({ length: 9 }, () => step));
    expect(words(await apply(commit('Task/a')))).toEqual(['unsure']);
    const began = Date.now();
    await host.close();
    expect(Date.now() - began).toBeLessThan(4000);
    log.release();
    await pause(20);
    expect(moves).toEqual([]);
  });
});

test('a log that lacks what was acknowledged takes nothing more: an older copy was restored', async () => {
  const log = new LogInMemory();
  const { apply, moves } = openNode(log);
  expect(words(await apply(commit('Task/a')))).toEqual(['committed 1']);
  log.isOlder = true;
  log.doubt();
  await expect(apply(commit('Task/b'))).rejects.toThrow(
    /diverged at commit 1: the log .* does not hold it any more/,
  );
  expect(log.documents.map(({ _id }) => _id)).toEqual([1]);
  expect(moves.at(-1)?.seq ?? 1).toBe(1);
});
