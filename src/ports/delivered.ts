/**
 * "Delivered?" in the words of every rail: what became of one delivery, and what shows it (routing RL11, RL12). The tables
 * stand in `delivery/delivered`; rails bring the evidence.
 */
import type { Ref } from '../fhir/types.ts';

/** The six ranks in rising order, and the three ends. */
export type DeliveryState =
  | 'queued'
  | 'sent'
  | 'transported'
  | 'received'
  | 'opened'
  | 'acknowledged'
  | 'failed'
  | 'withheld'
  | 'superseded';

/** What may be known of a delivery; `delivery/delivered/evidence-table.ts` says by rail what each shows. */
export type EvidenceKind =
  // — any rail
  | 'accepted'
  | 'answered'
  | 'given-up'
  | 'partial'
  | 'refused'
  | 'superseded'
  | 'withheld'
  // — the inbox on this server
  | 'committed'
  | 'fetched'
  | 'read'
  // — rest-hook
  | 'http-2xx'
  | 'http-2xx-empty'
  // — hl7v2-mllp
  | 'flushed'
  | 'written-unacknowledged'
  | 'msa-ca'
  | 'msa-aa'
  | 'msa-ce'
  | 'msa-ae'
  // — direct-project
  | 'smtp-accepted'
  | 'smtp-refused'
  | 'mdn-processed'
  | 'mdn-dispatched'
  | 'mdn-displayed'
  | 'mdn-failed'
  | 'dsn-failed'
  | 'untrusted'
  | 'processed-overdue'
  | 'dispatched-overdue'
  // — capture
  | 'captured';

/** One piece of evidence. Never an address, never a word of the patient (directory DR48). */
export interface DeliveryEvidence {
  readonly kind: EvidenceKind;
  /** Instant at which it came to us. */
  readonly at: string;
  /** Where it is from: a Message-ID, a control id, the id of an audit row. With kind and hash it says which one it is. */
  readonly source: string;
  /** SHA-256 of its bytes, in hex. */
  readonly hash?: string;
}

/** How the reason of a receipt `retry` begins where the rail waits for something before it sends at all (directory DR44). */
export const HELD_BACK = 'held: ';

/** A way that was chosen and not taken. */
export interface WayNotTaken {
  readonly rail: string;
  readonly receiver: Ref;
  /** In a few words. */
  readonly why: string;
}

/** One delivery: an event for one receiver by one rail. */
export interface DeliveryRecord {
  /** The outbox entry. */
  readonly entry: string;
  readonly rail: string;
  /** The Subscription or the Endpoint. */
  readonly receiver: Ref;
  /** The organization that is told; '' for an administrator's Subscription. */
  readonly to: Ref | '';
  /** The Task of the referral, else the resource. */
  readonly task: Ref;
  readonly subject: Ref;
  readonly event: string;
  /** The commit that is told, and its instant. */
  readonly seq: number;
  readonly committedAt: string;
  readonly attempts: number;
  readonly state: DeliveryState;
  /** Ordered by time and kind, each piece once. */
  readonly evidence: readonly DeliveryEvidence[];
  /** Of an end: why, in a few words without anything a patient could be known by. */
  readonly why?: string;
  /** The ways that were chosen before this one, and closed when it was to leave. */
  readonly notTaken?: readonly WayNotTaken[];
  /** Instant until which the next evidence is waited for. */
  readonly dueBy?: string;
  /** The open work item that asks a person about it. */
  readonly item?: Ref;
}

/** The kind of the records of {@link DeliveryRecord}; key: the outbox entry; index `task` → {@link DeliveryRecord.task}. */
export const DELIVERY_RECORD = 'delivery';

/** The delivery that late evidence must belong to, as far as the rail that brings it knows (routing RL13). */
interface ExpectedDelivery {
  readonly rail: string;
  readonly receiver?: Ref;
}

/**
 * Writes late evidence in an audited commit of its own. It never changes the settled entry of the outbox, and never moves a
 * referral (routing RL14). `known`: it is on record, or tells nothing new. `unknown`: no delivery that it belongs to.
 */
export type NoteEvidence = (
  entry: string,
  evidence: DeliveryEvidence,
  expected: ExpectedDelivery,
  /** Instant until which the next evidence is waited for from now on. */
  dueBy?: string,
) => Promise<'noted' | 'known' | 'unknown'>;
