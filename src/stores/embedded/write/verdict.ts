/** What the checks of a commit may find, and the place that it takes in the log. */
import type { CommitRefusal } from '../../../ports/store.ts';

/** What the checks found: nothing (undefined), a refusal, or that the key was used for the same before. */
export type CommitVerdict =
  | { readonly kind: 'refused'; readonly reason: CommitRefusal; readonly ref?: string }
  | { readonly kind: 'replay'; readonly seq: number; readonly at: number; readonly reply: string };

/** The place that a commit takes in the order of everything. */
export interface LogPlace {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export const refused = (reason: CommitRefusal, ref?: string): CommitVerdict =>
  ref === undefined ? { kind: 'refused', reason } : { kind: 'refused', reason, ref };
