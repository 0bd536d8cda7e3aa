/**
 * Reminds of the clocks of incidents (baa-messaging VR7): 30, 10 and 3 days before one ends, whoever keeps the incident is
 * asked once. What was asked, and the record that it was, are one commit.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { reminderDue, TOLD_PARTIES } from '../../policies/breach-clocks.ts';
import { jobEntry } from '../../ports/audit.ts';
import { auditedCommit, wasForestalled } from '../../ports/commit.ts';
import { EVERYTHING, type Clause, type Match, type Query } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';
import type { OperationContext } from '../context.ts';
import { planWorkItem, type WorkItemKind } from '../work-item.ts';
import { buildWrite } from '../write/commit.ts';
import { clockType, runningClocks, type StoredClock } from './shape.ts';

type Parts = Pick<OperationContext, 'store' | 'clock' | 'newId' | 'selectRecipients' | 'committed'>;

const KIND = 'incident-clock';
const AT_ONCE = 200;
/** For so long after the end of a clock it is known that it was asked. */
const KNOWN_MS = 366 * 86_400_000;

/** Items of a kind that are not closed; `more`: what else is asked of them. */
const openItems = (kind: WorkItemKind, offset: number, ...more: readonly Clause[]): Query => ({
  type: 'Task',
  where: {
    kind: 'all',
    of: [
      { kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: kind },
      ...['completed', 'cancelled'].map(
        (code) => ({ kind: 'not', clause: { kind: 'token', param: 'status', code } }) as const,
      ),
      ...more,
    ],
  },
  sort: [{ param: '_id', descending: false }],
  sight: EVERYTHING,
  count: AT_ONCE,
  offset,
  total: false,
});

/** The open reminders of an incident. */
export async function remindersOf(
  snapshot: Snapshot,
  incident: Ref,
): Promise<readonly { readonly ref: Ref; readonly item: Resource }[]> {
  const { matches } = await snapshot.search(
    openItems(KIND, 0, { kind: 'reference', param: 'focus', to: [incident] }),
  );
  return matches.map(({ ref, text }) => ({ ref, item: parseStored(text) }));
}

/** One look at every incident that is open. */
export async function remindOfIncidents(parts: Parts, signal: AbortSignal): Promise<void> {
  const snapshot = parts.store.snapshot();
  for (let offset = 0; ; offset += AT_ONCE) {
    const { matches, more } = await snapshot.search(openItems('incident', offset), signal);
    for (const match of matches)
      for (const clock of runningClocks(parseStored(match.text))) {
        if (signal.aborted) return;
        await remind(parts, snapshot, match, clock);
      }
    if (!more) return;
  }
}

/** Asks unless it was asked, also by another server at the same moment. */
async function remind(
  parts: Parts,
  snapshot: Snapshot,
  match: Match,
  { tells, by }: StoredClock,
): Promise<void> {
  const { store, clock, newId, selectRecipients, committed } = parts;
  const now = clock.now();
  const days = reminderDue(by, now);
  if (days === undefined) return;
  const { ref, seq, custodian } = match;
  const key = `${ref} ${tells} ${by} ${days}`;
  if ((await snapshot.record(KIND, key)) !== undefined) return;
  const end = new Date(by).toISOString();
  const planned = planWorkItem(newId(), {
    kind: KIND,
    says: `Within ${days} days, by ${end}, the law asks that ${TOLD_PARTIES[tells]} be told of ${ref}, if it is a breach. Assess it, or say who was told ($assess-incident).`,
    focus: ref,
    authoredOn: new Date(now).toISOString(),
    owner: custodian,
    input: [{ type: clockType(tells, `${days} days ahead`), valueInstant: end }],
    due: end,
  });
  const row = jobEntry('incidents', {
    entities: [`${planned.ref}/_history/0`],
    origin: 'server',
    viewers: custodian === '' ? [] : [custodian],
  });
  const commit = auditedCommit([row], {
    writes: [buildWrite(planned)],
    preconditions: [{ ref, version: seq }],
    records: [{ kind: KIND, key, expect: 'absent', body: { task: planned.ref }, expiresAt: by + KNOWN_MS }],
    outbox: await selectRecipients([planned], [], now),
  });
  try {
    await store.commit(commit);
    committed([planned.ref]);
  } catch (error) {
    // Somebody wrote the incident meanwhile, or another server was first: the next look sees what there is then.
    if (!wasForestalled(error)) throw error;
  }
}
