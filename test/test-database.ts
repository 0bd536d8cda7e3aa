/**
 * Where servers and worlds of tests keep their log: in their folder, or, with TEST_STORE=mongodb, each in a database of its
 * own on the server of MONGODB_URI. `npm run prove -- mongodb-conformance` runs the suites so.
 */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';

interface TestDatabase {
  readonly uri: string;
  readonly database: string;
  drop(): Promise<void>;
}

/** A new one; undefined where the log is in the folder. */
export function makeTestDatabase(): TestDatabase | undefined {
  const { TEST_STORE: store = 'embedded', MONGODB_URI: uri } = process.env;
  if (store === 'embedded') return undefined;
  if (store !== 'mongodb' || uri === undefined)
    throw new Error('TEST_STORE is embedded, or mongodb with the address of a server in MONGODB_URI');
  const database = `closeloop_test_${randomUUID().slice(0, 13)}`;
  return {
    uri,
    database,
    async drop() {
      const client = new MongoClient(uri);
      await client.db(database).dropDatabase();
      await client.close();
    },
  };
}
