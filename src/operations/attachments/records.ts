/**
 * What is known of files by scanning them (baa-messaging MS11): a record of kind `scan` for each version of a Binary, and one
 * of kind `quarantine` for a Binary in which malware was found. Neither holds anything of a file but its hash.
 */
import type { RefusalDetail } from '../../attachments/types.ts';
import type { Ref } from '../../fhir/types.ts';
import type { RecordWrite, StoredRecord } from '../../ports/record.ts';
import type { Snapshot } from '../../ports/store.ts';

export const SCAN_KIND = 'scan';
export const QUARANTINE_KIND = 'quarantine';

/** `unscanned`: there is no scanner, and it may be sent all the same. */
type ScanState = 'clean' | 'unscanned' | 'pending' | 'infected';

/** One version of one Binary. */
export interface ScanRecord {
  readonly file: Ref;
  /** The `seq` of the version. */
  readonly version: number;
  readonly state: ScanState;
  /** How the type that was found is named in `Content-Type`. */
  readonly type: string;
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
  /** The name of what was found, where that is malware. */
  readonly found?: string;
  /** The program that scanned it, and the number of its signatures. */
  readonly engine?: string;
  readonly signatures?: string;
  /** Instant at which the state was reached. */
  readonly at: string;
  /** Messages that wait for it, until they were told. */
  readonly messages: readonly Ref[];
}

/** What is known of a file. */
export interface FileState extends Partial<
  Pick<ScanRecord, 'type' | 'sha256' | 'found' | 'engine' | 'signatures'>
> {
  readonly ref: Ref;
  readonly version: number;
  readonly state: ScanRecord['state'] | 'refused';
  /** Where it is refused. */
  readonly why?: RefusalDetail;
  readonly says?: string;
  readonly size: number;
  /** Instant. */
  readonly at: string;
}

/** A record as the state of its file. */
export const fileStateOf = ({ file: ref, messages: _messages, ...known }: ScanRecord): FileState => ({
  ref,
  ...known,
});

/** A Binary in which malware was found: its versions up to this one are read by nobody. */
export interface QuarantineRecord {
  readonly version: number;
  readonly found: string;
  /** Instant. */
  readonly at: string;
  /** Instant at which its bytes went out of the store. */
  readonly expungedAt?: string;
}

const scanKeyOf = (file: Ref, version: number): string => `${file}/_history/${version}`;

/** What still has to be done about a file is found by this. */
export const DUE = ['due', 'yes'] as const;

export function scanWrite(body: ScanRecord, expect: RecordWrite['expect'] = 'any'): RecordWrite {
  const isDue = body.state === 'pending' || body.messages.length > 0;
  return {
    kind: SCAN_KIND,
    key: scanKeyOf(body.file, body.version),
    expect,
    body,
    index: [...(isDue ? [DUE] : []), ...body.messages.map((message) => ['message', message] as const)],
  };
}

/** The module above alone writes this kind. */
export const scanOf = ({ body }: StoredRecord): ScanRecord => body as ScanRecord;

export async function readScan(
  snapshot: Snapshot,
  file: Ref,
  version: number,
): Promise<StoredRecord | undefined> {
  return snapshot.record(SCAN_KIND, scanKeyOf(file, version));
}

/** What is in quarantine, was emptied, and has its bytes in the store still, is found by this. */
export const KEPT = ['kept', 'yes'] as const;

/** What is in quarantine and still has its content is found by this. */
export const FILLED = ['filled', 'yes'] as const;

/** A version beyond any: whatever the Binary holds, until it is emptied. */
export const quarantineWrite = (file: Ref, body: QuarantineRecord): RecordWrite => ({
  kind: QUARANTINE_KIND,
  key: file,
  expect: 'any',
  body,
  index: body.version === Number.MAX_SAFE_INTEGER ? [FILLED] : body.expungedAt === undefined ? [KEPT] : [],
});

/** Why a Binary is read by nobody; undefined where it may be read. */
export async function quarantineOf(snapshot: Snapshot, file: Ref): Promise<QuarantineRecord | undefined> {
  return (await snapshot.record(QUARANTINE_KIND, file))?.body as QuarantineRecord | undefined; // written by quarantine.ts alone
}
