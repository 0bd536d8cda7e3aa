/** What a decision about a referral comes to: a move, an edit, or a refusal; each says what a person should know. */
import type { IssueDetail } from '../fhir/issue.ts';
import type { Resource } from '../fhir/types.ts';
import type { Transition } from './extensions.ts';
import type { State } from './state.ts';

/** Said beside success: what was rewritten and why, which evidence is missing, which gap decided. */
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
  /** Which rule; for a move, the legal moves of this caller from this state, in words and ids. */
  readonly diagnostics: string;
  /** FHIRPath expressions of the places. */
  readonly expression: readonly string[];
}

/**
 * About a write to a Task. `task` is the plain tree as it is to be stored; for any other tree of the same resource it
 * is `storedAs(tree, state, before)`.
 */
export type Ruling =
  | {
      readonly kind: 'move';
      readonly transition: Transition;
      readonly state: State;
      readonly task: Resource;
      readonly notes: readonly Note[];
    }
  | { readonly kind: 'edit'; readonly state: State; readonly task: Resource; readonly notes: readonly Note[] }
  | Refusal;

/** About an event that a message or an Appointment brings. `edit`: the event had its effect already; nothing changes. */
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
