/**
 * What an organization keeps back on no ground of law is looked at by a person (compliance I3): one work item for each
 * counterparty and week, however often something is kept back.
 */
import type { OpenedItem } from '../delivery/outcome.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { auditedCommit } from '../ports/commit.ts';
import { CommitRefused, type AuditEntry, type Snapshot } from '../ports/store.ts';
import { recordAlways } from './audit/record.ts';
import type { OperationContext } from './context.ts';
import { planWorkItem } from './work-item.ts';
import { buildWrite } from './write/commit.ts';

/** A record, by discloser, counterparty and week: a person was asked. */
const DENIAL_REVIEW = 'denial-review';

interface Review {
  /** Whose person looks at it: the organization that keeps it back. */
  readonly owner: Ref;
  /** The organization that is not told. */
  readonly counterparty: Ref;
  /** What was kept back, as far as it is stored; else the counterparty. */
  readonly focus: Ref;
}

const DAY_MS = 86_400_000;
/** The first day of 1970 was a Thursday. */
const MONDAY_OFFSET = 3;

/** The Monday of an instant's week, in UTC. */
const weekOf = (at: number): string => {
  const day = Math.floor(at / DAY_MS);
  const monday = day - ((day + MONDAY_OFFSET) % 7);
  return new Date(monday * DAY_MS).toISOString().slice(0, 10);
};

/**
 * Audits a refusal; where it keeps something back on no ground of law, with the work item of the week in the same commit.
 * An item that another request opens meanwhile is as good.
 */
export async function recordRefusal(
  context: OperationContext,
  entry: AuditEntry,
  error: unknown,
): Promise<void> {
  const item = await reviewOf(context, error);
  if (item === undefined) return recordAlways(context, entry);
  try {
    await context.store.commit(
      auditedCommit([entry], {
        writes: [item.write],
        ...(item.records !== undefined && { records: item.records }),
      }),
    );
  } catch (fault) {
    if (!(fault instanceof CommitRefused)) throw fault;
    await recordAlways(context, entry);
  }
}

async function reviewOf(context: OperationContext, error: unknown): Promise<OpenedItem | undefined> {
  const issues = error instanceof OperationOutcomeError ? error.issues : [];
  const kept = issues.find(({ keptFrom }) => keptFrom !== undefined)?.keptFrom;
  if (kept === undefined) return undefined;
  return openReview(context, context.store.snapshot(), { ...kept, focus: kept.counterparty });
}

/** The work item of this week; undefined where it was opened. */
export async function openReview(
  { clock, newId }: Pick<OperationContext, 'clock' | 'newId'>,
  now: Pick<Snapshot, 'record'>,
  { owner, counterparty, focus }: Review,
): Promise<OpenedItem | undefined> {
  const at = clock.now();
  const week = weekOf(at);
  const key = `${owner} ${counterparty} ${week}`;
  if ((await now.record(DENIAL_REVIEW, key)) !== undefined) return undefined;
  const planned = planWorkItem(newId(), {
    kind: 'denial-review',
    says: `In the week of ${week} something was not told ${counterparty} on no ground of law (45 CFR 171): decide whether the rule that denies it is to stay.`,
    focus,
    authoredOn: new Date(at).toISOString(),
    owner,
  });
  return {
    write: buildWrite(planned),
    records: [{ kind: DENIAL_REVIEW, key, expect: 'absent', body: { item: planned.ref } }],
  };
}
