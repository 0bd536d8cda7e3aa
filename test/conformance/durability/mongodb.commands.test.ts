/** The commands of an operator where the log is in MongoDB: move, backup, restore, verify, as processes of their own. */
import { afterEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { childEnv } from '../../child-env.ts';
import { createEmbeddedWorld } from '../../contract/embedded-world.ts';
import { moveIn } from '../../contract/mongo-moving.ts';
import { createMongoWorld } from '../../contract/mongo-world.ts';
import { commitOf, tell, write } from '../../contract/store-world.ts';
import { describeJudged } from '../../judges.ts';

const TOOLS = join(import.meta.dirname, '../../../tools');

describeJudged('mongodb', 'mongodb', (uri) => {
  const world = createMongoWorld(uri, { writer: 'turn' });
  const folders = createEmbeddedWorld({ writer: 'turn' });
  afterEach(async () => {
    await world.end();
    await folders.end();
  });

  /** A command whose settings name the database. */
  function run(database: string, tool: string, ...argv: readonly string[]) {
    const env = { ...childEnv(), STORE: 'mongodb', MONGODB_URI: uri, MONGODB_DATABASE: database };
    return new Promise<{ code: number; out: string; err: string }>((resolve) => {
      execFile(process.execPath, [join(TOOLS, `${tool}.ts`), ...argv], { env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  }

  async function makeFolder(): Promise<string> {
    const store = await folders.open();
    for (let i = 1; i <= 5; i += 1)
      await store.commit(commitOf([write(`Task/n${i}`)], { outbox: [tell(`Task/n${i}`)] }));
    await store.close();
    return store.folder;
  }
  const serve = async (database: string) => {
    const node = await world.open({ database });
    expect(node.status().seq).toBe(5);
    await node.close();
  };

  test('move takes a folder into the database and the database into a folder, and says what it verified', async () => {
    const [folder, database] = [await makeFolder(), world.database()];
    const there = await run(database, 'admin', 'move', '--to', 'mongodb', '--data-dir', folder);
    expect(there.err).toBe('the first checkpoint is written\nthe log in the database is verified\n');
    expect(there.out).toBe(
      `moved ${folder} into the database ${database}\n` +
        '✓ audit chain unbroken: 5 commits\n✓ anchored up to commit 5\n' +
        '✓ log in the database unbroken: 5 commits\n' +
        `Start with STORE=mongodb: ${folder} is the read model of the node from now on.\n`,
    );
    expect(there.code).toBe(0);
    await serve(database);

    const target = join(folders.folder(), 'back');
    const back = await run(database, 'admin', 'move', '--to', 'folder', target, '--data-dir', folder);
    expect([back.code, back.out.split('\n')[0]]).toEqual([
      0,
      `moved the database ${database} into ${target}`,
    ]);
    expect(back.out).toContain(
      `Start with STORE=embedded, DATA_DIR=${target} and no MONGODB_URI. No node starts on the database`,
    );
    expect((await folders.open({ folder: target })).status().seq).toBe(5);
    const again = await run(database, 'admin', 'move', '--to', 'folder', `${target}2`, '--data-dir', folder);
    expect([again.code, again.err.split(' on ')[0]]).toEqual([1, 'This database was moved into a folder']);
  }, 60_000);

  test.each([
    [['--to', 'mongodb', 'x'], 'move --to mongodb or move --to folder DIR is expected.'],
    [['--to', 'folder'], 'move --to mongodb or move --to folder DIR is expected.'],
    [['--to', 'disk'], 'move --to mongodb or move --to folder DIR is expected.'],
    [[], 'move --to mongodb or move --to folder DIR is expected.'],
  ])('move %j is called wrongly', async (argv, says) => {
    const { code, err } = await run('closeloop_test_none', 'admin', 'move', ...argv);
    expect([code, err]).toEqual([2, `${says} (npm run admin -- --help shows how to call it)\n`]);
  });

  test('a database that does not answer is one line without the password', async () => {
    const asked = ['--mongodb-uri', 'mongodb://me:secret@127.0.0.1:1/', '--mongodb-selection-ms', '500'];
    const folder = await makeFolder();
    const { code, err } = await run('x', 'admin', 'move', '--to', 'mongodb', '--data-dir', folder, ...asked);
    expect(code).toBe(1);
    expect(err).toMatch(/^No primary of the database answers: [^\n]+\n$/);
    expect(err).not.toContain('secret');
  });

  test('backup says up to which commit; restore makes a folder or a database of it, and leaves it as it is', async () => {
    const [folder, database, second] = [await makeFolder(), world.database(), world.database()];
    await moveIn(uri, folder, database);
    const node = await world.open({ database, folder });
    const to = join(folders.folder(), 'backup');
    const copied = await run(database, 'backup', '--to', to, '--data-dir', folder);
    expect([copied.code, copied.out]).toEqual([
      0,
      `backup of ${folder} in ${to}\n✓ audit chain unbroken: 5 commits\n✓ anchored up to commit 5\n` +
        '✓ of the log in MongoDB: up to commit 5\n',
    ]);
    await node.close();
    const files = readdirSync(to);

    const own = join(folders.folder(), 'own');
    const intoFolder = await run(database, 'restore', '--from', to, '--data-dir', own, '--store', 'embedded');
    expect([intoFolder.code, intoFolder.out.split('\n')[0]]).toEqual([0, `restored ${to} into ${own}`]);
    expect((await folders.open({ folder: own })).status().seq).toBe(5);

    const model = join(folders.folder(), 'model');
    const into = await run(second, 'restore', '--from', to, '--data-dir', model);
    expect([into.code, into.out]).toEqual([
      0,
      `restored ${to} into the database ${second}\n✓ audit chain unbroken: 5 commits\n` +
        '✓ anchored up to commit 5\n✓ log in the database unbroken: 5 commits\n',
    ]);
    await serve(second);
    expect(readdirSync(to)).toEqual(files);

    const refused = join(folders.folder(), 'refused');
    const twice = await run(second, 'restore', '--from', to, '--data-dir', refused);
    expect([twice.code, twice.err]).toEqual([
      1,
      `The database ${second} holds a store already. Name another one, or drop it first.\n`,
    ]);
    expect(existsSync(refused)).toBe(false);
  }, 60_000);

  test('audit verify examines the log in the database, with a read model and without, and names a fault', async () => {
    const [folder, database] = [await makeFolder(), world.database()];
    await moveIn(uri, folder, database);
    const sound = await run(database, 'audit', 'verify', '--data-dir', folder);
    expect([sound.code, sound.out]).toEqual([
      0,
      '✓ audit chain unbroken: 5 commits\n✓ anchored up to commit 5\n✓ log in the database unbroken: 5 commits\n',
    ]);
    const log = world.db(database).collection<{ _id: number }>('log');
    await log.updateOne({ _id: 1 }, { $set: { 'e.2.w.0.t': '{"is":"old"}' } });
    const [none, anchors] = [folders.folder(), join(folder, 'anchors.jsonl')];
    for (const more of [
      ['--data-dir', folder],
      ['--data-dir', none, '--anchors', anchors],
    ]) {
      const { code, out } = await run(database, 'audit', 'verify', ...more);
      expect([code, out.split('\n').filter((line) => line.startsWith('✗'))]).toEqual([
        1,
        ['✗ log in the database, commit 3: Task/n3 was changed'],
      ]);
    }
    const empty = await run(`${database}_none`, 'audit', 'verify', '--data-dir', none);
    expect([empty.code, empty.err.split('\n').at(-2)]).toEqual([
      1,
      `The database ${database}_none holds no store.`,
    ]);
  }, 60_000);
});
