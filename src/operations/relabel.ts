/**
 * Labels stored resources by the tables of this program (compliance S9): a table may have grown since they were written. What
 * should have had a label when it left opens an incident that lists the deliveries (42 CFR 2.16(b), 45 CFR 164.402). Labels
 * are added and never taken away.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { planLabels, writeLabels, type LabelPlan } from '../policies/labels/label-plan.ts';
import { SENSITIVITY_VERSION } from '../policies/labels/sensitivity.ts';
import { auditedCommit } from '../ports/commit.ts';
import { EVERYTHING, type Match } from '../ports/query.ts';
import type { RecordWrite } from '../ports/record.ts';
import { CommitRefused, type AuditEntry, type Commit, type Store, type Write } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { isDirectory, RESOURCE_TYPES } from '../resources/index.ts';
import type { OperationContext } from './context.ts';
import { planFoundIncident } from './incidents/found.ts';
import { buildWrite } from './write/commit.ts';
import { planStored } from './write/draft.ts';

interface RelabelParts extends Pick<OperationContext, 'clock' | 'newId'> {
  readonly store: Store;
  /** What the tables ask for; undefined where a resource has all of it. */
  readonly labelsFor?: (resource: Resource) => LabelPlan | undefined;
}

/** What came of it. */
interface Relabelled {
  readonly seen: number;
  readonly labelled: number;
  /** Deliveries of what lacked a label. */
  readonly left: number;
}

/** Resources that are read at a time; each that changes is a commit of its own, so that it holds up nobody. */
const PAGE = 200;
/** Deliveries of one resource that are listed. */
const DELIVERIES_MAX = 100;

/** The record of the tables by which everything was labelled. */
const DONE = { kind: 'labels', key: 'tables' } as const;

const byTables = (resource: Resource): LabelPlan | undefined => planLabels(resource, { before: resource });

/** Labels everything once for each version of the tables: what a job does. */
export async function relabelWhenDue(parts: RelabelParts, signal: AbortSignal): Promise<void> {
  const done = await parts.store.snapshot().record(DONE.kind, DONE.key);
  if ((done?.body as { readonly version?: string } | undefined)?.version === SENSITIVITY_VERSION) return;
  await relabel(parts, signal);
  if (!signal.aborted) await parts.store.commit(commitOf([], [], [doneNow()]));
}

const doneNow = (): RecordWrite => ({ ...DONE, expect: 'any', body: { version: SENSITIVITY_VERSION } });

/** Labels everything that is stored. */
export async function relabel(parts: RelabelParts, signal?: AbortSignal): Promise<Relabelled> {
  let total: Relabelled = { seen: 0, labelled: 0, left: 0 };
  for (const type of LABELLED) {
    for (let offset = 0; signal?.aborted !== true; offset += PAGE) {
      const { matches, more } = await parts.store.snapshot().search(pageOf(type, offset), signal);
      for (const match of matches) total = add(total, await relabelOne(parts, match));
      if (!more) break;
    }
  }
  return total;
}

/** Types about patients. */
const LABELLED: readonly string[] = [...RESOURCE_TYPES.values()]
  .filter(({ type, renderedFromAudit }) => renderedFromAudit !== true && !isDirectory(type))
  .map(({ type }) => type);

const pageOf = (type: string, offset: number) => ({
  type,
  where: { kind: 'all', of: [] } as const,
  // A new version keeps its id, so that a page stays where it is.
  sort: [{ param: '_id', descending: false }],
  sight: EVERYTHING,
  count: PAGE,
  offset,
  total: false,
});

const add = (total: Relabelled, left: number | undefined): Relabelled => ({
  seen: total.seen + 1,
  labelled: total.labelled + (left === undefined ? 0 : 1),
  left: total.left + (left ?? 0),
});

/** The number of deliveries of a resource that lacked a label; undefined where it lacked none. */
async function relabelOne(
  { store, clock, newId, labelsFor = byTables }: RelabelParts,
  match: Match,
): Promise<number | undefined> {
  const { ref, custodian, text } = match;
  const plan = labelsFor(parseStored(text));
  if (plan === undefined) return undefined;
  const rows = await store.outbox({ subject: ref, count: DELIVERIES_MAX });
  const deliveries = rows
    .filter(({ state }) => state === 'accepted')
    .map(({ id, seq, rail, receiver }) => ({
      version: `${ref}/_history/${seq}`,
      says: `delivery ${id} by ${rail} to ${receiver}`,
    }));
  const at = new Date(clock.now()).toISOString();
  const incident = await planFoundIncident(store.snapshot(), {
    cause: 'relabel',
    owner: custodian,
    deliveries,
    at,
    newId,
  });
  const planned = [
    // Whoever sees what it reaches goes on seeing it.
    { ...planStored(match, (tree) => writeLabels(tree, plan)), parties: await store.snapshot().parties(ref) },
    ...(incident === undefined ? [] : [incident]),
  ];
  try {
    await store.commit(commitOf(planned.map(buildWrite), custodian === '' ? [] : [custodian]));
  } catch (error) {
    // Somebody wrote it meanwhile, and it was labelled then.
    if (error instanceof CommitRefused && error.reason === 'stale') return undefined;
    throw error;
  }
  return deliveries.length;
}

function commitOf(
  writes: readonly Write[],
  viewers: readonly Ref[],
  records: readonly RecordWrite[] = [],
): Commit {
  const audit: AuditEntry = {
    event: 'admin',
    action: 'U',
    outcome: '0',
    agent: { organization: '', client: 'server', subject: BY },
    requestId: BY,
    entities: writes.map(({ ref }) => `${ref}/_history/0`),
    patients: [],
    query: `labels by the tables of ${SENSITIVITY_VERSION}`,
    viewers,
  };
  return auditedCommit([audit], { writes, ...(records.length > 0 && { records }) });
}

const BY = 'relabel';
