/** What is the embedded engine's own: its folder, its lock and format, torn files, backups, full and read-only disks. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { backup, restore } from '../../src/stores/embedded/folder/backup.ts';
import { verifyChain } from '../../src/stores/embedded/verify/audit-chain.ts';
import { markFollowed, UNFINISHED_COPY } from '../../src/stores/embedded/folder/folder.ts';
import { FORMAT } from '../../src/stores/embedded/folder/schema.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import {
  audit,
  commitOf,
  EVERYTHING,
  find,
  byStatus,
  handClock,
  NORTH,
  refusal,
  status,
  tell,
  write,
} from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
afterEach(() => world.end());

const BIG = 'x'.repeat(20_000);

describe('nobody else reads it', () => {
  const modesIn = (folder: string): Readonly<Record<string, string>> =>
    Object.fromEntries(
      ['.', ...readdirSync(folder)].map((name) => [
        name,
        (statSync(join(folder, name)).mode & 0o777).toString(8),
      ]),
    );
  const OWN = { '.': '700', 'store.db': '600', 'store.db-wal': '600', 'lock.db': '600', 'owner.json': '600' };

  test('a new folder is 0700 and its files 0600, whatever the umask', async () => {
    const before = process.umask(0);
    const store = await world.open({ folder: join(world.folder(), 'new') });
    await store.commit(commitOf([write('Task/1')]));
    const target = join(world.folder(), 'copy');
    await backup(store.folder, target);
    process.umask(before);
    const modes = modesIn(store.folder);
    expect(modes).toMatchObject(OWN);
    expect(Object.entries(modes).filter(([name, mode]) => name !== '.' && mode !== '600')).toEqual([]);
    expect(modesIn(target)).toMatchObject({ '.': '700', 'store.db': '600' });
    await store.close();
  });

  test('one that others could read is closed to them when it is opened', async () => {
    const store = await world.open();
    await store.close();
    chmodSync(store.folder, 0o755);
    for (const name of readdirSync(store.folder)) chmodSync(join(store.folder, name), 0o644);
    const again = await world.open({ folder: store.folder });
    expect(Object.entries(modesIn(store.folder)).filter(([, mode]) => !/^[67]00$/.test(mode))).toEqual([]);
    await again.close();
  });

  test('a folder that everybody shares is refused', async () => {
    const folder = join(world.folder(), 'shared');
    mkdirSync(folder);
    chmodSync(folder, 0o1777);
    await expect(world.open({ folder })).rejects.toThrow('name a folder of its own below it');
  });
});

describe('one process per folder', () => {
  test('a second store on the folder is refused by the name of the first', async () => {
    const store = await world.open();
    const second = world.open({ folder: store.folder });
    await expect(second).rejects.toThrow(`in use by process ${process.pid} on ${hostname()}, started 20`);
    await store.close();
    const third = await world.open({ folder: store.folder });
    expect(third.status().seq).toBe(0);
  });

  test('another process is refused while the first lives, and takes over when it was killed', async () => {
    const folder = world.folder();
    const holder = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { openStore } from ${JSON.stringify(join(process.cwd(), 'src/stores/index.ts'))};
       await openStore({ folder: ${JSON.stringify(folder)}, writer: 'turn', reserveBytes: 0 });
       console.log('open'); setInterval(() => {}, 1000);`,
    ]);
    await once(holder.stdout, 'data');
    await expect(world.open({ folder })).rejects.toThrow(`in use by process ${holder.pid} on`);
    const ended = once(holder, 'exit');
    holder.kill('SIGKILL');
    await ended;
    expect((await world.open({ folder })).status().seq).toBe(0);
  });

  test('a folder that cannot be made says why', async () => {
    const file = join(world.folder(), 'file');
    writeFileSync(file, '');
    await expect(world.open({ folder: join(file, 'data') })).rejects.toThrow(/cannot be written: ENOTDIR/);
  });
});

test('a newer format is refused in words', async () => {
  const store = await world.open();
  await store.close();
  const db = new DatabaseSync(join(store.folder, 'store.db'));
  db.prepare(`UPDATE meta SET value = ? WHERE key = 'format'`).run(FORMAT + 1);
  db.close();
  const again = world.open({ folder: store.folder });
  await expect(again).rejects.toThrow(`has format ${FORMAT + 1}, this program reads format ${FORMAT}`);
});

test('an older format is migrated, and what was in it stays', async () => {
  const folder = world.folder();
  writeFileSync(
    join(folder, 'store.db'),
    gunzipSync(readFileSync(new URL('../fixtures/folder-format-1/store.db.gz', import.meta.url))),
  );
  expect((await verifyChain(folder)).faultCount).toBe(0);
  const store = await world.open({ folder });
  expect(store.bornFormat).toBe(1);
  const records = [{ kind: 'account', key: 'a', expect: 'absent', body: { is: 'new' } }] as const;
  const { seq } = await store.commit(commitOf([], { records }));
  expect((await store.snapshot().record('account', 'a'))?.version).toBe(seq);
  expect(await store.snapshot().read('Organization/initiator', EVERYTHING)).toBeDefined();
  expect(await store.verify()).not.toContainEqual(expect.objectContaining({ ok: false }));
});

// — the layout of a WAL: a header, then frames of one page each
const WAL_HEADER = 32;
const FRAME = 4096 + 24;

/** Opens a copy whose WAL ends at this byte; what is there must be whole commits, one after the other. */
async function reopenCut(folder: string, bytes: number): Promise<number> {
  const cut = world.copy(folder);
  truncateSync(join(cut, 'store.db-wal'), bytes);
  const store = await world.open({ folder: cut });
  const { seq } = store.status();
  const rows = await store.snapshot().audit({ viewer: undefined, names: [], count: 1000 });
  expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: seq }, (_, i) => seq - i));
  for (let i = 1; i <= seq; i += 1) {
    expect((await store.snapshot().read(`Task/n${i}`, EVERYTHING))?.seq).toBe(i);
    expect(await find(store, byStatus('Task', `s${i}`))).toEqual([`Task/n${i}`]);
  }
  expect(await store.verify()).not.toContainEqual(expect.objectContaining({ ok: false }));
  expect((await store.commit(commitOf([write(`Task/n${seq + 1}`)]))).seq).toBe(seq + 1);
  await store.close();
  return seq;
}

