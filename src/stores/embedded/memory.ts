/** All that the main thread remembers of one store. */
import type { DatabaseSync } from 'node:sqlite';
import { createAnswers, prepareDeniedEver } from './answers.ts';
import { rememberKinds } from './denial-reading.ts';
import type { SnapshotReading } from './reading.ts';
import { createRecent } from './recent.ts';
import type { Remembered } from './remembered.ts';
import { createVerdicts } from './scopes.ts';
import { rememberSeldomValues, type SeldomValues } from './search/seldom-values.ts';

export interface Memory extends Remembered {
  readonly reading: Pick<SnapshotReading, 'recent' | 'answers' | 'verdicts' | 'kinds'>;
  /** Of searches. */
  readonly seldom: SeldomValues;
}

/**
 * @param byId the connection on which reads by id are done
 * @param head the seq up to which everything is acknowledged
 */
export function createMemory(db: DatabaseSync, byId: DatabaseSync, head: () => number): Memory {
  const recent = createRecent(head);
  const answers = createAnswers(head, prepareDeniedEver(byId));
  const [verdicts, kinds, seldom] = [createVerdicts(), rememberKinds(db), rememberSeldomValues(byId)];
  const all: readonly Remembered[] = [recent, verdicts, kinds, seldom];
  return {
    reading: { recent, answers, verdicts, kinds },
    seldom,
    written(members) {
      for (const one of all) one.written(members);
      if (members.some(({ kind }) => kind !== 'block')) answers.forget();
    },
    forgetAll() {
      for (const one of all) one.forgetAll();
      answers.forget();
    },
  };
}
