/**
 * The record of a delivery. It is written in the commit that ends its entry, where the rail brings evidence or where the
 * server gives up what should have reached a party; of anything else the outbox and the audit say the same (ADR 0032).
 */
import {
  DELIVERY_RECORD,
  type DeliveryEvidence,
  type DeliveryRecord,
  type WayNotTaken,
} from '../../ports/delivered.ts';
import type { RecordWrite, StoredRecord } from '../../ports/record.ts';
import type { ClaimedEntry, DeliveryOutcome, OutboxRow, Snapshot } from '../../ports/store.ts';
import { typeOf } from '../../resources/element.ts';
import { advance, stateBy } from './advance.ts';
import { acceptedBy } from './evidence-table.ts';
import { isDelivered, deliveryRank } from './states.ts';

/** A delivery of which nothing is known yet. */
export const recordOfEntry = ({
  id,
  rail,
  receiver,
  orderingKey,
  subject,
  event,
  seq,
  at,
  attempt,
  sight,
}: ClaimedEntry): DeliveryRecord => ({
  entry: id,
  rail,
  receiver,
  to: sight.everything ? '' : sight.organization,
  task: orderingKey,
  subject,
  event,
  seq,
  committedAt: at,
  attempts: attempt,
  state: 'queued',
  evidence: [],
});

/** What ended, with what its rail knows of it. */
interface Settled {
  readonly entry: ClaimedEntry;
  readonly fate: DeliveryOutcome['fate'];
  readonly why?: string | undefined;
  readonly evidence?: readonly DeliveryEvidence[] | undefined;
  readonly dueBy?: string | undefined;
  /** Tried as often as the server tries, without an answer that ends it. */
  readonly gaveUp?: boolean | undefined;
  readonly notTaken?: readonly WayNotTaken[];
}

/** The delivery as its end leaves it, and what was on record before: evidence may come before the receipt of its sending. */
export interface SettledRecord {
  readonly record: DeliveryRecord;
  readonly known: StoredRecord | undefined;
}

/** The record of what ended at this instant; undefined where none is kept. */
export async function settleRecord(
  now: Pick<Snapshot, 'record'>,
  settled: Settled,
  at: string,
): Promise<SettledRecord | undefined> {
  const { entry, fate, why, evidence = [], dueBy, notTaken = [] } = settled;
  if (evidence.length === 0 && typeOf(entry.receiver) === 'Subscription') return undefined;
  const known = await now.record(DELIVERY_RECORD, entry.id);
  const isSaidElsewhere = evidence.length === 0 && fate !== 'refused' && notTaken.length === 0;
  if (known === undefined && isSaidElsewhere) return undefined;
  const before = known === undefined ? recordOfEntry(entry) : readDelivery(known);
  const all = [...evidence, ...endOf(settled, at)];
  const after = all.reduce(advance, { ...before, attempts: entry.attempt });
  const isDue = dueBy !== undefined && !isDelivered(after.state) && deliveryRank(after.state) !== undefined;
  return {
    known,
    record: {
      ...after,
      ...(isDue && { dueBy }),
      ...(notTaken.length > 0 && { notTaken }),
      ...(fate !== 'accepted' && why !== undefined && { why }),
    },
  };
}

/** What the end of an entry shows by itself, beside what its rail says. */
function endOf(
  { entry: { id, rail }, fate, evidence = [], gaveUp, notTaken }: Settled,
  at: string,
): readonly DeliveryEvidence[] {
  const source = `entry ${id}`;
  // The outbox names the way that was not taken.
  if (fate === 'accepted' && evidence.length === 0 && notTaken !== undefined)
    return [{ kind: acceptedBy(rail, true), at, source }];
  if (fate === 'withheld') return [{ kind: 'withheld', at, source }];
  if (fate === 'refused' && evidence.length === 0)
    return [{ kind: gaveUp === true ? 'given-up' : 'refused', at, source }];
  return [];
}

/** The delivery as the outbox has it. `hasContent`: whether something but a notice of it was sent. */
export function recordOfRow(row: OutboxRow, hasContent = true): DeliveryRecord {
  const { state, why, due, id, rail } = row;
  const record = recordOfEntry(row);
  if (state === 'waiting' || state === 'leased') return record;
  const at = new Date(due).toISOString();
  const kind = state === 'accepted' ? acceptedBy(rail, hasContent) : state;
  const settled = advance(record, { kind, at, source: `entry ${id}` });
  return state === 'accepted' ? settled : { ...settled, why };
}

/** The state of a delivery that ended without a record. */
export const stateOfEnd = ({ rail }: ClaimedEntry, fate: DeliveryOutcome['fate'], hasContent: boolean) =>
  stateBy(rail, [{ kind: fate === 'accepted' ? acceptedBy(rail, hasContent) : fate, at: '', source: '' }]);

export const writeRecord = (record: DeliveryRecord, known: StoredRecord | undefined): RecordWrite => ({
  kind: DELIVERY_RECORD,
  key: record.entry,
  expect: known?.version ?? 'absent',
  body: record,
  index: [['task', record.task]],
});

export const readDelivery = ({ body }: StoredRecord): DeliveryRecord => body as DeliveryRecord; // writeRecord's
