/** A server that cannot start on its database says in one sentence why, ends with 1, and shows no password anywhere. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { childEnv } from '../../child-env.ts';
import { openWorld } from '../../contract/delivery-world.ts';
import { createMongoWorld } from '../../contract/mongo-world.ts';
import { commitOf, write } from '../../contract/store-world.ts';
import { describeJudged } from '../../judges.ts';

const TOP = join(import.meta.dirname, '../../..');
const PASSWORD = 'open-sesame';

interface Place {
  readonly database: string;
  readonly folder: string;
  readonly uri: string;
}

describeJudged('mongodb', 'a server that cannot start on its database', (given) => {
  let world: ReturnType<typeof createMongoWorld>;
  beforeAll(() => void (world = createMongoWorld(given, { writer: 'turn' })));
  afterAll(() => world.end());

  /** The address, with a user whom the server does not know. */
  const asNobody = given.replace('mongodb://', `mongodb://nobody:${PASSWORD}@`);

  async function run(script: string, { database, folder, uri }: Place) {
    const argv = [script, '--demo', '--port', '0', '--data-dir', folder];
    const env = {
      ...childEnv(),
      STORE: 'mongodb',
      MONGODB_URI: uri,
      MONGODB_DATABASE: database,
      MONGODB_SELECTION_MS: '3000',
    };
    const child = spawn(process.execPath, argv, { cwd: TOP, env });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    const said = err.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    return { code: Number(code), said, everything: out + err };
  }

  /** A database with so many commits. */
  async function filled(commits: number, options: Parameters<typeof world.open>[0] = {}) {
    const store = await world.open(options);
    for (let i = 0; i < commits; i += 1) await store.commit(commitOf([write(`Task/${i}`)]));
    return { store, database: world.databaseOf(store) };
  }

  const emptied = async (commits: number): Promise<string> => {
    const { store, database } = await filled(commits);
    await store.close();
    return database;
  };

  test.each<[string, () => Promise<Partial<Place>>, RegExp]>([
    [
      'nobody listens',
      async () => ({ uri: `mongodb://u:${PASSWORD}@127.0.0.1:1/` }),
      /^No primary of the database answers: .*ECONNREFUSED.*\. Start it, or correct mongodbUri /,
    ],
    [
      'the user is not let in',
      async () => ({ uri: asNobody }),
      /^The database does not let the user in: .*\. Correct the user, the password or authSource/,
    ],
    [
      'the address is not one that the driver takes',
      async () => ({ uri: `mongodb://u:${PASSWORD}@@:host:x/?tls=perhaps` }),
      /^mongodbUri is not an address that the driver takes: .*%40/,
    ],
    [
      'a newer program wrote it',
      async () => {
        const database = await emptied(1);
        await world
          .db(database)
          .collection('meta')
          .updateMany({}, { $set: { format: 99 } });
        return { database };
      },
      /^The database has format 99, this program reads format 1\. Use the version/,
    ],
    [
      'another node serves it',
      async () => ({ database: (await filled(1, { mongodb: { alone: true } })).database }),
      /^The database is in use by process \d+ on \S+, started \S+\. Stop it first, or name another database\.$/,
    ],
    [
      'the folder holds a store of its own',
      async () => {
        const own = await openWorld();
        await own.store.commit(commitOf([write('Task/1')]));
        await own.store.close();
        return { folder: own.folder, database: await emptied(0) };
      },
      /^The folder \S+ holds a store of its own\. Move it into the database/,
    ],
    [
      'its log was changed by somebody',
      async () => {
        const database = await emptied(3);
        await world.db(database).collection<{ _id: number }>('log').deleteOne({ _id: 2 });
        return { database };
      },
      /^diverged at commit 2: /,
    ],
  ])(
    '%s',
    async (_, prepare, sentence) => {
      const place = {
        database: 'closeloop_test_none',
        folder: world.folder(),
        uri: given,
        ...(await prepare()),
      };
      const { code, said, everything } = await run('src/server/begin.ts', place);
      expect(said).toEqual([expect.stringMatching(/^Closeloop could not start: /)]);
      expect(said[0]?.replace('Closeloop could not start: ', '')).toMatch(sentence);
      expect(code).toBe(1);
      expect(everything).not.toContain(PASSWORD);
    },
    60_000,
  );
});
