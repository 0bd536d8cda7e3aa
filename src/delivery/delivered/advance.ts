/**
 * The state machine of "Delivered?" (routing RL11): a delivery has the highest rank for which there is evidence, so that
 * late, repeated and reordered evidence ends alike.
 */
import type { DeliveryEvidence, DeliveryRecord, DeliveryState } from '../../ports/delivered.ts';
import { evidenceRowOf, type EvidenceRow } from './evidence-table.ts';
import { ENDS, RANKED, deliveryRank } from './states.ts';

/**
 * The record with one more piece of evidence. Evidence that is on record already changes nothing, nor does any that the
 * rail cannot have (RL12).
 */
export function advance(record: DeliveryRecord, evidence: DeliveryEvidence): DeliveryRecord {
  const row = evidenceRowOf(record.rail, evidence.kind);
  if (row === undefined) return record;
  const same = record.evidence.find((one) => isSame(one, evidence));
  // Of two identical pieces, the one that came first.
  if (same !== undefined && same.at <= evidence.at) return record;
  const kept = [...record.evidence.filter((one) => one !== same), evidence].toSorted(inOrder);
  const { dueBy: _dueBy, ...rest } = record;
  const state = stateBy(record.rail, kept);
  const stillDue = state === record.state && !('asks' in row) && record.dueBy !== undefined;
  return { ...rest, evidence: kept, state, ...(stillDue && { dueBy: record.dueBy }) };
}

/** The state that a set of evidence shows, in whichever order it came. */
export function stateBy(rail: string, evidence: readonly DeliveryEvidence[]): DeliveryState {
  const rows = evidence.map(({ kind }) => evidenceRowOf(rail, kind)).filter((row) => row !== undefined);
  const rank = Math.max(0, ...rows.map((row) => ('rank' in row ? (deliveryRank(row.rank) ?? 0) : 0)));
  const holding = new Set(rows.filter((row) => holds(row, rank)).map((row) => row.end));
  return ENDS.find((end) => holding.has(end)) ?? RANKED[rank] ?? 'queued';
}

/** The piece of evidence by which a delivery ended; undefined while it has not. */
export const endingOf = ({ rail, state, evidence }: DeliveryRecord): DeliveryEvidence | undefined =>
  evidence.find(({ kind }) => {
    const row = evidenceRowOf(rail, kind);
    return row !== undefined && 'end' in row && row.end === state;
  });

/**
 * Whether a person is to be asked: it failed; or what was due did not come and has not come since; or the other side says
 * that it failed after it had said that all was received, and nobody there has looked at it yet (direct-xdm 6).
 */
export function asksPerson(record: DeliveryRecord): 'failed' | 'unconfirmed' | undefined {
  const { rail, state, evidence } = record;
  if (state === 'failed') return 'failed';
  const isOverdue = evidence.some(({ kind }) => {
    const row = evidenceRowOf(rail, kind);
    return row !== undefined && 'asks' in row;
  });
  const waits = isOverdue && (deliveryRank(state) ?? RECEIVED) < RECEIVED;
  return waits || isTakenBack(record) ? 'unconfirmed' : undefined;
}

/** Whether the other side reported a failure later than that it received all of it. */
function isTakenBack({ rail, state, evidence }: DeliveryRecord): boolean {
  if (state !== 'received') return false;
  const newest = (says: (row: EvidenceRow) => boolean): string =>
    evidence.findLast(({ kind }) => says(evidenceRowOf(rail, kind) ?? NOTHING))?.at ?? '';
  return (
    newest((row) => 'end' in row && row.end === 'failed' && row.until === 'received') >
    newest((row) => 'rank' in row && row.rank === 'received')
  );
}

const NOTHING: EvidenceRow = { asks: true, says: '', by: 'machine' };

const RECEIVED = RANKED.indexOf('received');

type EndingRow = Extract<EvidenceRow, { readonly end: unknown }>;

const holds = (row: EvidenceRow, rank: number): row is EndingRow =>
  'end' in row && rank < (deliveryRank(row.until) ?? 0);

const isSame = (a: DeliveryEvidence, b: DeliveryEvidence): boolean =>
  a.kind === b.kind && a.source === b.source && a.hash === b.hash;

const inOrder = (a: DeliveryEvidence, b: DeliveryEvidence): number => compare(keyOf(a), keyOf(b));

const keyOf = ({ at, kind, source, hash = '' }: DeliveryEvidence): string =>
  [at, kind, source, hash].join('\n');

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
