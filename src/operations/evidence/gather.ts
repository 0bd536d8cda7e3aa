/**
 * What is on record of one referral, as its reader may see it (audit-compliance AU41, AU45): its order, its Tasks, the
 * records that went with it, and every event that names one of them, from the audit rows that the reader's side may see.
 */
import type { AuditEvent, Ref, Resource } from '../../fhir/types.ts';
import type { AuditRow } from '../../ports/audit.ts';
import type { Sight } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { auditId } from '../../resources/audit-event-render.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { referencesTo } from '../../resources/references-to.ts';
import { keptFrom, renderAuditRow } from '../audit/audit-events.ts';
import { scanAudit } from '../audit/scan.ts';
import type { OperationContext } from '../context.ts';
import type { Request } from '../request.ts';
import { sightForType, sightOfNamed } from '../scope.ts';

/** Tasks of one order, and records of one referral, that are looked at. */
const TASKS_MAX = 100;
const RECORDS_MAX = 200;

export interface ReferralEvidence {
  readonly order: Resource;
  readonly tasks: readonly Resource[];
  /** With their versions as they stand; what they say only where the caller may read it. */
  readonly records: readonly {
    readonly ref: Ref;
    readonly seq: number;
    readonly resource: Resource | undefined;
  }[];
  readonly events: readonly AuditEvent[];
}

/**
 * What the caller's scopes and roles do not let it search is left out: Tasks, events (as AuditEvent), and of a record all but
 * that it is named (smart SM-33, SM-39).
 */
export async function gatherEvidence(
  context: OperationContext,
  snapshot: Snapshot,
  { caller, signal }: Pick<Request, 'caller' | 'signal'>,
  sight: Sight,
  order: Resource,
): Promise<ReferralEvidence> {
  const ref: Ref = `ServiceRequest/${order.id ?? ''}`;
  const ofTasks = sightForType(caller, 'Task');
  const asked = ofTasks && { ...referencesTo('Task', 'focus', ref, TASKS_MAX), sight: ofTasks };
  const matches = asked === undefined ? [] : (await snapshot.search(asked)).matches;
  const tasks = matches.map(({ text }) => parseStored(text));
  const named = new Set<Ref>();
  for (const value of [order, ...tasks].flatMap(recordsNamed)) {
    const local = localRef(value);
    if (local !== undefined && named.size < RECORDS_MAX) named.add(local);
  }
  const records: ReferralEvidence['records'][number][] = [];
  for (const one of named) {
    const version = await snapshot.read(one, sight);
    if (version?.text === undefined) continue;
    const within = sightOfNamed(caller, typeOf(one));
    const told = within && (await snapshot.read(one, within));
    const resource = told?.text === undefined ? undefined : parseStored<Resource>(told.text);
    records.push({ ref: one, seq: version.seq, resource });
  }
  if (sightForType(caller, 'AuditEvent') === undefined) return { order, tasks, records, events: [] };
  const names = [ref, ...matches.map((match) => match.ref), ...records.map((one) => one.ref)];
  const rows = await rowsNaming(context, snapshot, sight, names, signal);
  const events: AuditEvent[] = [];
  const isKept = await keptFrom(context, snapshot, sight);
  for (const row of rows)
    if (!(await isKept(row)))
      events.push((await renderAuditRow(context, snapshot, sight, row)) as unknown as AuditEvent); // it renders one
  return { order, tasks, records, events };
}

/** What an order and a Task name as records that go along. */
const recordsNamed = (resource: Resource): readonly unknown[] =>
  ['supportingInfo', 'input.valueReference', 'output.valueReference', 'reasonReference'].flatMap((path) =>
    valuesAt(resource, path),
  );

async function rowsNaming(
  { clock }: Pick<OperationContext, 'clock'>,
  snapshot: Snapshot,
  sight: Sight,
  names: readonly Ref[],
  signal: AbortSignal,
): Promise<readonly AuditRow[]> {
  const rows = new Map<string, AuditRow>();
  const viewer = sight.everything ? undefined : sight.organization;
  for (const name of names)
    for await (const row of scanAudit(snapshot, { viewer, names: [name], from: 0, to: clock.now() }, signal))
      rows.set(auditId(row), row);
  return [...rows.values()].toSorted((a, b) => a.seq - b.seq || a.position - b.position);
}
