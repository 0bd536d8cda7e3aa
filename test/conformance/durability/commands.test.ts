/** The commands of an operator, as processes of their own, beside a store that is being written (rules 3.7, 4.1). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AuditEvent } from '../../../src/fhir/types.ts';
import { FORMAT } from '../../../src/stores/embedded/folder/schema.ts';
import type { EmbeddedStore } from '../../../src/stores/embedded/open.ts';
import { readTrace, traced } from '../../../tools/durability/trace.ts';
import { childEnv } from '../../child-env.ts';
import { createEmbeddedWorld } from '../../contract/embedded-world.ts';
import { judged } from '../../judges.ts';
import { audit, commitOf, handClock, tell, write } from '../../contract/store-world.ts';

const TOOLS = join(import.meta.dirname, '../../../tools');

const world = createEmbeddedWorld({ writer: 'turn' });
afterAll(() => world.end());

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(tool: 'audit' | 'backup' | 'restore', ...argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(TOOLS, `${tool}.ts`), ...argv],
      { env: childEnv(), maxBuffer: 64 * 1024 * 1024 },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

// Each caller says what its lines are.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
function linesOf<T>(text: string): readonly T[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as T);
}

const DAY = 86_400_000;
const clock = handClock(Date.UTC(2026, 10, 1));
let store: EmbeddedStore;
beforeAll(async () => {
  store = await world.open({ clock });
  for (let i = 1; i <= 8; i += 1) {
    clock.at += DAY;
    await store.commit(commitOf([write(`Task/n${i}`)], { outbox: [tell(`Task/n${i}`)] }));
    await store.record(audit({ event: 'read', action: 'R', entities: [`Task/n${i}/_history/${2 * i - 1}`] }));
  }
});

describe('audit verify', () => {
  test('beside the live store: sound, and where the tail without an anchor is', async () => {
    const { code, out } = await run('audit', 'verify', '--data', store.folder);
    expect(out).toBe(
      '✓ audit chain unbroken: 16 commits\n' +
        '✓ unanchored tail: commits 1 to 16, in which a truncation cannot be seen; anchor to end it\n',
    );
    expect(code).toBe(0);
  });

  test('what was changed is named, and it ends with 1', async () => {
    const folder = world.copy(store.folder);
    const db = new DatabaseSync(join(folder, 'store.db'));
    db.exec(`UPDATE version SET text = replace(text, 'new', 'old') WHERE seq = 5`);
    db.close();
    const { code, out } = await run('audit', 'verify', '--data', folder);
    expect([code, out.split('\n')[0]]).toEqual([1, '✗ commit 5: the version Task/n3/_history/5 was changed']);
  });

  test('a log cut off after an anchor that was kept elsewhere', async () => {
    const elsewhere = join(world.folder(), 'kept.jsonl');
    expect((await run('audit', 'anchor', '--data', store.folder, '--anchors', elsewhere)).code).toBe(0);
    const folder = world.copy(store.folder);
    const db = new DatabaseSync(join(folder, 'store.db'));
    for (const table of ['log', 'version', 'outbox', 'audit_index'])
      db.exec(`DELETE FROM ${table} WHERE seq > 12`);
    db.close();
    expect((await run('audit', 'verify', '--data', folder)).code).toBe(0);
    const { code, out } = await run('audit', 'verify', '--data', folder, '--anchors', elsewhere);
    expect(out).toContain('✗ commit 13: the log ends here, but commit 16 was anchored: it was cut off');
    expect(code).toBe(1);
  });
});

describe('audit anchor', () => {
  test('ends the tail, once; the live store goes on anchoring after it', async () => {
    const own = await world.open({ clock });
    expect((await run('audit', 'anchor', '--data', own.folder)).out).toMatch(/^nothing to anchor/);
    await own.commit(commitOf([write('Task/a')]));
    const first = await run('audit', 'anchor', '--data', own.folder);
    expect(linesOf(first.out)).toMatchObject([{ seq: 1, at: clock.at }]);
    expect((await run('audit', 'anchor', '--data', own.folder)).out).toBe('anchored already: commit 1\n');
    expect((await run('audit', 'verify', '--data', own.folder)).out).toContain('✓ anchored up to commit 1');
    await own.commit(commitOf([write('Task/b')]));
    expect(own.anchor()).toMatchObject({ seq: 2 });
    expect((await run('audit', 'verify', '--data', own.folder)).out).toContain('✓ anchored up to commit 2');
  });

  test('a chain that is not sound is not attested', async () => {
    const folder = world.copy(store.folder);
    const db = new DatabaseSync(join(folder, 'store.db'));
    db.exec(`UPDATE log SET audit = '[]' WHERE seq = 3`);
    db.close();
    const { code, err } = await run('audit', 'anchor', '--data', folder);
    expect([code, err]).toEqual([1, expect.stringContaining('not sound')]);
    expect(
      existsSync(join(folder, 'anchors.jsonl')) && readFileSync(join(folder, 'anchors.jsonl'), 'utf8'),
    ).toBe('');
  });
});

describe('audit export', () => {
  test('every row as an AuditEvent, oldest first', async () => {
    const { code, out } = await run(
      'audit',
      'export',
      '--data',
      store.folder,
      '--base',
      'https://r.example.org/fhir',
    );
    const events = linesOf<AuditEvent>(out);
    expect(code).toBe(0);
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 16 }, (_, i) => `${i + 1}-0`));
    expect(events[0]).toMatchObject({
      resourceType: 'AuditEvent',
      action: 'U',
      recorded: '2026-11-02T00:00:00.000Z',
      source: { observer: { display: 'https://r.example.org/fhir' } },
    });
  });

  test.each<[from: string | undefined, to: string | undefined, ids: readonly string[]]>([
    ['2026-11-08', undefined, ['13-0', '14-0', '15-0', '16-0']],
    [undefined, '2026-11-02', ['1-0', '2-0']],
    ['2026-11-03', '2026-11-03T00:00:00Z', ['3-0', '4-0']],
    ['2026-12', undefined, []],
  ])('from %s to %s', async (from, to, ids) => {
    const flags = [...(from ? ['--from', from] : []), ...(to ? ['--to', to] : [])];
    const { out } = await run('audit', 'export', '--data', store.folder, ...flags);
    expect(linesOf<AuditEvent>(out).map(({ id }) => id)).toEqual(ids);
  });

  test('an outsider computes the chain again from it', async () => {
    interface Link {
      readonly seq: number;
      readonly at: number;
      readonly previous: string;
      readonly audit: string;
      readonly members: string;
      readonly hash: string;
    }
    const file = join(world.folder(), 'chain.ndjson');
    const anchored = linesOf<{ hash: string }>((await run('audit', 'anchor', '--data', store.folder)).out);
    await run('audit', 'export', '--data', store.folder, '--chain', file, '--from', '2026-11-04');
    const links = linesOf<Link>(readFileSync(file, 'utf8'));
    expect(links.map(({ seq }) => seq)).toEqual(Array.from({ length: 12 }, (_, i) => i + 5));
    // Nothing of ours is used here: this is what somebody else would write.
    expect(links.slice(1).map(({ previous }) => previous)).toEqual(
      links.slice(0, -1).map(({ hash }) => hash),
    );
    for (const { seq, at, previous, audit: text, members, hash } of links) {
      const told = JSON.parse(members) as { audit: string };
      expect(
        createHash('sha256')
          .update(JSON.stringify([text]))
          .digest('base64url'),
      ).toBe(told.audit);
      const hex = (part: string) => createHash('sha256').update(part).digest('hex');
      const [head = ''] = /^\{"v":2,"audit":"[\w-]{43}"(?:,"rows":\["[\w",-]*"\])?/.exec(members) ?? [];
      expect(head).not.toBe('');
      const held = hex(hex(head) + hex(members.slice(head.length)));
      expect(createHash('sha256').update(`${previous}\n${seq}\n${at}\n${held}`).digest('hex')).toBe(hash);
    }
    expect(links.at(-1)?.hash).toBe(anchored.at(-1)?.hash);
  });

  test('what is larger than a pipe holds arrives whole', async () => {
    const big = await world.open({ clock });
    const entities = Array.from({ length: 200 }, (_, i) => `Task/${'n'.repeat(50)}${i}`);
    for (let i = 0; i < 60; i += 1)
      await big.commit(commitOf([write(`Task/n${i}`)], { audit: [audit({ entities })] }));
    const { out } = await run('audit', 'export', '--data', big.folder);
    expect(out.length).toBeGreaterThan(1_000_000);
    expect(linesOf<AuditEvent>(out)).toHaveLength(60);
  });
});

describe('backup and restore', () => {
  test('while it is being written; what was restored is proven, and is a data folder', async () => {
    const own = await world.open({ clock });
    let written = 0;
    const stop = new AbortController();
    const writing = (async () => {
      for (; !stop.signal.aborted; written += 1) await own.commit(commitOf([write(`Task/w${written}`)]));
    })();
    const to = join(world.folder(), 'backup');
    const backedUp = await run('backup', '--data', own.folder, '--to', to);
    stop.abort();
    await writing;
    expect([backedUp.code, backedUp.err]).toEqual([0, '']);
    const commits = Number(/unbroken: (\d+) commits/.exec(backedUp.out)?.[1]);
    expect(commits).toBeGreaterThan(0);
    expect(commits).toBeLessThanOrEqual(written);
    // One file that needs nothing beside it, so that a medium that cannot be written may hold it.
    expect(readdirSync(to).toSorted()).toEqual(['anchors.jsonl', 'store.db']);

    const data = join(world.folder(), 'restored');
    expect((await run('restore', '--from', to, '--data', data)).out).toContain(
      `unbroken: ${commits} commits`,
    );
    expect((await run('audit', 'verify', '--data', data)).code).toBe(0);
    const restored = await world.open({ folder: data, clock });
    expect((await restored.commit(commitOf([write('Task/after')]))).seq).toBe(commits + 1);
  });

  judged(
    'strace',
    'is on disk when it says so: its files, its folder, and what had to be made above it',
    async () => {
      const root = world.folder();
      const to = join(root, 'of', 'today');
      const trace = { file: join(world.folder(), 'trace') };
      await run('audit', 'anchor', '--data', store.folder);
      const [strace = '', ...flags] = traced(trace);
      const argv = [...flags, process.execPath, join(TOOLS, 'backup.ts'), '--data', store.folder, '--to', to];
      const child = spawn(strace, argv, { stdio: 'ignore', env: childEnv() });
      expect(await once(child, 'close')).toEqual([0, null]);
      const calls = await readTrace(trace, child.pid ?? 0);
      const lastOf = (path: string, ...names: string[]): number =>
        calls.findLastIndex((call) => names.includes(call.name) && call.path === path && call.result >= 0);
      for (const path of [root, join(root, 'of'), to, join(to, 'anchors.jsonl')]) {
        expect([path, lastOf(path, 'fsync') >= 0]).toEqual([path, true]);
      }
      const file = join(to, 'store.db');
      expect(lastOf(file, 'fsync')).toBeGreaterThan(lastOf(file, 'pwrite64', 'ftruncate'));
      expect(lastOf(to, 'fsync')).toBeGreaterThan(lastOf(file, 'pwrite64'));
    },
  );

  test('a newer format is refused by both the restore and the backup of it', async () => {
    const to = join(world.folder(), 'backup');
    await run('backup', '--data', store.folder, '--to', to);
    const db = new DatabaseSync(join(to, 'store.db'));
    db.prepare(`UPDATE meta SET value = ? WHERE key = 'format'`).run(FORMAT + 1);
    db.close();
    const { code, err } = await run('restore', '--from', to, '--data', join(world.folder(), 'new'));
    expect([code, err]).toEqual([1, expect.stringContaining(`has format ${FORMAT + 1}`)]);
  });

  test('neither writes where something is', async () => {
    const taken = world.folder();
    writeFileSync(join(taken, 'letter.txt'), '');
    for (const [tool, ...argv] of [
      ['backup', '--data', store.folder, '--to', taken],
      ['restore', '--from', store.folder, '--data', taken],
    ] as const) {
      const { code, err } = await run(tool, ...argv);
      expect([tool, code, err]).toEqual([tool, 1, expect.stringContaining('is not empty')]);
    }
    expect(readdirSync(taken)).toEqual(['letter.txt']);
  });
});

describe('called wrongly, they say how they are called', () => {
  test.each<[tool: 'audit' | 'backup' | 'restore', argv: readonly string[], code: number, says: string]>([
    ['audit', [], 2, 'One of verify, anchor, export, key is expected'],
    ['audit', ['verfy'], 2, 'not "verfy"'],
    ['audit', ['verify', '--dta', '.'], 2, 'There is no flag --dta.'],
    ['audit', ['export', '--from', 'yesterday', '--data', '.'], 2, '--from yesterday is not a date'],
    ['audit', ['verify', '--data', 'nowhere'], 1, 'There is no store in nowhere'],
    ['backup', [], 2, '--to is missing'],
    ['backup', ['--to', 'x', '--data', 'nowhere'], 1, 'There is no store in nowhere'],
    ['restore', [], 2, '--from is missing'],
    ['restore', ['--from', 'nowhere', '--data', 'nowhere-else'], 1, 'There is no backup in nowhere'],
  ])('%s %j', async (tool, argv, code, says) => {
    const ended = await run(tool, ...argv);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(says);
    expect(ended.err).not.toMatch(/^\s+at /m);
    expect(ended.err.includes(`npm run ${tool} --`)).toBe(code === 2);
    expect(existsSync('x') || existsSync('nowhere') || existsSync('nowhere-else')).toBe(false);
  });

  test('and when asked', async () => {
    mkdirSync(world.folder(), { recursive: true });
    for (const tool of ['audit', 'backup', 'restore'] as const) {
      const { code, out } = await run(tool, '--help');
      expect([code, out]).toEqual([0, expect.stringContaining(`npm run ${tool} -- `)]);
    }
  });
});
