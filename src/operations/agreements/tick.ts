/**
 * Looks at what the clock brings to agreements (baa-messaging BA9, BT07, BT10, BT11): puts a state that has changed on
 * record, and reminds the principal before an end or a review. No gate waits for it: the state is computed at each question
 * (BA5). What was put on record, and the record that it was, are one commit, so that neither a second server nor a clock that
 * jumps does it twice.
 */
import { agreementEventOf, associateOf, isAgreement, principalOf } from '../../agreements/contract.ts';
import { clockMoves, dueOf, remindersDue, type AgreementDue, type ClockMove } from '../../agreements/due.ts';
import { serverWritten } from '../../agreements/server-written.ts';
import { standingOfAgreement, type AgreementState } from '../../agreements/state.ts';
import { AGREEMENT_TRANSITIONS } from '../../agreements/transitions.ts';
import { readAgreement, storedContracts } from '../../delivery/agreements.ts';
import { formatInstant } from '../../fhir/datetime.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { jobEntry } from '../../ports/audit.ts';
import { auditedCommit, wasForestalled } from '../../ports/commit.ts';
import { EVERYTHING, type Match, type Query } from '../../ports/query.ts';
import type { RecordWrite, StoredRecord } from '../../ports/record.ts';
import type { AuditEntry, Snapshot } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { OperationContext } from '../context.ts';
import { planWorkItem } from '../work-item.ts';
import { buildWrite } from '../write/commit.ts';
import { planStored, type Planned } from '../write/draft.ts';
import { planEnded } from './ended.ts';

type Parts = Pick<OperationContext, 'store' | 'clock' | 'newId' | 'selectRecipients' | 'committed'>;

const AT_ONCE = 200;

/** Statuses of an agreement that the clock moves on. */
const WATCHED = ['executed', 'amended', 'appended', 'resolved', 'disputed', 'revoked'] as const;

/** What was put on record of an agreement. */
interface Seen {
  readonly state: AgreementState;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The end or review of which the principal was reminded, and the days ahead. */
  readonly due?: number;
  readonly told: readonly number[];
}

const SEEN = 'agreement-seen';

/** One look at every agreement that both have signed. */
export async function tickAgreements(parts: Parts, signal: AbortSignal): Promise<void> {
  const snapshot = parts.store.snapshot();
  for (let offset = 0; ; offset += AT_ONCE) {
    const { matches, more } = await snapshot.search(watched(offset), signal);
    for (const match of matches) {
      if (signal.aborted) return;
      await look(parts, snapshot, match);
    }
    if (!more) return;
  }
}

const watched = (offset: number): Query => ({
  type: 'Contract',
  where: { kind: 'any', of: WATCHED.map((code) => ({ kind: 'token', param: 'status', code })) },
  sort: [{ param: '_id', descending: false }],
  sight: EVERYTHING,
  count: AT_ONCE,
  offset,
  total: false,
});

async function look(parts: Parts, snapshot: Snapshot, match: Match): Promise<void> {
  const contract = parseStored(match.text);
  if (!isAgreement(contract)) return;
  const now = parts.clock.now();
  const record = await snapshot.record(SEEN, match.ref);
  const seen = record?.body as Seen | undefined; // this job alone writes this kind
  const moves = clockMoves(contract, stateBefore(contract, seen), now);
  const due = contract['status'] === 'revoked' ? undefined : dueOf(contract);
  const told = seen !== undefined && seen.due === due?.at ? seen.told : [];
  const reminders =
    due === undefined ? [] : remindersDue(contract, now).filter((days) => !told.includes(days));
  if (moves.length === 0 && reminders.length === 0) return;
  const next: Seen = {
    state: standingOfAgreement(contract, now).state,
    at: now,
    ...(due !== undefined && { due: due.at }),
    told: [...told, ...reminders],
  };
  const planned: Planned[] = [
    ...(due === undefined ? [] : reminders.map((days) => reminder(parts, match, contract, due, days))),
    ...(await planMoves(parts, snapshot, match, contract, moves)),
  ];
  await commitLook(parts, match, moves, planned, recordOf(match.ref, record, next));
}

/** The state as it was last on record: by this job, or by the move that came after. */
function stateBefore(contract: Resource, seen: Seen | undefined): AgreementState {
  const moved = agreementEventOf(contract)?.at;
  if (seen !== undefined && (moved === undefined || moved <= seen.at)) return seen.state;
  return standingOfAgreement(contract, moved ?? Date.parse(contract.meta?.lastUpdated ?? '')).state;
}

