/** Empties what was put into quarantine by the commit that keeps it (baa-messaging MS12), and asks its keeper's people. */
import type { Ref } from '../../fhir/types.ts';
import { jobEntry } from '../../ports/audit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { OperationContext } from '../context.ts';
import { buildWrite } from '../write/commit.ts';
import { planQuarantine } from './quarantine.ts';
import { FILLED, QUARANTINE_KIND, quarantineOf } from './records.ts';

type Emptying = Pick<OperationContext, 'store' | 'newId' | 'committed'>;

/** Empties one Binary that is in quarantine with its content; nothing happens to any other. */
export async function emptyQuarantined(context: Emptying, file: Ref): Promise<void> {
  const { store, newId, committed } = context;
  const now = store.snapshot();
  const found = await quarantineOf(now, file);
  if (found?.version !== Number.MAX_SAFE_INTEGER) return;
  const version = await now.read(file, EVERYTHING);
  if (version?.text === undefined) return;
  const { planned, record } = await planQuarantine({ newId }, now, { ...found, version }, version);
  const row = jobEntry('scans', {
    entities: [`${file}/_history/${version.seq}`],
    query: 'scan: infected',
    outcome: '4',
    issue: 'attachment-infected',
    viewers: version.custodian === '' ? [] : [version.custodian],
  });
  await store.commit(auditedCommit([row], { writes: planned.map(buildWrite), records: [record] }));
  committed(planned.map(({ ref }) => ref));
}

/** Those whose emptying a crash prevented. */
export async function emptyAllQuarantined(context: Emptying): Promise<void> {
  for (const { key } of await context.store.snapshot().records(QUARANTINE_KIND, ...FILLED))
    await emptyQuarantined(context, key as Ref); // the key of each is the reference of its Binary
}
