/**
 * R4's invariants of severity error, for the datatypes and for the served resource types. Each is the published rule in
 * this language; the tests use the published expression as the oracle. They apply only to structurally sound resources.
 * (`ele-1`, `dom-*`, `txt-*`, `ref-1` and `sqty-1` are checked with the structure.)
 */
import { ARTIFACTS } from './invariants/artifacts.ts';
import { CLINICAL } from './invariants/clinical.ts';
import { DATATYPES } from './invariants/datatypes.ts';
import { DEFINITIONS } from './invariants/definitions.ts';
import { EXCHANGE } from './invariants/exchange.ts';
import { KNOWLEDGE } from './invariants/knowledge.ts';
import type { Invariant } from './invariants/row.ts';
import { WORKFLOW } from './invariants/workflow.ts';

export type { Invariant, Tree } from './invariants/row.ts';

/** Invariants by type: a resource, a datatype, or an inner structure. */
export const INVARIANTS: Readonly<Record<string, readonly Invariant[]>> = {
  ...DATATYPES,
  ...DEFINITIONS,
  ...EXCHANGE,
  ...WORKFLOW,
  ...CLINICAL,
  ...KNOWLEDGE,
  ...ARTIFACTS,
};
