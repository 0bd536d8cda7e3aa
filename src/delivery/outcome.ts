/**
 * The outcome of a delivery as one commit: the state of its entry, the audit of the disclosure and, where a person must
 * act, a work item (law 16: receipt and disclosure audit are written together or not at all).
 */
import type { Ref } from '../fhir/types.ts';
import type { Basis } from '../policies/basis.ts';
import type { Purpose } from '../policies/purpose.ts';
import type { AuditEntry, ClaimedEntry, Commit, DeliveryOutcome, Version, Write } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { compartmentPatientsIn } from './subject.ts';

/** A delivery whose story has ended. */
export interface EndedDelivery {
  readonly entry: ClaimedEntry;
  readonly fate: DeliveryOutcome['fate'];
  /** In plain words, without anything a patient could be known by. */
  readonly why?: string | undefined;
  /** The policy or gate that decided whether it may be sent. */
  readonly policy: string;
  /** The basis on which it was told, and what for. */
  readonly ground?: Basis | undefined;
  readonly purpose?: Purpose | undefined;
}

/** The `issue` and `outcome` that AuditEvent shows for each fate. */
const AUDITED = {
  accepted: { outcome: '0' },
  withheld: { outcome: '4', issue: 'disclosure-denied' },
  refused: { outcome: '8', issue: 'delivery-failed' },
} as const satisfies Record<DeliveryOutcome['fate'], Pick<AuditEntry, 'outcome' | 'issue'>>;

/**
 * The commit that records how a delivery ended. A work item, for a delivery that was refused for good, is written with it.
 * Its outbox is always empty: Subscriptions are not notified of these work items, so that a dead receiver cannot feed
 * itself with them. `subject`: as of the entry's commit; undefined when it was expunged.
 */
export function outcomeCommit(ended: EndedDelivery, subject: Version | undefined, item?: Write): Commit {
  const { entry, fate, why } = ended;
  return {
    writes: item === undefined ? [] : [item],
    preconditions: [],
    expects: [],
    audit: [auditOf(ended, subject)],
    outbox: [],
    deliveryOutcomes: [{ id: entry.id, fate, ...(why !== undefined && { why }) }],
  };
}

/** A disclosure as an audit row: a read of the subject's version by the receiver's organization, made by the server. */
function auditOf(ended: EndedDelivery, subject: Version | undefined): AuditEntry {
  const { entry, fate, why, policy, ground, purpose = 'TREAT' } = ended;
  const viewers = [subject?.custodian ?? '', entry.sight.everything ? '' : entry.sight.organization];
  return {
    event: 'deliver',
    action: 'R',
    ...AUDITED[fate],
    agent: { organization: '', client: 'closeloop', subject: '' },
    ...(purpose !== 'TREAT' && { purposes: [purpose] }),
    requestId: entry.id,
    entities: [`${entry.subject}/_history/${subject?.seq ?? entry.seq}`, entry.receiver],
    // Stored texts were validated.
    patients:
      subject?.text === undefined ? [] : compartmentPatientsIn(subject.ref, parseStored(subject.text)),
    delivery: {
      entry: entry.id,
      rail: entry.rail,
      receiver: entry.receiver,
      attempts: entry.attempt,
      policy,
      ...(ground !== undefined && { basis: ground }),
      ...(why !== undefined && { why }),
    },
    viewers: [...new Set(viewers.filter((viewer): viewer is Ref => viewer !== ''))],
  };
}
