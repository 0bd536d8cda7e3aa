/** What went wrong as operators read it: a code or a name, never a message, which may quote content. */
import { CommitRefused, SearchRefused } from './store.ts';

/** The refusal of a commit or a search, the code of the system (`ECONNREFUSED`), else the name of the error. */
export function reasonOf(error: unknown): string {
  if (error instanceof CommitRefused || error instanceof SearchRefused) return error.reason;
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}
