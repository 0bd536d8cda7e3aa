/** The result of a decision about a referral: a move, an edit, or a refusal, each with notes for people. */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Resource } from '../fhir/types.ts';
import type { Transition } from './extensions.ts';
import type { State } from './state.ts';

/** A note beside a success: a rewritten field and the reason, missing evidence, or the gap that decided. */
export interface Note extends IssueDetail {
  readonly code: 'referral-rule';
  readonly type: 'informational';
  readonly severity: 'information' | 'warning';
  readonly diagnostics: string;
  readonly expression: readonly string[];
}

export interface Refusal {
  readonly kind: 'refused';
  readonly issue: 'not-your-move' | 'transition-not-allowed' | 'field-frozen' | 'referral-rule';
  /** The rule that the write breaks; for a move, the legal moves of this caller from this state, in words and ids. */
  readonly diagnostics: string;
  /** FHIRPath expressions of the places. */
  readonly expression: readonly string[];
}

/**
 * The ruling on a write to a Task. `task` is the plain tree to store; `storedAs(tree, state, before)` makes the same
 * change to any other tree of the resource.
 */
export type TaskRuling =
  | {
      readonly kind: 'move';
      readonly transition: Transition;
      readonly state: State;
      readonly task: Resource;
      readonly notes: readonly Note[];
    }
  | { readonly kind: 'edit'; readonly state: State; readonly task: Resource; readonly notes: readonly Note[] }
  | Refusal;

/**
 * The ruling on an event of a message or an Appointment. `edit`: the event has had its effect already, and nothing
 * changes.
 */
export type EventRuling =
  | {
      readonly kind: 'move';
      readonly transition: Transition;
      readonly state: State;
      readonly notes: readonly Note[];
    }
  | { readonly kind: 'edit'; readonly state: State; readonly notes: readonly Note[] }
  | Refusal;

export const note = (
  severity: Note['severity'],
  diagnostics: string,
  expression: readonly string[] = ['Task.status'],
): Note => ({ code: 'referral-rule', type: 'informational', severity, diagnostics, expression });

export const refuse = (
  issue: Refusal['issue'],
  diagnostics: string,
  expression: readonly string[] = ['Task.status', 'Task.businessStatus'],
): Refusal => ({ kind: 'refused', issue, diagnostics, expression });
