/** Reviews that nobody ended in time are escalated: they become urgent, which whoever subscribes to work items is told. */
import { jobEntry } from '../../ports/audit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { valuesAt } from '../../resources/element.ts';
import type { OperationContext } from '../context.ts';
import { isReview } from '../work-item.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';
import { buildWrite } from '../write/commit.ts';
import { planStored } from '../write/draft.ts';

type Parts = Pick<OperationContext, 'store' | 'clock' | 'selectRecipients' | 'committed'>;

const AT_ONCE = 200;

/** Escalates what is overdue, once. */
export async function escalateReviews(parts: Parts, signal: AbortSignal): Promise<void> {
  const { store, clock } = parts;
  const now = clock.now();
  const snapshot = store.snapshot();
  for (const code of ['break-glass-review', 'activity-review']) {
    const query: Query = {
      type: 'Task',
      where: {
        kind: 'all',
        of: [
          { kind: 'token', param: 'code', code, system: WORK_ITEM_SYSTEM },
          { kind: 'token', param: 'status', code: 'requested' },
          { kind: 'not', clause: { kind: 'token', param: 'priority', code: 'stat' } },
        ],
      },
      sort: [{ param: '_lastUpdated', descending: false }],
      sight: EVERYTHING,
      count: AT_ONCE,
      offset: 0,
      total: false,
    };
    const { matches } = await snapshot.search(query);
    for (const match of matches) {
      if (signal.aborted) return;
      const task = parseStored(match.text);
      const [due] = valuesAt(task, 'restriction.period.end');
      if (!isReview(task) || typeof due !== 'string' || Date.parse(due) > now) continue;
      await escalate(parts, match);
    }
  }
}

async function escalate(
  { store, clock, selectRecipients, committed }: Parts,
  version: Parameters<typeof planStored>[0],
): Promise<void> {
  const now = clock.now();
  const planned = planStored(version, (tree) => ({
    ...tree,
    priority: 'stat',
    lastModified: new Date(now).toISOString(),
    businessStatus: { text: 'overdue' },
  }));
  const { ref, custodian } = planned;
  const commit = auditedCommit(
    [
      jobEntry('reviews', {
        entities: [`${ref}/_history/0`],
        query: 'job reviews: overdue',
        origin: 'server',
        viewers: custodian === '' ? [] : [custodian],
      }),
    ],
    { writes: [buildWrite(planned)], outbox: await selectRecipients([planned], [], now) },
  );
  await store.commit(commit);
  committed([ref]);
}
