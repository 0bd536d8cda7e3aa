/** A thread that does the FHIR engine's heavy work, one task at a time. */
import { randomUUID } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { OperationOutcomeError, type IssueDetail } from '../fhir/issue.ts';
import type { Tasks } from '../operations/heavy.ts';
import { createTasks } from './heavy-tasks.ts';
import { watchIdleness } from '../stores/embedded/idle-memory.ts';
import { NICENESS, standBack } from '../stores/embedded/thread-priority.ts';

export interface Task {
  readonly task: keyof Tasks;
  readonly given: readonly unknown[];
}

export type HeavyResult =
  | { readonly result: unknown }
  /** As the task threw it. */
  | { readonly refused: readonly [IssueDetail, ...IssueDetail[]] }
  | { readonly failed: string };

standBack(NICENESS.heavy);
const tasks = createTasks(randomUUID);
watchIdleness(() => undefined);

parentPort?.on('message', (asked: Task) => void answer(asked));

async function answer(asked: Task): Promise<void> {
  const done = await perform(asked);
  parentPort?.postMessage(done);
}

async function perform({ task, given }: Task): Promise<HeavyResult> {
  try {
    const work = tasks[task] as (...all: readonly unknown[]) => Promise<unknown>; // handed in by its type
    return { result: await work(...given) };
  } catch (error) {
    if (!(error instanceof OperationOutcomeError))
      return { failed: error instanceof Error ? (error.stack ?? error.name) : typeof error };
    const [first = { code: error.code }, ...rest] = error.issues;
    return { refused: [first, ...rest] };
  }
}
