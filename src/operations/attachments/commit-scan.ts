/** Writes what is known of a file, and puts it into quarantine where malware was found in it (baa-messaging MS11). */
import { jobEntry } from '../../ports/audit.ts';
import { auditedCommit, wasForestalled } from '../../ports/commit.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Version } from '../../ports/store.ts';
import type { OperationContext } from '../context.ts';
import { buildWrite } from '../write/commit.ts';
import { planQuarantine } from './quarantine.ts';
import { scanWrite, type ScanRecord } from './records.ts';

/** Somebody else may write the file, or its incident, meanwhile. */
const TRIES = 5;

type Committing = Pick<OperationContext, 'store' | 'newId' | 'committed'>;

/** Resolves when it is on disk. */
export async function commitScan(
  context: Committing,
  version: Pick<Version, 'ref' | 'seq' | 'custodian'>,
  record: ScanRecord,
): Promise<void> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await commitOnce(context, version, record);
    } catch (error) {
      if (!wasForestalled(error) || left === 1) throw error;
    }
  }
}

async function commitOnce(
  context: Committing,
  version: Pick<Version, 'ref' | 'seq' | 'custodian'>,
  record: ScanRecord,
): Promise<void> {
  const { store, newId, committed } = context;
  const now = store.snapshot();
  const { found = 'malware', state, at } = record;
  const current = state === 'infected' ? await now.read(version.ref, EVERYTHING) : undefined;
  const apart =
    state === 'infected' ? await planQuarantine({ newId }, now, { version, found, at }, current) : undefined;
  const planned = apart?.planned ?? [];
  const row = jobEntry('scans', {
    entities: [`${version.ref}/_history/${version.seq}`],
    query: `scan: ${state}`,
    outcome: state === 'infected' ? '4' : '0',
    ...(state === 'infected' && { issue: 'attachment-infected' }),
    bytesHash: record.sha256,
    viewers: version.custodian === '' ? [] : [version.custodian],
  });
  await store.commit(
    auditedCommit([row], {
      writes: planned.map(buildWrite),
      records: [scanWrite(record), ...(apart === undefined ? [] : [apart.record])],
    }),
  );
  if (planned.length > 0) committed(planned.map(({ ref }) => ref));
}
