/**
 * The invariants of R4 that have severity error, for the datatypes and for the resource types that are served. Each is
 * the published rule in this language; the published expression is its oracle in the tests. They are asked only of what
 * is structurally sound. (`ele-1`, `dom-*`, `txt-*`, `ref-1` and `sqty-1` stand with the structure they are about.)
 */
import { CLINICAL } from './invariants/clinical.ts';
import { DATATYPES } from './invariants/datatypes.ts';
import { DEFINITIONS } from './invariants/definitions.ts';
import { EXCHANGE } from './invariants/exchange.ts';
import { KNOWLEDGE } from './invariants/knowledge.ts';
import type { Invariant } from './invariants/row.ts';
import { WORKFLOW } from './invariants/workflow.ts';

export type { Invariant, Tree } from './invariants/row.ts';

/** By type: a resource, a datatype, or an inner structure. */
export const INVARIANTS: Readonly<Record<string, readonly Invariant[]>> = {
  ...DATATYPES,
  ...DEFINITIONS,
  ...EXCHANGE,
  ...WORKFLOW,
  ...CLINICAL,
  ...KNOWLEDGE,
};
