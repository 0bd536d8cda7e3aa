/** The registry of operations: one line each. Routes, capability and audit follow. */
import { correctMessage, discardMessage, linkMessage, replayMessage } from './messages.ts';
import type { Operation } from './operation.ts';

const DECLARED: readonly Operation[] = [linkMessage, correctMessage, replayMessage, discardMessage];

/** Every operation, by its name without the dollar. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  DECLARED.map((operation) => [operation.name, operation]),
);
