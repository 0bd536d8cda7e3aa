/**
 * Late evidence: what came after the end of an entry changes the record of its delivery, and neither the outbox nor the
 * referral (routing RL14). What reopens a failed delivery closes the work item about it.
 */
import type { Ref } from '../../fhir/types.ts';
import { SERVER_AGENT } from '../../ports/audit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import {
  DELIVERY_RECORD,
  type DeliveryEvidence,
  type DeliveryRecord,
  type NoteEvidence,
} from '../../ports/delivered.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { StoredRecord } from '../../ports/record.ts';
import { CommitRefused, type AuditEntry, type Commit, type Store, type Write } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { compartmentPatientsIn } from '../subject.ts';
import { advance, asksPerson } from './advance.ts';
import { evidenceRowOf } from './evidence-table.ts';
import { readDelivery, recordOfRow, writeRecord } from './record.ts';
import { deliveryRank, isDelivered } from './states.ts';

/** The work items about deliveries. */
export interface DeliveryItems {
  /** Asks a person about what failed, or about what is overdue. */
  readonly open: (record: DeliveryRecord, kind: 'failed' | 'unconfirmed', why: string) => Promise<Write>;
  /** Ends an item of any organization; undefined where it has ended already. */
  readonly close: (item: Ref, says: string) => Promise<Write | undefined>;
}

interface NotingParts {
  readonly store: Store;
  readonly items: DeliveryItems;
  /** Called when a delivery has come to another state. */
  readonly onState: (record: DeliveryRecord) => void;
}

/** The evidence that one record keeps; past it, only what changes the state is kept. */
const EVIDENCE_MAX = 50;
/** How often a commit is planned when others come before it. */
const TRIES_MAX = 5;

export function createNoteEvidence(parts: NotingParts): NoteEvidence {
  return async (entry, evidence, expected, dueBy) => {
    for (let tries = 1; ; tries += 1) {
      const found = await findDelivery(parts.store, entry);
      if (found === undefined || found.record.rail !== expected.rail) return 'unknown';
      if ((expected.receiver ?? found.record.receiver) !== found.record.receiver) return 'unknown';
      if (evidenceRowOf(found.record.rail, evidence.kind) === undefined) return 'unknown';
      const after = advanced(found.record, evidence, dueBy);
      if (after === undefined) return 'known';
      try {
        await parts.store.commit(await planEvidence(parts, found, after, evidence));
        if (after.state !== found.record.state) parts.onState(after);
        return 'noted';
      } catch (error) {
        if (tries === TRIES_MAX || !isOvertaken(error)) throw error;
      }
    }
  };
}

/** Another commit came first, or the store does not know what became of this one: planning again finds out. */
const isOvertaken = (error: unknown): boolean =>
  error instanceof CommitRefused && ['unexpected', 'stale', 'unsure'].includes(error.reason);

interface Found {
  readonly record: DeliveryRecord;
  readonly known: StoredRecord | undefined;
}

async function findDelivery(store: Store, entry: string): Promise<Found | undefined> {
  const known = await store.snapshot().record(DELIVERY_RECORD, entry);
  if (known !== undefined) return { record: readDelivery(known), known };
  const [row] = await store.outbox({ id: entry, count: 1 });
  return row === undefined ? undefined : { record: recordOfRow(row), known: undefined };
}

/** The record afterwards; undefined when the evidence adds nothing. */
function advanced(
  record: DeliveryRecord,
  evidence: DeliveryEvidence,
  dueBy: string | undefined,
): DeliveryRecord | undefined {
  const after = advance(record, evidence);
  if (after === record) return undefined;
  if (after.state === record.state && record.evidence.length >= EVIDENCE_MAX) return undefined;
  const isDue = dueBy !== undefined && deliveryRank(after.state) !== undefined && !isDelivered(after.state);
  return isDue ? { ...after, dueBy } : after;
}

async function planEvidence(
  { store, items }: NotingParts,
  { known, record: before }: Found,
  after: DeliveryRecord,
  evidence: DeliveryEvidence,
): Promise<Commit> {
  const { item, ...rest } = after;
  const says = evidenceRowOf(after.rail, evidence.kind)?.says ?? evidence.kind;
  const asks = asksPerson(after);
  const opened = asks !== undefined && item === undefined ? await items.open(after, asks, says) : undefined;
  const closed =
    asks === undefined && item !== undefined ? await items.close(item, `evidence came: ${says}`) : undefined;
  const kept = asks === undefined ? undefined : (opened?.ref ?? item);
  const record = { ...rest, ...(kept !== undefined && { item: kept }) };
  return auditedCommit([await auditOf(store, before, evidence, says)], {
    writes: [opened, closed].filter((write) => write !== undefined),
    records: [writeRecord(record, known)],
  });
}

/** The audit row, which the keeper of what was told sees. */
async function auditOf(
  store: Store,
  { entry, rail, receiver, attempts, subject, seq, to }: DeliveryRecord,
  { kind, source, hash }: DeliveryEvidence,
  says: string,
): Promise<AuditEntry> {
  const version = await store.snapshot(seq).read(subject, EVERYTHING);
  const from = version?.custodian ?? '';
  return {
    event: 'delivery-evidence',
    action: 'U',
    outcome: '0',
    agent: SERVER_AGENT,
    requestId: entry,
    entities: [`${subject}/_history/${version?.seq ?? seq}`],
    // Stored texts were validated.
    patients:
      version?.text === undefined ? [] : compartmentPatientsIn(version.ref, parseStored(version.text)),
    query: `${kind} ${source}`,
    delivery: {
      entry,
      rail,
      receiver,
      attempts,
      ...(from !== '' && { from }),
      ...(to !== '' && { to }),
      why: says,
    },
    ...(hash !== undefined && { bytesHash: hash }),
    viewers: from === '' ? [] : [from],
  };
}
