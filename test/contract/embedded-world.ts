/** Opens the embedded engine in temporary folders, and copies a folder as a crash would leave it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/stores/index.ts';
import type { StoreOptions } from '../../src/stores/index.ts';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import type { StoreWorld } from './store-world.ts';

export interface EmbeddedWorld extends StoreWorld {
  open(options?: Partial<StoreOptions>): Promise<EmbeddedStore>;
  /** A new, empty folder. */
  folder(): string;
  /** A copy of the store's files as they are now: what a crash leaves. */
  copy(folder: string): string;
}

/** Every store of a world was opened by it. */
const folderOf = (store: Store): string => (store as EmbeddedStore).folder;

export function createEmbeddedWorld(defaults: Partial<StoreOptions> = {}): EmbeddedWorld {
  const folders: string[] = [];
  const stores: Store[] = [];

  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'closeloop-store-'));
    folders.push(made);
    return made;
  };
  const copy = (from: string): string => {
    const to = folder();
    // The index of the WAL lives in shared memory and dies with the process; the lock does, too.
    const gone = new Set(['store.db-shm', 'lock.db', 'lock.db-journal', 'owner.json']);
    cpSync(from, to, { recursive: true, filter: (path) => !gone.has(basename(path)) });
    return to;
  };
  const open = async (options: Partial<StoreOptions> = {}): Promise<EmbeddedStore> => {
    const store = await openStore({ reserveBytes: 0, folder: folder(), ...defaults, ...options });
    stores.push(store);
    return store;
  };

  return {
    folder,
    copy,
    open,
    async reopen(store, options) {
      await store.close();
      return open({ ...options, folder: folderOf(store) });
    },
    crash: (store, options) => open({ ...options, folder: copy(folderOf(store)) }),
    async tidy(store) {
      await new Promise((resolve) => setImmediate(resolve)); // the writer's queue is idle
      await (store as EmbeddedStore).tidy();
    },
    async leftOf(store, text) {
      const db = new DatabaseSync(join(folderOf(store), 'store.db'), { readOnly: true });
      const { n } = db
        .prepare(
          `SELECT (SELECT count(*) FROM record WHERE instr(body, $text))
             + (SELECT count(*) FROM version WHERE instr(text, $text)) AS n`,
        )
        .get({ $text: text }) as { n: number };
      db.close();
      return n;
    },
    async end() {
      await Promise.all(stores.splice(0).map((store) => store.close()));
      for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
    },
  };
}
