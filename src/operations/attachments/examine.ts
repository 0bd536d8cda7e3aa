/**
 * Files as attachments of messages (baa-messaging MS9, MS11): looked at by their content, then scanned before anybody else
 * may read them. What cannot be said in time is pending and never passes.
 */
import { createHash } from 'node:crypto';
import { examineContent } from '../../attachments/examine.ts';
import { mediaTypeOfFile } from '../../attachments/types.ts';
import { bytesOfBinary } from '../../delivery/binary-bytes.ts';
import { notHere, OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { MessageKind } from '../../messaging/kinds.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { MalwareScanner, ScanVerdict } from '../../ports/scanner.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import type { OperationContext } from '../context.ts';
import { fileStateOf, readScan, scanOf, type FileState, type ScanRecord } from './records.ts';
import { commitScan } from './commit-scan.ts';
import { malwareWords } from './malware-found.ts';

/** A file that is to go with a message. */
export interface FileRequest {
  /** `Binary/id` */
  readonly ref: Ref;
  /** The `seq` of its version; absent: the current one. */
  readonly version?: number;
  readonly kind: MessageKind;
  /** What the attachment says: its content type and its title. */
  readonly declared?: string | undefined;
  readonly name?: string | undefined;
  /** The message that waits where the file is pending; it is told when it no longer is. */
  readonly message?: Ref | undefined;
  /** Whether a document of Word is taken: in the negotiation of an agreement alone (BA10). */
  readonly docx?: boolean | undefined;
}

type Examining = Pick<OperationContext, 'store' | 'clock' | 'newId' | 'committed' | 'scanner'> & {
  readonly settings: Pick<OperationContext['settings'], 'dicomAttachments'>;
};

/** How long a request waits for its scans, all together (MS11). */
const WAIT_MS = 5_000;

/**
 * Looks at files and has them scanned, and writes down what is known of them. The caller's own write comes after it: it needs
 * the states alone.
 *
 * @param isDry nothing is scanned and nothing is written: what nobody knows yet is as it would be when the send begins
 * @throws OperationOutcomeError `not-found` for a file that is not there
 */
export async function examineFiles(
  context: Examining,
  files: readonly FileRequest[],
  isDry = false,
): Promise<readonly FileState[]> {
  const until = context.clock.now() + WAIT_MS;
  const states: FileState[] = [];
  // One after the other, so that one of them is in memory.
  for (const file of files) states.push(await examineFile(context, file, { until, isDry }));
  return states;
}

interface Examination {
  /** Milliseconds since 1970 until which the request waits. */
  readonly until: number;
  readonly isDry: boolean;
}

async function examineFile(
  context: Examining,
  file: FileRequest,
  { until, isDry }: Examination,
): Promise<FileState> {
  const snapshot = context.store.snapshot();
  const version = await versionOf(snapshot, file);
  const bytes = await bytesOfBinary(snapshot, version.text);
  const at = new Date(context.clock.now()).toISOString();
  const known = { ref: file.ref, version: version.seq, size: bytes.length, at };
  const { dicomAttachments: dicom } = context.settings;
  const { contentType: stored } = parseStored<{ readonly contentType?: string }>(version.text);
  const examined = await examineContent(bytes, { ...file, stored }, { dicom, docx: file.docx });
  if ('refused' in examined)
    return { ...known, state: 'refused', why: examined.refused, says: examined.says };
  const record = await readScan(snapshot, file.ref, version.seq);
  const scanned = record === undefined ? undefined : scanOf(record);
  if (scanned?.state === 'clean' || scanned?.state === 'infected') return fileStateOf(scanned);
  const state = isDry
    ? unseen(context.scanner, file.kind)
    : await scanWithin(context, bytes, file.kind, until);
  const written: ScanRecord = {
    file: file.ref,
    version: version.seq,
    ...state,
    type: mediaTypeOfFile(examined.type),
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    at,
    messages: waitingFor(scanned, file, state.state === 'pending'),
  };
  if (!isDry) await commitScan(context, version, written);
  return fileStateOf(written);
}

/** The messages that wait for a file: those that did, and this one where it has to. */
const waitingFor = (
  scanned: ScanRecord | undefined,
  { message }: FileRequest,
  isPending: boolean,
): readonly Ref[] => [
  ...new Set([...(scanned?.messages ?? []), ...(isPending && message !== undefined ? [message] : [])]),
];

async function versionOf(
  snapshot: Snapshot,
  { ref, version }: FileRequest,
): Promise<Version & { readonly text: string }> {
  const found =
    version === undefined
      ? await snapshot.read(ref, EVERYTHING)
      : await snapshot.vread(ref, version, EVERYTHING);
  if (found?.text === undefined) throw notHere(ref);
  return { ...found, text: found.text };
}

type Scanned = Pick<ScanRecord, 'state' | 'found' | 'engine' | 'signatures'>;

/** What is not scanned. Without a scanner vendors and patients wait; what goes to others is sent as what nobody has scanned. */
const unseen = (scanner: MalwareScanner | undefined, kind: MessageKind): Scanned => ({
  state: scanner === undefined && kind !== 'vendor' && kind !== 'patient' ? 'unscanned' : 'pending',
});

async function scanWithin(
  { scanner, clock }: Pick<Examining, 'scanner' | 'clock'>,
  bytes: Uint8Array,
  kind: MessageKind,
  until: number,
): Promise<Scanned> {
  const withinMs = until - clock.now();
  if (scanner === undefined || withinMs <= 0) return unseen(scanner, kind);
  return stateOfVerdict(await scanner.scan(bytes, { withinMs }), scanner);
}

/** What a verdict means for a file, and who said so. */
export async function stateOfVerdict(said: ScanVerdict, scanner: MalwareScanner): Promise<Scanned> {
  if (said.verdict === 'unknown') return { state: 'pending' };
  const version = await scanner.version();
  const by = version === undefined ? {} : { engine: version.engine, signatures: version.signatures };
  return said.verdict === 'clean'
    ? { state: 'clean', ...by }
    : { state: 'infected', found: said.found, ...by };
}

/**
 * The refusal of a message whose files may not go with it; undefined where all may, now or later.
 *
 * @returns `attachment-infected` before `attachment-refused`
 */
export function attachmentRefusal(states: readonly FileState[]): OperationOutcomeError | undefined {
  const infected = states.filter(({ state }) => state === 'infected');
  const refused = states.filter(({ state }) => state === 'refused');
  const details = [
    ...infected.map(({ ref, found }): IssueDetail => ({
      code: 'attachment-infected',
      diagnostics: `${malwareWords(found)}: ${ref}.`,
    })),
    ...refused.map(({ ref, why = 'type', says = '' }): IssueDetail => ({
      code: 'attachment-refused',
      diagnostics: `${why}: ${says} (${ref})`,
      codings: [{ system: DETAIL_SYSTEM, code: why }],
    })),
  ];
  const [first, ...others] = details;
  return first === undefined ? undefined : OperationOutcomeError.of([first, ...others]);
}

/** Why an attachment is refused: type, mismatch, active-content, archive or size. */
const DETAIL_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/attachment-refusal';