describe('law 8: a torn tail is a commit that never happened', () => {
  test('wherever the file is cut', async () => {
    const store = await world.open();
    const wal = join(store.folder, 'store.db-wal');
    const sizes: number[] = [];
    for (let i = 1; i <= 6; i += 1) {
      await store.commit(
        commitOf([write(`Task/n${i}`, { values: [status(`s${i}`)] })], { outbox: [tell(`Task/n${i}`)] }),
      );
      sizes.push(statSync(wal).size);
    }
    const last = sizes.at(-1)!;
    const frames = Math.floor((last - WAL_HEADER) / FRAME);
    const random = Array.from({ length: 12 }, () => Math.floor(Math.random() * last));
    const boundaries = Array.from({ length: 6 }, (_, i) => WAL_HEADER + FRAME * (frames - i));
    for (const bytes of [...random, ...boundaries, sizes[2]!, sizes[2]! - 1]) {
      // Everything that was flushed before the cut is there: an acknowledged commit is never lost by what follows it.
      const acknowledged = sizes.filter((size) => size <= bytes).length;
      expect(await reopenCut(store.folder, bytes)).toBe(acknowledged);
    }
  });

  test('when the last bytes are garbage', async () => {
    const store = await world.open();
    for (const i of [1, 2, 3])
      await store.commit(commitOf([write(`Task/n${i}`, { values: [status(`s${i}`)] })]));
    const torn = world.copy(store.folder);
    const wal = join(torn, 'store.db-wal');
    const bytes = readFileSync(wal);
    bytes.fill(0xa5, bytes.length - 100);
    writeFileSync(wal, bytes);
    expect(await reopenCut(torn, bytes.length)).toBe(2);
  });
});

