/**
 * The outcome of a delivery as one commit: the state of its entry, the audit of the disclosure and, where a person must
 * act, a work item (law 16: receipt and disclosure audit are written together or not at all).
 */
import { EVERYTHING } from '../ports/query.ts';
import type { Ref } from '../fhir/types.ts';
import type {
  AuditEntry,
  ClaimedEntry,
  Commit,
  DeliveryOutcome,
  Snapshot,
  Version,
  Write,
} from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { patientsIn } from './subject.ts';

/** A delivery whose story has ended. */
export interface EndedDelivery {
  readonly entry: ClaimedEntry;
  readonly fate: DeliveryOutcome['fate'];
  /** In plain words, without anything a patient could be known by. */
  readonly why?: string | undefined;
  /** The policy or gate that decided whether it may be sent. */
  readonly policy: string;
}

/** Makes the commit that records how a delivery ended. Its outbox is always empty: an outcome tells nobody. */
export type BuildOutcomeCommit = (outcome: EndedDelivery) => Promise<Commit>;

interface OutcomeParts {
  /** Everything as it was at an entry's commit. */
  readonly asOf: (seq: number) => Snapshot;
  /** The write of a Task that asks a person of the responsible organization to act. */
  readonly workItem: (entry: ClaimedEntry, why: string) => Promise<Write>;
}

/** The `issue` and `outcome` that AuditEvent shows for each fate. */
const AUDITED = {
  accepted: { outcome: '0' },
  withheld: { outcome: '4', issue: 'disclosure-denied' },
  refused: { outcome: '8', issue: 'delivery-failed' },
} as const satisfies Record<DeliveryOutcome['fate'], Pick<AuditEntry, 'outcome' | 'issue'>>;

/**
 * A delivery that is refused for good opens a work item in the same commit. Subscriptions are not notified of the work
 * items of failed deliveries, so that a dead receiver cannot feed itself with them.
 */
export function createOutcomeCommitBuilder({ asOf, workItem }: OutcomeParts): BuildOutcomeCommit {
  return async (outcome) => {
    const { entry, fate, why } = outcome;
    const subject = await asOf(entry.seq).read(entry.subject, EVERYTHING);
    const writes = fate === 'refused' ? [await workItem(entry, why ?? 'refused')] : [];
    return {
      writes,
      preconditions: [],
      expects: [],
      audit: [buildDisclosure(outcome, subject)],
      outbox: [],
      deliveryOutcomes: [{ id: entry.id, fate, ...(why !== undefined && { why }) }],
    };
  };
}

/** A disclosure as an audit row: a read of the subject's version by the receiver's organization, made by the server. */
function buildDisclosure(
  { entry, fate, why, policy }: EndedDelivery,
  subject: Version | undefined,
): AuditEntry {
  const viewers = [subject?.custodian ?? '', entry.sight.everything ? '' : entry.sight.organization];
  return {
    event: 'deliver',
    action: 'R',
    ...AUDITED[fate],
    agent: { organization: '', client: 'closeloop', subject: '' },
    requestId: entry.id,
    entities: [`${entry.subject}/_history/${subject?.seq ?? entry.seq}`, entry.receiver],
    // Stored texts were validated.
    patients: subject?.text === undefined ? [] : patientsIn(subject.ref, parseStored(subject.text)),
    delivery: {
      entry: entry.id,
      rail: entry.rail,
      receiver: entry.receiver,
      attempts: entry.attempt,
      policy,
      ...(why !== undefined && { why }),
    },
    viewers: [...new Set(viewers.filter((viewer): viewer is Ref => viewer !== ''))],
  };
}
