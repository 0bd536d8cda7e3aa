/**
 * The weekly activity review (audit-compliance AU60): a work item for each member with what of the week is to be looked at;
 * a week without findings says so. One a week and member, by a record of the same commit.
 */
import type { Ref } from '../../fhir/types.ts';
import { createActivityReview, FINDINGS } from '../../policies/activity-findings.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { jobEntry, type AuditRow } from '../../ports/audit.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { STANDING_SYSTEM } from '../../resources/parties/standing.ts';
import { scanAudit } from '../audit/scan.ts';
import type { OperationContext } from '../context.ts';
import { planWorkItem, type WorkItem } from '../work-item.ts';
import { buildWrite } from '../write/commit.ts';

type Parts = Pick<OperationContext, 'store' | 'clock' | 'newId' | 'committed'>;

const DAY_MS = 24 * 60 * 60_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;
/** A review is due two weeks after its week. */
const DUE_MS = 2 * WEEK_MS;
const MEMBERS_AT_ONCE = 500;
/** Findings of one page that are named. */
const FINDINGS_MAX = 200;
const KIND = 'activity-review';

/** Writes the reviews of the last whole week (Monday to Sunday, UTC) that are not there. */
export async function reviewActivity(parts: Parts, signal: AbortSignal): Promise<void> {
  const now = parts.clock.now();
  const start = Math.floor((now - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS - WEEK_MS;
  const snapshot = parts.store.snapshot();
  for await (const organization of membersOf(snapshot)) {
    if (signal.aborted) return;
    const key = `${organization} ${new Date(start).toISOString().slice(0, 10)}`;
    if ((await snapshot.record(KIND, key)) !== undefined) continue;
    await writeReview(parts, snapshot, { organization, key, start }, signal);
  }
}

async function* membersOf(snapshot: Snapshot): AsyncGenerator<Ref> {
  for (let offset = 0; ; offset += MEMBERS_AT_ONCE) {
    const query: Query = {
      type: 'Organization',
      where: { kind: 'token', param: '_tag', code: 'member', system: STANDING_SYSTEM },
      sort: [{ param: '_id', descending: false }],
      sight: EVERYTHING,
      count: MEMBERS_AT_ONCE,
      offset,
      total: false,
    };
    const { matches, more } = await snapshot.search(query);
    for (const { ref } of matches) yield ref;
    if (!more) return;
  }
}

interface Week {
  readonly organization: Ref;
  /** Of the record. */
  readonly key: string;
  readonly start: number;
}

async function writeReview(
  { store, clock, newId, committed }: Parts,
  snapshot: Snapshot,
  { organization, key, start }: Week,
  signal: AbortSignal,
): Promise<void> {
  const review = createActivityReview();
  const scan = { viewer: organization, from: start, to: start + WEEK_MS - 1 };
  for await (const row of scanAudit(snapshot, scan, signal)) review.take(activityOf(row, organization));
  const { rows, findings } = review.findings();
  const end = start + WEEK_MS;
  const days = `${dayOf(start)} to ${dayOf(end - DAY_MS)}`;
  const item: WorkItem = {
    kind: 'activity-review',
    says:
      findings.length === 0
        ? `Activity of ${days}: ${rows} events, nothing stands out. Sign it with $review.`
        : `Activity of ${days}: ${rows} events, ${findings.length} findings. Look at each and sign with $review.`,
    focus: organization,
    authoredOn: new Date(clock.now()).toISOString(),
    owner: organization,
    due: new Date(end + DUE_MS).toISOString(),
    input: findings.slice(0, FINDINGS_MAX).map(({ kind, who, count }) => ({
      type: { text: kind },
      valueString: `${FINDINGS[kind]}: ${who === '' ? 'the server' : who}, ${count}`,
    })),
  };
  const planned = planWorkItem(newId(), item);
  const commit = auditedCommit(
    [
      jobEntry('reviews', {
        entities: [`${planned.ref}/_history/0`],
        query: 'job activity-review',
        origin: 'server',
        viewers: [organization],
      }),
    ],
    {
      writes: [buildWrite(planned)],
      records: [{ kind: KIND, key, expect: 'absent', body: { task: planned.ref } }],
    },
  );
  await store.commit(commit);
  committed([planned.ref]);
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

function activityOf({ entry }: AuditRow, organization: Ref) {
  const { event, outcome, issue, query, agent, patients } = entry;
  const own = agent.organization === organization;
  return {
    event,
    outcome,
    issue,
    query,
    who: agent.user ?? agent.client,
    own,
    organization: agent.organization,
    patients,
  };
}
