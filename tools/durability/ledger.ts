/** What the clients offered, and what they were promised: the book against which the store is examined. */
import type { Answer, Ask } from './client.ts';

/** A write. Its mark stands in every version it makes, so that its effects can be counted. */
export interface Offer {
  readonly mark: string;
  readonly ask: Ask;
  /** Versions that it makes, all of one commit. */
  readonly members: number;
  /** Acknowledgments, more than one when it was offered again under its key. */
  readonly answers: Answer[];
  /** What came instead of an answer. */
  readonly heard: Unanswered[];
}

/** No answer at all, or a 503: the database is away and nothing was written, or nobody knows yet. */
export type Unanswered = 'nothing' | 'busy' | 'commit-unsure';

export interface Deletion {
  readonly ref: string;
  readonly answered: boolean;
}

export interface Ledger {
  readonly offers: Offer[];
  readonly deletions: Deletion[];
  /** Request ids of reads that were answered: each must have left its audit (D14). */
  readonly reads: string[];
  /** What went wrong while clients talked to the server. */
  readonly wrong: string[];
  /** The server's database may be away: then 503 is no fault of the server's, and no answer either. */
  readonly databaseMayBeAway: boolean;
}

export const createLedger = (databaseMayBeAway = false): Ledger => ({
  offers: [],
  deletions: [],
  reads: [],
  wrong: [],
  databaseMayBeAway,
});

/** The system of the identifiers that are marks. */
export const MARKS = 'urn:closeloop:durability:mark';

const MARK = /mark-\d{7}/g;

export const markOf = (number: number): string => `mark-${String(number).padStart(7, '0')}`;

/** How often each mark stands in a stored text. */
export function countMarks(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const mark of text.match(MARK) ?? []) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  return counts;
}

export const isKeyed = ({ ask }: Offer): boolean => ask.key !== undefined;
export const isAnswered = ({ answers }: Offer): boolean => answers.length > 0;
