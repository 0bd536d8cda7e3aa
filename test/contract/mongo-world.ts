/** Opens the engine whose log is in MongoDB, each store in a database of its own; it is always reopened on an empty folder. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient, type Db } from 'mongodb';
import type { Store } from '../../src/ports/store.ts';
import { SEARCH_THREAD, type StoreOptions } from '../../src/stores/index.ts';
import { openMongoStore, type MongoOptions, type MongoStore } from '../../src/stores/mongodb/open.ts';
import type { StoreWorld } from './store-world.ts';

interface MongoWorldOptions extends Partial<Omit<StoreOptions, 'mongodb'>> {
  /** Default: a new one. */
  readonly database?: string;
  readonly mongodb?: Partial<MongoOptions['mongodb']>;
}

interface MongoWorld extends StoreWorld {
  open(options?: MongoWorldOptions): Promise<MongoStore>;
  /** The name of a new database. */
  database(): string;
  /** The database of a store. */
  databaseOf(store: Store): string;
  /** A new, empty folder. */
  folder(): string;
  /** A database, seen from outside. */
  db(name: string): Db;
}

export function createMongoWorld(uri: string, defaults: MongoWorldOptions = {}): MongoWorld {
  const folders: string[] = [];
  const asking = new Map<'client', MongoClient>();
  const stores: Store[] = [];
  const databases = new Map<Store, string>();
  const named = new Set<string>();
  const newDatabase = (): string => {
    const name = `closeloop_test_${randomUUID().slice(0, 13)}`;
    named.add(name);
    return name;
  };
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'closeloop-mongo-'));
    folders.push(made);
    return made;
  };
  /** Ours, for looking into the databases from outside. */
  const client = (): MongoClient => {
    const open = asking.get('client') ?? new MongoClient(uri);
    asking.set('client', open);
    return open;
  };

  const open = async (options: MongoWorldOptions = {}): Promise<MongoStore> => {
    const {
      database = newDatabase(),
      mongodb,
      ...rest
    } = {
      ...defaults,
      ...options,
    };
    const store = await openMongoStore({
      reserveBytes: 0,
      searchThread: SEARCH_THREAD,
      folder: folder(),
      ...rest,
      mongodb: { uri, database, poolMax: 5, serverSelectionMs: 5000, alone: false, ...mongodb },
    });
    stores.push(store);
    databases.set(store, database);
    return store;
  };
  const databaseOf = (store: Store): string => databases.get(store) ?? '';

  return {
    db: (name) => client().db(name),
    folder,
    database: newDatabase,
    databaseOf,
    open,
    async reopen(store, options) {
      await store.close();
      return open({ ...options, database: databaseOf(store) });
    },
    crash: (store, options) => open({ ...options, database: databaseOf(store) }),
    async tidy(store) {
      await new Promise((resolve) => setImmediate(resolve)); // the writer's queue is idle
      await (store as MongoStore).tidy();
    },
    async leftOf(store, text) {
      const log = await client().db(databaseOf(store)).collection('log').find({}).toArray();
      return log.filter((document) => JSON.stringify(document).includes(text)).length;
    },
    async end() {
      await Promise.all(stores.splice(0).map((store) => store.close()));
      for (const name of named) await client().db(name).dropDatabase();
      named.clear();
      databases.clear();
      await client().close();
      asking.clear();
      for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
    },
  };
}
