/** Doctor on a server whose log is in MongoDB: what it says of the database, beside a live server and without a folder. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import type { Capabilities } from '../../../src/stores/mongodb/capabilities.ts';
import { NOT_REPLAYED } from '../../../src/stores/mongodb/documents.ts';
import { judgeCapabilities } from '../../../tools/doctor/database.ts';
import { childEnv } from '../../child-env.ts';
import { createMongoWorld } from '../../contract/mongo-world.ts';
import { commitOf, write } from '../../contract/store-world.ts';
import { describeJudged } from '../../judges.ts';
import { patient } from '../../resources.ts';
import { openServerWith } from '../../server.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PASSWORD = 'open-sesame';
const SETTINGS = { STORE: 'mongodb', MONGODB_URI: `mongodb://u:${PASSWORD}@127.0.0.1:1/` };

interface Ended {
  readonly code: number;
  readonly lines: readonly string[];
}

function doctor(env: Readonly<Record<string, string>>, folder: string, port = 1): Promise<Ended> {
  const argv = [join(ROOT, 'tools/doctor.ts'), '--demo', '--data-dir', folder, '--port', String(port)];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { env: { ...childEnv(), ...env } }, (error, out) =>
      resolve({
        code: error === null ? 0 : Number(error.code),
        lines: out.split('\n').filter((line) => / (database|store|disk) /.test(line)),
      }),
    );
  });
}

describe('what is missing is named, with what replaces it', () => {
  const GOOD: Capabilities = {
    version: '8.0.4',
    setName: 'rs0',
    isRouter: false,
    members: 3,
    votes: 3,
    tls: true,
    clockAheadMs: 12,
    writing: { isTaken: true, isUnique: true, medianMs: 2.34 },
    isLogSharded: false,
    freeBytes: 50 * 1024 ** 3,
  };
  const config = readConfig([], SETTINGS, 'command');
  const remote = readConfig([], { ...SETTINGS, MONGODB_URI: 'mongodb://db.example/' }, 'command');
  const said = (given: Partial<Capabilities>, settings = config): readonly string[] =>
    judgeCapabilities({ ...GOOD, ...given }, settings).flatMap(({ ok, warning, says }) =>
      ok && warning !== true ? [] : [`${ok ? '!' : '✗'} ${says}`],
    );

  test('nothing is, of a replica set of three', () => {
    expect(said({})).toEqual([]);
    expect(judgeCapabilities(GOOD, config).map(({ says }) => says)).toEqual([
      'version 8.0.4',
      'replica set rs0, 3 members, votes: 3',
      'majority and journal are honoured in 2.3 ms (median of inserts), and _id is unique',
      'its clock is ours within 0.0 s',
      '51200 MiB free on its disk',
      'reached by TLS',
    ]);
  });

  test.each<[string, Partial<Capabilities>, RegExp]>([
    ['an old version', { version: '5.0.1' }, /^! version 5\.0\.1 → upgrade/],
    ['no replica set', { setName: undefined, members: 0 }, /^! no replica set: .*one machine.* → /],
    [
      'one member',
      { members: 1, votes: 1 },
      /^! replica set rs0, 1 member, votes: 1: a majority is one machine/,
    ],
    ['two members', { members: 2 }, /^! .* 2 members.*the loss of one stops every write → /],
    [
      'a forbidden write',
      { writing: { isTaken: false, isForbidden: true, says: '' } },
      /^✗ the user may not write → grant it the role readWrite on closeloop$/,
    ],
    [
      'a refused majority',
      { writing: { isTaken: false, isForbidden: false, says: 'no j' } },
      /^✗ a write with majority and journal is refused \(no j\) → /,
    ],
    [
      'two of one _id',
      { writing: { isTaken: true, isUnique: false, medianMs: 1 } },
      /^✗ two documents with one _id were both taken → nothing replaces that/,
    ],
    [
      'a slow majority',
      { writing: { isTaken: true, isUnique: true, medianMs: 101 } },
      /^! .*101\.0 ms.* every write waits so long → /,
    ],
    ['a sharded log', { isRouter: true, isLogSharded: true }, /^✗ .* is sharded, .* → keep it unsharded/],
    ['a router that tells nothing', { isRouter: true, isLogSharded: undefined }, /^! .* → keep it unsharded/],
    ['a clock ahead', { clockAheadMs: 2600 }, /^! its clock is 2\.6 s ahead of ours → set both by NTP/],
    ['a clock behind', { clockAheadMs: -61_000 }, /^! its clock is 61\.0 s behind ours → /],
    ['no clock', { clockAheadMs: undefined }, /^! it does not tell its time/],
    ['a full disk', { freeBytes: 1024 ** 2 }, /^✗ 1 MiB free on its disk → free some space/],
  ])('%s', (_, given, line) => {
    expect(said(given)).toEqual([expect.stringMatching(line)]);
  });

  test('TLS, off this machine', () => {
    expect(said({ tls: false }, remote)).toEqual([
      expect.stringMatching(/^! reached without TLS: .*tls=true/),
    ]);
    expect(said({ tls: false })).toEqual([]);
  });
});

test('a database that is not there is one line, without the password', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-doctor-'));
  const { code, lines } = await doctor({ ...SETTINGS, MONGODB_SELECTION_MS: '500' }, join(folder, 'none'));
  rmSync(folder, { recursive: true });
  expect(lines).toEqual([
    expect.stringMatching(/✗ database +No primary of the database answers: .* or correct mongodbUri/),
    expect.stringMatching(/✓ store +.* holds no copy of the log yet/),
  ]);
  expect(lines.join()).not.toContain(PASSWORD);
  expect(code).toBe(1);
});

describeJudged('mongodb', 'doctor on MongoDB', (uri) => {
  let world: ReturnType<typeof createMongoWorld>;
  beforeAll(() => void (world = createMongoWorld(uri, { writer: 'turn' })));
  afterAll(() => world.end());
  const env = (database: string) => ({ STORE: 'mongodb', MONGODB_URI: uri, MONGODB_DATABASE: database });

  test('beside a live server, which goes on; it leaves nothing', async () => {
    const database = `closeloop_test_${randomUUID().slice(0, 13)}`;
    const argv = ['--store=mongodb', `--mongodb-uri=${uri}`, `--mongodb-database=${database}`];
    const folder = world.folder();
    const server = await openServerWith({ argv, folder });
    const ask = () => server.ask('administrator', 'POST', 'Patient', patient());
    try {
      const before = await ask();
      const { lines } = await doctor(env(database), folder, server.running.port);
      expect(lines.filter((line) => line.includes('✗') && !line.includes('disk'))).toEqual([]);
      expect(lines).toContainEqual(expect.stringMatching(/✓ database +version \d/));
      expect(lines).toContainEqual(expect.stringMatching(/✓ database +majority and journal are honoured/));
      expect(lines).toContainEqual(expect.stringMatching(/✓ database +.* follows the log up to commit \d+$/));
      expect((await ask()).status).toBe(before.status);
      const names = (await world.db(database).listCollections().toArray()).map(({ name }) => name);
      expect(names.filter((name) => name.startsWith('doctor'))).toEqual([]);
    } finally {
      await server.close();
      await world.db(database).dropDatabase();
    }
  }, 60_000);

  test.each<[string, (folder: string, database: string) => Promise<string>, RegExp]>([
    [
      'whose last commit is not in the log',
      async (_, database) => {
        await world.db(database).collection<{ _id: number }>('log').deleteOne({ _id: 2 });
        return database;
      },
      /✗ database +commit 2 of \S+ is not in the log → was an older copy of the database restored\?/,
    ],
    [
      'that follows another log',
      async () => {
        const other = await world.open();
        await other.commit(commitOf([write('Task/9')]));
        await other.close();
        return world.databaseOf(other);
      },
      /! database +\S+ follows another log → check mongodbDatabase/,
    ],
    [
      'where the database holds no store',
      async () => `closeloop_test_${randomUUID().slice(0, 13)}`,
      /✗ database +closeloop_test_\S+ holds no store, and \S+ has 2 commits of another log: .* → name the right database/,
    ],
    [
      'whose anchors are ahead of the log',
      async (folder, database) => {
        writeFileSync(join(folder, 'anchors.jsonl'), `${JSON.stringify({ seq: 3, at: 1, hash: 'a' })}\n`);
        return database;
      },
      /✗ database +commit 3 was anchored, and the log ends with commit 2 → /,
    ],
    [
      'of a store that was moved and has no checkpoint',
      async (_, database) => {
        await world
          .db(database)
          .collection<{ _id: number }>('log')
          .updateOne({ _id: 1 }, { $set: { r: NOT_REPLAYED } });
        return database;
      },
      /✗ database +commit 1 came from a folder, and no checkpoint that can be used holds what it made → /,
    ],
  ])(
    'a folder %s',
    async (_, change, line) => {
      const folder = world.folder();
      const store = await world.open({ folder });
      await store.commit(commitOf([write('Task/1')]));
      await store.commit(commitOf([write('Task/2')]));
      await store.close();
      const { lines } = await doctor(env(await change(folder, world.databaseOf(store))), folder);
      expect(lines).toContainEqual(expect.stringMatching(line));
    },
    60_000,
  );
});
