/** The database of a demonstration whose log is in MongoDB: one of its own, which goes with it. */
import { randomUUID } from 'node:crypto';

interface DemoDatabase {
  /** The settings that name it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Takes it away. */
  drop(): Promise<void>;
}

/** With a data folder that stays, the database stays, too, under this name. */
const KEPT = 'closeloop_demo';
const SELECTION_MS = 5000;

/** @param stays whether a later demonstration goes on with it */
export function demoDatabase(uri: string, stays: boolean): DemoDatabase {
  const database = stays ? KEPT : `${KEPT}_${randomUUID().slice(0, 8)}`;
  return {
    settings: { STORE: 'mongodb', MONGODB_URI: uri, MONGODB_DATABASE: database },
    async drop() {
      if (stays) return;
      // The driver is loaded by those alone who use it.
      const { connect } = await import('../../src/stores/mongodb/connection.ts');
      const connection = await connect({ uri, database, poolMax: 1, serverSelectionMs: SELECTION_MS });
      try {
        // One by one: the role readWrite may not drop a database, but one without collections is gone.
        for (const { name } of await connection.db.listCollections({}, { nameOnly: true }).toArray())
          await connection.db.dropCollection(name);
      } finally {
        await connection.close();
      }
    },
  };
}
