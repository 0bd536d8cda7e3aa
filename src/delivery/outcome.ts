/**
 * The outcome of a delivery as one commit: the state of its entry, the audit of the disclosure and, where a person must
 * act, a work item (law 16: receipt and disclosure audit are written together or not at all).
 */
import type { Ref } from '../fhir/types.ts';
import { auditedMessage } from '../messaging/audited.ts';
import { highWaterMark } from '../policies/labels/high-water.ts';
import { labelsInText } from '../policies/labels/stored-labels.ts';
import { SERVER_AGENT } from '../ports/audit.ts';
import type { DeliveryEvidence } from '../ports/delivered.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { AuditEntry, ClaimedEntry, Commit, DeliveryOutcome, Version, Write } from '../ports/store.ts';
import { parseStored, resourceOf } from '../ports/stored-resource.ts';
import type { Left, NoticeFailure } from '../ports/rail.ts';
import { typeOf } from '../resources/element.ts';
import type { GateDecision } from './gates.ts';
import { compartmentPatientsIn } from './subject.ts';

/** A work item that is opened with an outcome, and the records that say so. */
export interface OpenedItem {
  readonly write: Write;
  readonly records?: readonly RecordWrite[];
}

/** A delivery whose story has ended, with what the gates decided about it. */
export interface EndedDelivery extends Omit<GateDecision, 'permitted' | 'why'>, Left {
  readonly entry: ClaimedEntry;
  readonly fate: DeliveryOutcome['fate'];
  /** In plain words, without anything a patient could be known by. */
  readonly why?: string | undefined;
  /** What a person is asked about, where the notice of 42 CFR 2.32 could not go with it. */
  readonly item?: NoticeFailure | undefined;
  /** What the rail knows of it, and until when it waits for more. */
  readonly evidence?: readonly DeliveryEvidence[] | undefined;
  readonly dueBy?: string | undefined;
  /** Tried as often as the server tries. */
  readonly gaveUp?: boolean | undefined;
  /** What the rail must remember. */
  readonly records?: readonly RecordWrite[] | undefined;
}

/** The `issue` and `outcome` that AuditEvent shows for each fate. */
const AUDITED = {
  accepted: { outcome: '0' },
  withheld: { outcome: '4', issue: 'disclosure-denied' },
  refused: { outcome: '8', issue: 'delivery-failed' },
} as const satisfies Record<DeliveryOutcome['fate'], Pick<AuditEntry, 'outcome' | 'issue'>>;

/**
 * The commit that records how a delivery ended. A work item, for a delivery that was refused for good or withheld, is written
 * with it.
 * Its outbox is always empty: Subscriptions are not notified of these work items, so that a dead receiver cannot feed
 * itself with them. `subject`: as of the entry's commit; undefined when it was expunged.
 */
export function outcomeCommit(
  ended: EndedDelivery,
  subject: Version | undefined,
  item?: OpenedItem,
  record?: RecordWrite,
): Commit {
  const { entry, fate, why } = ended;
  const records = [
    ...(item?.records ?? []),
    ...(ended.records ?? []),
    ...(record === undefined ? [] : [record]),
  ];
  const row = auditOf(ended, subject);
  return {
    writes: item === undefined ? [] : [item.write],
    preconditions: [],
    expects: [],
    audit: [row, ...denialOf(row)],
    outbox: [],
    ...(records.length > 0 && { records }),
    deliveryOutcomes: [{ id: entry.id, fate, ...(why !== undefined && { why }) }],
  };
}

/**
 * A disclosure as an audit row: a read of the subject's version by the receiver's organization, made by the server. What was
 * withheld is its keeper's affair alone: the row would tell the other that there is something (compliance L6).
 */
function auditOf(ended: EndedDelivery, subject: Version | undefined): AuditEntry {
  const { entry, fate, why, policy, purpose = 'TREAT' } = ended;
  const from = subject?.custodian ?? '';
  const told = resourceOf(subject);
  const to = entry.sight.everything ? '' : entry.sight.organization;
  const viewers = fate === 'withheld' && from !== '' ? [from] : [from, to];
  return {
    event: 'deliver',
    action: 'R',
    ...AUDITED[fate],
    ...(fate === 'withheld' && refusedAs(ended)),
    agent: SERVER_AGENT,
    ...(purpose !== 'TREAT' && { purposes: [purpose] }),
    requestId: entry.id,
    entities: [`${entry.subject}/_history/${subject?.seq ?? entry.seq}`, entry.receiver],
    // Stored texts were validated.
    patients: told === undefined ? [] : compartmentPatientsIn(entry.subject, told),
    delivery: {
      entry: entry.id,
      rail: entry.rail,
      receiver: entry.receiver,
      attempts: entry.attempt,
      policy,
      ...(from !== '' && { from }),
      ...(to !== '' && { to }),
      ...(why !== undefined && { why }),
    },
    ...decidedOn(ended),
    ...labelOf(subject),
    ...messageOf(subject, to),
    viewers: [...new Set(viewers.filter((viewer): viewer is Ref => viewer !== ''))],
  };
}

/** The row of an attempt that reached its receiver, who did not take it: it is sent again. */
export const attemptRow = (ended: EndedDelivery, subject: Version | undefined): AuditEntry => ({
  ...auditOf(ended, subject),
  event: 'deliver-attempt',
});

/** A delivery that an agreement stopped says so. */
const refusedAs = ({ item, refused }: EndedDelivery): Pick<AuditEntry, 'issue'> =>
  item === 'malware'
    ? { issue: 'attachment-infected' }
    : refused?.code === 'agreement-not-active'
      ? { issue: refused.code }
      : {};

/** On what it was decided, and what left (compliance V1). */
function decidedOn({ fate, basis, deciding = [], exception, notice, ...left }: EndedDelivery) {
  const { bytesHash, fileHashes = [], bytes } = left;
  return {
    ...(basis !== undefined && { basis }),
    ...(deciding.length > 0 && { deciding }),
    ...(exception !== undefined && fate !== 'accepted' && { exception }),
    ...(notice !== undefined && fate === 'accepted' && { notice }),
    ...(bytesHash !== undefined && { bytesHash }),
    ...(fileHashes.length > 0 && { fileHashes }),
    ...(bytes !== undefined && { bytes }),
  };
}

/** Of a message that was told: what it holds, and under which agreement it was sent (baa-messaging MS50). */
function messageOf(subject: Version | undefined, to: Ref | ''): Pick<AuditEntry, 'message'> {
  if (subject?.text === undefined || typeOf(subject.ref) !== 'Communication') return {};
  const message = auditedMessage(parseStored(subject.text), to === '' ? undefined : to);
  return message === undefined ? {} : { message };
}

/** The confidentiality of what was told, and no other of its labels. */
function labelOf(subject: Version | undefined): Pick<AuditEntry, 'labels'> {
  const code = subject?.text === undefined ? undefined : highWaterMark(labelsInText(subject.text))?.code;
  return code === undefined ? {} : { labels: code };
}

/**
 * A disclosure that a Consent or an agreement stopped, as a decision of its own beside what became of the delivery
 * (compliance V4).
 */
function denialOf(row: AuditEntry): readonly AuditEntry[] {
  if (row.outcome !== '4' || row.deciding === undefined) return [];
  const { delivery: _delivery, ...rest } = row;
  return [{ ...rest, event: 'gate-denied', action: 'E' }];
}
