/** The store of this server: which engine keeps it, and what the engine is given of FHIR. */
import { openEmbeddedStore, type EmbeddedOptions, type EmbeddedStore } from './embedded/open.ts';

/** The script of a thread that searches. */
export const SEARCH_THREAD = new URL('./search-thread.ts', import.meta.url);

export type StoreOptions = Omit<EmbeddedOptions, 'searchThread'>;

/** Opens the store, alone in its folder. @throws FolderRefused when that cannot be */
export const openStore = (options: StoreOptions): Promise<EmbeddedStore> =>
  openEmbeddedStore({ ...options, searchThread: SEARCH_THREAD });
