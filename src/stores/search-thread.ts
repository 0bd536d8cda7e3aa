/** A thread that searches the store: the engine's, with the reader of the texts of resources. */
import { serveSearches } from './embedded/search/search-worker.ts';

serveSearches(() => import('../resources/full-text.ts'));