describe('backup and restore', () => {
  test('a backup taken under load is a whole store, and a restore of it goes on', async () => {
    const store = await world.open();
    const offers = Array.from({ length: 200 }, (_, i) =>
      store.commit(commitOf([write(`Task/n${i}`, { is: BIG, values: [status('x')] })])),
    );
    await Promise.all(offers.slice(0, 100));
    store.anchor();
    const more = (async () => {
      for (let i = 0; i < 50; i += 1) await store.commit(commitOf([write(`Task/m${i}`)]));
    })();
    const target = join(world.folder(), 'backup');
    const report = await backup(store.folder, target);
    await Promise.all([...offers, more]);
    expect(report.faultCount).toBe(0);
    expect(report.commits).toBeGreaterThanOrEqual(100);

    const folder = join(world.folder(), 'restored');
    const restored = await restore(target, folder);
    expect(restored.commits).toBe(report.commits);
    const after = await world.open({ folder });
    expect(after.status().seq).toBe(report.commits);
    expect((await after.snapshot().search(byStatus('Task', 'x', { count: 1 }))).total).toBeGreaterThanOrEqual(
      100,
    );
    expect((await after.commit(commitOf([write('Task/after')]))).seq).toBe(report.commits + 1);
  });

  test('neither writes into a folder that is not empty, nor invents a source', async () => {
    const store = await world.open();
    const target = world.folder();
    await backup(store.folder, target);
    await expect(backup(store.folder, target)).rejects.toThrow(/is not empty/);
    await expect(restore(target, store.folder)).rejects.toThrow(/is not empty/);
    await expect(restore(world.folder(), world.folder())).rejects.toThrow(/no backup/);
  });

  test('a restore that was cut off is no store, and is done by the same call', async () => {
    const store = await world.open();
    await store.commit(commitOf([write('Task/a')]));
    const [target, folder] = [world.folder(), world.folder()];
    await backup(store.folder, target);
    markFollowed(folder, UNFINISHED_COPY);
    writeFileSync(join(folder, 'store.db'), readFileSync(join(target, 'store.db')).subarray(0, 4096));
    await expect(world.open({ folder })).rejects.toThrow(/was cut off.*npm run restore/);
    await restore(target, folder);
    expect((await world.open({ folder })).status().seq).toBe(1);
  });

  test('a backup that was tampered with is not restored', async () => {
    const store = await world.open();
    await store.commit(commitOf([write('Task/a')]));
    const target = world.folder();
    await backup(store.folder, target);
    const db = new DatabaseSync(join(target, 'store.db'));
    db.exec(`UPDATE version SET text = '{}'`);
    db.close();
    await expect(restore(target, world.folder())).rejects.toThrow(
      /does not verify.*Task\/a\/_history\/1 was changed/,
    );
  });
});

/** Fills the store until a commit is refused; how many were written. */
async function fill(store: Awaited<ReturnType<typeof world.open>>): Promise<number> {
  for (let i = 1; ; i += 1) {
    const reason = await refusal(store.commit(commitOf([write(`Task/n${i}`, { is: BIG })])));
    if (reason === undefined) continue;
    expect(reason).toBe('disk-full');
    return i - 1;
  }
}

describe('a full disk', () => {
  test.each(['thread', 'turn'] as const)(
    'refuses whole groups and harms nothing (writer in a %s)',
    async (writer) => {
      const refused: string[] = [];
      const diskRefused = (reason: string): unknown => refused.push(reason);
      const store = await world.open({ writer, pragmas: ['max_page_count=150'], diskRefused });
      const written = await fill(store);
      expect(written).toBeGreaterThan(3);
      const group = Array.from({ length: 5 }, (_, i) =>
        refusal(store.commit(commitOf([write(`Patient/p${i}`, { is: BIG })]))),
      );
      expect(await Promise.all(group)).toEqual(Array.from({ length: 5 }, () => 'disk-full'));
      expect(refused.slice(-5)).toEqual(Array.from({ length: 5 }, () => 'disk-full'));
      expect(store.status().seq).toBe(written);
      expect(await store.snapshot().read('Patient/p0', EVERYTHING)).toBeUndefined();
      expect((await store.snapshot().read(`Task/n${written}`, EVERYTHING))?.seq).toBe(written);
      expect(await store.verify()).not.toContainEqual(expect.objectContaining({ ok: false }));
      const after = await world.reopen(store, {});
      expect((await after.commit(commitOf([write('Task/after')]))).seq).toBe(written + 1);
    },
  );

  test('of a real file system: the reserve is given up, reads are audited for a while, and writing comes back', async () => {
    const mount = world.folder();
    const isMounted = mountSmall(mount);
    const folder = join(mount, 'data');
    // Without the right to mount, the page limit stands in for the disk: the reserve is given up all the same.
    const reads = isMounted ? 20 : 0;
    const limit = isMounted ? [] : ['max_page_count=400'];
    const store = await world.open({
      folder,
      reserveBytes: 512 * 1024,
      pragmas: ['wal_autocheckpoint=50', ...limit],
    });
    const filler = join(mount, 'filler');
    try {
      if (isMounted) leaveFree(mount, filler, 1024 * 1024);
      const written = await fill(store);
      expect(store.status()).toMatchObject({ seq: written, writable: false });
      expect(existsSync(join(folder, 'reserve'))).toBe(false);
      expect(await refusal(store.commit(commitOf([write('Task/late')])))).toBe('disk-full');
      for (let i = 0; i < reads; i += 1) await store.record(audit({ event: 'read', entities: ['Task/n1'] }));
      expect(store.status().seq).toBe(written + reads);
      rmSync(filler, { force: true });
      await world.tidy(store);
      expect(store.status().writable).toBe(true);
      const again = isMounted ? refusal(store.commit(commitOf([write('Task/again')]))) : undefined;
      expect(await again).toBeUndefined();
      expect(await store.verify()).not.toContainEqual(expect.objectContaining({ ok: false }));
    } finally {
      await store.close();
      if (isMounted) execFileSync('umount', [mount]);
    }
  });
});

