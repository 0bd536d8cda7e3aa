/** The store of this server: which engine keeps it, and what the engine is given of FHIR. */
import { SCOPE_JUDGE } from '../resources/scope-judge.ts';
import { openEmbeddedStore, type EmbeddedOptions, type EmbeddedStore } from './embedded/open.ts';
import type { MongoOptions, MongoStore } from './mongodb/open.ts';

/** The script of a thread that searches. */
export const SEARCH_THREAD = new URL('./search-thread.ts', import.meta.url);

export type StoreOptions = Omit<EmbeddedOptions, 'searchThread' | 'logElsewhere'> &
  /** Where the log is when it is not in the folder. */
  Partial<Pick<MongoOptions, 'mongodb'>>;

/** A store of one of the engines; the parts of `MongoStore` are there where the log is in a database. */
export type ServerStore = EmbeddedStore & Partial<Omit<MongoStore, keyof EmbeddedStore>>;

/**
 * Opens the store, alone in its folder and, where the log is in a database, alone on that.
 *
 * @throws FolderRefused or DatabaseRefused when that cannot be
 */
export async function openStore({ mongodb, ...options }: StoreOptions): Promise<ServerStore> {
  const given = { scopes: SCOPE_JUDGE, ...options, searchThread: SEARCH_THREAD };
  if (mongodb === undefined) return openEmbeddedStore(given);
  // The driver is loaded by those alone who use it.
  const { openMongoStore } = await import('./mongodb/open.ts');
  return openMongoStore({ ...given, mongodb });
}
