/** All that the main thread remembers of one store. */
import type { DatabaseSync } from 'node:sqlite';
import { createAnswers, prepareDeniedEver } from './answers.ts';
import { rememberKinds } from './denial-reading.ts';
import type { SnapshotReading } from './reading.ts';
import { createRecent } from './recent.ts';
import { writesMore, type Remembered } from './remembered.ts';
import { createVerdicts } from './scopes.ts';
import {
  createAnsweredSearches,
  prepareAnyDenied,
  type AnsweredSearches,
} from './search/answered-searches.ts';
import { rememberSeldomValues, type SeldomValues } from './search/seldom-values.ts';

export interface Memory extends Remembered {
  readonly reading: Pick<SnapshotReading, 'recent' | 'answers' | 'verdicts' | 'kinds'>;
  /** Of searches. */
  readonly seldom: SeldomValues;
  readonly pages: AnsweredSearches;
}

/**
 * @param byId the connection on which reads by id are done
 * @param head the seq up to which everything is acknowledged
 * @param pagesMax pages of searches at most
 */
export function createMemory(
  db: DatabaseSync,
  byId: DatabaseSync,
  head: () => number,
  pagesMax: number,
): Memory {
  const recent = createRecent(head);
  const answers = createAnswers(head, prepareDeniedEver(byId));
  const pages = createAnsweredSearches(pagesMax, head, prepareAnyDenied(byId));
  const forgetAnswers = (): void => [answers, pages].forEach((one) => one.forget());
  const [verdicts, kinds, seldom] = [createVerdicts(), rememberKinds(db), rememberSeldomValues(byId)];
  const all: readonly Remembered[] = [recent, verdicts, kinds, seldom];
  return {
    reading: { recent, answers, verdicts, kinds },
    seldom,
    pages,
    written(members) {
      for (const one of all) one.written(members);
      if (writesMore(members)) forgetAnswers();
    },
    forgetAll() {
      for (const one of all) one.forgetAll();
      forgetAnswers();
    },
  };
}
