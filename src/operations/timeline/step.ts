/**
 * A step of a referral: one commit that wrote a resource of it, with everything that it wrote. Steps consist of
 * versions that the caller may read; the audit adds who wrote them and the row of the table.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { DeliveryState } from '../../ports/delivered.ts';
import type { AuditEntry, OutboxRow, Version } from '../../ports/store.ts';

/** The kind of a resource in the referral. In a commit with several, the first kind names the step. */
export const STEP_KINDS = [
  'move',
  'visit',
  'held',
  'work',
  'message',
  'document',
  'communication',
  'order',
  'edit',
  'past',
] as const;

export type StepKind = (typeof STEP_KINDS)[number];

/** The reference parameters, by type, that find a referral's resources from its order. */
export const TIMELINE_SUBJECTS = [
  { type: 'Task', param: 'focus', kind: 'edit' },
  { type: 'Task', param: 'based-on', kind: 'work' },
  { type: 'Appointment', param: 'based-on', kind: 'visit' },
  { type: 'DocumentReference', param: 'related', kind: 'document' },
  { type: 'Communication', param: 'based-on', kind: 'communication' },
  { type: 'Provenance', param: 'target', kind: 'past' },
] as const satisfies readonly { type: string; param: string; kind: StepKind }[];

/** The messages of the referral's threads. */
export const SAID = { type: 'Communication', param: 'part-of', kind: 'communication' } as const;

/** A version that a step wrote. */
export interface Written {
  readonly kind: StepKind;
  readonly version: Version;
  /** The text; undefined for a deletion. */
  readonly resource: Resource | undefined;
}

/** A step before it is rendered: everything that was written at one seq. */
export interface TimelineCommit {
  readonly seq: number;
  readonly at: string;
  readonly written: readonly Written[];
}

export interface TimelineStep extends TimelineCommit {
  /** The audit rows of these versions, if the audit has them. */
  readonly rows: readonly AuditEntry[];
  readonly deliveries: readonly Delivery[];
}

/** A receiver of a step, and the outcome of its delivery. */
export interface Delivery {
  readonly row: OutboxRow;
  /** As far as it came. */
  readonly state: DeliveryState;
  /** The organization of the receiver. */
  readonly to: Ref;
}

export interface TimelineParties {
  readonly initiator: Ref | undefined;
  readonly recipient: Ref | undefined;
}