const recordOf = (ref: Ref, record: StoredRecord | undefined, body: Seen): RecordWrite => ({
  kind: SEEN,
  key: ref,
  expect: record?.version ?? 'absent',
  body,
});

// — reminders

function reminder(
  { clock, newId }: Parts,
  { ref }: Match,
  contract: Resource,
  due: AgreementDue,
  days: number,
): Planned {
  const day = formatInstant(due.what === 'end' ? due.at - 1 : due.at).slice(0, 10);
  const what = due.what === 'end' ? `ends on ${day}` : `is to be reviewed by ${day}`;
  return planWorkItem(newId(), {
    kind: 'agreement-notice',
    says: `The agreement with ${associateOf(contract) ?? 'its associate'} ${what}: ${days} days ahead. ${due.what === 'end' ? 'Renew it in time, or let it end.' : 'Review it, and write the next day of review.'}`,
    focus: ref,
    authoredOn: formatInstant(clock.now()),
    owner: principalOf(contract) ?? '',
    due: formatInstant(due.at),
  });
}

// — moves of the clock

/** The end is written for the record; where no other agreement of the two is in force, what was told is asked back. */
async function planMoves(
  { clock, newId }: Parts,
  snapshot: Snapshot,
  match: Match,
  contract: Resource,
  moves: readonly ClockMove[],
): Promise<readonly Planned[]> {
  const end = moves.find(({ tid }) => tid === 'BT10');
  const row = AGREEMENT_TRANSITIONS.find(({ tid }) => tid === end?.tid);
  if (end === undefined || row === undefined) return [];
  const now = clock.now();
  const write = serverWritten({
    before: contract,
    side: undefined,
    now,
    user: undefined,
    row,
    from: end.from,
  });
  const terminated = planStored(match, (tree) => write({ ...tree, status: 'terminated' }));
  const parties = await snapshot.parties(match.ref);
  const [principal, associate] = [principalOf(contract), associateOf(contract)];
  const isCovered =
    principal !== undefined &&
    associate !== undefined &&
    (await readAgreement(storedContracts(snapshot), principal, associate, now)).state === 'active';
  const item = isCovered
    ? undefined
    : await planEnded(snapshot, {
        ref: match.ref,
        agreement: contract,
        why: 'expired',
        at: formatInstant(now),
        newId,
      });
  return [{ ...terminated, parties }, ...(item === undefined ? [] : [item])];
}

// — one commit

async function commitLook(
  { store, clock, selectRecipients, committed }: Parts,
  watchedMatch: Match,
  moves: readonly ClockMove[],
  planned: readonly Planned[],
  record: RecordWrite,
): Promise<void> {
  const { ref, seq } = watchedMatch;
  const contract = planned.find((one) => one.ref === ref);
  const commit = auditedCommit(
    [
      ...moves.map((move) => moveRow(watchedMatch, move, contract === undefined ? seq : 0)),
      ...planned.filter((one) => one !== contract).map(itemRow),
    ],
    {
      writes: planned.map(buildWrite),
      ...(contract === undefined && { preconditions: [{ ref, version: seq }] }),
      records: [record],
      outbox: await selectRecipients(planned, [], clock.now()),
    },
  );
  try {
    await store.commit(commit);
    committed(planned.map((one) => one.ref));
  } catch (error) {
    // Somebody wrote the agreement meanwhile, or another server was first: the next look sees what there is then.
    if (!wasForestalled(error)) throw error;
  }
}

/** What the clock did is on record for both parties. */
function moveRow({ ref, text }: Match, { tid, from, to }: ClockMove, seq: number): AuditEntry {
  const contract = parseStored(text);
  const { event } = AGREEMENT_TRANSITIONS.find((row) => row.tid === tid) ?? { event: '' };
  return {
    ...jobEntry('agreements'),
    event: 'agreement-move',
    entities: [`${ref}/_history/${seq}`],
    transition: { tid, event, from, to },
    viewers: [principalOf(contract), associateOf(contract)].filter((party) => party !== undefined),
  };
}

const itemRow = ({ ref, custodian }: Planned): AuditEntry =>
  jobEntry('agreements', {
    entities: [`${ref}/_history/0`],
    origin: 'server',
    viewers: custodian === '' ? [] : [custodian],
  });
