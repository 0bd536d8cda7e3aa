/**
 * A step of a referral: one commit that wrote something of it, with everything that it wrote. What the steps are made of
 * are versions that the caller may read; the audit adds who wrote them and by which row of the table.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { AuditEntry, OutboxRow, Version } from '../../ports/store.ts';

/** What a resource is to the referral. In a commit with several, the one that stands first names the step. */
export const KINDS = [
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

export type Kind = (typeof KINDS)[number];

/** How a referral's resources are found from its order, by a reference parameter of their type. */
export const SUBJECTS = [
  { type: 'Task', param: 'focus', kind: 'edit' },
  { type: 'Task', param: 'based-on', kind: 'work' },
  { type: 'Appointment', param: 'based-on', kind: 'visit' },
  { type: 'DocumentReference', param: 'related', kind: 'document' },
  { type: 'Communication', param: 'based-on', kind: 'communication' },
  { type: 'Provenance', param: 'target', kind: 'past' },
] as const satisfies readonly { type: string; param: string; kind: Kind }[];

/** A version that a step wrote. */
export interface Written {
  readonly kind: Kind;
  readonly version: Version;
  /** Undefined where it was deleted. */
  readonly resource: Resource | undefined;
}

/** A step before it is told: what was written at one seq. */
export interface Commit {
  readonly seq: number;
  readonly at: string;
  readonly written: readonly Written[];
}

export interface Step extends Commit {
  /** The audit rows of what was written, where the audit has them. */
  readonly rows: readonly AuditEntry[];
  readonly deliveries: readonly Delivery[];
}

/** Who was told of a step, and what came of it. */
export interface Delivery {
  readonly row: OutboxRow;
  /** The organization of the receiver. */
  readonly to: Ref;
}

export interface Parties {
  readonly initiator: Ref | undefined;
  readonly recipient: Ref | undefined;
}