/** Mounts a file system of 6 MiB; false where that is not permitted. */
function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function leaveFree(mount: string, filler: string, bytes: number): void {
  const available = Number(execFileSync('df', ['--output=avail', '-B1', mount]).toString().split('\n')[1]);
  writeFileSync(filler, Buffer.alloc(Math.max(0, available - bytes)));
}

test('read-only files refuse writes by name, and reads go on', async () => {
  const store = await world.open();
  await store.commit(commitOf([write('Task/a')]));
  await store.close();
  const after = await world.open({ folder: store.folder, pragmas: ['query_only=1'] });
  expect(await refusal(after.commit(commitOf([write('Task/b')])))).toBe('read-only');
  expect(await refusal(after.record(audit()))).toBe('read-only');
  expect((await after.snapshot().read('Task/a', EVERYTHING))?.seq).toBe(1);
});

describe('housekeeping', () => {
  test('forgets superseded search values, keys and settled entries; never versions nor the log', async () => {
    const clock = handClock();
    const store = await world.open({
      clock,
      searchSnapshotMs: 1000,
      keyRetentionMs: 1000,
      outboxRetentionMs: 1000,
    });
    const key = { scope: 's', id: 'k', fingerprint: 'f', reply: { pieces: [''], holes: [] } } as const;
    const { seq } = await store.commit(
      commitOf([write('Task/a', { values: [status('old')] })], { key, outbox: [tell('Task/a')] }),
    );
    const [entry] = await store.claim(1, 1000);
    await store.commit(
      commitOf([write('Task/a', { base: seq, values: [status('new')] })], {
        deliveryOutcomes: [{ id: entry!.id, fate: 'accepted' }],
      }),
    );
    clock.at += 5000;
    await store.commit(
      commitOf([], { audit: [audit({ agent: { organization: NORTH, client: 'c', subject: 's' } })] }),
    );
    const db = new DatabaseSync(join(store.folder, 'store.db'), { readOnly: true });
    const count = (table: string): unknown => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
    await world.tidy(store);
    expect([count('value'), count('commit_key'), count('outbox')]).toEqual([1, 0, 0]);
    expect([count('version'), count('log')]).toEqual([2, 3]);
    db.close();
    expect(await find(store, byStatus('Task', 'new'))).toEqual(['Task/a']);
    expect((await verifyChain(store.folder)).faultCount).toBe(0);
  });
});

test('a file of anchors that cannot be written is told at the start, and the folder is free again', async () => {
  const folder = world.folder();
  const anchorFile = join(folder, 'missing', 'anchors.jsonl');
  await expect(world.open({ folder, anchorFile })).rejects.toThrow(
    /file of anchors .* cannot be written: ENOENT/,
  );
  expect((await world.open({ folder })).status().seq).toBe(0);
});

test('closing leaves an anchor of the last commit, and no WAL', async () => {
  const anchorFile = join(world.folder(), 'elsewhere.jsonl');
  mkdirSync(join(anchorFile, '..'), { recursive: true });
  const told: number[] = [];
  const store = await world.open({ anchorFile, onAnchor: ({ seq }) => told.push(seq) });
  await store.commit(commitOf([write('Task/a')]));
  expect(store.anchor()).toMatchObject({ seq: 1 });
  expect(store.anchor()).toBeUndefined();
  await store.commit(commitOf([write('Task/b')]));
  await store.close();
  expect(told).toEqual([1, 2]);
  expect(readdirSync(store.folder)).not.toContain('store.db-wal');
  expect(await verifyChain(store.folder, anchorFile)).toMatchObject({
    commits: 2,
    anchored: 2,
    seq: 2,
    faultCount: 0,
  });
});
