/**
 * What is about to be shown to another organization (baa-messaging MS11, MS12): each version that holds files is scanned before
 * it leaves, and a Binary in which malware is found is put into quarantine.
 */
import { bytesOfBinary } from '../../delivery/binary-bytes.ts';
import { createHash } from 'node:crypto';
import type { ScanVerdict } from '../../ports/scanner.ts';
import type { Version } from '../../ports/store.ts';
import { storedFileOf } from '../../ports/stored-file.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { typeOf } from '../../resources/element.ts';
import type { OperationContext } from '../context.ts';
import type { Caller } from '../request.ts';
import { commitScan } from './commit-scan.ts';
import { stateOfVerdict } from './examine.ts';
import { fileQuarantined } from './malware-found.ts';
import { withoutContent, withoutQuarantined } from './quarantine.ts';
import { readScan, scanOf } from './records.ts';
import { scanContent, scannerAway } from './scan-content.ts';

type Telling = Pick<OperationContext, 'store' | 'clock' | 'newId' | 'committed' | 'scanner'>;

type FileVersion = Pick<Version, 'ref' | 'seq' | 'custodian'> & { readonly text: string };

/** Content as FHIR writes it: the member of a Binary, an Attachment and a Signature. */
const HOLDS_FILE = /"_?data"\s*:/;

/** What the scanner says of a version; clean where it holds no file, and without a scanner. */
export async function scanTold(context: Telling, version: FileVersion): Promise<ScanVerdict> {
  if (context.scanner === undefined || !HOLDS_FILE.test(version.text)) return { verdict: 'clean' };
  return typeOf(version.ref) === 'Binary'
    ? scanBinary(context, version)
    : scanContent(context.scanner, Buffer.from(version.text));
}

async function scanBinary(context: Telling, version: FileVersion): Promise<ScanVerdict> {
  const { store, clock, scanner } = context;
  if (scanner === undefined) return { verdict: 'clean' };
  const { ref, seq, text } = version;
  const stored = await readScan(store.snapshot(), ref, seq);
  const known = stored === undefined ? undefined : scanOf(stored);
  if (known?.state === 'clean') return { verdict: 'clean' };
  if (known?.state === 'infected') return { verdict: 'infected', found: known.found ?? 'malware' };
  const bytes = await bytesOfBinary(store.snapshot(), text);
  const said = await scanContent(scanner, bytes);
  if (said.verdict === 'unknown') return said;
  const { contentType = '' } = parseStored<{ readonly contentType?: string }>(text);
  await commitScan(context, version, {
    file: ref,
    version: seq,
    ...(await stateOfVerdict(said, scanner)),
    type: contentType,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    at: new Date(clock.now()).toISOString(),
    messages: known?.messages ?? [],
  });
  return said;
}

/**
 * Lets a version of a Binary be read by another organization than its keeper.
 *
 * @throws OperationOutcomeError `file-quarantined`, `busy` where the scanner does not answer
 */
export async function admitReader(
  context: OperationContext,
  caller: Caller,
  version: Version,
): Promise<void> {
  const { text, custodian } = version;
  if (text === undefined || caller.organization === custodian) return;
  const said = await scanTold(context, { ...version, text });
  if (said.verdict === 'infected') throw fileQuarantined(said.found);
  if (said.verdict === 'unknown') throw scannerAway();
}

/**
 * Versions as a page or a Bundle shows them (baa-messaging MS11, MS12): without the content in which malware was found, and of
 * another organization without the content that the scanner does not know to be clean.
 */
export async function withoutUnread<T extends Pick<Version, 'ref' | 'seq' | 'text' | 'custodian'>>(
  context: Telling,
  caller: Caller,
  versions: readonly T[],
): Promise<readonly T[]> {
  const left: T[] = [];
  let isAway = false;
  for (const version of await withoutQuarantined(context.store.snapshot(), versions)) {
    const { ref, text, custodian } = version;
    const isAsked =
      text !== undefined &&
      typeOf(ref) === 'Binary' &&
      caller.organization !== custodian &&
      // Of a large one a page shows no content.
      storedFileOf(text) === undefined;
    const verdict: ScanVerdict['verdict'] = !isAsked
      ? 'clean'
      : isAway
        ? 'unknown'
        : (await scanTold(context, { ...version, text })).verdict;
    // Whoever does not answer is not asked again for the same page.
    isAway ||= verdict === 'unknown' && context.scanner !== undefined;
    left.push(verdict === 'clean' ? version : { ...version, text: withoutContent(text ?? '') });
  }
  return left;
}
