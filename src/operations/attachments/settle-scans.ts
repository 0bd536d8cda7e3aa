/**
 * The job of scans (baa-messaging MS11): files that are pending are scanned again until the scanner says something, also after
 * a restart in the middle; then the messages that wait for them are told.
 */
import { bytesOfBinary } from '../../delivery/binary-bytes.ts';
import type { Ref } from '../../fhir/types.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { StoredRecord } from '../../ports/record.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { OperationContext } from '../context.ts';
import { commitScan } from './commit-scan.ts';
import { emptyAllQuarantined } from './empty-quarantined.ts';
import { expungeQuarantined } from './expunge-quarantined.ts';
import { stateOfVerdict } from './examine.ts';
import { DUE, fileStateOf, SCAN_KIND, scanOf, type FileState, type ScanRecord } from './records.ts';

type Settling = Pick<
  OperationContext,
  'store' | 'clock' | 'newId' | 'committed' | 'scanner' | 'filesSettled'
>;

/** A message whose write did not come so long after its files were examined does not come any more. */
const ABSENT_MS = 10 * 60_000;

/** One run. It ends with the first file about which the scanner says nothing: the others would wait for it as long. */
export async function settleScans(context: Settling, signal: AbortSignal): Promise<void> {
  await emptyAllQuarantined(context);
  await expungeQuarantined(context);
  if (context.scanner === undefined) return;
  const due = await context.store.snapshot().records(SCAN_KIND, ...DUE);
  const messages = new Set<Ref>();
  for (const stored of due) {
    if (signal.aborted) return;
    const record = scanOf(stored);
    const settled = record.state === 'pending' ? await scanAgain(context, record, signal) : record;
    if (settled === undefined) break;
    for (const message of settled.messages) messages.add(message);
  }
  for (const message of messages) {
    if (signal.aborted) return;
    await tellMessage(context, message);
  }
}

/** Undefined: the scanner does not answer. */
async function scanAgain(
  context: Settling,
  record: ScanRecord,
  signal: AbortSignal,
): Promise<ScanRecord | undefined> {
  const { store, scanner, clock } = context;
  if (scanner === undefined) return undefined;
  const version = await store.snapshot().vread(record.file, record.version, EVERYTHING);
  if (version?.text === undefined) return record;
  const bytes = await bytesOfBinary(store.snapshot(), version.text);
  const state = await stateOfVerdict(await scanner.scan(bytes, { signal }), scanner);
  if (state.state === 'pending') return undefined;
  const settled = { ...record, ...state, at: new Date(clock.now()).toISOString() };
  await commitScan(context, version, settled);
  return settled;
}

/** Tells a message when none of its files is pending any more, and remembers that it was told. */
async function tellMessage(context: Settling, message: Ref): Promise<void> {
  const { store, clock, filesSettled } = context;
  const files = await filesOf(store.snapshot(), message);
  const states = files.map((file): FileState => fileStateOf(scanOf(file)));
  if (states.some(({ state }) => state === 'pending') || filesSettled === undefined) return;
  const isTold = await filesSettled(message, states);
  const oldest = Math.min(...states.map(({ at }) => Date.parse(at)));
  if (!isTold && clock.now() - oldest < ABSENT_MS) return;
  for (const file of files) {
    const record = scanOf(file);
    const version = await store.snapshot().vread(record.file, record.version, EVERYTHING);
    const messages = record.messages.filter((other) => other !== message);
    if (version !== undefined) await commitScan(context, version, { ...record, messages });
  }
}

const filesOf = (snapshot: Snapshot, message: Ref): Promise<readonly StoredRecord[]> =>
  snapshot.records(SCAN_KIND, 'message', message);
