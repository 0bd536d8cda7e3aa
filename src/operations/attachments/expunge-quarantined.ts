/** The bytes in which malware was found go out of the store after thirty days (baa-messaging MS11); what is known of them stays. */
import type { Ref } from '../../fhir/types.ts';
import { SERVER_AGENT } from '../../ports/audit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { FILE_KIND, storedFileOf } from '../../ports/stored-file.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { OperationContext } from '../context.ts';
import { isHeld } from '../holds.ts';
import { KEPT, QUARANTINE_KIND, quarantineWrite, type QuarantineRecord } from './records.ts';

/** Somebody may want to know what it was. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

type Expunging = Pick<OperationContext, 'store' | 'clock'>;

/** Takes away the bytes that have been in quarantine for so long, unless a legal hold keeps them. */
export async function expungeQuarantined(context: Expunging): Promise<void> {
  const { store, clock } = context;
  for (const { key, body } of await store.snapshot().records(QUARANTINE_KIND, ...KEPT)) {
    const found = body as QuarantineRecord; // written by quarantineWrite alone
    if (Date.parse(found.at) + KEPT_MS <= clock.now()) await expungeOne(context, key as Ref, found);
  }
}

async function expungeOne({ store, clock }: Expunging, file: Ref, found: QuarantineRecord): Promise<void> {
  const snapshot = store.snapshot();
  const [version, current] = [
    await snapshot.vread(file, found.version, EVERYTHING),
    await snapshot.read(file, EVERYTHING),
  ];
  // What is current still cannot be taken away: it was written back, or never emptied.
  const isSuperseded = current !== undefined && current.seq > found.version;
  if (version?.text !== undefined && isSuperseded) {
    if (await isHeld(snapshot, file, parseStored(version.text), version.custodian)) return;
  } else if (!isSuperseded) return;
  const bytes = storedFileOf(version?.text);
  const row = {
    event: 'expunge',
    action: 'D',
    outcome: '0',
    agent: SERVER_AGENT,
    requestId: 'job-scans',
    entities: [`${file}/_history/${found.version}`],
    patients: [],
    viewers: version === undefined || version.custodian === '' ? [] : [version.custodian],
  } as const;
  const expungedAt = new Date(clock.now()).toISOString();
  await store.commit(
    auditedCommit([row], {
      records: [
        quarantineWrite(file, { ...found, expungedAt }),
        ...(bytes === undefined
          ? []
          : [{ kind: FILE_KIND, key: bytes.id, expect: 'any', body: undefined } as const]),
      ],
    }),
  );
}
